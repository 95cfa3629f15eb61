"""Fleets and assets as they are now."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from appliance.schemas.base import FleetName, Schema
from appliance.schemas.manifest import TimeKind

_MOMENT = "2026-03-01T08:00:00Z"

Standing = Literal[
    "final",
    "provisional",
    "no_model",
    "too_few_sensors",
    "gap",
    "unseen_mode",
    "not_running",
    "too_young",
    "maintenance",
]
"""Names of `appliance.schemas.score.Judgement`, as they are told."""


class FleetSummary(Schema):
    """One fleet in a list.

    Attributes
    ----------
    time_kind
        ``cycle``: its times are counters; cycle n is kept as 2000-01-01 plus n hours.
    rows
        Readings, over all assets.
    start, end
        First and last reading.
    champion
        Model version that alarms; None before the first training.
    open_events
        Anomalies and sensor faults that nobody has closed.
    """

    fleet: FleetName = Field(examples=["pumps"])
    project: str = Field(examples=["default"])
    time_kind: TimeKind = "time"
    created: datetime = Field(examples=[_MOMENT])
    assets: int = Field(examples=[12])
    rows: int = Field(examples=[6_307_200])
    start: datetime = Field(examples=["2025-03-01T00:00:00Z"])
    end: datetime = Field(examples=[_MOMENT])
    champion: int | None = Field(None, examples=[3])
    open_events: int = Field(0, examples=[1])


class Fleet(FleetSummary):
    """One fleet.

    Attributes
    ----------
    sensors, contexts
        Columns that are judged, and that explain normal change.
    lives_learned
        Whether machines that failed tell how long others last.
    """

    sensors: int = Field(examples=[9])
    contexts: int = Field(examples=[2])
    lives_learned: bool = False


class Asset(Schema):
    """One asset.

    Attributes
    ----------
    start, end
        First and last reading.
    open_events
        Anomalies and sensor faults that nobody has closed.
    judged
        Time of the last reading that the champion has looked at; None if of none.
    standing
        Whether that reading was judged, and if not, why.
    surprise
        Its surprise; None if it was not judged.
    threshold
        Surprise at which an alarm begins.
    alarm
        Whether it alarms.
    """

    asset: str = Field(examples=["P-101"])
    rows: int = Field(examples=[525_600])
    start: datetime = Field(examples=["2025-03-01T00:00:00Z"])
    end: datetime = Field(examples=[_MOMENT])
    open_events: int = Field(0, examples=[1])
    judged: datetime | None = Field(None, examples=[_MOMENT])
    standing: Standing | None = Field(None, examples=["final"])
    surprise: float | None = Field(None, examples=[4.2])
    threshold: float | None = Field(None, examples=[3.9])
    alarm: bool = False
