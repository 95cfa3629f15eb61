"""One machine's past: its health over time, and stretches that look like another."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from appliance.schemas.base import FleetName, Schema
from appliance.schemas.event import Event
from appliance.schemas.manifest import TimeKind

_DAYS = ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"]


class Health(Schema):
    """How one machine's days compare with normal running.

    Attributes
    ----------
    version
        Model version whose scores it is made from: the champion.
    threshold
        Surprise at which an alarm begins; None for a machine without a model.
    starts
        First moment of each stretch of days.
    days
        How many days a stretch has; 24 cycles are one where times are counters.
    values
        0 to 100: 100 where the most unusual tenth of the readings is as in normal running, 0
        where a tenth of them reached the alarm level; None where too little was judged.
    now
        The last of the values.
    trend
        ``falling`` or ``rising`` only where that is certain and matters; ``unknown`` where
        there are too few days.
    per_week
        Points that it changes by in a week, going by the trend's stretches.
    chance
        How probable days in such an order are without any trend.
    trend_from
        First moment of the stretches that the trend is made from.
    coverage
        Share of the readings to be expected that there are, from the first to the newest.
    """

    fleet: FleetName = Field(examples=["pumps"])
    asset: str = Field(examples=["P-101"])
    time_kind: TimeKind = "time"
    version: int | None = Field(None, examples=[3])
    threshold: float | None = Field(None, examples=[3.9])
    starts: tuple[AwareDatetime, ...] = Field((), examples=[_DAYS])
    days: int = Field(1, examples=[1])
    values: tuple[float | None, ...] = Field((), examples=[[98.5, 91.0]])
    now: float | None = Field(None, examples=[91.0])
    trend: Literal["falling", "steady", "rising", "unknown"] = "unknown"
    per_week: float | None = Field(None, examples=[-3.5])
    chance: float | None = Field(None, examples=[0.002])
    trend_from: AwareDatetime | None = None
    coverage: float | None = Field(None, ge=0, le=1, examples=[0.994])


class SimilarStretch(Schema):
    """One stretch that looks like the one asked about.

    Attributes
    ----------
    likeness
        0 to 1: mean correlation of the sensors' courses, whatever their level and size.
    event
        What was found then: the event that shares most of the stretch.
    """

    asset: str = Field(examples=["P-101"])
    start: AwareDatetime = Field(examples=["2025-11-02T08:00:00Z"])
    end: AwareDatetime = Field(examples=["2025-11-02T12:00:00Z"])
    likeness: float = Field(ge=0, le=1, examples=[0.87])
    event: Event | None = None


class Similar(Schema):
    """Stretches that look like another, the most alike first.

    Attributes
    ----------
    sensors
        Those that were compared.
    step_seconds
        Readings were averaged over so long.
    searched_from
        The first moment that was searched; what lies before it was too much.
    searched
        The machines that were.
    """

    fleet: FleetName = Field(examples=["pumps"])
    asset: str = Field(examples=["P-101"])
    sensors: tuple[str, ...] = Field(examples=[["flow"]])
    step_seconds: float = Field(examples=[60.0])
    searched_from: AwareDatetime | None = None
    searched: tuple[str, ...] = Field(examples=[["P-101"]])
    found: tuple[SimilarStretch, ...] = ()
