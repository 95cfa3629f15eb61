"""Faults inside the training data, found without labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.errors import InvalidInput
from detectors.thresholds.tail import excess_moments, extremal_index, nats
from detectors.validation import FloatVector

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike

MOST = 0.15
"""Largest share of the rows that may be called suspicious."""
_FEWEST = 100
_BRIDGED = 3
_BY_CHANCE = 0.001
_BODY = (0.5, 0.75, 0.875)
_SHAPES = (-0.2, 0.5)
_PRIOR_SHAPE, _PRIOR_SUPPORT = 0.05, 60.0
"""As if so many independent excesses had shown such a tail before: few say little by
themselves, and the heaviest tail that they allow would hide any fault."""
_TESTED = 8
_TOGETHER = 2
_OFTEN = 8
_EVENLY = 6
_UNEVEN = 0.1
_TOWERING = 10.0
_LEAST_SPREAD = 0.1
_NORMAL_MAD = 1.4826
_ROUNDING = 1e-6
_TINY = np.finfo(np.float64).tiny
_APART = 0.02
"""Share of the rows within which runs are one episode: a fault flares up more than once."""


class _Runs(NamedTuple):
    """Runs of scores above the level that 15 % of them exceed, the highest peak first."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    peak: FloatVector


class _Body(NamedTuple):
    """The tail through three quantiles: where it begins, its shape and scale."""

    high: float
    shape: float
    scale: float


class _Sorted(NamedTuple):
    """Scores, rising, and the rows that they stand in."""

    values: FloatVector
    rows: NDArray[np.int64]


class _Rest(NamedTuple):
    """What a set of runs leaves: its rows' scores, rising, and the set's lowest peak."""

    size: int
    ordered: FloatVector
    lowest: float
    body: _Body


def suspicious_stretches(scores: ArrayLike) -> list[tuple[int, int]]:
    """Find rows so unusual that a model of normal running should not learn from them.

    Runs of high scores are ranked by their peak, and the largest set is taken whose lowest
    peak still stands clear of all rows outside the set, tested from the inside out as by
    Rosner [1]_.  Clear means: the gap between that peak and the highest remaining score would
    come up by chance in one of a thousand such tests.  Gaps between the highest values are
    independent of how many there are (Rényi); how wide they are follows from a generalised
    Pareto tail fitted to the remaining rows alone, the heavier of what their quantiles (after
    Pickands [2]_) and their own excesses show, plus one standard error for as many excesses as
    are independent, but no heavier than these allow beside a nearly exponential tail.  High
    scores that come back often, or in even steps, all through the training data (starts,
    rinses, changes of recipe) are how the machine runs, not a fault, except for those that
    tower above the others.

    On clean data something is found in about one series of twenty, one of five when it is
    short, heavy-tailed and strongly autocorrelated at once; in the mean that takes less than
    one row in a hundred of a thousand or more.

    Parameters
    ----------
    scores
        Left-out scores of the training rows in time order, shape (n_rows,); NaN or
        infinite where not computed.

    Returns
    -------
    list of (int, int)
        First row and one past the last row of each, in order; together at most 15 % of the
        rows; none in fewer than 100.

    References
    ----------
    .. [1] Rosner, B. (1983). Percentage points for a generalized ESD many-outlier procedure.
       Technometrics 25(2). doi:10.1080/00401706.1983.10487848
    .. [2] Pickands, J. (1975). Statistical inference using extreme order statistics. Annals of
       Statistics 3(1). doi:10.1214/aos/1176343003
    """
    values = np.asarray(scores, np.float64)
    if values.ndim != 1:
        raise InvalidInput(f"scores must have one dimension, got {values.ndim}")
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < _FEWEST:
        return []
    clean = values if len(known) == len(values) else values[known]
    # compiled only for training
    from detectors.kernels.ordering import ordered as sort
    from detectors.kernels.standing_out import ranks_of

    ordered, order = sort(clean)
    runs = _runs(clean, float(ordered[int((1 - MOST) * len(ordered))]))
    candidates = _candidates(runs, ordered)
    if not candidates:
        return []
    ranked = ranks_of(runs.start, runs.stop, order)
    for rest in _rests(runs, _Sorted(ordered, order), ranked, candidates):
        count = rest.size
        if not _clear(_passed(clean, ranked[0], rest), rest):
            continue
        recurring = _recurring(runs.start[:count], len(clean))
        taken = _beyond_others(runs.peak[:count]) if recurring else count
        if taken:
            chosen = sorted(zip(runs.start[:taken], runs.stop[:taken], strict=True))
            return [(int(known[start]), int(known[stop - 1]) + 1) for start, stop in chosen]
    return []


def without_suspicious(
    scores: FloatVector, suspicious: Sequence[tuple[int, int]] | None = None
) -> FloatVector:
    """Return the scores that were computed, without the suspicious stretches, in order.

    Parameters
    ----------
    suspicious
        What `suspicious_stretches` returned for these scores; looked for if not given.
    """
    kept = np.isfinite(scores)
    for start, stop in suspicious_stretches(scores) if suspicious is None else suspicious:
        kept[start:stop] = False
    return scores[kept]


def _runs(values: FloatVector, level: float) -> _Runs:
    from detectors.kernels.standing_out import runs_above  # compiled only for training

    start, stop, peak = runs_above(values, level, _BRIDGED)
    order = np.argsort(-peak, kind="stable")
    return _Runs(start[order], stop[order], peak[order])


def _candidates(runs: _Runs, ordered: FloatVector) -> list[int]:
    """Return sizes of sets to test, largest first: where peaks drop most after the last."""
    rows = np.cumsum(runs.stop - runs.start)
    allowed = int(np.searchsorted(rows, MOST * len(ordered), side="right"))
    if not allowed:
        return []
    rest = len(ordered) - rows[:allowed]
    low, middle, high = (ordered[(rest * share).astype(np.int64)] for share in _BODY)
    shape, scale = _body_tail(low, middle, high)
    with np.errstate(over="ignore"):  # of equal scores a step to the next is without end
        depth = nats(np.maximum(runs.peak[:allowed] - high, 0.0), scale, shape)
    # A fault lies beyond what the body expects once in as many rows: a cheap first look.
    standing_out = np.flatnonzero(depth > np.log(rest * (1 - _BODY[-1])))
    drop = runs.peak[:allowed] - np.append(runs.peak[1:], high[-1])[:allowed]
    widest = np.argsort(-drop[standing_out], kind="stable")[:_TESTED]
    return [int(at) + 1 for at in np.sort(standing_out[widest])[::-1]]


def _rests(
    runs: _Runs,
    scores: _Sorted,
    ranked: tuple[NDArray[np.int64], NDArray[np.int64]],
    candidates: Sequence[int],
) -> Iterator[_Rest]:
    """Yield what sets leave, for those sets that the body of the rest lets stand clear.

    The tail that decides is at least as heavy as the body's, which brings peaks nearer: a gap
    that is not wide even under the body's alone needs no closer look.
    """
    from detectors.kernels.standing_out import quantiles_left  # compiled only for training

    low, middle, high, nearest = quantiles_left(*scores, ranked, candidates, _BODY)
    shape, scale = _body_tail(low, middle, high)
    counts = np.array(candidates)
    lowest = runs.peak[counts - 1]
    drop = lowest - nearest
    # Excesses over a higher level have the same shape; beyond the body's end any gap is wide.
    there = np.maximum(scale + shape * (nearest - high), _ROUNDING * drop + _TINY)
    promising = _wide(counts, nats(drop, there, shape) + _ROUNDING) & (nearest > high)
    for i in map(int, np.flatnonzero(promising)):
        body = _Body(float(high[i]), float(shape[i]), float(scale[i]))
        rest = scores.values[ranked[0][scores.rows] >= candidates[i]]
        yield _Rest(candidates[i], rest, float(lowest[i]), body)


def _body_tail(
    low: FloatVector, middle: FloatVector, high: FloatVector
) -> tuple[FloatVector, FloatVector]:
    """Return shape and scale, at the last, of the tail through three quantiles.

    Each has half as many rows above it as the one before.
    """
    inner = np.maximum(middle - low, _TINY)
    outer = np.maximum(high - middle, _TINY)
    shape = _off_zero(np.log2(outer / inner))
    return shape, np.asarray(-outer * shape / np.expm1(-shape * np.log(2.0)))


def _passed(values: FloatVector, ranks: NDArray[np.int64], rest: _Rest) -> NDArray[np.int64]:
    """Return which rows of the rest exceed its body, by their numbers within the rest."""
    gone = ranks < rest.size
    at = np.flatnonzero((values > rest.body.high) & ~gone)
    return at - np.searchsorted(np.flatnonzero(gone), at)


def _clear(above: NDArray[np.int64], rest: _Rest) -> bool:
    """Whether the lowest peak of a set stands clear of the rows outside it.

    Parameters
    ----------
    above
        What `_passed` returned.
    """
    high, body, body_scale = rest.body
    excess = rest.ordered[np.searchsorted(rest.ordered, high, side="right") :] - high
    own, mean = excess_moments(excess)
    support = max(extremal_index(above) * len(excess), 1.0)
    weight = support / (support + _PRIOR_SUPPORT)
    likely = weight * own + (1 - weight) * _PRIOR_SHAPE
    heaviest = min(
        own + 1.0 / np.sqrt(support), likely + 1.0 / np.sqrt(support + _PRIOR_SUPPORT)
    )
    shape = _off_zero(np.maximum(body, heaviest))
    scale = np.maximum(body_scale, mean * (1 - shape))
    ends = nats(np.array([excess[-1], rest.lowest - high]), scale, shape)
    return bool(_wide(rest.size, ends[1] - ends[0]))


def _wide(count: int | NDArray[np.int64], gap: FloatVector) -> NDArray[np.bool_]:
    """Whether a gap before a set of so many runs is too wide for chance."""
    return np.asarray(np.minimum(count, _TOGETHER) * gap > -np.log(_BY_CHANCE))


def _off_zero(shape: FloatVector) -> FloatVector:
    """Return shapes within belief, none so near 0 that formulas in it lose their digits."""
    shape = np.clip(shape, *_SHAPES)
    return np.where(np.abs(shape) < 1e-3, 1e-3, shape)


def _recurring(starts: NDArray[np.int64], rows: int) -> bool:
    """Whether runs come back all through the rows: often, or in even steps."""
    ordered = np.sort(starts)
    episodes = ordered[np.r_[True, np.diff(ordered) > _APART * rows]]
    if len(episodes) < _EVENLY or len(np.unique(3 * episodes // rows)) < 3:
        return False
    steps = np.diff(episodes)
    step = float(np.median(steps))
    even = bool(np.median(np.abs(steps - step)) <= _UNEVEN * step)
    return even or len(episodes) >= _OFTEN


def _beyond_others(peaks: FloatVector) -> int:
    """Return how many of the runs that come back all the time tower above the others."""
    middle = float(np.median(peaks))
    spread = _NORMAL_MAD * float(np.median(np.abs(peaks - middle)))
    beyond = peaks > middle + _TOWERING * max(spread, _LEAST_SPREAD * middle)
    count = int(beyond.sum())
    return count if count <= len(peaks) // 4 else 0
