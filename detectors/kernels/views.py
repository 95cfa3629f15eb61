"""Nearest reference windows of one sensor, by three distances in one pass.

The values as they are, with the level removed, and with level and size removed differ only by
what is done to two numbers a window, so one inner product serves all three.  Queries lie along
the vector lanes in blocks of fixed length: a window's result is the same to the last bit
wherever it stands in the input, whatever is scored beside it and however many threads run.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import float32, float64, int64, njit, types, void

from detectors.kernels.arrays import Array, Floats, Indices

SIZE_FLOOR = 0.05
"""Added to a window's spread, in the unit of the readings: flat windows are not blown up."""
NEIGHBOUR = 3

_LANES = 128
_TAPS = 8
_FLAGS = {"contract", "nnan", "nsz"}

_f1 = types.Array(float32, 1, "C", readonly=True)
_f2 = types.Array(float32, 2, "C", readonly=True)
_i1 = types.Array(int64, 1, "C", readonly=True)


class Windows(NamedTuple):
    """Windows of one sensor, ready to be compared.

    Attributes
    ----------
    centred
        Level removed, times the root of the weights; (n_windows, width).
    level, spread
        Weighted mean and weighted standard deviation; (n_windows,).
    """

    centred: Floats
    level: Floats
    spread: Floats


@njit(
    void(_f1, _i1, _f1, float32[:, ::1], float32[::1], float32[::1]),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _centre(
    x: Array, starts: Array, weights: Array, centred: Array, level: Array, spread: Array
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
            v = (x[s + k] - m) * float32(np.sqrt(weights[k]))
            centred[i, k] = v
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
    shape = (len(starts), len(weights))
    out = Windows(
        np.empty(shape, np.float32),
        np.empty(shape[0], np.float32),
        np.empty(shape[0], np.float32),
    )
    _centre(np.ascontiguousarray(x, np.float32), starts, weights, *out)
    return out


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


@njit(
    void(_f2, int64, int64, int64, _f2, float32[:, ::1]),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _products(
    references: Array, r: int, pair: int, width: int, queries: Array, out: Array
) -> None:
    """Inner products of references r and r + pair with a block of queries (width × lanes)."""
    a, b = out[0], out[1]
    for i in range(_LANES):
        a[i] = 0.0
        b[i] = 0.0
    ra, rb = references[r], references[r + pair]
    whole = width - width % _TAPS
    for k in range(0, whole, _TAPS):
        q0, q1, q2, q3 = queries[k], queries[k + 1], queries[k + 2], queries[k + 3]
        q4, q5, q6, q7 = queries[k + 4], queries[k + 5], queries[k + 6], queries[k + 7]
        a0, a1, a2, a3 = ra[k], ra[k + 1], ra[k + 2], ra[k + 3]
        a4, a5, a6, a7 = ra[k + 4], ra[k + 5], ra[k + 6], ra[k + 7]
        b0, b1, b2, b3 = rb[k], rb[k + 1], rb[k + 2], rb[k + 3]
        b4, b5, b6, b7 = rb[k + 4], rb[k + 5], rb[k + 6], rb[k + 7]
        for i in range(_LANES):
            v0, v1, v2, v3 = q0[i], q1[i], q2[i], q3[i]
            v4, v5, v6, v7 = q4[i], q5[i], q6[i], q7[i]
            p = a[i]
            q = b[i]
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
            a[i] = p
            b[i] = q
    for k in range(whole, width):
        q0 = queries[k]
        a0, b0 = ra[k], rb[k]
        for i in range(_LANES):
            v0 = q0[i]
            a[i] += a0 * v0
            b[i] += b0 * v0


@njit(cache=True, nogil=True, fastmath=_FLAGS, inline="always")
def _keep(best: Array, i: int, d: Any) -> None:
    """Sort d into the three smallest values of lane i."""
    b0, b1, b2 = best[0, i], best[1, i], best[2, i]
    low = b0 if b0 < d else d
    d = d if b0 < d else b0
    best[0, i] = low
    low = b1 if b1 < d else d
    d = d if b1 < d else b1
    best[1, i] = low
    best[2, i] = b2 if b2 < d else d


_sig = void(_f2, _f1, _f1, _f2, _f1, _f1, int64, float32, float32[:, ::1])


@njit(_sig, cache=True, nogil=True, fastmath=_FLAGS)
def _nearest(
    centred: Array,
    level: Array,
    spread: Array,
    qcentred: Array,
    qlevel: Array,
    qspread: Array,
    rank: int,
    floor: Any,
    out: Array,
) -> None:
    count, width = centred.shape
    block = np.empty((width, _LANES), np.float32)
    products = np.empty((2, _LANES), np.float32)
    best = np.empty((3, 3, _LANES), np.float32)
    lv, pw = np.zeros(_LANES, np.float32), np.zeros(_LANES, np.float32)
    inv, unit = np.zeros(_LANES, np.float32), np.zeros(_LANES, np.float32)
    two = np.float32(2)
    for begin in range(0, len(qlevel), _LANES):
        used = min(_LANES, len(qlevel) - begin)
        for i in range(_LANES):
            j = begin + min(i, used - 1)
            for k in range(width):
                block[k, i] = qcentred[j, k]
            lv[i] = qlevel[j]
            pw[i] = qspread[j] * qspread[j]
            inv[i] = np.float32(1) / (qspread[j] + floor)
            unit[i] = pw[i] * inv[i] * inv[i]
        best[:] = np.inf
        raw, flat, shape = best[0], best[1], best[2]
        for r in range(0, count, 2):
            pair = 1 if r + 1 < count else 0
            _products(centred, r, pair, width, block, products)
            for half in range(pair + 1):
                g = products[half]
                rl = level[r + half]
                rp = spread[r + half] * spread[r + half]
                ri = np.float32(1) / (spread[r + half] + floor)
                ru = rp * ri * ri
                for i in range(_LANES):
                    c = (pw[i] + rp) - two * g[i]
                    gap = lv[i] - rl
                    z = (unit[i] + ru) - (two * ri) * (g[i] * inv[i])
                    _keep(flat, i, c)
                    _keep(raw, i, c + gap * gap)
                    _keep(shape, i, z)
        for v in range(3):
            for i in range(used):
                d = best[v, rank, i]
                out[v, begin + i] = np.sqrt(d) if d > 0 else np.float32(0)


def nearest_views(references: Windows, queries: Windows) -> Floats:
    """Return the distance of each query from its third-nearest reference.

    Returns
    -------
    ndarray of shape (3, n_queries)
        Root weighted mean square gap per row of the window, in the unit of the readings: of
        the values as they are, with the level removed, and with level and size removed.
        With fewer than three references, the distance from the farthest of them.
    """
    out = np.empty((3, len(queries.level)), np.float32)
    rank = min(NEIGHBOUR, len(references.level)) - 1
    _nearest(*references, *queries, rank, np.float32(SIZE_FLOOR), out)
    return out
