"""Which columns are sensors, their common scale, and what becomes of gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from detectors.errors import TooLittleData
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]

_FURTHEST = 100.0
_FLAT = 1.0e-9
_FLAT_SHARE = 0.01
_FIRST = 64
"""Readings of a column that nearly always tell already that it is no switch."""
_LARGEST = 1.0e150
"""Squares of larger numbers do not exist."""


@dataclass(frozen=True)
class Sensors:
    """The columns that are judged, each with its mean and deviation in training.

    Attributes
    ----------
    used
        Column numbers, shape (n_sensors,).
    mean, deviation
        In the column's unit, shape (n_sensors,).
    """

    used: NDArray[np.int64]
    mean: FloatVector
    deviation: FloatVector

    @classmethod
    def learn(cls, X: FloatMatrix) -> Self:
        """Learn from rows of shape (n_rows, n_columns); NaN where a reading is missing.

        Raises
        ------
        TooLittleData
            No column has a reading.
        """
        silent = np.array([np.isnan(column).all() for column in X.T])
        if silent.all():
            raise TooLittleData("every column is missing throughout: there is nothing to learn")
        context = switches(X) | silent
        used = np.flatnonzero(~(silent if context.all() else context))
        moments = np.array([_moments(X[:, j]) for j in used])
        mean, deviation = moments.T.copy()
        flat = deviation <= _FLAT * np.abs(mean)
        rest = np.where(mean != 0, _FLAT_SHARE * np.abs(mean), 1.0)
        return cls(used, mean, np.where(flat, rest, deviation))

    def only(self, kept: Mask) -> Self:
        """Return these sensors without those that are not kept."""
        return type(self)(self.used[kept], self.mean[kept], self.deviation[kept])

    def apply(self, X: FloatMatrix) -> Floats:
        """Return sensors × rows in deviations from the mean, cut at ±100; NaN stays."""
        out = np.empty((len(self.used), len(X)), np.float32)
        with np.errstate(over="ignore"):
            for row, j in enumerate(self.used):
                scaled = (X[:, j] - self.mean[row]) / self.deviation[row]
                out[row] = np.clip(scaled, -_FURTHEST, _FURTHEST)
        return out

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that `restore` takes."""
        return {"used": self.used, "mean": self.mean, "deviation": self.deviation}

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild from `state`."""
        return cls(*(np.asarray(state[name]) for name in ("used", "mean", "deviation")))


def switches(X: FloatMatrix) -> Mask:
    """Tell which columns hold only 0 and 1: they say what a machine does, not how it is.

    A constant 0 or 1 counts as a switch only where most columns hold only 0 and 1.
    """
    binary = np.array([_is_binary(c[:_FIRST]) and _is_binary(c[_FIRST:]) for c in X.T])
    if binary.mean() > 0.5:
        return binary
    moving = np.array(
        [
            b and bool((c == 0).any() and (c == 1).any())
            for b, c in zip(binary, X.T, strict=True)
        ]
    )
    return np.asarray(moving)


def _is_binary(column: FloatVector) -> bool:
    return bool(np.all((column == 0) | (column == 1) | np.isnan(column)))


def filled(columns: Floats, longest: int) -> tuple[Floats, Mask | None]:
    """Carry readings forward over gaps.

    Parameters
    ----------
    columns
        Sensors × rows, NaN where a reading is missing.
    longest
        Rows over which a reading is carried.

    Returns
    -------
    columns
        Without NaN; 0 where nothing could be carried.
    missing
        Where nothing could be carried; None if nowhere.
    """
    gaps = np.isnan(columns)
    if not gaps.any():
        return columns, None
    rows = np.arange(columns.shape[1])
    last = np.maximum.accumulate(np.where(gaps, -1, rows), axis=1)
    missing = (last < 0) | (rows - last > longest)
    carried = np.take_along_axis(columns, np.maximum(last, 0), axis=1)
    return np.where(missing, np.float32(0), carried), missing


def _moments(column: FloatVector) -> tuple[float, float]:
    """Return mean and standard deviation of the readings that are there."""
    present = np.asarray(column, np.float64)
    present = np.clip(present[~np.isnan(present)], -_LARGEST, _LARGEST)
    return float(present.mean()), float(present.std())
