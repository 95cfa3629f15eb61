"""How columns are brought to one scale, and to single precision for the kernels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NORMAL_MAD = 1.4826
_NORMAL_SPAN = 3.2897
"""Distance of the 5 % and 95 % quantiles of a normal distribution, in its deviations."""
_SPAN_WEIGHT = 0.5
_MOST_ROWS = 50_000
_FURTHEST = 1.0e8
_PEEK = 256
_TOP_SINGLE = 1.0e36


@dataclass(frozen=True)
class RobustScale:
    """Median and spread of each column, unmoved by a minority of faulty rows.

    The spread is the median absolute deviation, but at least half of what the 5 % and 95 %
    quantiles say: a sensor that rests at one value most of the time is not blown up by it.
    A column of one value has a thousandth of that value as its spread (or 1).

    Attributes
    ----------
    centre, spread
        Shape (n_columns,), in the column's unit.

    References
    ----------
    Rousseeuw, Croux (1993), Alternatives to the median absolute deviation,
    doi:10.1080/01621459.1993.10476408.
    """

    centre: FloatVector
    spread: FloatVector

    @classmethod
    def learn(cls, X: FloatMatrix) -> Self:
        """Learn from rows of shape (n_rows, n_columns); many rows are sampled evenly."""
        step = -(-len(X) // _MOST_ROWS)
        rows = X[::step]
        low, centre, high = np.quantile(rows, (0.05, 0.5, 0.95), axis=0)
        with np.errstate(over="ignore"):
            spread = np.maximum(
                _NORMAL_MAD * np.median(np.abs(rows - centre), axis=0),
                _SPAN_WEIGHT * (high - low) / _NORMAL_SPAN,
            )
            spread = np.where(spread > _rounding(centre), spread, rows.std(axis=0))
        constant = ~(spread > _rounding(centre)) | ~np.isfinite(spread)
        rest = np.where(centre != 0, 1.0e-3 * np.abs(centre), 1.0)
        return cls(centre, np.where(constant, rest, spread))

    def apply(self, X: FloatMatrix) -> FloatMatrix:
        """Return the rows in deviations from the centre, cut at ±1e8 so that squares exist."""
        with np.errstate(over="ignore"):
            scaled = (X - self.centre) / self.spread
        return np.clip(scaled, -_FURTHEST, _FURTHEST)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that `restore` takes."""
        return {"centre": self.centre, "spread": self.spread}

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild from `state`."""
        return cls(np.asarray(state["centre"]), np.asarray(state["spread"]))


def _rounding(centre: FloatVector) -> FloatVector:
    """Return what rounding alone makes of a constant column."""
    return 1.0e-12 * np.abs(centre)


@dataclass(frozen=True)
class SinglePrecision:
    """Columns of single precision that keep what matters of the numbers.

    A column whose level is a thousand times its spread (a counter, a pressure in Pa) would
    lose its changes in single precision: its level is taken off first.  Magnitudes that
    single precision does not hold are divided by a power of two.  Ordinary columns pass
    unchanged, without a copy if they are single columns already.

    Attributes
    ----------
    offset, unit
        Shape (n_columns,).
    """

    offset: FloatVector
    unit: FloatVector

    @classmethod
    def learn(cls, X: FloatMatrix) -> Self:
        """Learn from at most 256 of the rows, spread evenly."""
        rows = np.asarray(X[:: -(-len(X) // _PEEK)], np.float64)
        low, high = rows.min(axis=0), rows.max(axis=0)
        middle = low / 2 + high / 2
        half = high / 2 - low / 2
        far = np.abs(middle) > 1.0e3 * half
        top = np.maximum(np.abs(low), np.abs(high))
        exponent = np.where(top > 1.0e30, np.frexp(top)[1], 0)
        small = (top > 0) & (top < 1.0e-30)
        exponent = np.where(small, np.frexp(np.where(small, top, 1.0))[1], exponent)
        return cls(np.where(far, middle, 0.0), np.ldexp(1.0, exponent))

    @cached_property
    def _changes(self) -> bool:
        return bool((self.unit != 1.0).any() or self.offset.any())

    def apply(self, X: FloatMatrix) -> NDArray[np.float32]:
        """Return shape (n_columns, n_rows), float32, C-contiguous."""
        columns: NDArray[Any] = X.T
        if self._changes:
            with np.errstate(over="ignore"):
                columns = np.clip(
                    (columns - self.offset[:, None]) / self.unit[:, None],
                    -_TOP_SINGLE,
                    _TOP_SINGLE,
                )
        elif columns.max() > _TOP_SINGLE or columns.min() < -_TOP_SINGLE:
            columns = np.clip(columns, -_TOP_SINGLE, _TOP_SINGLE)
        return np.ascontiguousarray(columns, np.float32)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that `restore` takes."""
        return {"offset": self.offset, "unit": self.unit}

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild from `state`."""
        return cls(np.asarray(state["offset"]), np.asarray(state["unit"]))
