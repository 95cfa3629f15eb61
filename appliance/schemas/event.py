"""Events: stretches of high surprise on one asset, and sensor faults."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from appliance.schemas.base import Moment, Schema
from appliance.schemas.mode import EventMode

Verdict = Literal["true", "false", "planned"]
"""What a closed event turned out to be."""
Owner = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class EventKind(StrEnum):
    """What an event is about."""

    ANOMALY = "anomaly"
    SENSOR_FAULT = "sensor_fault"


class EventState(StrEnum):
    """Where an event stands; ``withdrawn``: later data took its reason away."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


UNCLOSED = (EventState.OPEN, EventState.ACKNOWLEDGED)
"""States of events that scores show and that nobody has closed."""


class Severity(StrEnum):
    """What to do about an event."""

    WATCH = "watch"
    PLAN = "plan"
    ACT = "act"


class SensorShare(Schema):
    """One sensor's part in an event.

    Attributes
    ----------
    share
        0..1; the shares of an event add up to 1.
    direction
        +1 above, −1 below what is normal for the context, 0 if neither.
    note
        For a sensor fault: ``missing``, ``frozen``, ``out of limits``.
    """

    name: str
    share: float = Field(ge=0, le=1)
    direction: int = 0
    note: str = ""


class EventDraft(Schema):
    """An event as the scores show it, before it has an identity and a life."""

    asset: str
    kind: EventKind = EventKind.ANOMALY
    start: datetime
    end: datetime
    peak: float
    """Highest surprise."""
    peak_time: datetime
    threshold: float
    severity: Severity
    sensors: tuple[SensorShare, ...]
    ongoing: bool = False
    """It still stood when the data ended."""
    course: tuple[float | None, ...] = Field((), examples=[[4.1, 6.2, None, 5.0]])
    """Highest surprise of each of so many equal parts from its start to its end, one where
    nothing was judged has none; empty where it is not known."""


class Mute(Schema):
    """That nobody is to be told of an event for a while, unless it becomes graver.

    Attributes
    ----------
    until
        When it ends; None: when the event is closed.
    severity
        What the event asked for then: it calls again once it asks for more.
    event
        The event that it was said of: others that begin meanwhile take it over.  The earlier
        one that speaks for it, where nobody muted it (`appliance.events.likes`).
    sensor
        Only events that are about this sensor most of all take it over; any if None.
    """

    until: AwareDatetime | None = Field(None, examples=["2026-03-08T08:00:00Z"])
    reason: str = Field(examples=["The seal comes on Friday."])
    by: str
    at: AwareDatetime
    severity: Severity
    event: str
    sensor: str | None = None


class Again(Schema):
    """How often an event came again while nobody answered it.

    Attributes
    ----------
    count
        Its repeats.
    last
        When the latest of them ended.
    """

    count: int = Field(ge=1, examples=[3])
    last: datetime


class Event(EventDraft):
    """An event with identity, life and lineage.

    Attributes
    ----------
    mute
        The last one; it may be over: see `appliance.events.muting`.
    repeats
        The event like it that nobody had answered when it began, so that nobody was told of
        this one (`appliance.events.likes`); an answer to that one answers it.
    again
        Its own repeats, where it is listed or told; None if there are none.
    """

    id: str
    fleet: str
    state: EventState = EventState.OPEN
    verdict: str | None = None
    owner: str | None = None
    mute: Mute | None = None
    repeats: str | None = None
    again: Again | None = None
    revision: int = 1
    model_version: int
    score_batch: str
    created: datetime
    updated: datetime


class EventChange(StrEnum):
    """What happened to an event, by the data or by a person."""

    OPENED = "opened"
    REVISED = "revised"
    """Scores changed, and with them its facts."""
    WITHDRAWN = "withdrawn"
    """New scores no longer show it."""
    VANISHED = "vanished"
    """New scores no longer show it, but a person has dealt with it: it stays in sight."""
    MERGED = "merged"
    """It turned out to be part of another event, which `note` names."""
    RETURNED = "returned"
    """Scores show it again."""
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    REOPENED = "reopened"
    """By a person, or because a closed event became more severe."""
    ASSIGNED = "assigned"
    MUTED = "muted"
    """By a person, or because another like it, which `note` names, was muted or called false or
    waits for an answer."""
    UNMUTED = "unmuted"
    """By a person, or because it became graver, or what spoke for it does so no longer."""


class EventRevision(Schema):
    """One change of an event, and what the event was after it.

    Attributes
    ----------
    by
        Who changed it; ``kizashi`` for the data.
    note
        Identifier of the event that it was merged into, took a mute over from or was answered
        with, or empty.
    """

    event: str
    revision: int
    change: EventChange
    at: datetime
    by: str
    note: str = ""
    state: EventState
    verdict: str | None = None
    owner: str | None = None
    mute: Mute | None = None
    facts: EventDraft
    model_version: int
    score_batch: str


class EventComment(Schema):
    """What a person said about an event."""

    id: str
    event: str
    by: str
    at: datetime
    text: str


# ---------------------------------------------------------------- told and asked over REST
class EventOrigin(Schema):
    """What an event rests on.

    Attributes
    ----------
    run, recipe, learned_from, learned_until
        Of the model version that showed it; None if the version was deleted.
    promoted_by, promoted
        Who last made that version the champion, and when; None if nobody did.
    scored
        When the scoring run that showed it ended.
    links
        Where each of these is told in full.
    """

    model_version: int
    run: str | None = None
    recipe: str | None = None
    learned_from: datetime | None = None
    learned_until: datetime | None = None
    promoted_by: str | None = None
    promoted: datetime | None = None
    score_batch: str
    scored: datetime | None = None
    links: dict[str, str] = Field(
        examples=[{"model": "/api/v1/fleets/pumps/models/3", "fleet": "/api/v1/fleets/pumps"}]
    )


class EventTold(Event):
    """An event with what there is to say of it.

    Attributes
    ----------
    words
        What it is, in one plain sentence.
    mode
        The operating mode that the machine was in, and what its sensors normally do in it;
        None where that is not known.
    """

    words: str = Field(
        examples=["P-2 ran unusually from 2 Mar 2026, 08:00 to 09:30 (1 h 30 min): …"]
    )
    mode: EventMode | None = None
    origin: EventOrigin


class SimilarEvent(Schema):
    """An earlier event that looked like another.

    Attributes
    ----------
    likeness
        0..1: how alike the shares of their sensors are.
    remark
        What was said of it last.
    """

    event: Event
    likeness: float = Field(ge=0, le=1, examples=[0.94])
    remark: EventComment | None = None


class SimilarEvents(Schema):
    """Earlier events that looked like one; those of the same asset first."""

    events: tuple[SimilarEvent, ...]


class Closing(Schema):
    """What an event turned out to be."""

    verdict: Verdict = Field(examples=["false"])


class Assignment(Schema):
    """Who is to take care of an event; nobody if None."""

    owner: Owner | None = Field(examples=["yuki"])


class Muting(Schema):
    """For how long nobody is to be told of an event, and why.

    Attributes
    ----------
    until
        When it ends; None: when the event is closed.
    only_sensor
        Events that begin meanwhile on the same asset are muted too: of the same kind, or only
        those that are about the same sensor most of all.
    """

    until: Moment | None = Field(None, examples=["2026-03-08T08:00:00Z"])
    reason: Annotated[
        str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)
    ] = Field(examples=["The seal comes on Friday."])
    only_sensor: bool = False


class Remark(Schema):
    """What somebody says about an event."""

    text: str = Field(min_length=1, max_length=10_000, examples=["The seal is worn."])


class BulkDeed(Schema):
    """The same deed for many events.

    Attributes
    ----------
    verdict
        With ``close``.
    owner
        With ``assign``: nobody if None.
    mute
        With ``mute``.
    """

    events: tuple[EventId, ...] = Field(
        min_length=1, max_length=500, examples=[["evt_06c2m1x8ydk4zq2v7r0n"]]
    )
    action: Literal["acknowledge", "assign", "close", "reopen", "mute", "unmute"] = Field(
        examples=["close"]
    )
    verdict: Verdict | None = Field(None, examples=["planned"])
    owner: Owner | None = None
    mute: Muting | None = None


class BulkOutcome(Schema):
    """What became of one event.

    Attributes
    ----------
    status
        As the same deed for this event alone would have been answered.
    changed
        The event as it is now; None where it was refused.
    problem, remedy
        Why it was refused, and what to do.
    """

    event: str
    status: int = Field(examples=[200])
    changed: Event | None = None
    problem: str = ""
    remedy: str = ""


class BulkOutcomes(Schema):
    """What became of each event, in the order asked for."""

    done: int
    refused: int
    outcomes: tuple[BulkOutcome, ...]
