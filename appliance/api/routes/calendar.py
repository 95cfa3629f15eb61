"""The calendar: windows entered once, holding for training, scores and events alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Body, Header, Query, Response

from appliance.api.etags import IfMatch, expected, tag
from appliance.api.guard import Caller, Guarded, TheSite
from appliance.api.heavy import heavy
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, key_of, page
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.calendar.rules import occurrences
from appliance.core.errors import InvalidRequest, LimitExceeded, WrongMedia
from appliance.pipelines.calendar import (
    add_window,
    edit_window,
    import_text,
    outdated,
    preview,
    read_text,
)
from appliance.schemas.access import Right
from appliance.schemas.base import FleetName, Moment
from appliance.schemas.calendar import (
    CalendarChange,
    CalendarDraft,
    CalendarFile,
    CalendarImport,
    CalendarPreview,
    Rescoring,
    Window,
    WindowDraft,
    WindowKind,
    WindowRevision,
    WindowTime,
)
from appliance.schemas.job import JobRequest

router = make_router("calendar")

ICS = "text/calendar"
_MOST_FLEETS = 100
_MOST_TIMES = 5_000
_MOST_DAYS = 400
_EDIT: dict[str, Any] = {"responses": responses(409, 412)}
Score = Annotated[bool, Query(description="Also ask for jobs that judge anew at once.")]


@router.get("/calendar", summary="List windows", **needs(Right.READ, Over.VISIBLE, recent=True))
def list_calendar(
    site: TheSite,
    person: Caller,
    fleet: FleetName | None = None,
    kind: WindowKind | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Window]:
    """Return windows of the fleets that one may see, those of the site among them."""
    (after,) = key_of(cursor, str) or (None,)
    seen = site.access.seen(person)
    found = site.calendar.page(seen, fleet=fleet, kind=kind, after=after, limit=limit + 1)
    return page(found, limit, lambda one: (one.id,))


@router.get(
    "/calendar/times",
    summary="List the times of windows",
    **needs(Right.READ, Over.VISIBLE, recent=True),
)
def list_calendar_times(
    site: TheSite,
    person: Caller,
    start: Annotated[Moment, Query(alias="from", description="First moment shown.")],
    end: Annotated[Moment, Query(alias="to", description="Shown is what begins before it.")],
    fleet: FleetName | None = None,
) -> Page[WindowTime]:
    """Return when windows hold within at most 400 days, in order of time; one page."""
    if not start < end or (end - start).days > _MOST_DAYS:
        raise InvalidRequest(f"the range is none, or longer than {_MOST_DAYS} days.")
    seen = site.access.seen(person)
    found: list[WindowTime] = []
    for window in site.calendar.list(fleet):
        if window.fleet is not None and window.fleet not in seen:
            continue
        facts = window.model_dump(include={"fleet", "asset", "kind", "title"})
        for begin, until in occurrences(window, (start, end)):
            found.append(WindowTime(**facts, window=window.id, start=begin, end=until))
            if len(found) > _MOST_TIMES:
                raise LimitExceeded(
                    f"windows hold more than {_MOST_TIMES:,} times in the range.",
                    remedy="Ask for a shorter one, or for one fleet.",
                )
    ordered = sorted(found, key=lambda one: (one.start, one.window))
    return Page(items=tuple(ordered))


@router.post(
    "/calendar",
    status_code=201,
    summary="Add a window",
    **needs(Right.CONFIGURE, Over.BODY),
)
def add_calendar_window(
    draft: WindowDraft,
    response: Response,
    site: TheSite,
    guard: Guarded,
    score: Score = False,
) -> CalendarChange:
    """Add a window, also of the past; the next scoring run judges anew what it bears on.

    Nothing begins by itself: the answer tells what there is to judge anew.
    """
    _require(guard, [draft.fleet], score=score)
    made = add_window(site, draft.model_copy(update={"source": ""}), guard.person)
    tag(response, made.revision)
    response.headers["Location"] = f"/api/v1/calendar/{made.id}"
    return CalendarChange(window=made, outdated=_outdated(guard, [made.fleet], score=score))


@router.post(
    "/calendar/import",
    summary="Bring in a calendar file",
    responses=responses(415),
    **needs(Right.CONFIGURE, Over.BODY),
)
def import_calendar(
    site: TheSite,
    guard: Guarded,
    data: Annotated[bytes, Body(media_type=ICS)],
    content_type: Annotated[str, Header(max_length=200, include_in_schema=False)] = "",
    fleet: FleetName | None = None,
    asset: Annotated[str | None, Query(max_length=200)] = None,
    kind: WindowKind = WindowKind.MAINTENANCE,
    score: Score = False,
) -> CalendarImport:
    """Bring in the windows of an iCalendar file, all or none; a later version renews them.

    Without a fleet they hold for the whole site.
    """
    _require_media(content_type)
    _require(guard, [fleet], score=score)
    report = import_text(site, data, guard.person, fleet=fleet, asset=asset, kind=kind)
    return CalendarImport(report=report, outdated=_outdated(guard, [fleet], score=score))


@router.post(
    "/calendar/import/preview",
    summary="What a calendar file tells",
    responses=responses(415),
    **needs(Right.CONFIGURE, Over.BODY),
)
def preview_import(
    site: TheSite,
    guard: Guarded,
    data: Annotated[bytes, Body(media_type=ICS)],
    content_type: Annotated[str, Header(max_length=200, include_in_schema=False)] = "",
    fleet: FleetName | None = None,
    asset: Annotated[str | None, Query(max_length=200)] = None,
    kind: WindowKind = WindowKind.MAINTENANCE,
) -> CalendarFile:
    """Return the windows that an iCalendar file tells of; nothing is written.

    They hold for the fleet and asset that are named, as they would once brought in.
    """
    _require_media(content_type)
    _require(guard, [fleet], score=False)
    return read_text(site, data, fleet=fleet, asset=asset, kind=kind)


@router.post(
    "/calendar/preview",
    summary="What a change would do",
    **needs(Right.SCORE, Over.BODY),
)
def preview_calendar(draft: CalendarDraft, site: TheSite, guard: Guarded) -> CalendarPreview:
    """Tell what windows would do to a fleet's events if they came or went; nothing is written.

    Without any, what changed in the calendar since the last scoring run.
    """
    guard.require(Right.SCORE, fleet=draft.fleet)
    with heavy():
        return preview(
            site, draft.fleet, adding=draft.adding, removing=draft.removing, engine="local"
        )


@router.get(
    "/calendar/{window}",
    summary="Tell a window",
    **needs(Right.READ, Over.WINDOW, recent=True),
)
def get_calendar_window(window: str, response: Response, site: TheSite) -> Window:
    """Return one window."""
    found = site.calendar.standing(window)
    tag(response, found.revision)
    return found


@router.put(
    "/calendar/{window}",
    summary="Change a window",
    **needs(Right.CONFIGURE, Over.WINDOW),
    **_EDIT,
)
def edit_calendar_window(
    window: str,
    draft: WindowDraft,
    response: Response,
    site: TheSite,
    guard: Guarded,
    if_match: IfMatch = None,
    score: Score = False,
) -> CalendarChange:
    """Change a window as a whole; the next scoring run judges anew what that bears on."""
    fleets = [site.calendar.standing(window).fleet, draft.fleet]
    _require(guard, fleets, score=score)
    made = edit_window(site, window, draft, guard.person, expected(if_match))
    tag(response, made.revision)
    return CalendarChange(window=made, outdated=_outdated(guard, fleets, score=score))


@router.delete(
    "/calendar/{window}",
    summary="Remove a window",
    **needs(Right.CONFIGURE, Over.WINDOW),
    **_EDIT,
)
def remove_calendar_window(
    window: str,
    site: TheSite,
    guard: Guarded,
    if_match: IfMatch = None,
    score: Score = False,
) -> CalendarChange:
    """Remove a window; its history stays, and the next scoring run brings back what it hid."""
    fleets = [site.calendar.standing(window).fleet]
    _require(guard, fleets, score=score)
    gone = site.calendar.remove(window, guard.person, revision=expected(if_match))
    return CalendarChange(window=gone, outdated=_outdated(guard, fleets, score=score))


@router.get(
    "/calendar/{window}/history",
    summary="Who changed a window",
    **needs(Right.READ, Over.WINDOW, recent=True),
)
def get_calendar_history(
    window: str, site: TheSite, cursor: Cursor = None, limit: Limit = 100
) -> Page[WindowRevision]:
    """Return every change of a window, oldest first, also of one that was removed."""
    (after,) = key_of(cursor, int) or (0,)
    found = site.calendar.history(window, after=after, limit=limit + 1)
    return page(found, limit, lambda one: (one.revision,))


# ---------------------------------------------------------------- what it bears on
def _require_media(content_type: str) -> None:
    if content_type.partition(";")[0].strip().lower() != ICS:
        raise WrongMedia(f"a calendar file comes as {ICS}.", remedy="Name it in Content-Type.")


def _require(guard: Guarded, fleets: Iterable[str | None], *, score: bool) -> None:
    for fleet in fleets:
        guard.require(Right.CONFIGURE, fleet=fleet)
        if score:
            guard.require(Right.SCORE, fleet=fleet)


def _outdated(
    guard: Guarded, fleets: list[str | None], *, score: bool
) -> tuple[Rescoring, ...]:
    site = guard.site
    named = [fleet for fleet in fleets if fleet is not None]
    if None in fleets:
        named = guard.visible(sorted(site.registry.fleets()))[:_MOST_FLEETS]
    found = [outdated(site, fleet) for fleet in dict.fromkeys(named)]
    todo = [one for one in found if one is not None]
    if not score:
        return tuple(todo)
    asked = []
    for one in todo:
        job = site.jobs.ask(guard.person, JobRequest(pipeline="score", fleet=one.fleet))
        asked.append(one.model_copy(update={"job": job.id}))
    return tuple(asked)
