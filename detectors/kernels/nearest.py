"""Nearest reference rows by Euclidean distance, exact although matrix products find them.

A product of matrices gives all squared distances at once, but in single precision it loses the
small ones.  Here it only rules rows out: its rounding error is bounded, every row that may be
among the nearest is kept, and the distances of those are computed from the differences.  So
the results depend neither on how queries are cut into blocks nor on the number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import float32, float64, int64, njit, types, void

from detectors.kernels.arrays import Array, Floats, Indices, between, matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_BLOCK = 512
_BLOCK_CELLS = 4_000_000
_CHUNK = 128
_ROUNDING = 2.0**-24

_f2 = types.Array(float32, 2, "C", readonly=True)
_f1 = types.Array(float32, 1, "C", readonly=True)


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})
def _lowest(row: Array) -> np.float32:
    low: np.float32 = row[0]
    for j in range(len(row)):
        v = row[j]
        low = v if v < low else low
    return low


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


@njit(void(_f2, float32[:, ::1], int64[:, ::1]), cache=True, nogil=True)
def _smallest(D: Array, best: Array, where: Array) -> None:
    k = best.shape[1]
    best[:] = np.inf
    where[:] = 0
    for i in range(len(D)):
        for begin in range(0, D.shape[1], _CHUNK):
            chunk = D[i, begin : begin + _CHUNK]
            if _lowest(chunk) < best[i, k - 1]:
                for j in range(len(chunk)):
                    if chunk[j] < best[i, k - 1]:
                        _insert(best[i], where[i], chunk[j], begin + j)


def kth_smallest(D: ArrayLike, k: int) -> Floats:
    """Return the k-th smallest entry of every row, (n_rows,); the largest if k is beyond.

    Raises
    ------
    InvalidInput
        Not a matrix, or k below 1.
    """
    rows = matrix(D, "D")
    k = min(between(k, 1, None, "k"), rows.shape[1])
    best = np.empty((len(rows), k), np.float32)
    _smallest(rows, best, np.empty((len(rows), k), np.int64))
    return best[:, -1].copy()


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _squared(a: Array, b: Array) -> float:
    total = 0.0
    for t in range(len(a)):
        gap = float64(a[t]) - float64(b[t])
        total += gap * gap
    return total


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz", "contract"})
def _lowest_bound(products: Array, powers: Array, factor: float) -> np.float32:
    low = np.float32(np.inf)
    two = np.float32(2)
    for j in range(len(products)):
        v = factor * powers[j] - two * products[j]
        low = v if v < low else low
    return low


@njit(cache=True, nogil=True)
def _upper_bound(products: Array, powers: Array, factor: float, bounds: Array) -> Any:
    """The k-th smallest upper bound; `bounds` is room for k values and their indices."""
    k = len(bounds)
    two = np.float32(2)
    nowhere = np.empty(k, np.int64)
    bounds[:] = np.inf
    for begin in range(0, len(products), _CHUNK):
        chunk = products[begin : begin + _CHUNK]
        power = powers[begin : begin + _CHUNK]
        if _lowest_bound(chunk, power, factor) < bounds[k - 1]:
            for j in range(len(chunk)):
                v = factor * power[j] - two * chunk[j]
                if v < bounds[k - 1]:
                    _insert(bounds, nowhere, v, 0)
    return bounds[k - 1]


@njit(
    void(_f2, _f1, _f1, _f2, _f2, float32, float64[:, ::1], int64[:, ::1]),
    cache=True,
    nogil=True,
)
def _settle(
    products: Array,
    own: Array,
    other: Array,
    queries: Array,
    references: Array,
    slack: float,
    best: Array,
    where: Array,
) -> None:
    """Exact distances of the references that the products cannot rule out.

    Parameters
    ----------
    products
        Inner products of centred rows, (n_queries, n_references).
    own, other
        Squared lengths of centred queries and references.
    queries, references
        The rows as they are.
    slack
        Bound on the error of a squared distance, relative to ``own + other``.
    best, where
        Filled: squared distances, ascending, and their references, (n_queries, k).
    """
    k = best.shape[1]
    bounds = np.empty(k, np.float32)
    two = np.float32(2)
    under = np.float32(1) - slack
    best[:] = np.inf
    where[:] = 0
    for i in range(len(queries)):
        limit = _upper_bound(products[i], other, np.float32(1) + slack, bounds)
        limit += np.float32(3) * slack * own[i]
        for begin in range(0, len(other), _CHUNK):
            chunk = products[i, begin : begin + _CHUNK]
            power = other[begin : begin + _CHUNK]
            # Where a square overflowed, no comparison holds and nothing is ruled out.
            if _lowest_bound(chunk, power, under) > limit:
                continue
            for j in range(len(chunk)):
                if not (under * power[j] - two * chunk[j] > limit):
                    exact = _squared(queries[i], references[begin + j])
                    if exact < best[i, k - 1]:
                        _insert(best[i], where[i], exact, begin + j)


def nearest(references: ArrayLike, queries: ArrayLike, k: int = 1) -> tuple[Floats, Indices]:
    """Find the k nearest reference rows of every query.

    Parameters
    ----------
    references
        Finite values, (n_references, width).
    queries
        Finite values, (n_queries, width).
    k
        Neighbours; all references where there are fewer.

    Returns
    -------
    distances : ndarray of shape (n_queries, k), float32
        Ascending, correctly rounded but for the last bit; 0 for a query that is a reference.
    indices : ndarray of shape (n_queries, k), int64
        Of equally near references, those that come first.

    Raises
    ------
    InvalidInput
        Not matrices of one width, or k below 1.
    """
    rows = matrix(references, "references")
    asked = matrix(queries, "queries", columns=rows.shape[1])
    k = min(between(k, 1, None, "k"), len(rows))
    best = np.empty((len(asked), k))
    where = np.empty((len(asked), k), np.int64)
    centre = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    slack = np.float32((2 * rows.shape[1] + 16) * _ROUNDING)
    size = min(max(_BLOCK_CELLS // len(rows), 16), _BLOCK)
    with np.errstate(over="ignore", invalid="ignore"):
        centred = rows - centre
        other = np.einsum("ij,ij->i", centred, centred)
        for begin in range(0, len(asked), size):
            part = slice(begin, begin + size)
            block = asked[part] - centre
            own = np.einsum("ij,ij->i", block, block)
            products = block @ centred.T
            _settle(products, own, other, asked[part], rows, slack, best[part], where[part])
    return np.sqrt(best).astype(np.float32), where


def kth_distance(references: ArrayLike, queries: ArrayLike, k: int) -> Floats:
    """Distance of every query from its k-th nearest reference, (n_queries,); see `nearest`."""
    return nearest(references, queries, k)[0][:, -1].copy()


def mean_distance(references: ArrayLike, queries: ArrayLike, k: int) -> Floats:
    """Mean distance of every query from its k nearest references, (n_queries,)."""
    mean: Floats = nearest(references, queries, k)[0].mean(axis=1)
    return mean


def nearest_index(references: ArrayLike, queries: ArrayLike, k: int = 1) -> Indices:
    """Nearest references of every query, nearest first, (n_queries, k); see `nearest`."""
    return nearest(references, queries, k)[1]
