"""What the other columns say of each column, each told by stretches that it is not part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import boolean, float64, int64, njit, types

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Doubles, between

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_TINY = 1e-12

_d1 = types.Array(float64, 1, "C", readonly=True)
_d2 = types.Array(float64, 2, "C", readonly=True)
_m1, _m2 = float64[::1], float64[:, ::1]


class Related(NamedTuple):
    """What columns say of each other.

    Attributes
    ----------
    ends
        Lowest, highest, mean and standard deviation of each column, (4, n_columns); a
        deviation of 0 where it is nothing beside the mean.
    gram
        Products of all pairs of columns in deviations, (n_columns, n_columns).
    gain
        By how much of what is told an expectation best leaves 0, within 0..1; 0 where that
        explains too little, (n_columns,).
    alone, missed
        Distances from the mean, and from what is so expected, in deviations,
        (n_columns, n_rows).
    """

    ends: Doubles
    gram: Doubles
    gain: Doubles
    alone: Doubles
    missed: Doubles


@njit(float64(_d1, _d1), cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _product(a: Array, b: Array) -> float:
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@njit(types.void(_d2, float64, _m2, _m2), cache=True, nogil=True, error_model="numpy")
def _standard(values: Array, flat: float, ends: Array, z: Array) -> None:
    """Write the ends of columns, and the columns in deviations; 0 where there are none."""
    for i in range(len(values)):
        own, out = values[i], z[i]
        low = high = own[0]
        total = 0.0
        for v in own:
            low, high, total = min(low, v), max(high, v), total + v
        mean = total / len(own)
        power = 0.0
        for t in range(len(own)):
            out[t] = own[t] - mean
        power = _product(out, out)
        deviation = np.sqrt(power / len(own))
        deviation = deviation if deviation > flat * abs(mean) else 0.0
        ends[0, i], ends[1, i], ends[2, i], ends[3, i] = low, high, mean, deviation
        scale = 1.0 / deviation if deviation > 0 else 0.0
        for t in range(len(own)):
            out[t] *= scale


@njit(boolean(_m2), cache=True, nogil=True)
def _invert(matrix: Array) -> bool:
    """Invert a positive definite matrix in its place, by Gauss and Jordan without exchange."""
    n = len(matrix)
    for k in range(n):
        if not matrix[k, k] > 0:
            return False
        pivot = 1.0 / matrix[k, k]
        matrix[k, k] = 1.0
        own = matrix[k]
        for j in range(n):
            own[j] *= pivot
        for i in range(n):
            if i != k:
                row, factor = matrix[i], matrix[i, k]
                row[k] = 0.0
                for j in range(n):
                    row[j] -= factor * own[j]
    return True


@njit(boolean(_d2, float64, int64, _m2, _m2), cache=True, nogil=True)
def _held_out(z: Array, shrink: float, folds: int, gram: Array, told: Array) -> bool:
    """Write the sums of products, and what is told; False where nothing can be told."""
    n, cells = z.shape
    grams, sums = np.empty((folds, n, n)), np.empty((folds, n))
    for f in range(folds):
        start, stop = f * cells // folds, (f + 1) * cells // folds
        for i in range(n):
            sums[f, i] = z[i, start:stop].sum()
            for j in range(i + 1):
                both = _product(z[i, start:stop], z[j, start:stop])
                grams[f, i, j] = grams[f, j, i] = both
    gram[:] = 0.0
    total = np.zeros(n)
    for f in range(folds):
        gram += grams[f]
        total += sums[f]
    inverse, mean = np.empty((n, n)), np.empty(n)
    for f in range(folds):
        start, stop = f * cells // folds, (f + 1) * cells // folds
        count = cells - (stop - start)
        for i in range(n):
            mean[i] = (total[i] - sums[f, i]) / count
        for i in range(n):
            for j in range(n):
                inverse[i, j] = (gram[i, j] - grams[f, i, j]) / count - mean[i] * mean[j]
            inverse[i, i] += shrink
        if not _invert(inverse):
            return False
        for i in range(n):
            out = told[i, start:stop]
            own = 1.0 / inverse[i, i]
            moved = 0.0
            for j in range(n):
                moved += inverse[i, j] * mean[j]
            out[:] = own * moved
            for j in range(n):
                if j != i:
                    weight, row = own * inverse[i, j], z[j, start:stop]
                    for t in range(len(out)):
                        out[t] -= weight * row[t]
    return True


@njit(types.void(_m2, _m2, float64, _m1), cache=True, nogil=True)
def _drawn(z: Array, told: Array, least: float, gain: Array) -> None:
    """Write gains, and distances over what was told and over the columns themselves."""
    for i in range(len(z)):
        own, other = z[i], told[i]
        power = _product(other, other)
        best = min(max(_product(own, other) / max(power, _TINY), 0.0), 1.0)
        left = 0.0
        for t in range(len(own)):
            left += (own[t] - best * other[t]) ** 2
        if left > (1.0 - least) * _product(own, own):
            best = 0.0
        gain[i] = best
        for t in range(len(own)):
            other[t] = abs(own[t] - best * other[t])
            own[t] = abs(own[t])


def related(
    values: ArrayLike, shrink: float, folds: int, *, flat: float, least: float
) -> Related | None:
    """Learn what the other columns say of each column, on stretches left out in turn.

    Parameters
    ----------
    values
        Without NaN, shape (n_columns, n_rows) in time order.
    shrink
        Added to the variances, which are 1.
    folds
        Stretches.
    flat
        Deviations of at most so much of the mean count as none.
    least
        Share of a column's variance below which what is told of it is not believed.

    Returns
    -------
    Related or None
        None where a covariance cannot be inverted.
    """
    given = np.ascontiguousarray(values, np.float64)
    if given.ndim != 2 or given.shape[1] < 2:
        raise InvalidInput(f"values must be a matrix of two rows, got shape {given.shape}")
    folds = between(folds, 2, given.shape[1], "folds")
    columns = len(given)
    ends, gram = np.empty((4, columns)), np.empty((columns, columns))
    z, told, gain = np.empty(given.shape), np.empty(given.shape), np.empty(columns)
    _standard(given, flat, ends, z)
    if not _held_out(z, shrink, folds, gram, told):
        return None
    _drawn(z, told, least, gain)
    return Related(ends, gram, gain, z, told)
