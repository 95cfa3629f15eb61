"""When a falling health reaches a limit, without any failure to learn from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detectors.errors import InvalidInput
from detectors.prognostics.tendency import FEWEST, Trend, trend

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


MATTERS = 5.0
"""Points that health must have fallen by over the course: less is no wear, however certain."""
_RESAMPLES = 200
_FARTHEST = 3.0
"""Courses' lengths ahead beyond which nothing is told: so far no line carries."""


@dataclass(frozen=True)
class TimeToLimit:
    """When health reaches the limit, in the unit of the times, from the last of them.

    Attributes
    ----------
    wear
        Whether there is a sign of wear.  Without one nothing else is said.
    middle, low, high
        The time left and its bounds; infinite beyond three times the length of the course.
    trend
        What the sign was read from.
    """

    wear: bool
    middle: float | None
    low: float | None
    high: float | None
    trend: Trend


def time_to_limit(
    values: ArrayLike,
    times: ArrayLike | None = None,
    *,
    limit: float = 0.0,
    coverage: float = 0.9,
    seed: int = 0,
) -> TimeToLimit:
    """Carry a falling course on to a limit, if it falls.

    A line of the median slope (Theil and Sen) through the last half of the course is carried
    on: wear quickens, and its beginning says little of its end.  The bounds are quantiles over
    courses remade from the line and what it leaves (bootstrap of residuals), made larger by
    what neighbours have in common.

    Parameters
    ----------
    values
        Health, 0 to 100; NaN where there is none.
    times
        Rising; the count if not given.
    limit
        Health at which the machine must stop: 0, where earlier ones failed, or as stated.
    coverage
        Of the interval.
    seed
        Of the resampling.

    Raises
    ------
    InvalidInput
        The shapes do not fit, or an argument is out of range.

    References
    ----------
    Sen (1968), doi:10.1080/01621459.1968.10480934.  Efron (1979), doi:10.1214/aos/1176344552.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(1).normal(size=60)
    >>> time_to_limit(90 + noise).wear
    False
    >>> bool(30 < time_to_limit(90 - np.arange(60) + noise).middle < 33)
    True
    """
    if not 0 < coverage < 1:
        raise InvalidInput(f"coverage must lie between 0 and 1, not {coverage}")
    y = np.asarray(values, np.float64)
    t = np.arange(len(y), dtype=np.float64) if times is None else np.asarray(times, np.float64)
    whole = trend(y, t)
    known = np.isfinite(y) & np.isfinite(t)
    y, t = y[known], t[known]
    fell = whole.per_step * (t[-1] - t[0]) if len(t) >= FEWEST else 0.0
    if not (whole.significant() and fell <= -MATTERS):
        return TimeToLimit(wear=False, middle=None, low=None, high=None, trend=whole)
    late = slice(len(y) // 2 if len(y) >= 2 * FEWEST else 0, None)
    y, t = y[late], t[late]
    line = trend(y, t)
    fitted = line.level + line.per_step * (t - t[-1])
    reached = [_reach(line, limit)]
    random = np.random.default_rng(seed)
    left = (y - fitted) * math.sqrt(line.dependence * len(y) / (len(y) - 2.0))
    for _ in range(_RESAMPLES):
        again = trend(fitted + random.choice(left, len(left)), t)
        reached.append(_reach(again, limit))
    most = _FARTHEST * float(t[-1] - t[0]) * 2.0
    told = np.array([math.inf if one > most else one for one in reached])
    tails = (1.0 - coverage) / 2.0
    low, high = np.quantile(told[1:], [tails, 1.0 - tails], method="closest_observation")
    middle = float(told[0])
    return TimeToLimit(
        wear=True,
        middle=middle,
        low=min(float(low), middle),
        high=max(float(high), middle),
        trend=whole,
    )


def _reach(line: Trend, limit: float) -> float:
    """Return the time from the last value until a line is at the limit."""
    if line.level <= limit:
        return 0.0
    return (limit - line.level) / line.per_step if line.per_step < 0 else math.inf
