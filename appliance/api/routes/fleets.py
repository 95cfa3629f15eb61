"""Fleets: what there is, and how it is now."""

from __future__ import annotations

from appliance.api.charts import FleetPath
from appliance.api.guard import Caller, TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, only_key, page
from appliance.api.router import make_router
from appliance.pipelines import overview
from appliance.schemas.access import Member, Right
from appliance.schemas.base import fleet_name
from appliance.schemas.fleet import Fleet, FleetSummary

router = make_router("fleets")


@router.get("/fleets", summary="List fleets", **needs(Right.READ, Over.VISIBLE, recent=True))
def list_fleets(
    person: Caller, site: TheSite, limit: Limit = 100, cursor: Cursor = None
) -> Page[FleetSummary]:
    """Return the fleets that whoever asks may see, by name."""
    after = only_key(cursor, str)
    found = overview.fleets(site, site.access.seen(person), after=after, limit=limit + 1)
    return page(found, limit, lambda fleet: (fleet.fleet,))


@router.get("/fleets/{fleet}", summary="A fleet", **needs(Right.READ, Over.FLEET, recent=True))
def get_fleet(fleet: FleetPath, site: TheSite) -> Fleet:
    """Return one fleet."""
    return overview.fleet(site, fleet_name(fleet))


@router.get(
    "/fleets/{fleet}/people",
    summary="Who may take care of a fleet's events",
    **needs(Right.ANNOTATE, Over.FLEET, recent=True),
)
def list_people(
    fleet: FleetPath,
    person: Caller,
    site: TheSite,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Member]:
    """Return who has a role in the fleet's project, by name."""
    after = only_key(cursor, str)
    (project,) = site.access.projects.of([fleet_name(fleet)]).values()
    found = site.access.projects.colleagues(person, project, after=after, limit=limit + 1)
    members = [Member(user=user, role=role) for user, role in found.items()]
    return page(members, limit, lambda member: (member.user,))
