"""Health: how a machine's days compare with normal running, and whether they grow worse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from appliance.heat.change import changed_at
from appliance.heat.days import Calendar
from appliance.schemas.score import Judgement
from detectors.prognostics import MATTERS
from detectors.prognostics import trend as measured

Direction: TypeAlias = Literal["falling", "steady", "rising", "unknown"]
Floats: TypeAlias = npt.NDArray[np.float64]
LEAST = 20
"""Judged readings without which a stretch of days has no health."""
_UPPER = 0.9
_NORMAL = 1.0
"""Surprise that a tenth of all readings reach in normal running: what −log10 makes of 0.1."""
_ROOM = 0.5
"""Least distance from there to the alarm level, so that no level divides by nothing."""


@dataclass(frozen=True)
class Trend:
    """Where health goes.

    Attributes
    ----------
    direction
        ``unknown`` where there are too few days.
    per_day
        Points a day: the median of all slopes between two days (Theil and Sen).
    chance
        Probability of an order of days at least as telling without any trend (Mann and
        Kendall, for days that depend on the day before).
    """

    direction: Direction
    per_day: float | None = None
    chance: float | None = None


def points(upper: float, level: float) -> float:
    """Return the health that a surprise stands for which a tenth of the readings reach.

    Parameters
    ----------
    level
        Surprise at which an alarm begins.
    """
    far = (upper - _NORMAL) / max(level - _NORMAL, _ROOM)
    return round(100.0 * (1.0 - min(max(far, 0.0), 1.0)), 1)


@dataclass(frozen=True)
class Points:
    """Health by stretches of days.

    Attributes
    ----------
    first
        Day that the first stretch begins at.
    values
        None where too little was judged.
    uppers
        Surprise that a tenth of the readings reach, where there is a value.
    level
        Surprise at which an alarm begins.
    """

    first: int
    width: int
    values: tuple[float | None, ...]
    uppers: tuple[float | None, ...]
    level: float

    def changed(self) -> int | None:
        """Return the place of the first stretch since which normal has changed, if it has."""
        return changed_at(self.uppers, _NORMAL, self.level)

    def trend(self, stretches: int) -> Trend:
        """Return the trend of the last stretches."""
        recent = self.values[-stretches:] if stretches else ()
        known = [(at, value) for at, value in enumerate(recent) if value is not None]
        return trend(
            np.array([at * self.width for at, _ in known], np.float64),
            np.array([value for _, value in known], np.float64),
        )


def by_days(scores: pl.DataFrame, calendar: Calendar, level: float, width: int = 1) -> Points:
    """Return one machine's health by stretches of days.

    Parameters
    ----------
    scores
        Time, surprise and state.
    level
        Surprise at which an alarm begins.
    width
        Days of a stretch; stretches begin at days that it divides.

    Returns
    -------
    Points
        From the first stretch with readings to the last.
    """
    there = pl.col("time").dt.convert_time_zone(calendar.timezone).dt.replace_time_zone(None)
    judged = pl.col("state") < Judgement.NO_MODEL.value
    surprise = pl.col("surprise").cast(pl.Float64).filter(judged)
    told = (
        scores.select("surprise", "state", bucket=there.dt.epoch("d") // width)
        .group_by("bucket")
        .agg(
            upper=surprise.quantile(_UPPER, "lower"),
            judged=judged.sum(),
        )
        .sort("bucket")
    )
    if told.is_empty():
        return Points(0, width, (), (), level)
    first, last = int(told["bucket"][0]), int(told["bucket"][-1])
    uppers: list[float | None] = [None] * (last - first + 1)
    for bucket, upper, count in told.iter_rows():
        if count >= LEAST and upper is not None:
            uppers[bucket - first] = upper
    values = (None if upper is None else points(upper, level) for upper in uppers)
    return Points(first * width, width, tuple(values), tuple(uppers), level)


def trend(days: Floats, values: Floats) -> Trend:
    """Return where values go over days that rise.

    They fall or rise only where that is hardly chance (below one in twenty) and matters (five
    points from the first day to the last).
    """
    found = measured(values, days)
    if math.isnan(found.per_step):
        return Trend("unknown")
    change = found.per_step * float(days[-1] - days[0])
    direction: Direction = "steady"
    if found.significant() and abs(change) >= MATTERS:
        direction = "falling" if change < 0 else "rising"
    return Trend(direction, found.per_step, found.chance)
