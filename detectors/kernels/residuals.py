"""What components leave of windows, each window by itself.

A library's product of matrices rounds a row differently when other rows come with it; here a
window's result is the same to the last bit wherever it stands in the input and whatever comes
with it.  Four windows are taken together, so that axes are read once for four.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import float32, int64, njit, types, uint64, void

from detectors.kernels.arrays import Array, Floats

_LANES = 64
_TOGETHER = 4
_FLAGS = {"contract", "nsz"}

_u64 = np.uint64
_L1, _L2, _L3 = _u64(_LANES), _u64(2 * _LANES), _u64(3 * _LANES)
_1, _2, _3 = _u64(1), _u64(2), _u64(3)

_f1 = types.Array(float32, 1, "C", readonly=True)
_f2 = types.Array(float32, 2, "C", readonly=True)


class Axes(NamedTuple):
    """Orthonormal axes, as they are and turned, filled up with zeros.

    Attributes
    ----------
    along
        Shape (size, n_components).
    back
        Shape (n_components, size).
    """

    along: Floats
    back: Floats

    @classmethod
    def of(cls, axes: Floats) -> Axes:
        """Lay out axes of shape (size, n_components)."""
        return cls(_filled(axes), _filled(axes.T))


def _filled(matrix: Floats) -> Floats:
    rows, columns = matrix.shape
    out = np.zeros((-(-rows // 4) * 4, -(-columns // _LANES) * _LANES), np.float32)
    out[: matrix.shape[0], : matrix.shape[1]] = matrix
    return out


@njit(
    void(_f1, uint64, _f1, uint64, uint64, float32[::1]),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _add(values: Array, at: Any, matrix: Array, row: Any, step: Any, sums: Array) -> None:
    """Add four entries of each of four vectors times four rows of a matrix.

    Parameters
    ----------
    values, at
        Entries of the vectors, (n, 4), and where the four begin.
    matrix, row, step
        Where the first row's lanes begin, and how far it is to the next row's.
    sums
        Shape (4, lanes).
    """
    a0, b0, c0, d0 = values[at], values[at + _1], values[at + _2], values[at + _3]
    at += _u64(_TOGETHER)
    a1, b1, c1, d1 = values[at], values[at + _1], values[at + _2], values[at + _3]
    at += _u64(_TOGETHER)
    a2, b2, c2, d2 = values[at], values[at + _1], values[at + _2], values[at + _3]
    at += _u64(_TOGETHER)
    a3, b3, c3, d3 = values[at], values[at + _1], values[at + _2], values[at + _3]
    second, third, fourth = row + step, row + _2 * step, row + _3 * step
    for i in range(_L1):
        v0, v1 = matrix[row + i], matrix[second + i]
        v2, v3 = matrix[third + i], matrix[fourth + i]
        sums[i] = (((sums[i] + a0 * v0) + a1 * v1) + a2 * v2) + a3 * v3
        sums[_L1 + i] = (((sums[_L1 + i] + b0 * v0) + b1 * v1) + b2 * v2) + b3 * v3
        sums[_L2 + i] = (((sums[_L2 + i] + c0 * v0) + c1 * v1) + c2 * v2) + c3 * v3
        sums[_L3 + i] = (((sums[_L3 + i] + d0 * v0) + d1 * v1) + d2 * v2) + d3 * v3


@njit(void(_f1, _f2, float32[::1], float32[::1]), cache=True, nogil=True, fastmath=_FLAGS)
def _multiply(values: Array, matrix: Array, sums: Array, out: Array) -> None:
    """Multiply four vectors, (n, 4), by a matrix; out is like them."""
    rows, columns = matrix.shape
    flat = matrix.reshape(rows * columns)
    for column in range(0, columns, _LANES):
        sums[:] = 0.0
        for row in range(0, rows, 4):
            _add(values, _TOGETHER * row, flat, row * columns + column, columns, sums)
        for i in range(_LANES):
            for window in range(_TOGETHER):
                out[(column + i) * _TOGETHER + window] = sums[window * _LANES + i]


@njit(
    void(_f2, _f1, _f2, _f2, int64, float32[:, ::1]),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _residuals(
    windows: Array, mean: Array, along: Array, back: Array, n_sensors: int, out: Array
) -> None:
    size = len(mean)
    width = size // n_sensors
    rest = np.zeros(_TOGETHER * len(along), np.float32)
    components = np.empty(_TOGETHER * along.shape[1], np.float32)
    expected = np.empty(_TOGETHER * back.shape[1], np.float32)
    sums = np.empty(_TOGETHER * _LANES, np.float32)
    for begin in range(0, len(windows), _TOGETHER):
        used = min(_TOGETHER, len(windows) - begin)
        for k in range(size):
            for window in range(_TOGETHER):
                own = begin + min(window, used - 1)
                rest[_TOGETHER * k + window] = windows[own, k] - mean[k]
        _multiply(rest, along, sums, components)
        _multiply(components, back, sums, expected)
        for sensor in range(n_sensors):
            for window in range(used):
                power = np.float32(0.0)
                for k in range(sensor * width, (sensor + 1) * width):
                    gap = rest[_TOGETHER * k + window] - expected[_TOGETHER * k + window]
                    power += gap * gap
                out[sensor, begin + window] = np.sqrt(power / np.float32(width))


def residuals(windows: Floats, mean: Floats, axes: Axes, n_sensors: int) -> Floats:
    """Return each sensor's root mean square residual, (n_sensors, n_windows).

    Parameters
    ----------
    windows
        Sensors side by side, shape (n_windows, size).
    mean
        Of the windows, (size,).
    axes
        Of the components.
    n_sensors
        A divisor of `size`.
    """
    out = np.empty((n_sensors, len(windows)), np.float32)
    _residuals(np.ascontiguousarray(windows), mean, *axes, n_sensors, out)
    return out
