"""Columns without spikes, and those of one level told at first sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import boolean, float32, float64, int64, njit, types, uint32, void

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Doubles

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BINS = 2048

_f2 = types.Array(float32, 2, "C", readonly=True)
_d1 = types.Array(float64, 1, "C", readonly=True)
_d2 = types.Array(float64, 2, "C", readonly=True)


@njit(cache=True, nogil=True, inline="always")
def _lower(a: float, b: float) -> float:
    """Return the lower of two, one of which may be missing."""
    return a if a < b or b != b else b


@njit(cache=True, nogil=True, inline="always")
def _higher(a: float, b: float) -> float:
    return a if a > b or b != b else b


@njit(cache=True, nogil=True, inline="always")
def _middle(a: float, b: float, c: float, d: float, e: float) -> float:
    low = _higher(_lower(a, b), _lower(c, d))
    high = _lower(_higher(a, b), _higher(c, d))
    middle: float = _higher(_lower(low, high), _lower(_higher(low, high), e))
    return middle


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})
def _plain(a: float, b: float, c: float, d: float, e: float) -> float:
    """Return the middle of five values all of which are there."""
    low, high = max(min(a, b), min(c, d)), min(max(a, b), max(c, d))
    return max(min(low, high), min(max(low, high), e))


@njit(cache=True, nogil=True)
def _known(v: float) -> float:
    return v if v - v == 0 else np.nan


@njit(
    [void(_f2, int64, float64[:, ::1]), void(_d2, int64, float64[:, ::1])],
    cache=True,
    nogil=True,
)
def _smoothed(values: Array, step: int, out: Array) -> None:
    rows = values.shape[1]
    for f in range(len(values)):
        own = values[f]
        for k in range(out.shape[1]):
            at = k * step
            if at < 2 or at + 2 >= rows:
                a, b = own[max(at - 2, 0)], own[max(at - 1, 0)]
                c, d = own[min(at + 1, rows - 1)], own[min(at + 2, rows - 1)]
            else:
                a, b, c, d = own[at - 2], own[at - 1], own[at + 1], own[at + 2]
            e = own[at]
            total = a + b + c + d + e
            if total - total == 0:
                out[f, k] = _plain(a, b, c, d, e)
            else:
                out[f, k] = _middle(_known(a), _known(b), _known(c), _known(d), _known(e))


def median_of_five(values: NDArray[np.floating[Any]], step: int) -> Doubles:
    """Return the median of five neighbours at every so many rows.

    Parameters
    ----------
    values
        Shape (n_columns, n_rows), at least one row; what is not finite counts as missing, and
        beyond the ends the value there is repeated.

    Returns
    -------
    ndarray of shape (n_columns, n_rows of every step)
        Of fewer than five values what the same comparisons leave; NaN only where all are
        missing.
    """
    kind = np.float32 if values.dtype == np.float32 else np.float64
    columns = np.ascontiguousarray(values, kind)
    if columns.ndim != 2 or not columns.shape[1]:
        raise InvalidInput(f"columns of at least one row are needed, got {columns.shape}")
    out = np.empty((len(columns), -(-columns.shape[1] // step)))
    _smoothed(columns, step, out)
    return out


@njit(cache=True, nogil=True, fastmath={"reassoc"})
def _spoilt(row: Array) -> float:
    """Return 0 for a row of finite values."""
    total = 0.0
    for v in row:
        total += v - v
    return total


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})
def _ends(row: Array) -> tuple[float, float]:
    low = high = row[0]
    for v in row:
        low = v if v < low else low
        high = v if v > high else high
    return low, high


@njit(cache=True, nogil=True)
def _ranked(values: Array, place: Array, counts: Array, rank: int) -> float:
    """Return the value of a rank, from the bins that the values lie in."""
    at = 0
    while rank >= counts[at]:
        rank -= counts[at]
        at += 1
    few = np.empty(counts[at])
    found = 0
    for i in range(len(values)):
        if place[i] == at:
            few[found] = values[i]
            found += 1
    few.sort()
    value: float = few[rank]
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def _deepest(
    values: Array, low: float, high: float, fewest: int, shares: Array, window: int
) -> float:
    """Return how empty the emptiest place between two values is; see `modes.levels`."""
    bins = len(shares) - 1
    edges = low + (high - low) * shares
    scale = bins / (high - low)
    below = np.zeros(bins + 2, np.int64)
    for v in values:
        at = min(max(int((v - low) * scale), 0), bins)
        while at <= bins and edges[at] <= v:
            at += 1
        while at > 0 and edges[at - 1] > v:
            at -= 1
        below[at] += 1
    for at in range(1, bins + 1):
        below[at] += below[at - 1]
    deepest = np.inf
    count, half = len(values), window // 2
    for place in range(half, bins - half):
        inside = below[place + half + 1] - below[place - half]
        left = (below[place] + below[place + 1]) / 2
        if min(left, count - left) < fewest:
            continue
        thinner = min(left / (place + 0.5), (count - left) / (bins - place - 0.5))
        deepest = min(deepest, inside / window / max(thinner, 1e-12))
    return deepest


@njit(
    void(_d2, int64, int64, float64, _d1, int64, boolean[::1]),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _even(
    columns: Array,
    fewest: int,
    often: int,
    deep: float,
    shares: Array,
    window: int,
    out: Array,
) -> None:
    rows = columns.shape[1]
    place = np.empty(rows, np.uint32)
    counts = np.empty(_BINS, np.int32)
    for f in range(len(columns)):
        own = columns[f]
        out[f] = False
        if _spoilt(own) != 0:  # which NaN is too
            continue
        bottom, top = _ends(own)
        scale = (_BINS - 1) / (top - bottom)
        if not 0 < scale < np.inf:
            continue
        counts[:] = 0
        for i in range(rows):
            place[i] = uint32((own[i] - bottom) * scale)  # unsigned: no index is below 0
            counts[place[i]] += 1
        # Equal values share a bin: fuller ones are left to a closer look.
        if often > 0 and counts.max() >= often:
            continue
        spare = fewest // 2
        low = _ranked(own, place, counts, spare)
        high = _ranked(own, place, counts, rows - 1 - spare)
        out[f] = high <= low or not _deepest(own, low, high, fewest, shares, window) <= deep


def even_columns(
    columns: Doubles, fewest: int, often: int, deep: float, shares: Doubles, window: int
) -> NDArray[np.bool_]:
    """Tell which columns surely have no deep valley and no value that comes often.

    Parameters
    ----------
    columns
        Shape (n_columns, n_rows); a column with a missing value is never told.
    fewest
        Rows on either side of a valley; half as many are left out at both ends.
    often
        Rows that no value may take; 0: any number.
    deep
        Density at a place, as a share of that on its thinner side, that makes a valley.
    shares
        Edges of bins between the ends, 0..1.
    window
        Bins that are looked at together.
    """
    out = np.zeros(len(columns), bool)
    if columns.shape[1] >= 2 * fewest:
        _even(np.ascontiguousarray(columns), fewest, often, deep, shares, window, out)
    return out
