"""The score of the Numenta Anomaly Benchmark: early in a window is worth more than late.

The first detection within a labelled window counts, by how early it is; each one outside costs,
by how long after a window it comes; a window without one costs too.  Sums over a corpus are put
between saying nothing (0) and perfection (100).  Lavin & Ahmad 2015
(doi:10.1109/ICMLA.2015.141), in the variant of the benchmark's own program, version 1.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from detectors.validation import FloatVector

_PROBATION, _PROBATION_ROWS = 0.15, 5000
_STEEPNESS, _FAR = 5.0, 3.0


class NabProfile(NamedTuple):
    """What a found window is worth, and what a false detection and a missed window cost."""

    found: float
    false: float
    missed: float


NAB_PROFILES = {
    "standard": NabProfile(1.0, 0.11, 1.0),
    "low FP": NabProfile(1.0, 0.22, 1.0),
    "low FN": NabProfile(1.0, 0.11, 2.0),
}


class NabSeries(NamedTuple):
    """Scores of one file, all its rows, and its labelled windows.

    Attributes
    ----------
    scores
        Higher is more unusual, shape (n_rows,); those of the probation are not looked at.
    windows
        First and last row (inclusive) of each window, in time order, disjoint.
    """

    scores: FloatVector
    windows: Sequence[tuple[int, int]]


class NabScore(NamedTuple):
    """Score of a corpus, and the threshold that it is reached at."""

    score: float
    threshold: float


class _Rows(NamedTuple):
    """Rows of a corpus after the probation, the highest score first."""

    scores: FloatVector
    worth: FloatVector  # of a detection here, before weights
    window: NDArray[np.int64]  # -1 outside
    windows: int  # all of them, probation or not
    missable: NDArray[np.int64]  # windows with a row after the probation


def probation_rows(n_rows: int) -> int:
    """Return the first rows of a file, which may be learned from and are not judged."""
    return int(min(np.floor(_PROBATION * n_rows), _PROBATION * _PROBATION_ROWS))


def nab_score(corpus: Sequence[NabSeries], profile: NabProfile, threshold: float) -> float:
    """Return the score of a corpus when rows at or above a threshold are detections."""
    rows = _rows(corpus)
    count = int(np.searchsorted(-rows.scores, -threshold, side="right"))
    return nab_normal(float(_sums(rows, profile)[count]), rows.windows, profile)


def nab_best(corpus: Sequence[NabSeries], profile: NabProfile) -> NabScore:
    """Return the highest score that one threshold for all files reaches.

    The benchmark's leaderboard reports this: the threshold is chosen by the labels.
    """
    rows = _rows(corpus)
    sums = _sums(rows, profile)
    last_of_tie = np.r_[True, np.diff(rows.scores) != 0, True]
    best = int(np.argmax(np.where(last_of_tie, sums, -np.inf)))
    threshold = float(rows.scores[best - 1]) if best else float("inf")
    return NabScore(nab_normal(float(sums[best]), rows.windows, profile), threshold)


def nab_normal(total: float, windows: int, profile: NabProfile) -> float:
    """Return the weighted sum over a corpus between silence (0) and perfection (100)."""
    silence = -profile.missed * windows
    return 100 * (total - silence) / (profile.found * windows - silence)


def row_worths(n_rows: int, windows: Sequence[tuple[int, int]]) -> FloatVector:
    """Return what a detection in each row is worth: up to 1 in a window, down to -1 outside."""
    rows = np.arange(n_rows)
    position = np.full(n_rows, _FAR)
    for first, last in windows:
        length = last - first + 1
        later = rows > last
        position[later] = (rows[later] - last) / max(length - 1, 1)
        position[first : last + 1] = -(last - rows[first : last + 1] + 1) / length
    worth = np.where(position >= _FAR, -1.0, np.tanh(-_STEEPNESS * position / 2))
    return np.where(worth > 0, worth / np.tanh(_STEEPNESS / 2), worth)


def _rows(corpus: Sequence[NabSeries]) -> _Rows:
    parts, count = [], 0
    for scores, windows in corpus:
        values: FloatVector = np.asarray(scores, np.float64)
        window = np.full(values.size, -1)
        for i, (first, last) in enumerate(windows):
            window[first : last + 1] = count + i
        count += len(windows)
        judged = slice(probation_rows(values.size), None)
        parts.append((values[judged], row_worths(values.size, windows)[judged], window[judged]))
    if count == 0:
        raise InvalidInput("a corpus without a labelled window cannot be judged")
    values, worth, window = (np.concatenate(part) for part in zip(*parts, strict=True))
    if not np.isfinite(values).all():
        raise InvalidInput("scores hold NaN or infinity after the probation")
    order = np.argsort(-values, kind="stable")
    missable = np.unique(window[window >= 0])
    return _Rows(values[order], worth[order], window[order], count, missable)


def _sums(rows: _Rows, profile: NabProfile) -> FloatVector:
    """Return the weighted sum when the first 0, 1, … all rows are detections."""
    steps = np.where(rows.window < 0, profile.false * rows.worth, 0.0)
    for window in rows.missable:
        at = np.flatnonzero(rows.window == window)
        best = np.maximum.accumulate(profile.found * rows.worth[at])
        steps[at] = np.diff(np.r_[-profile.missed, best])
    return np.cumsum(np.r_[-profile.missed * rows.missable.size, steps])
