"""Windows of several sensors within and beside a plane, without cutting any window out.

Windows lie along the vector lanes in blocks of fixed length: a window's result is the same to
the last bit wherever it stands in the input and whatever is scored beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import float64, int64, njit, types, void

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Doubles, between

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_LANES = 128
_TAPS = 8
_FLAGS = {"contract", "nnan", "nsz"}

_u64 = np.uint64
_d1 = types.Array(float64, 1, "C", readonly=True)
_d2 = types.Array(float64, 2, "C", readonly=True)
_l1 = types.Array(int64, 1, "C", readonly=True)


class Split(NamedTuple):
    """What a plane says of each window, (n_windows,).

    Attributes
    ----------
    power
        Sum of squares.
    along
        Part of it within the plane.
    distance
        Hotelling's T²: squares along the axes, each divided by its variance.
    """

    power: Doubles
    along: Doubles
    distance: Doubles


@njit(cache=True, nogil=True, fastmath=_FLAGS, error_model="numpy")
def _pair(
    values: Array, begin: int, taps: Array, a: Array, b: Array, first: Array, second: Array
) -> None:
    """Products of two axes with a block of windows."""
    for i in range(_LANES):
        first[i] = 0.0
        second[i] = 0.0
    whole = len(taps) - len(taps) % _TAPS
    at = _u64(begin)
    for t in range(0, whole, _TAPS):
        x0, x1 = at + _u64(taps[t]), at + _u64(taps[t + 1])
        x2, x3 = at + _u64(taps[t + 2]), at + _u64(taps[t + 3])
        x4, x5 = at + _u64(taps[t + 4]), at + _u64(taps[t + 5])
        x6, x7 = at + _u64(taps[t + 6]), at + _u64(taps[t + 7])
        a0, a1, a2, a3 = a[t], a[t + 1], a[t + 2], a[t + 3]
        a4, a5, a6, a7 = a[t + 4], a[t + 5], a[t + 6], a[t + 7]
        b0, b1, b2, b3 = b[t], b[t + 1], b[t + 2], b[t + 3]
        b4, b5, b6, b7 = b[t + 4], b[t + 5], b[t + 6], b[t + 7]
        for i in range(_u64(_LANES)):
            p, q = first[i], second[i]
            v0, v1, v2, v3 = values[x0 + i], values[x1 + i], values[x2 + i], values[x3 + i]
            v4, v5, v6, v7 = values[x4 + i], values[x5 + i], values[x6 + i], values[x7 + i]
            p += a0 * v0
            q += b0 * v0
            p += a1 * v1
            q += b1 * v1
            p += a2 * v2
            q += b2 * v2
            p += a3 * v3
            q += b3 * v3
            p += a4 * v4
            q += b4 * v4
            p += a5 * v5
            q += b5 * v5
            p += a6 * v6
            q += b6 * v6
            p += a7 * v7
            q += b7 * v7
            first[i] = p
            second[i] = q
    for t in range(whole, len(taps)):
        x = at + _u64(taps[t])
        a0, b0 = a[t], b[t]
        for i in range(_u64(_LANES)):
            v = values[x + i]
            first[i] += a0 * v
            second[i] += b0 * v


@njit(
    void(_d1, _l1, _d2, _d1, int64, float64[::1], float64[::1], float64[::1]),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
    error_model="numpy",
)
def _split(
    values: Array,
    taps: Array,
    axes: Array,
    weights: Array,
    blocks: int,
    power: Array,
    along: Array,
    distance: Array,
) -> None:
    first, second = np.empty(_LANES), np.empty(_LANES)
    for block in range(blocks):
        begin = block * _LANES
        at = _u64(begin)
        lanes = _u64(_LANES)
        for i in range(lanes):
            power[at + i] = along[at + i] = distance[at + i] = 0.0
        for tap in taps:
            x = at + _u64(tap)
            for i in range(lanes):
                power[at + i] += values[x + i] * values[x + i]
        for j in range(0, len(axes), 2):
            _pair(values, begin, taps, axes[j], axes[j + 1], first, second)
            w, u = weights[j], weights[j + 1]
            for i in range(lanes):
                p, q = first[i] * first[i], second[i] * second[i]
                along[at + i] += p + q
                distance[at + i] += p * w + q * u


def split_windows(
    rows: ArrayLike, lags: ArrayLike, axes: ArrayLike, variances: ArrayLike
) -> Split:
    """Split every window's square into what lies within a plane and what lies beside it.

    Parameters
    ----------
    rows
        Finite values, (n_rows, n_columns).
    lags
        Ascending rows of a window that count, from its first row on, beginning with 0;
        (n_lags,).
    axes
        Orthonormal rows, (n_axes, n_lags * n_columns): the oldest row's columns first.
    variances
        Above 0, (n_axes,).

    Returns
    -------
    Split
        Of n_rows - lags[-1] windows; none where there are fewer rows.

    Raises
    ------
    InvalidInput
        Shapes that do not fit together.
    """
    given = np.asarray(rows, np.float64)
    offsets, plane = np.asarray(lags, np.int64), np.asarray(axes, np.float64)
    if given.ndim != 2 or plane.shape[1:] != (len(offsets) * given.shape[-1],):
        raise InvalidInput(f"no windows of {given.shape} rows fit axes of {plane.shape}")
    between(int(offsets[0]), 0, 0, "the first lag")
    count = max(len(given) - int(offsets[-1]), 0)
    blocks = -(-count // _LANES)
    room = blocks * _LANES + int(offsets[-1])
    columns = np.zeros((given.shape[1], room))
    columns[:, : len(given)] = given.T[:, :room]
    taps = (offsets[:, None] + np.arange(len(columns)) * room).ravel()
    odd = len(plane) % 2
    even = np.ascontiguousarray(np.pad(plane, ((0, odd), (0, 0))))
    weights = np.pad(1.0 / np.asarray(variances, np.float64), (0, odd))
    out = Split(*(np.empty(blocks * _LANES) for _ in Split._fields))
    _split(columns.ravel(), taps, even, weights, blocks, *out)
    return Split(*(values[:count] for values in out))
