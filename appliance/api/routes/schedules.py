"""Schedules: jobs asked for by the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response

from appliance.api.etags import IfMatch, expected, tag
from appliance.api.guard import Caller, Guarded, TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, key_of, page
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.core.errors import InvalidRequest, NotFound
from appliance.schemas.access import Right
from appliance.schemas.base import Moment
from appliance.schemas.job import Job
from appliance.schemas.schedule import Schedule, ScheduleDraft

router = make_router("schedules")

_EDIT: dict[str, Any] = {"responses": responses(409, 412)}
Count = Annotated[int, Query(ge=1, le=200, description="How many, at most.")]
After = Annotated[Moment | None, Query(description="From when on; now if not given.")]
Until = Annotated[Moment | None, Query(description="Up to when.")]


@router.get("/schedules", summary="List schedules", **needs(Right.READ, Over.VISIBLE))
def list_schedules(guard: Guarded, cursor: Cursor = None, limit: Limit = 100) -> Page[Schedule]:
    """Return schedules of one's projects by name."""
    (after,) = key_of(cursor, str) or (None,)
    found = guard.site.schedules.list(guard.projects(), after=after, limit=limit + 1)
    return page(found, limit, lambda one: (one.name,))


@router.post(
    "/schedules",
    status_code=201,
    summary="Add a schedule",
    responses=responses(409),
    **needs(Right.CONFIGURE, Over.BODY),
)
def add_schedule(draft: ScheduleDraft, response: Response, guard: Guarded) -> Schedule:
    """Let a job be asked for by the clock."""
    guard.require(Right.CONFIGURE, fleet=draft.request.fleet)
    made = guard.site.schedules.put(guard.person, draft, new=True)
    tag(response, made.revision)
    response.headers["Location"] = f"/api/v1/schedules/{made.name}"
    return made


@router.get(
    "/schedules/{schedule}", summary="Tell a schedule", **needs(Right.READ, Over.SCHEDULE)
)
def get_schedule(schedule: str, response: Response, site: TheSite) -> Schedule:
    """Return one schedule, with when it is due next."""
    found = site.schedules.get(schedule)
    tag(response, found.revision)
    return found


@router.put(
    "/schedules/{schedule}",
    summary="Change a schedule",
    **needs(Right.CONFIGURE, Over.BODY),
    **_EDIT,
)
def put_schedule(
    schedule: str,
    draft: ScheduleDraft,
    response: Response,
    guard: Guarded,
    if_match: IfMatch = None,
) -> Schedule:
    """Change a schedule as a whole; without `If-Match` one that is not there is added."""
    if draft.name != schedule:
        raise InvalidRequest(f"the schedule is named {draft.name!r} in the body.")
    guard.require(Right.CONFIGURE, fleet=draft.request.fleet)
    _require_seen(guard, schedule)
    made = guard.site.schedules.put(guard.person, draft, expected(if_match))
    tag(response, made.revision)
    return made


def _require_seen(guard: Guarded, name: str) -> None:
    """Refuse a schedule that stands where whoever asks may not look; raises `NotFound`."""
    try:
        standing = guard.site.schedules.get(name)
    except NotFound:
        return
    if not guard.person.may(Right.READ, standing.project):
        raise NotFound(f"there is no schedule {name} that you may change.")


@router.delete(
    "/schedules/{schedule}",
    status_code=204,
    summary="Remove a schedule",
    **needs(Right.CONFIGURE, Over.SCHEDULE),
    **_EDIT,
)
def remove_schedule(
    schedule: str, site: TheSite, person: Caller, if_match: IfMatch = None
) -> None:
    """Remove a schedule; its jobs stay."""
    site.schedules.remove(person, schedule, expected(if_match))


@router.post(
    "/schedules/{schedule}/pause",
    summary="Let a schedule rest",
    **needs(Right.CONFIGURE, Over.SCHEDULE),
)
def pause_schedule(
    schedule: str, response: Response, site: TheSite, person: Caller
) -> Schedule:
    """Let a schedule rest; what would be due meanwhile is no missed time."""
    changed = site.schedules.pause(person, schedule)
    tag(response, changed.revision)
    return changed


@router.post(
    "/schedules/{schedule}/resume",
    summary="Let a schedule go on",
    **needs(Right.CONFIGURE, Over.SCHEDULE),
)
def resume_schedule(
    schedule: str, response: Response, site: TheSite, person: Caller
) -> Schedule:
    """Let a schedule go on, from its next time."""
    changed = site.schedules.resume(person, schedule)
    tag(response, changed.revision)
    return changed


@router.post(
    "/schedules/{schedule}/run",
    status_code=202,
    summary="Run a schedule's job now",
    **needs(Right.READ, Over.SCHEDULE),
)
def run_schedule(schedule: str, response: Response, site: TheSite, person: Caller) -> Job:
    """Ask for a schedule's job at once, beside its times."""
    made = site.schedules.run_now(person, schedule)
    response.headers["Location"] = f"/api/v1/jobs/{made.id}"
    return made


@router.get(
    "/schedules/{schedule}/next",
    summary="When a schedule is due",
    **needs(Right.READ, Over.SCHEDULE),
)
def next_times(
    schedule: str, site: TheSite, n: Count = 10, after: After = None, until: Until = None
) -> Page[datetime]:
    """Return the next times of a schedule, were it not paused."""
    return Page(items=tuple(site.schedules.coming(schedule, n, after, until)))
