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
_SINGLE = 2.0**-24
_DOUBLE = 2.0**-53
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
) -> float:
    """Move sums one step along their diagonals; returns the least lower bound.

    Parts of arrays are told by where they begin: slices would cost as much as the sums.
    """
    low = np.inf
    for j in range(count):
        y = sums[place + j] + (float64(products[come + j]) - float64(products[gone + j]))
        sums[place + j] = y
        v = under[at + j] - 2.0 * y
        low = v if v < low else low
    return low


@njit(cache=True, nogil=True, error_model="numpy")
def _first(products: Array, at: int, step: int, width: int) -> float:
    """Inner product of a pair of windows whose diagonal begins here."""
    total = 0.0
    for t in range(width):
        total += float64(products[at + t * step])
    return total


@njit(
    void(
        _f2, _d1, _d1, _f1, _f1, int64, int64, int64, int64, float64,
        float64[:, ::1], int64[:, ::1],
    ),
    cache=True,
    nogil=True,
    error_model="numpy",
)  # fmt: skip
def _settle(
    products: Array,
    own: Array,
    other: Array,
    queries: Array,
    references: Array,
    n_columns: int,
    width: int,
    windows: int,
    segments: int,
    slack: float,
    best: Array,
    where: Array,
) -> None:
    """Exact distances of the windows that the products cannot rule out.

    Parameters
    ----------
    products
        Inner products of centred rows, (n_query_rows, n_reference_rows).
    own, other
        Sums of squares of centred query and reference windows.
    queries, references
        Values of the rows as they are, row after row.
    n_columns, width, windows, segments
        Values a row, rows a window, windows a segment, segments.
    slack
        Bound on the error of a squared distance, relative to ``own + other``.
    best, where
        Filled: squared distances, ascending, and their windows, (n_queries, k).
    """
    k = best.shape[1]
    size = width * n_columns
    # Sums stand by their diagonals, which the windows of a segment wander along.
    room = windows + len(own)
    sums = np.empty(segments * room)
    row = products.shape[1]
    flat = products.reshape(products.size)
    under = (1.0 - slack) * other
    # What running sums have lost since a block began, whatever they passed.
    lost = 4.0 * _DOUBLE * (len(own) + width) * (own.max() + other.max())
    chunks = -(-windows // _CHUNK)
    lowest = np.empty((segments, chunks))
    bounds = np.empty(k)
    nowhere = np.empty(k, np.int64)
    for i in range(len(own)):
        bounds[:] = np.inf
        for s in range(segments):
            place = s * room + len(own) - i
            at = s * windows
            now = i * row + s * (windows + width - 1)
            count = windows if i == 0 else 1
            for t in range(count):
                sums[place + t] = _first(flat, now + t, row + 1, width)
            for c in range(chunks):
                begin, end = c * _CHUNK, min((c + 1) * _CHUNK, windows)
                if i > 0:
                    skip = max(begin, 1)
                    low = _step(
                        sums,
                        _u64(place + skip),
                        flat,
                        _u64(now + (row + 1) * (width - 1) + skip),
                        _u64(now - row - 1 + skip),
                        under,
                        _u64(at + skip),
                        _u64(end - skip),
                    )
                    low = min(low, under[at] - 2.0 * sums[place]) if c == 0 else low
                else:
                    low = -np.inf
                lowest[s, c] = low
                if low < bounds[k - 1]:
                    for t in range(begin, end):
                        j = at + t
                        upper = under[j] - 2.0 * sums[place + t] + 2.0 * slack * other[j]
                        if upper < bounds[k - 1]:
                            _insert(bounds, nowhere, upper, 0)
        limit = bounds[k - 1] + 2.0 * slack * own[i] + lost
        best[i] = np.inf
        where[i] = 0
        query = queries[i * n_columns : i * n_columns + size]
        for s in range(segments):
            place = s * room + len(own) - i
            for c in range(chunks):
                if lowest[s, c] > limit:
                    continue
                for t in range(c * _CHUNK, min((c + 1) * _CHUNK, windows)):
                    j = s * windows + t
                    if under[j] - 2.0 * sums[place + t] <= limit:
                        at = (s * (windows + width - 1) + t) * n_columns
                        exact = _squared(query, references[at : at + size])
                        if exact < best[i, k - 1]:
                            _insert(best[i], where[i], exact, j)


def _powers(rows: Floats, width: int) -> Doubles:
    """Sums of squares of all windows, each added up by itself."""
    squares = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(squares, width)
    out: Doubles = np.einsum("ij->i", windows)
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
    centred = rows - centre
    other = np.concatenate(
        [_powers(part, width) for part in centred.reshape(segments, n_rows, n_columns)]
    )
    count = len(asked) - width + 1
    best, where = np.empty((count, k)), np.empty((count, k), np.int64)
    slack = (2 * n_columns + 16) * _SINGLE
    sizes = n_columns, width, windows, segments
    for begin in range(0, count, _BLOCK):
        part = slice(begin, min(begin + _BLOCK, count))
        block = asked[begin : part.stop + width - 1]
        moved = block - centre
        own, products = _powers(moved, width), moved @ centred.T
        found = best[part], where[part]
        _settle(products, own, other, block.ravel(), rows.ravel(), *sizes, slack, *found)
    return np.sqrt(best).astype(np.float32), where
