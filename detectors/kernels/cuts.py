"""Windows cut out of the series of sensors, ready to be compared with others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import float32, float64, int64, njit, types, void

from detectors.kernels.arrays import Array, Floats, Indices

TAPS = 4
"""Taps come in whole numbers of so many."""

_FLAGS = {"contract", "nnan", "nsz"}

_f1 = types.Array(float32, 1, "C", readonly=True)
_f2 = types.Array(float32, 2, "C", readonly=True)
_i1 = types.Array(int64, 1, "C", readonly=True)
_out2 = float32[:, ::1]
_out3 = float32[:, :, ::1]


class Windows(NamedTuple):
    """Windows of each sensor that begin at the same rows, ready to be compared.

    Attributes
    ----------
    taps
        Values with the level removed, times the root of the weights; with longer windows, then
        the values that those go on by, less the level of these.  Each part is filled up with
        zeros to whole fours; (n_sensors, n_windows, n_taps).
    inner
        Taps of the first part.
    level, spread
        Weighted mean and standard deviation, (n_sensors, n_windows).
    link, longer
        Of longer windows: what makes the difference of both parts' levels a part of their
        product, and their standard deviation, (n_sensors, n_windows).
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
    void(_f2, _i1, _f1, _f1, _out3, _out2, _out2),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _centre(
    columns: Array,
    starts: Array,
    weights: Array,
    roots: Array,
    taps: Array,
    level: Array,
    spread: Array,
) -> None:
    width = len(weights)
    for sensor in range(len(columns)):
        for i in range(len(starts)):
            x = columns[sensor, starts[i] : starts[i] + width]
            mean = 0.0
            for k in range(width):
                mean += float64(weights[k]) * float64(x[k])
            m = float32(mean)
            power = 0.0
            for k in range(width):
                v = (x[k] - m) * roots[k]
                taps[sensor, i, k] = v
                power += float64(v) * float64(v)
            level[sensor, i] = m
            spread[sensor, i] = float32(np.sqrt(power))


def centred_windows(columns: Floats, starts: Indices, weights: Floats) -> Windows:
    """Cut windows out of series and split each into level, spread and the rest.

    Parameters
    ----------
    columns
        Sensors × rows, float32, without NaN.
    starts
        First row of each window.
    weights
        Weight of each row of a window, oldest first, adding up to 1; its length is the width.
    """
    series = np.ascontiguousarray(columns, np.float32)
    shape, width = (len(series), len(starts)), len(weights)
    taps = np.zeros((*shape, _whole(width)), np.float32)
    level, spread, link, longer = np.zeros((4, *shape), np.float32)
    _centre(series, starts, weights, np.sqrt(weights), taps, level, spread)
    return Windows(taps, taps.shape[2], level, spread, link, longer, (1.0, 0.0))


@njit(
    void(_f2, _i1, int64, int64, _out3, int64, _out2, _out2, _out2, _out2),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _centre_parts(
    columns: Array,
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
    for sensor in range(len(columns)):
        for i in range(len(starts)):
            x = columns[sensor, starts[i] : starts[i] + long]
            mean, other = 0.0, 0.0
            for k in range(short):
                mean += float64(x[k])
            for k in range(short, long):
                other += float64(x[k])
            m, o = float32(mean / short), float32(other / max(rest, 1))
            power, more = 0.0, 0.0
            for k in range(short):
                v = x[k] - m
                taps[sensor, i, k] = v
                power += float64(v) * float64(v)
            for k in range(rest):
                v = x[short + k] - o
                taps[sensor, i, inner + k] = v
                more += float64(v) * float64(v)
            between = np.sqrt(float64(short) * rest / long) * (float64(m) - float64(o))
            level[sensor, i] = m
            spread[sensor, i] = float32(np.sqrt(power / short))
            link[sensor, i] = float32(between)
            longer[sensor, i] = float32(np.sqrt((power + more + between * between) / long))


def nested_windows(columns: Floats, starts: Indices, widths: tuple[int, int]) -> Windows:
    """Cut short windows, and longer ones that begin at the same rows, out of series.

    Parameters
    ----------
    columns, starts
        As for `centred_windows`.
    widths
        Rows of a short and of a long window, not fewer; all rows count alike.
    """
    short, long = widths
    series = np.ascontiguousarray(columns, np.float32)
    shape, inner = (len(series), len(starts)), _whole(short)
    taps = np.zeros((*shape, inner + _whole(long - short)), np.float32)
    level, spread, link, longer = np.zeros((4, *shape), np.float32)
    _centre_parts(series, starts, short, long, taps, inner, level, spread, link, longer)
    return Windows(taps, inner, level, spread, link, longer, (1 / short, 1 / long))


@njit(
    void(_f2, _i1, int64, _out2),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _steps(columns: Array, starts: Array, width: int, out: Array) -> None:
    for sensor in range(len(columns)):
        for i in range(len(starts)):
            x = columns[sensor, starts[i] : starts[i] + width]
            total = 0.0
            for k in range(1, width):
                total += abs(float64(x[k]) - float64(x[k - 1]))
            out[sensor, i] = float32(total / (width - 1))


def roughness(columns: Floats, starts: Indices, width: int) -> Floats:
    """Return the mean absolute step within each window, shape (n_sensors, n_windows).

    Parameters
    ----------
    columns, starts
        As for `centred_windows`.
    width
        Rows a window, at least 2.
    """
    out = np.empty((len(columns), len(starts)), np.float32)
    _steps(np.ascontiguousarray(columns, np.float32), starts, width, out)
    return out
