"""Order statistics and orders without comparing: values are counted by where they lie.

A sort compares each value a dozen times and guesses wrong half of them.  Counting asks for two
passes over the values, whatever their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import float32, float64, int32, int64, njit, types, uint16, uint64, void

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Doubles, Indices, series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

_BINS = 1024
_LANES = 4
_FEW = 48
_BITS = 11
_DIGITS = 6
_PASSES = 3
_ROW_BITS = 64 - _PASSES * _BITS
_MOVES = 4
"""Exchanges a value after which values are sorted by all of their bits instead."""

_f1 = types.Array(float32, 1, "C", readonly=True)
_f2 = types.Array(float32, 2, "C", readonly=True)
_d1 = types.Array(float64, 1, "C", readonly=True)
_d2 = types.Array(float64, 2, "C", readonly=True)
_i2 = types.Array(int32, 2, "C", readonly=True)
_l2 = types.Array(int64, 2, "C", readonly=True)


# ---------------------------------------------------------------- order statistics
@njit(cache=True, nogil=True)
def _ends_of_bits(bits: Array, most: int, ends: Array) -> bool:
    """Write the bits of the lowest and highest number; False where one is not finite.

    Patterns without their sign, turned round where it is set, rise with the numbers, and
    whole numbers are compared in vector lanes whatever they stand for.
    """
    low = high = bits[0] ^ ((bits[0] >> 63) & most)
    for b in bits:
        key = b ^ ((b >> 63) & most)
        low, high = min(low, key), max(high, key)
    ends.view(bits.dtype)[0] = low ^ ((low >> 63) & most)
    ends.view(bits.dtype)[1] = high ^ ((high >> 63) & most)
    finite: bool = ends[0] - ends[0] == 0 and ends[1] - ends[1] == 0
    return finite


@njit(cache=True, nogil=True)
def _finite(row: Array, kept: Array) -> Array:
    """Return the finite values of a row, in the memory given for them."""
    count = 0
    for v in row:
        if v - v == 0:
            kept[count] = v
            count += 1
    return kept[:count]


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})
def _ends(values: Array) -> tuple[float, float]:
    low = high = values[0]
    for v in values:
        low = v if v < low else low
        high = v if v > high else high
    return low, high


@njit(cache=True, nogil=True, error_model="numpy")
def _placed(values: Array, low: float, high: float, bins: int, place: Array) -> bool:
    """Place values in bins of one width, a higher value never in a lower one.

    Returns False where no width tells them apart.
    """
    one = values[0] * 0 + 1  # of the values' own type, so that lanes need not be widened
    scale = (bins * one - one) / (high - low)
    if not (scale > 0 and scale < np.inf):
        return False
    for i in range(len(values)):
        place[i] = uint16((values[i] - low) * scale)  # unsigned: no index is below 0
    return True


@njit(cache=True, nogil=True)
def _count(place: Array, lanes: Array) -> None:
    """Count values by bin, in the first lane; neighbours, often alike, have others."""
    lanes[:] = 0
    whole = len(place) - len(place) % _LANES
    for i in range(0, whole, _LANES):
        lanes[0, place[i]] += 1
        lanes[1, place[i + 1]] += 1
        lanes[2, place[i + 2]] += 1
        lanes[3, place[i + 3]] += 1
    for i in range(whole, len(place)):
        lanes[0, place[i]] += 1
    for k in range(lanes.shape[1]):
        lanes[0, k] += lanes[1, k] + lanes[2, k] + lanes[3, k]


@njit(cache=True, nogil=True)
def _rise(values: Array) -> None:
    """Sort a few values."""
    if len(values) > _FEW:
        values.sort()
        return
    for i in range(1, len(values)):
        v = values[i]
        k = i
        while k > 0 and values[k - 1] > v:
            values[k] = values[k - 1]
            k -= 1
        values[k] = v


@njit(cache=True, nogil=True)
def _at_ranks(
    own: Array, ends: Array, ranks: Array, scratch: tuple[Array, ...], out: Array
) -> None:
    """Write the values of ranks, quickest where these rise, of values between two ends."""
    near, place, lanes, wanted, begins, inside = scratch
    low, high = ends[0], ends[1]
    if low == high:
        out[:] = low
        return
    if not _placed(own, low, high, _BINS, place):
        near[: len(own)] = own
        near[: len(own)].sort()
        for r in range(len(ranks)):
            out[r] = near[ranks[r]]
        return
    _count(place[: len(own)], lanes)
    counts = lanes[0]
    wanted[:] = 0
    at = before = total = 0
    for r in range(len(ranks)):
        if ranks[r] < before:
            at = before = 0
        while ranks[r] >= before + counts[at]:
            before += counts[at]
            at += 1
        if not wanted[at]:
            wanted[at] = 1
            begins[at] = total
            total += counts[at]
        inside[r, 0], inside[r, 1] = at, ranks[r] - before
    for i in range(len(own)):
        at = place[i]
        if wanted[at]:
            near[begins[at]] = own[i]
            begins[at] += 1
    for r in range(len(ranks)):
        at = inside[r, 0]
        few = near[begins[at] - counts[at] : begins[at]]
        if wanted[at] == 1:
            _rise(few)
            wanted[at] = 2
        out[r] = few[inside[r, 1]]


@njit(
    [
        void(_f2, _i2, int64, _d1, float32[:, :, ::1], int64[::1]),
        void(_d2, _l2, int64, _d1, float64[:, :, ::1], int64[::1]),
    ],
    cache=True,
    nogil=True,
)
def _neighbours(
    values: Array, bits: Array, most: int, quantiles: Array, out: Array, known: Array
) -> None:
    n = values.shape[1]
    kept = np.empty(n, values.dtype)
    ranks = np.empty(2 * len(quantiles), np.int64)
    found = np.empty(2 * len(quantiles), values.dtype)
    ends = np.empty(2, values.dtype)
    scratch = (
        np.empty(n, values.dtype),
        np.empty(n, np.uint16),
        np.empty((_LANES, _BINS), np.int32),
        np.empty(_BINS, np.uint8),
        np.empty(_BINS, np.int32),
        np.empty((len(ranks), 2), np.int64),
    )
    for f in range(len(values)):
        own = values[f]
        if n > 0 and not _ends_of_bits(bits[f], most, ends):
            own = _finite(own, kept)
            if len(own) > 0:
                ends[0], ends[1] = _ends(own)
        count = known[f] = len(own)
        out[f] = np.nan
        if count == 0:
            continue
        for q in range(len(quantiles)):
            first = int(np.floor(quantiles[q] * (count - 1)))
            ranks[2 * q], ranks[2 * q + 1] = first, min(first + 1, count - 1)
        _at_ranks(own, ends, ranks, scratch, found)
        for q in range(len(quantiles)):
            out[f, q, 0], out[f, q, 1] = found[2 * q], found[2 * q + 1]


def neighbours(
    values: NDArray[np.floating[Any]], quantiles: Sequence[float]
) -> tuple[Doubles, Indices]:
    """Return by row the sorted values on either side of quantiles, infinities and NaN left out.

    Parameters
    ----------
    values
        Shape (n_rows, n_values); single precision is looked at as it is.
    quantiles
        Rising, within 0..1; quantile q stands at place q × (number - 1) of the sorted values.

    Returns
    -------
    ndarray of shape (n_quantiles, 2, n_rows)
        The value at the place rounded down, and the next; NaN in a row without any value.
    ndarray of shape (n_rows,)
        How many values a row has.
    """
    kind = np.float32 if values.dtype == np.float32 else np.float64
    rows = np.ascontiguousarray(values, kind)
    if rows.ndim != 2:
        raise InvalidInput(f"values must have two dimensions, got {rows.ndim}")
    asked = series(quantiles, "quantiles")
    if len(asked) and not (asked[0] >= 0 and asked[-1] <= 1 and (np.diff(asked) >= 0).all()):
        raise InvalidInput(f"quantiles must rise within 0..1, got {quantiles}")
    out = np.empty((len(rows), len(asked), 2), kind)
    known = np.empty(len(rows), np.int64)
    whole = np.int32 if kind == np.float32 else np.int64
    most = np.iinfo(whole).max
    _neighbours(rows, rows.view(whole), most, asked, out, known)
    return np.asarray(out.transpose(1, 2, 0), np.float64), known


# ---------------------------------------------------------------- whole orders
@njit(uint64(uint64), cache=True, nogil=True, inline="always")
def _key(bits: int) -> int:
    """Return a whole number that rises with the number whose bits are given."""
    sign = np.uint64(1) << np.uint64(63)
    key: int = uint64(~bits) if bits & sign else uint64(bits | sign)
    return key


@njit(cache=True, nogil=True, inline="always")
def _begin(counts: Array) -> None:
    """Turn how many have each digit into where the first of them goes."""
    place = 0
    for k in range(len(counts)):
        count = counts[k]
        counts[k] = place
        place += count


@njit(types.boolean(_d1, float64[::1], int64[::1]), cache=True, nogil=True)
def _nearly(values: Array, out: Array, order: Array) -> bool:
    """Sort by the first 33 bits in which values differ, then by exchanging near neighbours.

    A value's bits and its row fit into one number, which is moved three times.  Returns False
    where many values differ only after those bits.
    """
    n = len(values)
    digit, row = np.uint64((1 << _BITS) - 1), np.uint64((1 << _ROW_BITS) - 1)
    bits = values.view(np.uint64)
    low, high = _key(bits[0]), _key(bits[0])
    for i in range(n):
        u = _key(bits[i])
        low, high = min(low, u), max(high, u)
    span, up = high - low, np.uint64(0)
    while span and not span >> np.uint64(63):
        span, up = span << np.uint64(1), up + np.uint64(1)
    a, b = np.empty(n, np.uint64), np.empty(n, np.uint64)
    ends = np.zeros((_PASSES, 1 << _BITS), np.int32)
    for i in range(n):
        u = (((_key(bits[i]) - low) << up) & ~row) | np.uint64(i)
        a[i] = u
        for d in range(_PASSES):
            ends[d, (u >> np.uint64(_ROW_BITS + d * _BITS)) & digit] += 1
    for d in range(_PASSES):
        shift = np.uint64(_ROW_BITS + d * _BITS)
        _begin(ends[d])
        for i in range(n):
            k = (a[i] >> shift) & digit
            b[ends[d, k]] = a[i]
            ends[d, k] += 1
        a, b = b, a
    left = _MOVES * n
    for i in range(n):
        at = a[i] & row
        v = values[at]
        k = i
        while k > 0 and out[k - 1] > v:
            out[k], order[k] = out[k - 1], order[k - 1]
            k -= 1
        out[k], order[k] = v, at
        left -= i - k
        if left < 0:
            return False
    return True


@njit(void(_d1, float64[::1], int64[::1]), cache=True, nogil=True)
def _ordered(values: Array, out: Array, order: Array) -> None:
    """Sort by passes over 11 bits of the numbers' ordered patterns, the last ones first."""
    n = len(values)
    if 0 < n < 1 << _ROW_BITS and _nearly(values, out, order):
        return
    sign = np.uint64(1) << np.uint64(63)
    digit = np.uint64((1 << _BITS) - 1)
    ends = np.zeros((_DIGITS, 1 << _BITS), np.int64)
    bits = values.view(np.uint64)
    keys = (np.empty(n, np.uint64), out.view(np.uint64))
    places = (np.empty(n, np.int64), order)
    a, b = keys
    p, q = places
    for i in range(n):
        u = _key(bits[i])
        a[i] = u
        p[i] = i
        for d in range(_DIGITS):
            ends[d, (u >> np.uint64(d * _BITS)) & digit] += 1
    for d in range(_DIGITS):
        shift = np.uint64(d * _BITS)
        if n == 0 or ends[d, (a[0] >> shift) & digit] == n:
            continue  # of all numbers alike, as the last bits of single precision are
        _begin(ends[d])
        for i in range(n):
            k = (a[i] >> shift) & digit
            b[ends[d, k]] = a[i]
            q[ends[d, k]] = p[i]
            ends[d, k] += 1
        a, b = b, a
        p, q = q, p
    for i in range(n):
        u = a[i]
        b[i] = uint64(u ^ sign) if u & sign else uint64(~u)
        q[i] = p[i]
    out.view(np.uint64)[:] = b
    order[:] = q


def ordered(values: ArrayLike) -> tuple[Doubles, Indices]:
    """Return values sorted, and the order that sorts them, equal ones as they came.

    Parameters
    ----------
    values
        Shape (n_values,), without NaN.
    """
    given = series(values, "values")
    out, order = np.empty(len(given)), np.empty(len(given), np.int64)
    _ordered(given, out, order)
    return out, order
