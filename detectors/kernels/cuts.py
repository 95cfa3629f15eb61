"""Windows cut out of one sensor's series, ready to be compared with others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import float32, float64, int64, njit, types, void

from detectors.kernels.arrays import Array, Floats, Indices

TAPS = 4
"""Taps come in whole numbers of so many."""

_FLAGS = {"contract", "nnan", "nsz"}

_f1 = types.Array(float32, 1, "C", readonly=True)
_i1 = types.Array(int64, 1, "C", readonly=True)
_out1 = float32[::1]
_out2 = float32[:, ::1]


class Windows(NamedTuple):
    """Windows of one sensor, ready to be compared.

    Attributes
    ----------
    taps
        Values with the level removed, times the root of the weights; with longer windows, then
        the values that those go on by, less the level of these.  Each part is filled up with
        zeros to whole fours; (n_windows, n_taps).
    inner
        Taps of the first part.
    level, spread
        Weighted mean and standard deviation, (n_windows,).
    link, longer
        Of longer windows: what makes the difference of both parts' levels a part of their
        product, and their standard deviation, (n_windows,).
    weights
        Of products of taps in that of the windows, and in that of the longer ones: 0 without.
    """

    taps: Floats
    inner: int
    level: Floats
    spread: Floats
    link: Floats
    longer: Floats
    weights: tuple[float, float]


def _whole(taps: int) -> int:
    """Return the number filled up to whole fours."""
    return -(-taps // TAPS) * TAPS


@njit(
    void(_f1, _i1, _f1, _f1, _out2, _out1, _out1),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _centre(
    x: Array,
    starts: Array,
    weights: Array,
    roots: Array,
    taps: Array,
    level: Array,
    spread: Array,
) -> None:
    width = len(weights)
    for i in range(len(starts)):
        s = starts[i]
        mean = 0.0
        for k in range(width):
            mean += float64(weights[k]) * float64(x[s + k])
        m = float32(mean)
        power = 0.0
        for k in range(width):
            v = (x[s + k] - m) * roots[k]
            taps[i, k] = v
            power += float64(v) * float64(v)
        level[i] = m
        spread[i] = float32(np.sqrt(power))


def centred_windows(x: Floats, starts: Indices, weights: Floats) -> Windows:
    """Cut windows out of a series and split each into level, spread and the rest.

    Parameters
    ----------
    x
        One sensor, shape (n_rows,), float32, without NaN.
    starts
        First row of each window.
    weights
        Weight of each row of a window, oldest first, adding up to 1; its length is the width.
    """
    count, width = len(starts), len(weights)
    taps = np.zeros((count, _whole(width)), np.float32)
    level, spread, link, longer = np.zeros((4, count), np.float32)
    series = np.ascontiguousarray(x, np.float32)
    _centre(series, starts, weights, np.sqrt(weights), taps, level, spread)
    return Windows(taps, taps.shape[1], level, spread, link, longer, (1.0, 0.0))


@njit(
    void(_f1, _i1, int64, int64, _out2, int64, _out1, _out1, _out1, _out1),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _centre_parts(
    x: Array,
    starts: Array,
    short: int,
    long: int,
    taps: Array,
    inner: int,
    level: Array,
    spread: Array,
    link: Array,
    longer: Array,
) -> None:
    rest = long - short
    for i in range(len(starts)):
        s = starts[i]
        mean, other = 0.0, 0.0
        for k in range(short):
            mean += float64(x[s + k])
        for k in range(short, long):
            other += float64(x[s + k])
        m, o = float32(mean / short), float32(other / max(rest, 1))
        power, more = 0.0, 0.0
        for k in range(short):
            v = x[s + k] - m
            taps[i, k] = v
            power += float64(v) * float64(v)
        for k in range(rest):
            v = x[s + short + k] - o
            taps[i, inner + k] = v
            more += float64(v) * float64(v)
        between = np.sqrt(float64(short) * rest / long) * (float64(m) - float64(o))
        level[i] = m
        spread[i] = float32(np.sqrt(power / short))
        link[i] = float32(between)
        longer[i] = float32(np.sqrt((power + more + between * between) / long))


def nested_windows(x: Floats, starts: Indices, widths: tuple[int, int]) -> Windows:
    """Cut short windows, and longer ones that begin at the same rows, out of a series.

    Parameters
    ----------
    x, starts
        As for `centred_windows`.
    widths
        Rows of a short and of a long window, not fewer; all rows count alike.
    """
    short, long = widths
    count, inner = len(starts), _whole(short)
    taps = np.zeros((count, inner + _whole(long - short)), np.float32)
    numbers = np.zeros((4, count), np.float32)
    series = np.ascontiguousarray(x, np.float32)
    _centre_parts(series, starts, short, long, taps, inner, *numbers)
    level, spread, link, longer = numbers
    return Windows(taps, inner, level, spread, link, longer, (1 / short, 1 / long))


@njit(
    void(_f1, _i1, int64, float32[::1]),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _steps(x: Array, starts: Array, width: int, out: Array) -> None:
    for i in range(len(starts)):
        s = starts[i]
        total = 0.0
        for k in range(s + 1, s + width):
            total += abs(float64(x[k]) - float64(x[k - 1]))
        out[i] = float32(total / (width - 1))


def roughness(x: Floats, starts: Indices, width: int) -> Floats:
    """Return the mean absolute step within each window, shape (n_windows,).

    Parameters
    ----------
    x, starts
        As for `centred_windows`.
    width
        Rows a window, at least 2.
    """
    out = np.empty(len(starts), np.float32)
    _steps(np.ascontiguousarray(x, np.float32), starts, width, out)
    return out
