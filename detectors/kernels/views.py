"""Nearest reference windows of each sensor, by several distances in one pass.

The values as they are, with the level removed, and with level and size removed differ only by
what is done to two numbers a window, so one inner product serves all three; and the product of
longer windows that begin at the same rows goes on where that of the short ones ends.  Queries
lie along the vector lanes in blocks of fixed length: a window's result is the same to the last
bit wherever it stands in the input, whatever is scored beside it and however many threads run.

Ranking would take as long as the products.  So references are taken four at a time, far from
each other in time, and of each four only the nearest is ranked: the third-nearest of these is
the third-nearest of all unless two of the three are of one group, about once in a hundred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import float32, int64, njit, types, uint64, void

from detectors.kernels.arrays import Array, Floats, Indices
from detectors.kernels.cuts import Windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

SIZE_FLOOR = 0.05
"""Added to a window's spread, in the unit of the readings: flat windows are not blown up."""
NEIGHBOUR = 3
GROUP = 4
"""References of which only the nearest is ranked."""
GROUPED_FROM = 256
"""With fewer references each is ranked by itself."""

_LANES = 128
_FLAGS = {"contract", "nnan", "nsz"}

# Places in arrays are unsigned: a place that might be negative keeps loops out of the lanes.
_u64 = np.uint64
_L1, _L2, _L3 = _u64(_LANES), _u64(2 * _LANES), _u64(3 * _LANES)
_1, _2, _3 = _u64(1), _u64(2), _u64(3)
# Where the three smallest values of each view begin, after those of the values as they are.
_FLAT, _SHAPE = _u64(3 * _LANES), _u64(6 * _LANES)
_LONG_FLAT, _LONG_SHAPE = _u64(9 * _LANES), _u64(12 * _LANES)

_f1 = types.Array(float32, 1, "C", readonly=True)
_f2 = types.Array(float32, 2, "C", readonly=True)
_f3 = types.Array(float32, 3, "C", readonly=True)
_i1 = types.Array(int64, 1, "C", readonly=True)
_out1 = float32[::1]


class References(NamedTuple):
    """Windows to be compared with, in groups of four.

    Attributes
    ----------
    taps
        As of `Windows`, one window after the other, (n_sensors, n_windows × n_taps).
    numbers
        Of each window level, square of the spread, 1 / (spread + `SIZE_FLOOR`) and the square
        of their product; then link and the same three of the longer ones,
        (n_sensors, 8, n_windows).
    ranked
        How many groups each sensor has, (n_sensors,).
    """

    taps: Floats
    numbers: Floats
    ranked: Indices


def _numbers(windows: Windows) -> Floats:
    """Return the numbers of `References`."""
    out = np.empty((2, 4, *windows.level.shape), np.float32)
    parts = (windows.level, windows.spread), (windows.link, windows.longer)
    for own, (first, spread) in zip(out, parts, strict=True):
        own[0] = first
        np.multiply(spread, spread, out=own[1])
        np.divide(1, spread + np.float32(SIZE_FLOOR), out=own[2])
        np.square(spread * own[2], out=own[3])
    return np.ascontiguousarray(out.reshape(8, *windows.level.shape).transpose(1, 0, 2))


def references(windows: Windows, known: Mask | None = None) -> References:
    """Put windows into the groups in which they are compared with others.

    Windows that are not known, and those that fill up groups, are infinitely far.

    Parameters
    ----------
    windows
        Of each sensor.
    known
        Which of them each sensor has, (n_sensors, n_windows); None if all.
    """
    sensors, count, _ = windows.taps.shape
    groups = count if count < GROUPED_FROM else -(-count // GROUP)
    order = np.arange(GROUP * groups).reshape(GROUP, groups).T.ravel()
    filled = np.minimum(order, count - 1)
    there = np.broadcast_to(order < count, (sensors, len(order)))
    if known is not None:
        there = there & known[:, filled]
    numbers = np.take(_numbers(windows), filled, axis=2)
    # Squares of spreads, and what is made of them.
    numbers[:, 1::2][np.broadcast_to(~there[:, None], (sensors, 4, len(order)))] = np.inf
    return References(
        np.take(windows.taps, filled, axis=1).reshape(sensors, -1),
        numbers,
        there.reshape(sensors, groups, GROUP).any(axis=2).sum(axis=1),
    )


@njit(
    void(_f1, uint64, uint64, _f1, uint64, _out1, types.boolean),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _add(
    taps: Array, at: Any, n_taps: Any, block: Array, k: Any, sums: Array, anew: bool
) -> None:
    """Add four taps, from the k-th on, to the products of four references with a block.

    Parameters
    ----------
    taps, at, n_taps
        Of the references, where the first one's begin, and how many each has.
    block
        Taps of the queries, (n_taps, lanes).
    sums
        Products, (4, lanes).
    anew
        Begin with these taps.
    """
    r = at + k
    a0, a1, a2, a3 = taps[r], taps[r + _1], taps[r + _2], taps[r + _3]
    r += n_taps
    b0, b1, b2, b3 = taps[r], taps[r + _1], taps[r + _2], taps[r + _3]
    r += n_taps
    c0, c1, c2, c3 = taps[r], taps[r + _1], taps[r + _2], taps[r + _3]
    r += n_taps
    d0, d1, d2, d3 = taps[r], taps[r + _1], taps[r + _2], taps[r + _3]
    q = k * _L1
    if anew:
        for i in range(_L1):
            v0, v1 = block[q + i], block[q + _L1 + i]
            v2, v3 = block[q + _L2 + i], block[q + _L3 + i]
            sums[i] = ((a0 * v0 + a1 * v1) + a2 * v2) + a3 * v3
            sums[_L1 + i] = ((b0 * v0 + b1 * v1) + b2 * v2) + b3 * v3
            sums[_L2 + i] = ((c0 * v0 + c1 * v1) + c2 * v2) + c3 * v3
            sums[_L3 + i] = ((d0 * v0 + d1 * v1) + d2 * v2) + d3 * v3
    else:
        for i in range(_L1):
            v0, v1 = block[q + i], block[q + _L1 + i]
            v2, v3 = block[q + _L2 + i], block[q + _L3 + i]
            sums[i] = (((sums[i] + a0 * v0) + a1 * v1) + a2 * v2) + a3 * v3
            sums[_L1 + i] = (((sums[_L1 + i] + b0 * v0) + b1 * v1) + b2 * v2) + b3 * v3
            sums[_L2 + i] = (((sums[_L2 + i] + c0 * v0) + c1 * v1) + c2 * v2) + c3 * v3
            sums[_L3 + i] = (((sums[_L3 + i] + d0 * v0) + d1 * v1) + d2 * v2) + d3 * v3


@njit(cache=True, nogil=True, fastmath=_FLAGS, inline="always")
def _rank(best: Array, i: Any, d0: Any, d1: Any, d2: Any, d3: Any) -> None:
    """Sort the least of four values into the three smallest of a lane and view."""
    d0 = d0 if d0 < d1 else d1
    d2 = d2 if d2 < d3 else d3
    d = d0 if d0 < d2 else d2
    b0, b1, b2 = best[i], best[_L1 + i], best[_L2 + i]
    best[i] = b0 if b0 < d else d
    d = d if b0 < d else b0
    best[_L1 + i] = b1 if b1 < d else d
    d = d if b1 < d else b1
    best[_L2 + i] = b2 if b2 < d else d


@njit(
    void(_f1, _f2, uint64, float32, _f1, _f1, _out1),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _rank_short(
    sums: Array,
    numbers: Array,
    r: Any,
    weight: Any,
    level: Array,
    inverse: Array,
    best: Array,
) -> None:
    """Rank four references by the products of short windows, in three views."""
    l0, l1, l2, l3 = numbers[0, r], numbers[0, r + _1], numbers[0, r + _2], numbers[0, r + _3]
    p0, p1, p2, p3 = numbers[1, r], numbers[1, r + _1], numbers[1, r + _2], numbers[1, r + _3]
    n0, n1, n2, n3 = numbers[2, r], numbers[2, r + _1], numbers[2, r + _2], numbers[2, r + _3]
    u0, u1, u2, u3 = numbers[3, r], numbers[3, r + _1], numbers[3, r + _2], numbers[3, r + _3]
    n0, n1, n2, n3 = weight * n0, weight * n1, weight * n2, weight * n3
    for i in range(_L1):
        g0, g1, g2, g3 = sums[i], sums[_L1 + i], sums[_L2 + i], sums[_L3 + i]
        c0, c1, c2, c3 = p0 + weight * g0, p1 + weight * g1, p2 + weight * g2, p3 + weight * g3
        _rank(best, _FLAT + i, c0, c1, c2, c3)
        y = level[i]
        h0, h1, h2, h3 = y - l0, y - l1, y - l2, y - l3
        _rank(best, i, c0 + h0 * h0, c1 + h1 * h1, c2 + h2 * h2, c3 + h3 * h3)
        v = inverse[i]
        g0, g1, g2, g3 = g0 * v, g1 * v, g2 * v, g3 * v
        _rank(best, _SHAPE + i, u0 + n0 * g0, u1 + n1 * g1, u2 + n2 * g2, u3 + n3 * g3)


@njit(
    void(_f1, _f2, uint64, float32, _f1, _f1, _out1),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _rank_long(
    sums: Array,
    numbers: Array,
    r: Any,
    weight: Any,
    link: Array,
    inverse: Array,
    best: Array,
) -> None:
    """Rank four references by the products of longer windows, in two views."""
    k0, k1, k2, k3 = numbers[4, r], numbers[4, r + _1], numbers[4, r + _2], numbers[4, r + _3]
    p0, p1, p2, p3 = numbers[5, r], numbers[5, r + _1], numbers[5, r + _2], numbers[5, r + _3]
    n0, n1, n2, n3 = numbers[6, r], numbers[6, r + _1], numbers[6, r + _2], numbers[6, r + _3]
    u0, u1, u2, u3 = numbers[7, r], numbers[7, r + _1], numbers[7, r + _2], numbers[7, r + _3]
    n0, n1, n2, n3 = weight * n0, weight * n1, weight * n2, weight * n3
    for i in range(_L1):
        k = link[i]
        g0, g1 = sums[i] + k * k0, sums[_L1 + i] + k * k1
        g2, g3 = sums[_L2 + i] + k * k2, sums[_L3 + i] + k * k3
        c0, c1, c2, c3 = p0 + weight * g0, p1 + weight * g1, p2 + weight * g2, p3 + weight * g3
        _rank(best, _LONG_FLAT + i, c0, c1, c2, c3)
        v = inverse[i]
        g0, g1, g2, g3 = g0 * v, g1 * v, g2 * v, g3 * v
        _rank(best, _LONG_SHAPE + i, u0 + n0 * g0, u1 + n1 * g1, u2 + n2 * g2, u3 + n3 * g3)


@njit(
    void(_f2, _f3, int64, _f3, _f3, float32, float32, _i1, float32[:, :, ::1]),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _nearest(
    taps: Array,
    numbers: Array,
    inner: int,
    queries: Array,
    own: Array,
    weight: Any,
    weight_long: Any,
    ranks: Array,
    out: Array,
) -> None:
    """Fill the squared distances of the views, (n_sensors, 3 or 5, n_queries).

    Parameters
    ----------
    taps, numbers
        Of the references.
    inner
        Taps of a short window.
    queries, own
        Their taps, and their `_numbers`.
    weight, weight_long
        Minus twice those of products of taps.
    ranks
        Which of the three smallest, (n_sensors,).
    """
    n_sensors, n_queries, n_taps = queries.shape
    block = np.empty(n_taps * _LANES, np.float32)
    sums = np.empty(4 * _LANES, np.float32)
    best = np.empty(15 * _LANES, np.float32)
    lanes = np.zeros((4, _LANES), np.float32)
    level, inverse, link, inverse_long = lanes[0], lanes[1], lanes[2], lanes[3]
    views, count = out.shape[1], numbers.shape[2]
    for cell in range(n_sensors * -(-n_queries // _LANES)):
        sensor, begin = cell % n_sensors, cell // n_sensors * _LANES
        used = min(_LANES, n_queries - begin)
        mine, known = own[sensor], numbers[sensor]
        for i in range(_LANES):
            j = begin + min(i, used - 1)
            for k in range(n_taps):
                block[k * _LANES + i] = queries[sensor, j, k]
            level[i], inverse[i] = mine[0, j], mine[2, j]
            link[i], inverse_long[i] = mine[4, j], mine[6, j]
        best[:] = np.inf
        for r in range(0, count, 4):
            at = r * n_taps
            for k in range(0, inner, 4):
                _add(taps[sensor], at, n_taps, block, k, sums, k == 0)
            _rank_short(sums, known, r, weight, level, inverse, best)
            if views > 3:
                for k in range(inner, n_taps, 4):
                    _add(taps[sensor], at, n_taps, block, k, sums, k < inner)
                _rank_long(sums, known, r, weight_long, link, inverse_long, best)
        for v in range(views):
            place = (3 * v + ranks[sensor]) * _LANES
            for i in range(used):
                out[sensor, v, begin + i] = best[place + i]


def nearest_views(known: References, queries: Windows) -> Floats:
    """Return the distance of each query from its third-nearest reference.

    Returns
    -------
    ndarray of shape (3, n_sensors, n_queries), or (5, n_sensors, n_queries)
        Root weighted mean square gap per row of the window, in the unit of the readings: of
        the values as they are, with the level removed, and with level and size removed; the
        last two again for the longer windows, if there are any.  With fewer than three
        references, the distance from the farthest of them; NaN without any.
    """
    short, long = queries.weights
    own = _numbers(queries)
    sensors, count = queries.level.shape
    out = np.empty((sensors, 5 if long else 3, count), np.float32)
    ranks = np.clip(known.ranked, 1, NEIGHBOUR) - 1
    weights = np.float32(-2 * short), np.float32(-2 * long)
    _nearest(known.taps, known.numbers, queries.inner, queries.taps, own, *weights, ranks, out)
    out += own[:, [1, 1, 3, 5, 7][: out.shape[1]]]
    out[known.ranked == 0] = np.nan
    found = np.ascontiguousarray(out.transpose(1, 0, 2))
    return np.sqrt(np.maximum(found, 0, out=found), out=found)
