"""Whether values go anywhere: a rank test that allows for values that depend on earlier ones.

Examples
--------
>>> import numpy as np
>>> noise = np.random.default_rng(0).normal(size=60)
>>> trend(noise).significant(), trend(noise - 0.1 * np.arange(60)).significant()
(False, True)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detectors.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from detectors.validation import FloatVector

FEWEST = 8
"""Values without which nothing is said of a trend."""
_MOST_BOUND = 3.0
"""Factor of the variance that is allowed for even where that leaves fewer values."""
_MOST = 400
"""Values that are compared in pairs; of longer courses, means of neighbours."""


@dataclass(frozen=True)
class Trend:
    """Where values go.

    Attributes
    ----------
    per_step
        The median of all slopes between two values (Theil and Sen); NaN for too few values.
    level
        Where the line of that slope is at the last time.
    chance
        Probability of an order at least as telling without any trend; 1 for too few values.
    dependence
        How many times the variance is larger than for values independent of each other.
    """

    per_step: float
    level: float
    chance: float
    dependence: float = 1.0

    def significant(self, chance: float = 0.05) -> bool:
        """Tell whether such an order is hardly chance."""
        return self.chance < chance


def trend(values: ArrayLike, times: ArrayLike | None = None) -> Trend:
    """Return the trend of values by the test of Mann and Kendall.

    The variance of Kendall's sum is enlarged for autocorrelation by the sum of Hamed and Rao.
    Its correlations are the powers of the first, of what the slope leaves, made larger by what
    a short course hides: with single correlations, as estimated, three times as many courses
    were called a trend as should be.  A longer course is never taken for less than `FEWEST`
    values that do not depend on each other: wear leaves a bend, which is not chance.

    Parameters
    ----------
    values
        In order of time; NaN where there is none.
    times
        Rising; the count if not given.

    Raises
    ------
    InvalidInput
        The shapes do not fit.

    References
    ----------
    Mann (1945), doi:10.2307/1907187.  Kendall (1975), Rank correlation methods.  Sen (1968),
    doi:10.1080/01621459.1968.10480934.  Hamed, Rao (1998), A modified Mann-Kendall trend test
    for autocorrelated data, doi:10.1016/S0022-1694(97)00125-X.
    """
    y = np.asarray(values, np.float64)
    t = np.arange(len(y), dtype=np.float64) if times is None else np.asarray(times, np.float64)
    if y.ndim != 1 or t.shape != y.shape:
        raise InvalidInput("a trend is made of as many times as values")
    known = np.isfinite(y) & np.isfinite(t)
    y, t = _thinned(y[known]), _thinned(t[known])
    if len(y) < FEWEST:
        return Trend(math.nan, math.nan, 1.0)
    earlier, later = np.triu_indices(len(y), 1)
    rises = y[later] - y[earlier]
    apart = t[later] - t[earlier]
    slope = float(np.median(rises[apart > 0] / apart[apart > 0]))
    level = float(np.median(y - slope * t)) + slope * float(t[-1])
    dependence = _dependence(y - slope * t)
    variance = _variance(y) * dependence
    if variance <= 0:
        return Trend(slope, level, 1.0)
    far = max(abs(float(np.sign(rises).sum())) - 1.0, 0.0) / math.sqrt(variance)
    return Trend(slope, level, math.erfc(far / math.sqrt(2.0)), dependence)


def _thinned(values: FloatVector) -> FloatVector:
    width = -(-len(values) // _MOST)
    if width <= 1:
        return values
    whole = values[len(values) % width :]
    return np.asarray(whole.reshape(-1, width).mean(axis=1))


def _variance(values: FloatVector) -> float:
    count = len(values)
    _, ties = np.unique(values, return_counts=True)
    whole = count * (count - 1) * (2 * count + 5)
    return float(whole - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18.0


def _dependence(left: FloatVector) -> float:
    """Return the factor of the variance for values that take a share from the one before."""
    count = len(left)
    off = left - left.mean()
    power = float(off @ off)
    bound = float(off[1:] @ off[:-1]) / power if power > 0 else 0.0
    # Of a short course it shows too small, by as much as Kendall found (1954).
    bound = min(max(bound + (1.0 + 4.0 * bound) / count, 0.0), 1.0)
    lags = np.arange(1, count - 2)
    weights = (count - lags) * (count - lags - 1.0) * (count - lags - 2.0)
    total = float((weights * bound**lags).sum())
    factor = 1.0 + 2.0 * total / (count * (count - 1.0) * (count - 2.0))
    return min(factor, max(count / FEWEST, _MOST_BOUND))
