"""Tails of scores: how rare is what was hardly or never seen.

Excesses over a high level follow a generalised Pareto distribution [1]_; it is fitted by
probability-weighted moments [2]_, which stay sane on few values.  Scores are autocorrelated,
so the number of *independent* excesses, by the intervals estimator of the extremal index
[3]_, decides how far the shape found is believed.

References
----------
.. [1] Pickands, J. (1975). Statistical inference using extreme order statistics. Annals of
   Statistics 3(1). doi:10.1214/aos/1176343003
.. [2] Hosking, J. R. M. & Wallis, J. R. (1987). Parameter and quantile estimation for the
   generalized Pareto distribution. Technometrics 29(3). doi:10.2307/1269343
.. [3] Ferro, C. A. T. & Segers, J. (2003). Inference for clusters of extreme values. Journal
   of the Royal Statistical Society B 65(2). doi:10.1111/1467-9868.00401
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.validation import FloatVector

SHAPES = (-0.3, 0.5)
"""Range of believable shapes: bounded scores to a power law without a variance."""
_SHARES = (0.02, 0.03, 0.05, 0.08, 0.12)
_ENOUGH = 40.0
_PRIOR_SHAPE = 0.05
_PRIOR_WEIGHT = 40.0
_FAR_SHAPE = 0.25
_SMALLEST = 1e-3
_LEAST_SUPPORT = 4.0
_DIGITS = 1e-6
_FARTHEST = 1e100


@dataclass(frozen=True, slots=True)
class Tail:
    """Probability of scores above a level.

    Attributes
    ----------
    start
        The level.
    share
        Probability of a score at least that high.
    scale, shape
        Of the generalised Pareto distribution of what exceeds it; shape above 0 is heavier
        than exponential, and it is never 0 itself.
    reach
        Excess up to which the fit is believed, a decade beyond the training data.  Beyond it
        the probability falls by a power law, whatever the shape: an extrapolation that far
        would claim more than anyone can know, and a bounded tail would rank nothing.
    support
        Number of independent excesses behind the fit: the fewer, the slower the probability
        falls, so that it holds in the mean over fits and not only for the best guess.
    """

    start: float
    share: float
    scale: float
    shape: float
    reach: float
    support: float

    def surprise(self, scores: FloatVector) -> FloatVector:
        """Return −log10 of the probability of scores at least this high, from `start` on."""
        excess = np.clip(scores - self.start, 0.0, _FARTHEST * self.scale)
        near = np.minimum(excess, self.reach)
        far = excess - near
        # Predictive distribution of an exponential whose mean is known from so many values.
        depth = self.support * np.log1p(nats(near, self.scale, self.shape) / self.support)
        deepest = float(nats(self.reach, self.scale, self.shape))
        slope = 1.0 / (self.scale + self.shape * self.reach) / (1.0 + deepest / self.support)
        depth += np.log1p(_FAR_SHAPE * slope * far) / _FAR_SHAPE
        return np.asarray(depth / np.log(10.0) - np.log10(self.share))


def nats(
    excess: FloatVector | float, scale: FloatVector | float, shape: FloatVector | float
) -> FloatVector:
    """Return −log of the generalised Pareto survival function; the shape must not be 0."""
    inside = np.maximum(np.asarray(shape) * excess / scale, -1.0 + 1e-15)
    return np.asarray(np.log1p(inside) / shape)


def fit_tail(scores: FloatVector, ordered: FloatVector) -> Tail:
    """Fit the upper tail of scores.

    Parameters
    ----------
    scores
        In time order, finite, shape (n_rows,).
    ordered
        The same, sorted.
    """
    spread = float(ordered[-1] - ordered[len(ordered) // 2])
    floor = max(_SMALLEST * spread, _DIGITS * abs(float(ordered[-1])), 1e-12)
    start, share, count = _beginning(scores, ordered)
    found, mean = excess_moments(ordered[ordered >= start] - start)
    weight = count / (count + _PRIOR_WEIGHT)
    shape = float(np.clip(weight * found + (1 - weight) * _PRIOR_SHAPE, *SHAPES))
    shape = shape if abs(shape) >= 1e-6 else 1e-6
    scale = max(mean * (1.0 - shape), floor)
    decade = np.log(10.0 * max(share * len(scores), 1.0))
    reach = float(scale * np.expm1(shape * decade) / shape)
    return Tail(start, share, scale, shape, reach, max(count, _LEAST_SUPPORT))


def _beginning(scores: FloatVector, ordered: FloatVector) -> tuple[float, float, float]:
    """Return the highest level with enough independent scores at or above it.

    The level is a score itself, so that its share is exact where many scores are equal.

    Returns
    -------
    level, share, count
        Scores from `level` on are this `share` of all, and so many of them independent.
    """
    level, share, count = float(ordered[-1]), 1.0, 0.0
    for asked in _SHARES:
        below = ordered[max(int(len(ordered) * (1 - asked)) - 1, 0)]
        level = float(ordered[min(np.searchsorted(ordered, below, "right"), len(ordered) - 1)])
        reached = np.flatnonzero(scores >= level)
        share = len(reached) / len(scores)
        count = extremal_index(reached) * len(reached)
        if count >= _ENOUGH:
            break
    return level, share, count


def extremal_index(at: NDArray[np.int64]) -> float:
    """Return the share of exceedances that are independent, from the rows they stand at.

    Parameters
    ----------
    at
        Rising row numbers of the exceedances.

    Returns
    -------
    float
        1 / mean cluster size, in (0, 1]; 1 for fewer than two exceedances.
    """
    if len(at) < 2:
        return 1.0
    gaps = np.diff(at).astype(np.float64)
    if gaps.max() <= 2:
        raw = 2 * gaps.sum() ** 2 / (len(gaps) * (gaps**2).sum())
    else:
        raw = 2 * (gaps - 1).sum() ** 2 / (len(gaps) * ((gaps - 1) * (gaps - 2)).sum())
    return float(min(raw, 1.0))


def excess_moments(excess: FloatVector) -> tuple[float, float]:
    """Return shape and mean of rising excesses by probability-weighted moments."""
    count = len(excess)
    if count < 3:
        return 0.0, float(excess.mean()) if count else 0.0
    mean = float(excess.mean())
    weights = np.arange(count) / (count - 1)
    half_spread = 2.0 * float((weights * excess).mean()) - mean
    if half_spread <= 0:
        return SHAPES[0], mean
    return 2.0 - mean / half_spread, mean
