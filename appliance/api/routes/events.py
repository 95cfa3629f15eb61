"""Events of all fleets: found, told, and dealt with."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field

from appliance.access.seen import Seen
from appliance.api.etags import IfMatch, expected, tag
from appliance.api.guard import Caller, Guarded, TheSite
from appliance.api.heavy import heavy
from appliance.api.limits import MOST_ITEMS
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, key_of, moment_in, page
from appliance.api.problems import responses, status_of
from appliance.api.router import make_router
from appliance.core.errors import Forbidden, InvalidRequest, KizashiError, NotFound
from appliance.events import store
from appliance.events.similar import MOST_SIMILAR
from appliance.events.store import Deed, Order, Search
from appliance.events.urgency import calm_of, rank_of
from appliance.pipelines.events import similar, told
from appliance.pipelines.expected import expected_at
from appliance.pipelines.glance import inbox
from appliance.schemas.access import Right
from appliance.schemas.base import FleetName, Language, Moment, Schema
from appliance.schemas.event import (
    Assignment,
    BulkDeed,
    BulkOutcome,
    BulkOutcomes,
    Closing,
    Event,
    EventComment,
    EventKind,
    EventRevision,
    EventState,
    EventTold,
    Muting,
    Remark,
    Severity,
    SimilarEvents,
    Verdict,
)
from appliance.schemas.expected import EventExpected
from appliance.schemas.overview import Inbox

router = make_router("events")
_CHANGED: dict[str, Any] = {"responses": responses(409, 412)}


class EventQuery(Schema):
    """Which events are looked for, in which order; what is not said does not matter."""

    fleet: FleetName | None = None
    asset: list[Annotated[str, Field(max_length=200)]] = Field([], max_length=100)
    state: list[EventState] = Field([], max_length=4, description="All but withdrawn ones.")
    severity: list[Severity] = Field([], max_length=3)
    kind: list[EventKind] = Field([], max_length=2)
    owner: str | None = Field(None, max_length=200)
    verdict: Verdict | None = None
    since: Moment | None = Field(None, alias="from", description="Only those that end after.")
    until: Moment | None = Field(None, alias="to", description="Only those that begin before.")
    text: str = Field("", max_length=100, description="Part of an asset's or sensor's name.")
    muted: bool | None = Field(None, description="Only muted ones, or only the others.")
    repeats: str | None = Field(
        None, max_length=40, description="Only those that repeat this event."
    )
    sort: Order = Field("urgency", description="What is to be looked at first, or the latest.")
    cursor: str | None = Field(None, max_length=500, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=MOST_ITEMS, description="Events on the page.")


@router.get("/events", summary="List events", **needs(Right.READ, Over.VISIBLE, recent=True))
def list_events(
    wanted: Annotated[EventQuery, Query()], site: TheSite, person: Caller
) -> Page[Event]:
    """Return events of every fleet that whoever asks may see."""
    search = Search(
        seen=site.access.seen(person),
        fleet=wanted.fleet,
        assets=tuple(wanted.asset),
        states=tuple(wanted.state),
        kinds=tuple(wanted.kind),
        severities=tuple(wanted.severity),
        owner=wanted.owner,
        verdict=wanted.verdict,
        since=wanted.since,
        until=wanted.until,
        text=wanted.text.strip(),
        muted=wanted.muted,
        repeats=wanted.repeats,
    )
    place = key_of(wanted.cursor, int, float, str, str)
    after = None if place is None else (place[0], place[1], moment_in(place[2]), place[3])
    found = site.events.look(search, wanted.sort, after=after, limit=wanted.limit + 1)
    return page(found, wanted.limit, _place)


def _place(event: Event) -> tuple[int, float, str, str]:
    rank = rank_of(event.state, event.kind, event.severity)
    return rank, calm_of(event), event.start.isoformat(), event.id


@router.get(
    "/events/counts",
    summary="Count events that wait",
    **needs(Right.READ, Over.VISIBLE, recent=True),
)
def count_events(
    guard: Guarded,
    fleet: Annotated[FleetName | None, Query(description="Only of this fleet.")] = None,
) -> Inbox:
    """Return how many events nobody has closed, by what to do about them."""
    seen = guard.site.access.seen(guard.person)
    if fleet is not None:
        seen = Seen(only=frozenset({fleet} if fleet in seen else ()))
    return inbox(guard.site, seen, guard.person.name)


@router.post(
    "/events/bulk", summary="Deal with many events", **needs(Right.ANNOTATE, Over.BODY)
)
def deal_with_events(deed: BulkDeed, site: TheSite, person: Caller) -> BulkOutcomes:
    """Do the same to many events; what becomes of each is told by itself."""
    wanted = list(dict.fromkeys(deed.events))
    outcomes: dict[str, Event | KizashiError] = {}
    fleets = site.events.fleets_of(wanted)
    projects = site.access.projects.of(set(fleets.values()))
    for event in wanted:
        project = projects[fleets[event]] if event in fleets else None
        if project is None or not person.may(Right.READ, project):
            outcomes[event] = NotFound(f"there is no event {event}.")
            continue
        try:
            person.require(Right.ANNOTATE, project)
        except Forbidden as error:
            outcomes[event] = error
    open_to = [event for event in wanted if event not in outcomes]
    outcomes |= site.events.do_all(open_to, _deed_of(deed), person)
    listed = tuple(_outcome(event, outcomes[event]) for event in wanted)
    done = sum(one.changed is not None for one in listed)
    return BulkOutcomes(done=done, refused=len(listed) - done, outcomes=listed)


def _deed_of(deed: BulkDeed) -> Deed:
    if deed.action == "close":
        if deed.verdict is None:
            raise InvalidRequest("closing needs a verdict.", remedy="true, false or planned.")
        return store.closed(deed.verdict)
    if deed.action == "assign":
        return store.assigned(deed.owner)
    if deed.action == "mute":
        if deed.mute is None:
            raise InvalidRequest("muting needs a reason.", remedy="Say it in `mute`.")
        return store.muted(deed.mute)
    if deed.action == "unmute":
        return store.unmuted()
    return store.acknowledged() if deed.action == "acknowledge" else store.reopened()


def _outcome(event: str, found: Event | KizashiError) -> BulkOutcome:
    if isinstance(found, Event):
        return BulkOutcome(event=event, status=200, changed=found)
    return BulkOutcome(
        event=event, status=status_of(found), problem=found.message, remedy=found.remedy
    )


@router.get(
    "/events/{event}", summary="Tell an event", **needs(Right.READ, Over.EVENT, recent=True)
)
def get_event(
    event: str, response: Response, site: TheSite, language: Language | None = None
) -> EventTold:
    """Return an event with its sensors, in plain words, and what it rests on."""
    found = told(site, event, language or site.settings.language)
    tag(response, found.revision)
    return found


@router.get(
    "/events/{event}/history",
    summary="What became of an event",
    **needs(Right.READ, Over.EVENT, recent=True),
)
def get_event_history(
    event: str, site: TheSite, cursor: Cursor = None, limit: Limit = 100
) -> Page[EventRevision]:
    """Return every change of an event, oldest first."""
    (after,) = key_of(cursor, int) or (0,)
    found = site.events.history(event, after=after, limit=limit + 1)
    return page(found, limit, lambda one: (one.revision,))


@router.get(
    "/events/{event}/similar",
    summary="Earlier events that looked alike",
    **needs(Right.READ, Over.EVENT, recent=True),
)
def list_similar_events(
    event: str,
    site: TheSite,
    limit: Annotated[int, Query(ge=1, le=MOST_SIMILAR, description="At most so many.")] = 5,
) -> SimilarEvents:
    """Return earlier events that moved the same sensors, and how they ended."""
    return similar(site, event, limit)


@router.get(
    "/events/{event}/expected",
    summary="What would have been normal",
    **needs(Right.READ, Over.EVENT),
)
def get_event_expected(
    event: str, site: TheSite, language: Language | None = None
) -> EventExpected:
    """Return what the sensors it is about would have shown in normal running, at its peak."""
    with heavy():
        return expected_at(site, event, language or site.settings.language)


# ---------------------------------------------------------------- comments
@router.get(
    "/events/{event}/comments",
    summary="What was said about an event",
    **needs(Right.READ, Over.EVENT, recent=True),
)
def get_event_comments(
    event: str, site: TheSite, cursor: Cursor = None, limit: Limit = 100
) -> Page[EventComment]:
    """Return comments, oldest first."""
    place = key_of(cursor, str, str)
    after = None if place is None else (moment_in(place[0]), place[1])
    found = site.events.comments(event, after=after, limit=limit + 1)
    return page(found, limit, lambda one: (one.at.isoformat(), one.id))


@router.post(
    "/events/{event}/comments",
    status_code=201,
    summary="Say something about an event",
    **needs(Right.ANNOTATE, Over.EVENT),
)
def comment_event(event: str, remark: Remark, site: TheSite, person: Caller) -> EventComment:
    """Add a comment; the event's revision stays."""
    return site.events.comment(event, person, remark.text)


# ---------------------------------------------------------------- deeds
@router.post(
    "/events/{event}/acknowledge",
    summary="Take note of an event",
    **needs(Right.ANNOTATE, Over.EVENT),
    **_CHANGED,
)
def acknowledge_event(
    event: str, response: Response, site: TheSite, person: Caller, if_match: IfMatch = None
) -> Event:
    """Take note of an event."""
    return _do(site, event, store.acknowledged(), person, if_match, response)


@router.post(
    "/events/{event}/assign",
    summary="Give an event to somebody",
    **needs(Right.ANNOTATE, Over.EVENT),
    **_CHANGED,
)
def assign_event(
    event: str,
    to: Assignment,
    response: Response,
    site: TheSite,
    person: Caller,
    if_match: IfMatch = None,
) -> Event:
    """Give an event to somebody, or to nobody."""
    return _do(site, event, store.assigned(to.owner), person, if_match, response)


@router.post(
    "/events/{event}/close",
    summary="Close an event with a verdict",
    **needs(Right.ANNOTATE, Over.EVENT),
    **_CHANGED,
)
def close_event(
    event: str,
    closing: Closing,
    response: Response,
    site: TheSite,
    person: Caller,
    if_match: IfMatch = None,
) -> Event:
    """Say what an event turned out to be, and close it."""
    return _do(site, event, store.closed(closing.verdict), person, if_match, response)


@router.post(
    "/events/{event}/reopen",
    summary="Open an event again",
    **needs(Right.ANNOTATE, Over.EVENT),
    **_CHANGED,
)
def reopen_event(
    event: str, response: Response, site: TheSite, person: Caller, if_match: IfMatch = None
) -> Event:
    """Open an acknowledged or closed event again; its verdict stays in the history."""
    return _do(site, event, store.reopened(), person, if_match, response)


@router.post(
    "/events/{event}/mute",
    summary="Mute an event for a while",
    **needs(Right.ANNOTATE, Over.EVENT),
    **_CHANGED,
)
def mute_event(
    event: str,
    wanted: Muting,
    response: Response,
    site: TheSite,
    person: Caller,
    if_match: IfMatch = None,
) -> Event:
    """Let an event wait for nobody for a while, unless it becomes graver."""
    return _do(site, event, store.muted(wanted), person, if_match, response)


@router.post(
    "/events/{event}/unmute",
    summary="Let a muted event call again",
    **needs(Right.ANNOTATE, Over.EVENT),
    **_CHANGED,
)
def unmute_event(
    event: str, response: Response, site: TheSite, person: Caller, if_match: IfMatch = None
) -> Event:
    """Let an event, and those that took its mute over, call again."""
    return _do(site, event, store.unmuted(), person, if_match, response)


def _do(
    site: TheSite,
    event: str,
    deed: Deed,
    person: Caller,
    if_match: str | None,
    response: Response,
) -> Event:
    changed = site.events.do(event, deed, person, revision=expected(if_match))
    tag(response, changed.revision)
    return changed
