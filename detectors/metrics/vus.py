"""Volume under the range-aware ROC and precision-recall surfaces.

Labels of stretches are rarely exact to the row.  The surface lets their edges fade out over
a buffer, for every buffer from 0 to a period of the series, and averages the areas: Paparrizos
et al. 2022 (doi:10.14778/3551793.3551830), in the variant of the TSB-AD benchmark (Liu &
Paparrizos 2024, doi:10.52202/079017-3437), whose figures it reproduces.

Thresholds are 250 quantiles of the scores.  A row belongs to the first threshold it reaches,
so one histogram a buffer replaces the pass over all rows that a definition-driven program
makes for every threshold and buffer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.errors import InvalidInput
from detectors.metrics.labels import labelled, segments

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from detectors.validation import FloatVector


class Volume(NamedTuple):
    """Mean area over all buffers, each in [0, 1]; higher is better."""

    roc: float
    pr: float


class _Ranking(NamedTuple):
    """What does not change with the buffer."""

    truth: NDArray[np.bool_]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    first: NDArray[np.int64]  # per row: the first threshold it reaches
    flagged: FloatVector  # per threshold: rows that reach it


def volume_under_surface(
    labels: ArrayLike, scores: ArrayLike, window: int, *, thresholds: int = 250
) -> Volume:
    """Return VUS-ROC and VUS-PR.

    Parameters
    ----------
    labels
        True for rows of anomalous stretches, shape (n_rows,).
    scores
        Finite, higher is more unusual, shape (n_rows,).
    window
        Largest buffer in rows, commonly `dominant_period` of the series.
    thresholds
        Number of thresholds, spread evenly over the ranked scores.

    Raises
    ------
    InvalidInput
        `labelled` refuses the vectors, or `window` is negative.
    """
    truth, values = labelled(labels, scores)
    if window < 0:
        raise InvalidInput(f"window must not be negative, got {window}")
    ranking = _rank(truth, values, thresholds)
    areas = np.array([_areas(ranking, buffer) for buffer in range(window + 1)])
    roc, pr = areas.mean(axis=0)
    return Volume(float(roc), float(pr))


def vus_pr(labels: ArrayLike, scores: ArrayLike, window: int) -> float:
    """Return the volume under the precision-recall surface (`volume_under_surface`)."""
    return volume_under_surface(labels, scores, window).pr


def vus_roc(labels: ArrayLike, scores: ArrayLike, window: int) -> float:
    """Return the volume under the ROC surface (`volume_under_surface`)."""
    return volume_under_surface(labels, scores, window).roc


def _rank(truth: NDArray[np.bool_], values: FloatVector, thresholds: int) -> _Ranking:
    at = np.linspace(0, values.size - 1, thresholds).astype(int)
    levels = -np.sort(-values)[at]
    first = np.searchsorted(-levels, -values, side="left")
    starts, ends = segments(truth)
    flagged = np.cumsum(np.bincount(first, minlength=thresholds)).astype(np.float64)
    return _Ranking(truth, starts, ends, first, flagged)


def _areas(ranking: _Ranking, buffer: int) -> tuple[float, float]:
    """Return the areas under the ROC and precision-recall curves at one buffer."""
    n, count = ranking.truth.size, ranking.flagged.size
    positives = float(ranking.truth.sum())
    fading = _fading(ranking, buffer)
    edge = np.flatnonzero((fading > 0) & ~ranking.truth)
    inner = np.cumsum(np.bincount(ranking.first[ranking.truth], minlength=count))
    outer = np.cumsum(np.bincount(ranking.first[edge], weights=fading[edge], minlength=count))
    hits = inner + outer
    # the weight of positives counts only those parts of the edges that are flagged, by half
    weight = positives + outer / 2
    recall = np.minimum(hits / weight, 1.0) * _found(ranking, buffer)
    fallout = (ranking.flagged - hits) / (n - weight)
    precision = hits / ranking.flagged
    x, y = np.r_[0.0, fallout, 1.0], np.r_[0.0, recall, 1.0]
    roc = float(np.dot(np.diff(x), (y[1:] + y[:-1]) / 2))
    return roc, float(np.dot(np.diff(np.r_[0.0, recall]), precision))


def _fading(ranking: _Ranking, buffer: int) -> FloatVector:
    """Return the weight of every row: 1 inside, falling to the buffer's half outside."""
    n = ranking.truth.size
    offsets = np.arange(1, buffer // 2 + 1)
    rows = np.r_[
        (ranking.ends[:, None] + offsets).ravel(), (ranking.starts[:, None] - offsets).ravel()
    ]
    fall = np.sqrt(1 - offsets / buffer) if buffer else np.zeros(0)
    weights = np.tile(fall, 2 * ranking.starts.size)
    inside = (rows >= 0) & (rows < n)
    faded = np.bincount(rows[inside], weights=weights[inside], minlength=n)
    return np.minimum(faded + ranking.truth, 1.0)


def _found(ranking: _Ranking, buffer: int) -> FloatVector:
    """Return, per threshold, the share of buffered stretches that hold a flagged row."""
    half = buffer // 2
    gap_before = np.r_[True, ranking.ends[:-1] + half < ranking.starts[1:] - half]
    starts = np.maximum(ranking.starts[gap_before] - half, 0)
    stops = ranking.ends[np.r_[np.flatnonzero(gap_before)[1:] - 1, -1]] + half + 1
    # a trailing sentinel lets the last stretch end at the last row
    first = np.r_[ranking.first, ranking.flagged.size]
    bounds = np.c_[starts, np.minimum(stops, ranking.truth.size)].ravel()
    earliest = np.minimum.reduceat(first, bounds)[::2]
    reached = np.bincount(earliest, minlength=ranking.flagged.size)
    return np.asarray(np.cumsum(reached) / starts.size, dtype=np.float64)
