"""Health: how a machine's days compare with normal running, and whether they grow worse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from appliance.heat.days import Calendar
from appliance.schemas.score import Judgement

Direction: TypeAlias = Literal["falling", "steady", "rising", "unknown"]
Floats: TypeAlias = npt.NDArray[np.float64]
LEAST = 20
"""Judged readings without which a stretch of days has no health."""
_UPPER = 0.9
_NORMAL = 1.0
"""Surprise that a tenth of all readings reach in normal running: what −log10 makes of 0.1."""
_ROOM = 0.5
"""Least distance from there to the alarm level, so that no level divides by nothing."""
_FEWEST = 8
"""Stretches of days without which nothing is said of a trend."""
_CHANCE = 0.05
_MATTERS = 5.0
"""Points that health must have changed by: less is no wear, however certain."""
_MOST_BOUND = 0.5
"""Dependence on the day before that is allowed for: what is beyond it is the wear itself."""


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
    """

    first: int
    width: int
    values: tuple[float | None, ...]

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
        return Points(0, width, ())
    first, last = int(told["bucket"][0]), int(told["bucket"][-1])
    values: list[float | None] = [None] * (last - first + 1)
    for bucket, upper, count in told.iter_rows():
        if count >= LEAST and upper is not None:
            values[bucket - first] = points(upper, level)
    return Points(first * width, width, tuple(values))


def trend(days: Floats, values: Floats) -> Trend:
    """Return where values go over days that rise.

    They fall or rise only where that is hardly chance (below one in twenty) and matters (five
    points from the first day to the last).
    """
    count = len(values)
    if count < _FEWEST:
        return Trend("unknown")
    earlier, later = np.triu_indices(count, 1)
    rises = values[later] - values[earlier]
    slope = float(np.median(rises / (days[later] - days[earlier])))
    total = float(np.sign(rises).sum())
    chance = _chance(total, values, values - slope * days)
    change = slope * float(days[-1] - days[0])
    direction: Direction = "steady"
    if chance < _CHANCE and abs(change) >= _MATTERS:
        direction = "falling" if change < 0 else "rising"
    return Trend(direction, slope, chance)


def _chance(total: float, values: Floats, left: Floats) -> float:
    """Return how probable it is that chance orders values so.

    Parameters
    ----------
    total
        Pairs that rise less those that fall.
    left
        The values without their trend: what a day takes from the day before shows in them.
    """
    count = len(values)
    _, ties = np.unique(values, return_counts=True)
    spread = count * (count - 1) * (2 * count + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()
    if spread <= 0:
        return 1.0
    off = left - left.mean()
    power = float((off**2).sum())
    bound = float((off[1:] * off[:-1]).sum()) / power if power > 0 else 0.0
    # Of a short course it shows too small, by as much as Kendall found (1954).
    bound = min(max(bound + (1.0 + 4.0 * bound) / count, 0.0), _MOST_BOUND)
    variance = float(spread) / 18.0 * (1.0 + bound) / (1.0 - bound)
    far = max(abs(total) - 1.0, 0.0) / math.sqrt(variance)
    return math.erfc(far / math.sqrt(2.0))
