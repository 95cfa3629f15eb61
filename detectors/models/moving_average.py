"""How far a sensor's mean of the last hours lies from where it usually is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from typing_extensions import override

from detectors.base import Detector
from detectors.kernels.quantiles import quantiles
from detectors.models.auto_columns import switches
from detectors.models.parameters import require_int
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EXTREME = 0.99
_CUT = 3.0
_USUAL = 0.999
_FLAT_SHARE = 0.01
_STEPS = 2.0**24
"""Readings are summed in whole steps, so that sums are exact: a row scores the same to the
last bit wherever the rows before it begin."""


class MovingAverage(Detector):
    """Control chart of each sensor's moving average.

    A small shift that lasts is lost in the noise of single rows and stands out in the mean of
    many.  Each sensor is averaged over the last rows, as deviation from its median, with
    readings beyond three times its 99 % extreme cut there, so that a short spike stays a
    spike.  The average is divided by what it exceeds in one of a thousand training rows; the
    score is the largest ratio of any sensor, so that one which seldom moves is not drowned by
    one that often does.  Missing readings, and those before the first, count as usual
    ones.  Columns that hold only 0 and 1 are switches and left out.

    Assumes that hours of normal running average out.  Blind to faults shorter than its window,
    and late by a part of it: beside other detectors, not in their place.

    Parameters
    ----------
    window
        Rows of the average.

    Attributes
    ----------
    centre_, furthest_ : ndarray of shape (n_columns,)
        Median, and distance from it at which readings are cut, in the column's unit.
    usual_ : ndarray of shape (n_columns,)
        99.9 % quantile of the moving average's size, as a share of `furthest_`; infinite for
        switches.

    References
    ----------
    Roberts (1959), Control chart tests based on geometric moving averages,
    doi:10.1080/00401706.1959.10489860, there compared with plain moving averages.

    Examples
    --------
    >>> import numpy as np
    >>> pump = np.random.default_rng(0).normal(size=(4000, 3))
    >>> detector = MovingAverage(window=100).fit(pump[:3000])
    >>> worn = pump[3000:] + [0.0, 1.0, 0.0]
    >>> bool(np.median(detector.score(worn)) > 2 * detector.score(pump[3000:]).max())
    True
    >>> detector.contributions(worn)[-1].argmax()
    np.int64(1)
    """

    tags: ClassVar[Tags] = Tags(
        ordered=True, handles_missing=True, masks_columns=True, scale_invariant=True
    )

    def __init__(self, window: int = 64) -> None:
        self.window = window

    @override
    def check_parameters(self) -> None:
        require_int("window", self.window, 2, 1_000_000)

    @override
    def reach(self) -> tuple[int, int]:
        return (self.window - 1, 0)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        columns = np.array(X.T, np.float64, order="C")
        gone = np.isnan(columns)
        centre = _known_quantiles(columns, gone, 0.5)
        columns -= centre[:, None]
        extreme = _known_quantiles(np.abs(columns, out=columns), gone, _EXTREME)
        flat = np.where(centre != 0, _FLAT_SHARE * np.abs(centre), 1.0)
        self.centre_, self.furthest_ = centre, np.where(extreme > 0, _CUT * extreme, flat)
        usual = quantiles(self._averages(X), _USUAL)
        # One reading as far as it counts is nothing unusual.
        usual = np.maximum(usual, 1.0 / self.window)
        self.usual_ = np.where(switches(X), np.inf, usual)

    def _averages(self, X: FloatMatrix) -> FloatMatrix:
        """Return the size of the moving averages, as shares of the furthest, columns × rows."""
        columns = np.array(X.T, np.float64, order="C")
        with np.errstate(over="ignore"):
            columns -= self.centre_[:, None]
            columns /= self.furthest_[:, None]
        np.clip(columns, -1.0, 1.0, out=columns)
        columns *= _STEPS
        if np.isnan(np.add.reduce(columns, axis=None)):  # one pass tells the usual case
            columns[np.isnan(columns)] = 0.0
        # Whole numbers, and sums of them, are exact.
        sums = np.cumsum(np.rint(columns, out=columns), axis=1, out=columns)
        sums[:, self.window :] -= sums[:, : -self.window].copy()
        np.abs(sums, out=sums)
        sums /= _STEPS * self.window
        return sums

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        return np.asarray((self._averages(X) / self.usual_[:, None]).max(axis=0))

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        return np.asarray(((self._averages(X) / self.usual_[:, None]) ** 2).T)

    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        return {"centre": self.centre_, "furthest": self.furthest_, "usual": self.usual_}

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.centre_, self.furthest_, self.usual_ = (
            np.asarray(state[name], np.float64) for name in ("centre", "furthest", "usual")
        )


def _known_quantiles(
    columns: FloatMatrix, gone: NDArray[np.bool_], share: float
) -> FloatVector:
    """Return a quantile of each column without what is gone; 0 where everything is."""
    if not gone.any():
        return quantiles(columns, share)
    out = np.zeros(len(columns))
    for number, (values, missing) in enumerate(zip(columns, gone, strict=True)):
        if not missing.all():
            out[number] = quantiles(values[~missing][None], share)[0]
    return out
