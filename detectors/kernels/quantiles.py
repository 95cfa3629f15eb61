"""Quantiles of many rows, by halving what may be the value and never by ordering the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import float64, int32, int64, njit, types, uint64, void

from detectors.kernels.arrays import Array, Doubles

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_CELLS = 2048
_DIGIT = 11
_FEW = 24

_u64 = np.uint64
_SIGN = _u64(1 << 63)
_TOP = _u64(2**64 - 1)

_d2 = types.Array(float64, 2, "C", readonly=True)


@njit(cache=True, nogil=True)
def _range(keys: Array) -> tuple[Any, Any]:
    low, high = keys[0], keys[0]
    for i in range(len(keys)):
        key = keys[i]
        low = key if key < low else low
        high = key if key > high else high
    return low, high


@njit(cache=True, nogil=True)
def _ordered(keys: Array) -> None:
    """Sort a few keys by insertion."""
    for i in range(1, len(keys)):
        key, j = keys[i], i
        while j > 0 and keys[j - 1] > key:
            keys[j] = keys[j - 1]
            j -= 1
        keys[j] = key


@njit(types.UniTuple(uint64, 2)(uint64[::1], int64, int32[::1]), cache=True, nogil=True)
def _pair(keys: Array, rank: int, counts: Array) -> tuple[Any, Any]:
    """Return the key of a rank and the next one; the keys are mixed up."""
    above = _TOP
    while True:
        low, high = _range(keys)
        if low == high:
            return low, (low if rank + 1 < len(keys) else above)
        if len(keys) <= _FEW:
            _ordered(keys)
            return keys[rank], (keys[rank + 1] if rank + 1 < len(keys) else above)
        bits = 0
        while (low ^ high) >> _u64(bits + _DIGIT):
            bits += 1
        shift, base = _u64(bits), low >> _u64(bits)
        counts[:] = 0
        for i in range(len(keys)):
            counts[(keys[i] >> shift) - base] += 1
        cell, before = 0, 0
        while before + counts[cell] <= rank:
            before += counts[cell]
            cell += 1
        wanted, count = base + _u64(cell), 0
        for i in range(len(keys)):
            key = keys[i]
            own = key >> shift
            above = key if own > wanted and key < above else above
            keys[count] = key
            count += own == wanted
        keys, rank = keys[:count], rank - before


@njit(void(_d2, int64, float64, float64[::1]), cache=True, nogil=True)
def _quantiles(rows: Array, rank: int, part: float, out: Array) -> None:
    keys = np.empty(rows.shape[1], np.uint64)
    counts = np.empty(2 * _CELLS, np.int32)
    for row in range(len(rows)):
        bits = rows[row].view(np.uint64)
        for i in range(len(keys)):
            # As whole numbers the bits of negative values fall and those of others rise.
            keys[i] = ~bits[i] if bits[i] & _SIGN else bits[i] | _SIGN
        low, high = _pair(keys, rank, counts)
        low = low ^ _SIGN if low & _SIGN else ~low
        high = high ^ _SIGN if high & _SIGN else ~high
        keys[0], keys[1] = low, high
        ends = keys[:2].view(np.float64)
        gap = ends[1] - ends[0]
        out[row] = ends[1] - gap * (1.0 - part) if part >= 0.5 else ends[0] + gap * part
        if rank + 1 == len(keys):
            out[row] = ends[0]


def quantiles(rows: ArrayLike, share: float) -> Doubles:
    """Return a quantile of each row, (n_rows,); as `numpy.quantile` along the second axis.

    Parameters
    ----------
    rows
        Finite values, (n_rows, n_values).
    share
        Which quantile, 0 to 1; between two values it is on a straight line.
    """
    values = np.ascontiguousarray(rows, np.float64)
    place = share * (values.shape[1] - 1)
    out = np.empty(len(values))
    _quantiles(values, int(place), place - int(place), out)
    return out
