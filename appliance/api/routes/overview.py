"""The site at a glance, for the screen that is looked at first."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from appliance.access.seen import Seen
from appliance.api.guard import Caller, Guarded, TheSite
from appliance.api.needs import Over, needs, someone
from appliance.api.router import make_router
from appliance.api.store import VisitStore
from appliance.pipelines import glance, lane
from appliance.schemas.access import Right
from appliance.schemas.base import FleetName, Moment
from appliance.schemas.overview import Changes, Lane, Overview, Visit

router = make_router("overview")
One = Annotated[FleetName | None, Query(description="Only this fleet.")]
MOST_ROWS = 1_000
MOST_DAYS = 3_660


@router.get("/overview", summary="The site at a glance", **needs(Right.READ, Over.VISIBLE))
def get_overview(guard: Guarded, fleet: One = None) -> Overview:
    """Return the fleets that whoever asks may see in a few figures, and whose data stopped."""
    if fleet is None:
        return glance.overview(guard.site, guard.site.access.seen(guard.person))
    guard.require(Right.READ, fleet=fleet)
    guard.site.intake.assets.fleet(fleet)
    return glance.overview(guard.site, Seen(only=frozenset({fleet})))


@router.get(
    "/overview/lane",
    summary="Machines over time",
    **needs(Right.READ, Over.VISIBLE, recent=True),
)
def get_lane(
    guard: Guarded,
    fleet: One = None,
    days: Annotated[
        int | None, Query(ge=1, le=MOST_DAYS, description="Up to the newest; all if not given.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="Machines.")] = MOST_ROWS,
) -> Lane:
    """Return how unusual each machine was over time, those to look at first on top."""
    if fleet is not None:
        guard.require(Right.READ, fleet=fleet)
    seen = guard.site.access.seen(guard.person)
    return lane.lane(guard.site, seen, fleet=fleet, days=days, limit=limit)


@router.get(
    "/overview/changes",
    summary="What is new",
    **needs(Right.READ, Over.VISIBLE, recent=True),
)
def get_changes(
    guard: Guarded, since: Annotated[Moment, Query(description="After this moment.")]
) -> Changes:
    """Return the events opened and closed since, new champions, and jobs that failed."""
    seen = guard.site.access.seen(guard.person)
    return glance.changes(guard.site, seen, guard.projects(), since)


@router.put("/session/visit", summary="Say that one looks", **someone())
def put_visit(person: Caller, site: TheSite) -> Visit:
    """Note down that whoever asks looks, and return when the visit before this one ended."""
    return Visit(before=VisitStore(site.database).look(person.name))
