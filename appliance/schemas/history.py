"""One machine's past: its health over time, and stretches that look like another."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from appliance.schemas.base import FleetName, Schema
from appliance.schemas.event import Event
from appliance.schemas.manifest import TimeKind
from appliance.schemas.model import DriftNote

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
        First moment of the stretches that the trend is made from: none before a change.
    changed_from
        Since when it runs otherwise than before, at once, lastingly and without growing: normal
        has changed, or a fault stays as it is, which only a person can tell.
    changed_after
        Title of what the calendar has of the days around that, once and not by a rule, or its
        kind if it has none; None if there is nothing.
    drifted
        That it went away from normal little by little, as the newest version found; None where
        it did not, or is as before again.
    borrowed
        It has no sub-model of its own yet: the fleet's shared one judges it.
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
    changed_from: AwareDatetime | None = Field(None, examples=["2026-03-02T00:00:00Z"])
    changed_after: str | None = Field(None, examples=["bearing replaced"])
    drifted: DriftNote | None = None
    borrowed: bool = False
    coverage: float | None = Field(None, ge=0, le=1, examples=[0.994])


class RemainingLife(Schema):
    """How long one machine lasts: by machines of its fleet that failed, or by its health.

    Attributes
    ----------
    wear
        Whether there is a sign of wear; without one nothing is told.  None where there are too
        few days to tell.
    method
        ``lives``: by what was learned from lives that ended in a failure; ``health``: its
        health was carried on to the limit.
    lives
        How many lives that ended were learned from; None for ``health``.
    trend, now
        As in its health.
    limit
        Health that is taken for the end by ``health``.
    days, low, high
        Days left after `since` until it fails, or until health is at the limit, and the bounds
        around it; 24 cycles are one where times are counters.  None without a sign of wear, and
        for what lies too far ahead to be told.
    coverage
        How often such bounds hold the truth: if it fails as others did, or if the wear goes on
        as it does.
    since
        The last reading, or the end of the last stretch that was judged.
    """

    fleet: FleetName = Field(examples=["pumps"])
    asset: str = Field(examples=["P-101"])
    time_kind: TimeKind = "time"
    version: int | None = Field(None, examples=[3])
    wear: bool | None = Field(None, examples=[True])
    method: Literal["lives", "health"] = "health"
    lives: int | None = Field(None, examples=[12])
    trend: Literal["falling", "steady", "rising", "unknown"] = "unknown"
    now: float | None = Field(None, examples=[61.0])
    limit: float = Field(ge=0, le=100, examples=[0.0])
    days: float | None = Field(None, ge=0, examples=[34.5])
    low: float | None = Field(None, ge=0, examples=[27.0])
    high: float | None = Field(None, ge=0, examples=[46.0])
    coverage: float = Field(0.9, gt=0, lt=1, examples=[0.9])
    since: AwareDatetime | None = None


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
