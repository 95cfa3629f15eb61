"""Nearest reference windows of several sensors, exact, without cutting any window out.

The inner product of two windows is a sum of inner products of rows, and the next pair of
windows on the same diagonal shares all of them but one: a product of the rows' matrices and
running sums give all squared distances.  As in `detectors.kernels.nearest` they only rule
windows out: the error is bounded, every window that may be among the nearest is kept, and the
distances of those are computed from the differences.  So the results depend neither on how
queries are cut into blocks nor on the library that multiplies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import float32, float64, int32, int64, njit, types, void

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Doubles, Floats, Indices, between, matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_BLOCK = 256
_CHUNK = 64
_SINGLE = 2.0**-24
_DOUBLE = 2.0**-53
_TAME = 2.0**-9

_LENGTH = np.uint64(_CHUNK)
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
    base: Any,
    room: Array,
    bits: Array,
) -> Any:
    """Move a chunk of sums one step along their diagonals; returns the least lower bound.

    Parts of arrays are told by where they begin: slices would cost as much as the sums.  The
    least is found by its bits, as in `detectors.kernels.join`; of several below 0 any.
    `bits` is the same memory as `room`, as whole numbers.
    """
    for j in range(_LENGTH):
        sums[place + j] += products[come + j] - products[gone + j]
    for j in range(_LENGTH):
        y = sums[place + j]
        room[j] = (base + under[at + j]) - (y + y)
    least = bits[0]
    for j in range(_LENGTH):
        least = bits[j] if bits[j] < least else least
    bits[0] = least
    return room[0]


@njit(cache=True, nogil=True, error_model="numpy")
def _first(products: Array, at: int, step: int, width: int) -> float:
    """Inner product of a pair of windows whose diagonal begins here."""
    total = 0.0
    for t in range(width):
        total += float64(products[at + t * step])
    return total


_listed = float64[:, ::1], int64[::1], int64[:, ::1], float64[:, ::1]


@njit(
    [
        void(
            _f1,
            int64,
            kind[::1],
            whole[::1],
            int64,
            _d1,
            _d1,
            int64,
            float64,
            float64,
            *_listed,
        )
        for kind, whole in ((float32, int32), (float64, int64))
    ],
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _scan(
    products: Array,
    row: int,
    sums: Array,
    bits: Array,
    number: int,
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
    """List the windows of one segment that may be among a query's nearest.

    Parameters
    ----------
    products, row
        Inner products of centred rows, one query row after the other and a chunk more, and how
        many there are a row.
    sums, bits
        Room for a chunk, for as many sums as there are query and reference windows, and for a
        chunk again, in the precision in which they run; the same as whole numbers.
    number
        Of the segment's first window.
    own, other
        Sums of squares of centred query and reference windows.
    slack
        Bound on the error of a squared distance, relative to ``own + other``.
    lost
        What running sums have lost since a block began, whatever they passed.
    bounds
        Least upper bounds of each query so far, ascending, (n_queries, k).
    counts, places, lower
        How many are listed for each query; their numbers and lower bounds.
    """
    windows, k = len(other), bounds.shape[1]
    # Sums stand by their diagonals, which a segment's windows wander along.
    room, bits, sums = sums[:_CHUNK], bits[:_CHUNK], sums[_CHUNK:]
    sums[:] = 0
    under = np.full(windows + _CHUNK, np.inf, sums.dtype)
    under[:windows] = (1.0 - slack) * other
    nowhere = np.empty(k, np.int64)
    for i in range(len(own)):
        base = (1.0 + slack) * own[i] + lost  # so that no upper bound is below 0
        more = 2.0 * (slack * own[i] + lost)
        place = len(own) - i
        room[0] = base
        own_base = room[0]  # in the precision of the sums
        for t in range(windows if i == 0 else 1):
            sums[place + t] = _first(products, i * row + t, row + 1, width)
        # The first window is a chunk of its own: the others are whole numbers of lanes.
        for begin in range(1 - _CHUNK, windows, _CHUNK):
            first, end = max(begin, 0), min(begin + _CHUNK, windows)
            if i > 0 and begin > 0:
                low = _step(
                    sums,
                    _u64(place + begin),
                    products,
                    _u64((i + width - 1) * row + width - 1 + begin),
                    _u64((i - 1) * row - 1 + begin),
                    under,
                    _u64(begin),
                    own_base,
                    room,
                    bits,
                )
                if low > bounds[i, k - 1] + more:
                    continue
            for j in range(first, end):
                least = base + float64(under[j]) - 2.0 * float64(sums[place + j])
                if least <= bounds[i, k - 1] + more:
                    places[i, counts[i]] = number + j
                    lower[i, counts[i]] = least
                    counts[i] += 1
                    most = least + 2.0 * slack * other[j]
                    if most < bounds[i, k - 1]:
                        _insert(bounds[i], nowhere, most, 0)


@njit(
    void(
        _f1, _f1, int64, int64, int64, float64, float64, _d1,
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
    windows: int,
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
    n_columns, width, windows
        Values a row, rows a window, windows a segment.
    slack, lost, own, bounds, counts, places, lower
        As for `_scan`.
    best, where
        Filled: squared distances, ascending, and their windows, (n_queries, k).
    """
    k, size = best.shape[1], width * n_columns
    for i in range(len(best)):
        limit = bounds[i, k - 1] + 2.0 * (slack * own[i] + lost)
        query = queries[i * n_columns : i * n_columns + size]
        best[i] = np.inf
        where[i] = 0
        for c in range(counts[i]):
            if lower[i, c] <= limit:
                j = places[i, c]
                at = (j // windows * (windows + width - 1) + j % windows) * n_columns
                exact = _squared(query, references[at : at + size])
                if exact < best[i, k - 1]:
                    _insert(best[i], where[i], exact, j)


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
    given = np.ascontiguousarray(references, np.float32)
    if given.ndim != 3:
        raise InvalidInput(f"references must be segments of rows, got shape {given.shape}")
    segments, n_rows, n_columns = given.shape
    rows = matrix(given.reshape(-1, n_columns), "references")
    asked = matrix(queries, "queries", columns=n_columns)
    width = between(width, 1, min(n_rows, len(asked)), "width")
    windows = n_rows - width + 1
    k = min(between(k, 1, None, "k"), segments * windows)
    if not max(float(np.abs(rows).max()), float(np.abs(asked).max())) <= _LARGEST:
        raise InvalidInput("windows are compared up to values of 1e15")
    centre = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    parts = (rows - centre).reshape(given.shape)
    other = [_powers(part, width) for part in parts]
    largest = max(float(powers.max()) for powers in other)
    slack = (2 * n_columns + 24) * _SINGLE
    count = len(asked) - width + 1
    best, where = np.empty((count, k)), np.empty((count, k), np.int64)
    places = np.empty((_BLOCK, segments * windows), np.int64)
    lower = np.empty((_BLOCK, segments * windows))
    flat = np.zeros((_BLOCK + width - 1) * n_rows + _CHUNK, np.float32)
    sums = np.empty(_BLOCK + windows + 3 * _CHUNK)
    singles = sums.view(np.float32)
    rooms = (singles, singles.view(np.int32)), (sums, sums.view(np.int64))
    for begin in range(0, count, _BLOCK):
        end = min(begin + _BLOCK, count)
        block = asked[begin : end + width - 1]
        moved = block - centre
        own = _powers(moved, width)
        lost = 4.0 * len(moved) * (float(own.max()) + largest)
        # A wild reading must not hide what its neighbours are near to.
        is_tame = lost * _SINGLE <= _TAME * float(np.median(own))
        room, lost = (rooms[0], lost * _SINGLE) if is_tame else (rooms[1], lost * _DOUBLE)
        products = flat[: len(moved) * n_rows].reshape(-1, n_rows)
        bounds, counts = np.full((len(own), k), np.inf), np.zeros(len(own), np.int64)
        listed = bounds, counts, places, lower
        for s, part in enumerate(parts):
            np.matmul(moved, part.T, out=products)
            known = own, other[s], width, slack, lost
            _scan(flat, n_rows, *room, s * windows, *known, *listed)
        sizes = n_columns, width, windows, slack, lost
        found = best[begin:end], where[begin:end]
        _settle(block.ravel(), rows.ravel(), *sizes, own, *listed, *found)
    return np.sqrt(best).astype(np.float32), where
