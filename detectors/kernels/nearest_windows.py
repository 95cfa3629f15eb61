"""Nearest reference windows of several sensors, exact, without cutting any window out.

The inner product of two windows is a sum of inner products of rows, and the next pair of
windows on the same diagonal shares all of them but one: a product of the rows' matrices and
running sums give all squared distances.  As in `detectors.kernels.nearest` they only rule
windows out: the error is bounded, every window that may be among the nearest is kept, and the
distances of those are computed from the differences.  So the results depend neither on how
queries are cut into blocks nor on the library that multiplies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import float32, float64, int64, njit, types, void

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Doubles, Floats, Indices, between, matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_BLOCK = 256
_CHUNK = 64
_LANES = 16
_SINGLE = 2.0**-24
_DOUBLE = 2.0**-53
_MOST = 2**63 - 1
_LARGEST = 1.0e15

_u64 = np.uint64
_f1 = types.Array(float32, 1, "C", readonly=True)
_f2 = types.Array(float32, 2, "C", readonly=True)
_d1 = types.Array(float64, 1, "C", readonly=True)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _squared(a: Array, b: Array) -> float:
    total = 0.0
    for t in range(len(a)):
        gap = float64(a[t]) - float64(b[t])
        total += gap * gap
    return total


@njit(cache=True, nogil=True)
def _insert(best: Array, where: Array, value: float, index: int) -> None:
    """Put a value before all that are larger; the last falls off."""
    t = len(best) - 1
    while t > 0 and best[t - 1] > value:
        best[t] = best[t - 1]
        where[t] = where[t - 1]
        t -= 1
    best[t] = value
    where[t] = index


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz", "contract"}, error_model="numpy")
def _step(
    sums: Array,
    place: np.uint64,
    products: Array,
    come: np.uint64,
    gone: np.uint64,
    under: Array,
    at: np.uint64,
    count: np.uint64,
    base: float,
) -> float:
    """Move sums one step along their diagonals; returns the least lower bound.

    Parts of arrays are told by where they begin: slices would cost as much as the sums.  The
    least is found by its bits, as in `detectors.kernels.join`; of several below 0 any.
    """
    bits = np.int64(_MOST)
    for j in range(count):
        y = sums[place + j] + (float64(products[come + j]) - float64(products[gone + j]))
        sums[place + j] = y
        v = np.float64((base + under[at + j]) - 2.0 * y).view(np.int64)
        bits = v if v < bits else bits
    return float(np.int64(bits).view(np.float64))


@njit(cache=True, nogil=True, error_model="numpy")
def _first(products: Array, at: int, step: int, width: int) -> float:
    """Inner product of a pair of windows whose diagonal begins here."""
    total = 0.0
    for t in range(width):
        total += float64(products[at + t * step])
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _sweep(
    sums: Array,
    place: int,
    products: Array,
    i: int,
    row: int,
    width: int,
    under: Array,
    base: float,
    lows: Array,
) -> int:
    """Fill in the least lower bound of each chunk for query `i`; returns the least one's chunk.

    The first window is a chunk of its own: the others are whole numbers of lanes.
    """
    windows, nearest = len(under), 0
    lows[0] = base + under[0] - 2.0 * sums[place]
    if i == 0:
        lows[1:] = -np.inf  # their sums are new
        return nearest
    for chunk in range(1, len(lows)):
        begin = 1 + (chunk - 1) * _CHUNK
        lows[chunk] = _step(
            sums,
            _u64(place + begin),
            products,
            _u64((i + width - 1) * row + width - 1 + begin),
            _u64((i - 1) * row - 1 + begin),
            under,
            _u64(begin),
            _u64(min(_CHUNK, windows - begin)),
            base,
        )
        if lows[chunk] < lows[nearest]:
            nearest = chunk
    return nearest


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz", "contract"}, error_model="numpy")
def _kth_of_lanes(
    sums: Array,
    place: int,
    under: Array,
    other: Array,
    begin: int,
    end: int,
    base: float,
    slack: float,
    lanes: Array,
    seeds: Array,
    nowhere: Array,
) -> float:
    """Bound the k-th least of a chunk's upper bounds by that of the least of its lanes.

    Windows that follow each other are in different lanes, and alike.
    """
    lanes[:] = np.inf
    for first in range(begin, end - _LANES + 1, _LANES):
        for t in range(_LANES):
            j = _u64(first + t)
            most = base + under[j] - 2.0 * sums[_u64(place) + j] + 2.0 * slack * other[j]
            lanes[t] = most if most < lanes[t] else lanes[t]
    seeds[:] = np.inf
    for t in range(_LANES):
        if lanes[t] < seeds[-1]:
            _insert(seeds, nowhere, lanes[t], 0)
    return float(seeds[-1])


@njit(
    void(
        _f2, _d1, _d1, int64, float64, float64,
        float64[:, ::1], int64[::1], int64[:, ::1], float64[:, ::1],
    ),
    cache=True,
    nogil=True,
    error_model="numpy",
)  # fmt: skip
def _scan(
    products: Array,
    own: Array,
    other: Array,
    width: int,
    slack: float,
    lost: float,
    bounds: Array,
    counts: Array,
    places: Array,
    lower: Array,
) -> None:
    """List the reference windows that may be among a query's nearest.

    The chunk that may hold the nearest is looked into first: what it holds rules most others
    out by their least lower bounds.

    Parameters
    ----------
    products
        Inner products of centred rows, (n_query_rows, n_reference_rows).
    own, other
        Sums of squares of centred query and reference windows; infinite where it is none.
    slack
        Bound on the error of a squared distance, relative to ``own + other``.
    lost
        What running sums have lost since a block began, whatever they passed.
    bounds
        Filled: least upper bounds of each query, ascending, (n_queries, k).
    counts, places, lower
        Filled: how many are listed for each query; where they begin, lower bounds.
    """
    windows, row, k = len(other), products.shape[1], bounds.shape[1]
    # Sums stand by their diagonals, which the windows wander along.
    sums = np.empty(windows + len(own))
    flat = products.reshape(products.size)
    under = (1.0 - slack) * other
    lows = np.empty((windows + 2 * _CHUNK - 2) // _CHUNK)
    nowhere, seeds, lanes = np.empty(k, np.int64), np.empty(k), np.empty(_LANES)
    for i in range(len(own)):
        base = (1.0 + slack) * own[i] + lost  # so that no upper bound is below 0
        more = 2.0 * (slack * own[i] + lost)
        place = len(own) - i
        for t in range(windows if i == 0 else 1):
            sums[place + t] = _first(flat, i * row + t, row + 1, width)
        nearest = _sweep(sums, place, flat, i, row, width, under, base, lows)
        begin = max(1 + (nearest - 1) * _CHUNK, 0)
        end = min(begin + _CHUNK, windows)
        limit = more + _kth_of_lanes(
            sums, place, under, other, begin, end, base, slack, lanes, seeds, nowhere
        )
        for chunk in range(len(lows)):
            if lows[chunk] > limit:
                continue
            begin = 1 + (chunk - 1) * _CHUNK
            for j in range(max(begin, 0), min(begin + _CHUNK, windows)):
                least = base + under[j] - 2.0 * sums[place + j]
                if least > limit:
                    continue
                places[i, counts[i]] = j
                lower[i, counts[i]] = least
                counts[i] += 1
                most = least + 2.0 * slack * other[j]
                if most < bounds[i, k - 1]:
                    _insert(bounds[i], nowhere, most, 0)
                    limit = min(limit, bounds[i, k - 1] + more)


@njit(
    void(
        _f1, _f1, int64, int64, float64, float64, _d1,
        float64[:, ::1], int64[::1], int64[:, ::1], float64[:, ::1],
        float64[:, ::1], int64[:, ::1],
    ),
    cache=True,
    nogil=True,
    error_model="numpy",
)  # fmt: skip
def _settle(
    queries: Array,
    references: Array,
    n_columns: int,
    width: int,
    slack: float,
    lost: float,
    own: Array,
    bounds: Array,
    counts: Array,
    places: Array,
    lower: Array,
    best: Array,
    where: Array,
) -> None:
    """Exact distances of the windows that are still not ruled out.

    Parameters
    ----------
    queries, references
        Values of the rows as they are, row after row.
    n_columns, width
        Values a row, rows a window.
    slack, lost, own, bounds, counts, places, lower
        As for `_scan`.
    best, where
        Filled: squared distances, ascending, and the rows that their windows begin with,
        (n_queries, k).
    """
    k, size = best.shape[1], width * n_columns
    for i in range(len(best)):
        limit = bounds[i, k - 1] + 2.0 * (slack * own[i] + lost)
        query = queries[i * n_columns : i * n_columns + size]
        best[i] = np.inf
        where[i] = 0
        for c in range(counts[i]):
            if lower[i, c] <= limit:
                at = places[i, c] * n_columns
                exact = _squared(query, references[at : at + size])
                if exact < best[i, k - 1]:
                    _insert(best[i], where[i], exact, places[i, c])


def _powers(rows: Floats, width: int) -> Doubles:
    """Sums of squares of all windows, each added up by itself."""
    squares = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    out = np.zeros(len(rows) - width + 1)
    for lag in range(width):
        out += squares[lag : lag + len(out)]
    return out


def nearest_windows(
    references: ArrayLike, queries: ArrayLike, width: int, k: int = 1
) -> tuple[Floats, Indices]:
    """Find the k nearest reference windows of every query window.

    Parameters
    ----------
    references
        Values of at most 1e15 in size, (n_segments, n_rows, n_columns): every window within a
        segment is a reference.
    queries
        Such values, (n_query_rows, n_columns).
    width
        Rows a window.
    k
        Neighbours; all references where there are fewer.

    Returns
    -------
    distances : ndarray of shape (n_query_rows - width + 1, k), float32
        Euclidean, ascending, correctly rounded but for the last bit.
    indices : ndarray of shape (n_query_rows - width + 1, k), int64
        Window w of segment s is s * (n_rows - width + 1) + w; of equally near ones those that
        come first.

    Raises
    ------
    InvalidInput
        Shapes that do not fit together, values that are too large, or k below 1.
    """
    known = np.ascontiguousarray(references, np.float32)
    if known.ndim != 3:
        raise InvalidInput(f"references must be segments of rows, got shape {known.shape}")
    segments, n_rows, n_columns = known.shape
    rows = matrix(known.reshape(-1, n_columns), "references")
    asked = matrix(queries, "queries", columns=n_columns)
    width = between(width, 1, min(n_rows, len(asked)), "width")
    windows = n_rows - width + 1
    k = min(between(k, 1, None, "k"), segments * windows)
    if not max(float(np.abs(rows).max()), float(np.abs(asked).max())) <= _LARGEST:
        raise InvalidInput("windows are compared up to values of 1e15")
    centre = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    parts = rows - centre
    other = _powers(parts, width)
    # What begins in one segment and ends in the next is no window.
    other.reshape(-1)[np.arange(len(other)) % n_rows >= windows] = np.inf
    slack = (2 * n_columns + 16) * _SINGLE
    largest = float(other[np.isfinite(other)].max())
    count = len(asked) - width + 1
    best, where = np.empty((count, k)), np.empty((count, k), np.int64)
    places = np.empty((_BLOCK, len(other)), np.int64)
    lower = np.empty((_BLOCK, len(other)))
    products = np.empty((min(_BLOCK, count) + width - 1, len(rows)), np.float32)
    for begin in range(0, count, _BLOCK):
        end = min(begin + _BLOCK, count)
        block = asked[begin : end + width - 1]
        moved = block - centre
        own = _powers(moved, width)
        lost = 4.0 * _DOUBLE * len(moved) * (float(own.max()) + largest)
        bounds, counts = np.full((len(own), k), np.inf), np.zeros(len(own), np.int64)
        listed = bounds, counts, places, lower
        here = np.matmul(moved, parts.T, out=products[: len(moved)])
        _scan(here, own, other, width, slack, lost, *listed)
        found = best[begin:end], where[begin:end]
        _settle(
            block.ravel(), rows.ravel(), n_columns, width, slack, lost, own, *listed, *found
        )
    where -= where // n_rows * (width - 1)
    return np.sqrt(best).astype(np.float32), where
