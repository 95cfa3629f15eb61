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
