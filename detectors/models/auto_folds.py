"""Parts of the training windows that are left out in turn, and what is learned from them."""

from __future__ import annotations

import itertools
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from detectors.kernels.quantiles import quantiles
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Starts = NDArray[np.int64]

_FOLDS, _FOLDS_OF_FEW = 4, 8
_SHORT_FOLDS, _APART = 16, 8
_FEW_WINDOWS = 2000
_FEWEST_OTHERS = 20


class Choice(IntEnum):
    """What windows are chosen for, each with its own random numbers."""

    REFERENCES = 0
    CALIBRATION = 1
    JOINT = 2
    AS_MANY = 3
    NEWEST = 4


class Fold(NamedTuple):
    """A contiguous part of the training windows.

    Attributes
    ----------
    number, low, high
        Its number, first start and end.
    others
        Starts of the windows that share no row with its windows.
    """

    number: int
    low: int
    high: int
    others: Starts

    @property
    def own(self) -> Starts:
        """Return the starts of its windows."""
        return np.arange(self.low, self.high)


def folds_of(count: int, gap: int) -> list[Fold]:
    """Cut window starts into contiguous folds: four, or eight where windows are few.

    Parameters
    ----------
    count
        How many windows there are.
    gap
        Starts on either side of a fold that are in no part of `others`, so that no row is
        shared; none where too few others would remain.
    """
    return _cut(count, _FOLDS if count > _FEW_WINDOWS else _FOLDS_OF_FEW, gap)


def short_folds_of(count: int, gap: int) -> list[Fold]:
    """Cut window starts into sixteen contiguous folds, each far from its others.

    A short fold leaves more to compare with than a long one.  But its others begin only an
    eighth of all windows away, so that a fault of that length is not compared with itself.

    Parameters
    ----------
    count
        How many windows there are.
    gap
        As for `folds_of`; an eighth of the windows where that is more.
    """
    return _cut(count, _SHORT_FOLDS, max(gap, count // _APART))


def _cut(count: int, n_folds: int, gap: int) -> list[Fold]:
    edges = np.linspace(0, count, n_folds + 1).astype(int)
    folds = []
    for number, (low, high) in enumerate(itertools.pairwise(edges)):
        others = np.r_[0 : max(low - gap, 0), min(high + gap, count) : count]
        if len(others) < _FEWEST_OTHERS:
            others = np.r_[0:low, high:count]
        folds.append(Fold(number, int(low), int(high), others))
    return folds


def thinned(starts: Starts, most: int, seed: tuple[int, ...]) -> Starts:
    """Choose at most so many starts at random; ascending."""
    if len(starts) <= most:
        return starts
    return np.sort(np.random.default_rng(seed).choice(starts, most, replace=False))


def calibrated(
    distances: NDArray[np.floating[Any]], quantile: float, floors: FloatVector
) -> tuple[FloatMatrix, FloatMatrix]:
    """Return what left-out distances are divided by, and their mean log(1 + ratio)².

    Parameters
    ----------
    distances
        Shape (n_views, n_sensors, n_windows), NaN where not judged.
    quantile
        Which quantile is the usual distance.
    floors
        Least usual distance of each view.

    Returns
    -------
    usual, typical
        Shape (n_views, n_sensors); `typical` is NaN for a sensor that was never judged.
    """
    found = distances.reshape(-1, distances.shape[2])
    judged = np.isfinite(found)
    usual = np.zeros(len(found))
    if judged.all():
        usual = quantiles(found, quantile)
    else:
        for row in np.flatnonzero(judged.any(axis=1)):
            usual[row] = quantiles(found[row, judged[row]][None], quantile)[0]
    usual = np.maximum(usual.reshape(distances.shape[:2]), floors[:, None])
    squares = np.log1p(distances / usual[:, :, None].astype(distances.dtype)) ** 2
    judged = judged.reshape(distances.shape)
    count = judged.sum(axis=2)
    total = squares.sum(axis=2, where=judged, dtype=np.float64)
    typical = np.full(usual.shape, np.nan)
    return usual, np.divide(total, count, out=typical, where=count > 0)
