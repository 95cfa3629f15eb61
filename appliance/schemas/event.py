"""Events: stretches of high surprise on one asset, and sensor faults."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from appliance.schemas.base import Schema


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


class Event(EventDraft):
    """An event with identity, life and lineage."""

    id: str
    fleet: str
    state: EventState = EventState.OPEN
    verdict: str | None = None
    owner: str | None = None
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


class EventRevision(Schema):
    """One change of an event, and what the event was after it.

    Attributes
    ----------
    by
        Who changed it; ``kizashi`` for the data.
    note
        Identifier of the event it was merged into, or empty.
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
