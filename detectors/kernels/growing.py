"""The matrix profile of a series that grows: each new row costs one step of every diagonal.

The recurrence is that of `detectors.kernels.join`, followed row by row in place of diagonal by
diagonal: one product a known window is kept, and moved along when a row comes.  A product
stands by its diagonal, counted from the end, so that none has to change its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import float64, int64, njit, types, void

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Doubles, Indices, between, series

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_RENEWED = 16
_APART = 4
_LEAST = -(2**63)
_ROOM = 1024
_FLAGS = {"nnan", "nsz", "contract"}

_u64 = np.uint64
_d1 = types.Array(float64, 1, "C", readonly=True)
_l1 = types.Array(int64, 1, "C", readonly=True)


@njit(cache=True, nogil=True, error_model="numpy")
def _measure(
    x: Array, i: int, m: int, mean: Array, scale: Array, half: Array, gap: Array
) -> None:
    """Note what the recurrence needs of window i; its scale is 0 where it is constant."""
    constant = True
    total = 0.0
    for t in range(m):
        total += x[i + t] - x[i]
        constant = constant and x[i + t] == x[i]
    mean[i] = x[i] + total / m
    power = 0.0
    for t in range(m):
        power += (x[i + t] - mean[i]) * (x[i + t] - mean[i])
    scale[i] = 0.0 if constant or power == 0.0 else 1.0 / np.sqrt(power)
    if i > 0:
        half[i] = (x[i + m - 1] - x[i - 1]) * 0.5
        gap[i] = (x[i + m - 1] - mean[i]) + (x[i - 1] - mean[i - 1])


@njit(cache=True, nogil=True, error_model="numpy")
def _product(x: Array, i: int, j: int, m: int, mean: Array) -> float:
    total = 0.0
    for t in range(m):
        total += (x[i + t] - mean[i]) * (x[j + t] - mean[j])
    return total


@njit(cache=True, nogil=True, fastmath=_FLAGS, error_model="numpy")
def _move(
    products: Array,
    at: np.uint64,
    first: np.uint64,
    count: np.uint64,
    half: float,
    gap: float,
    halves: Array,
    gaps: Array,
) -> None:
    """Move products one step along their diagonals."""
    for j in range(first, count):
        products[at + j] += half * gaps[j] + gap * halves[j]


@njit(cache=True, nogil=True, fastmath=_FLAGS, error_model="numpy")
def _compare(
    products: Array,
    at: np.uint64,
    count: np.uint64,
    scales: Array,
    own: float,
    i: int,
    best: Array,
    where: Array,
) -> float:
    """Improve the earlier windows' best correlation by window i; returns the largest.

    The largest is found as in `detectors.kernels.join`, by its bits.
    """
    bits = np.int64(_LEAST)
    for j in range(count):
        # A constant window is correlated by one half with any that is not.
        r = products[at + j] * own * scales[j]
        r = 0.5 if scales[j] == 0.0 else r
        v = np.float64(r).view(np.int64)
        bits = v if v > bits else bits
        b, w = best[j], where[j]
        best[j] = r if r > b else b
        where[j] = i if r > b else w
    if bits >= 0:
        return float(np.int64(bits).view(np.float64))
    top = -np.inf
    for j in range(count):  # none of them is constant
        top = max(top, products[at + j] * own * scales[j])
    return top


@njit(cache=True, nogil=True, error_model="numpy")
def _compare_constant(
    count: int, scales: Array, i: int, best: Array, where: Array
) -> tuple[float, int]:
    """Do the same for a window i that is constant; returns also the first that is best."""
    top, found = -np.inf, -1
    for j in range(count):
        r = 1.0 if scales[j] == 0.0 else 0.5
        if r > top:
            top, found = r, j
        if r > best[j]:
            best[j] = r
            where[j] = i
    return top, found


@njit(cache=True, nogil=True, error_model="numpy")
def _holder(products: Array, at: int, count: int, scales: Array, own: float, top: float) -> int:
    """First window whose correlation is the largest, but for rounding."""
    nearly = top - 1e-12 * abs(top)
    for j in range(count):
        r = products[at + j] * own * scales[j] if scales[j] != 0.0 else 0.5
        if r >= nearly:
            return j
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def _distance(x: Array, i: int, j: int, m: int, mean: Array, scale: Array) -> float:
    if scale[i] == 0.0 or scale[j] == 0.0:
        return 0.0 if scale[i] == scale[j] else float(np.sqrt(float64(m)))
    total = 0.0
    for t in range(m):
        a = (x[i + t] - mean[i]) * scale[i]
        gap = a - (x[j + t] - mean[j]) * scale[j]
        total += gap * gap
    return float(np.sqrt(total * m))


_own = (float64[::1],) * 6


@njit(
    void(_d1, int64, int64, int64, int64, *_own, int64[::1], float64[::1], int64[::1]),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _follow(
    x: Array,
    window: int,
    zone: int,
    begin: int,
    end: int,
    mean: Array,
    scale: Array,
    half: Array,
    gap: Array,
    products: Array,
    best: Array,
    where: Array,
    distance: Array,
    index: Array,
) -> None:
    """Take in windows begin … end - 1; `distance` and `index` are those to earlier ones."""
    for i in range(begin, end):
        _measure(x, i, window, mean, scale, half, gap)
        best[i] = -2.0
        where[i] = -1
        distance[i - begin] = np.inf
        index[i - begin] = -1
        count = i - zone
        if count <= 0:
            continue
        at = len(products) - i
        anew = count if i % (_RENEWED * window) == 0 else 1
        for j in range(anew):
            products[at + j] = _product(x, i, j, window, mean)
        _move(products, _u64(at), _u64(anew), _u64(count), half[i], gap[i], half, gap)
        if scale[i] == 0.0:
            top, found = _compare_constant(count, scale, i, best, where)
        else:
            top = _compare(products, _u64(at), _u64(count), scale, scale[i], i, best, where)
            found = _holder(products, at, count, scale, scale[i], top)
        best[i] = top
        where[i] = found
        index[i - begin] = found
        distance[i - begin] = _distance(x, i, found, window, mean, scale)


@njit(void(_d1, int64, int64, _d1, _d1, _l1, float64[::1]), cache=True, nogil=True)
def _distances(
    x: Array, window: int, count: int, mean: Array, scale: Array, where: Array, out: Array
) -> None:
    for i in range(count):
        out[i] = np.inf
        if where[i] >= 0:
            out[i] = _distance(x, i, where[i], window, mean, scale)


class GrowingJoin:
    """Matrix profile of a series that grows.

    Parameters
    ----------
    window
        Rows of a window, at least 2.
    exclusion
        Windows that begin at most so many rows apart are not compared; a quarter of the window
        where not given.

    Examples
    --------
    >>> join = GrowingJoin(window=3)
    >>> join.push([0.0, 1.0, 5.0, 2.0, 2.0, 0.0, 1.0])[1].tolist()
    [-1, -1, 0, 1, 2]
    >>> distance, nearest = join.push([5.0])
    >>> nearest.tolist(), round(float(distance[0]), 6)
    ([0], 0.0)
    """

    def __init__(self, window: int, exclusion: int | None = None) -> None:
        self._window = between(window, 2, None, "window")
        self._zone = -(-self._window // _APART)
        if exclusion is not None:
            self._zone = between(exclusion, 0, None, "exclusion")
        self._rows = 0
        self._values = np.empty(0)
        self._arrays = [np.empty(0) for _ in _own]
        self._where = np.empty(0, np.int64)

    def __len__(self) -> int:
        """Windows there are."""
        return max(self._rows - self._window + 1, 0)

    def _make_room(self, rows: int) -> None:
        room = len(self._values)
        if rows <= room:
            return
        more = max(rows, 2 * room, _ROOM) - room
        self._values = np.pad(self._values, (0, more))
        *measures, products, best = self._arrays
        measures = [np.pad(values, (0, more)) for values in measures]
        # Products are counted from the end.
        self._arrays = [*measures, np.pad(products, (more, 0)), np.pad(best, (0, more))]
        self._where = np.pad(self._where, (0, more))

    def push(self, values: ArrayLike) -> tuple[Doubles, Indices]:
        """Append rows; returns each new window's nearest among the earlier ones.

        Parameters
        ----------
        values
            Finite, (n_rows,).

        Returns
        -------
        distance : ndarray of shape (n_new_windows,), float64
            As `detectors.kernels.join.left_join` gives it; infinity where none is apart.
        index : ndarray of shape (n_new_windows,), int64
            Where that window begins, -1 where there is none.

        Raises
        ------
        InvalidInput
            Not a vector, or not finite.
        """
        new = series(values, "values")
        if not np.isfinite(new).all():
            raise InvalidInput("values must be finite")
        begin = len(self)
        self._make_room(self._rows + len(new))
        self._values[self._rows : self._rows + len(new)] = new
        self._rows += len(new)
        distance, index = np.empty(len(self) - begin), np.empty(len(self) - begin, np.int64)
        sizes = self._window, self._zone, begin, len(self)
        _follow(self._values, *sizes, *self._arrays, self._where, distance, index)
        return distance, index

    def profile(self) -> tuple[Doubles, Indices]:
        """Return every window's nearest other one; see `detectors.kernels.join.self_join`."""
        count = len(self)
        distance = np.empty(count)
        mean, scale = self._arrays[:2]
        _distances(self._values, self._window, count, mean, scale, self._where, distance)
        return distance, self._where[:count].copy()
