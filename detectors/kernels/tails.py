"""How far out in its column a reading lies: tables of tail probabilities.

A reading's outlyingness in a column is made of the -log of its two empirical tail
probabilities, and the columns add up.  In ECOD (Li et al. 2022, doi:10.1109/TKDE.2022.3159580)
a column counts with the rarer of its tails, in COPOD (Li et al. 2020,
doi:10.1109/ICDM50108.2020.00135) with the mean of both or the one that the column is skewed to,
whichever is more, column by column as in PyOD's implementations.  Unlike there, the
distribution is that of the training rows alone, so that a score does not depend on what is
scored beside it, and it is kept as a table of a few hundred values a column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import float32, int32, int64, njit, types, uint32, void

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Floats, Indices, readings

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_GROWTH = 1.05
_CELLS = 2048
_BLOCK = 2048
_BITS = 11
_DIGIT = 2047
_RARER = 2
"""Stands for a column's skewness where its rarer tail counts."""

_f2 = types.Array(float32, 2, "C", readonly=True)
_i2 = types.Array(int32, 2, "C", readonly=True)
_l1 = types.Array(int64, 1, "C", readonly=True)


class TailArrays(NamedTuple):
    """What is known of each column's distribution; ``_asdict()`` gives the arrays by name.

    Attributes
    ----------
    knots
        Ascending training values, filled up with infinity, (n_features, n_knots).
    tails
        What a reading counts with, of -log tail probabilities: below the first knot, at it,
        between it and the next, and so on, (n_features, 2 * n_knots + 1).
    """

    knots: Floats
    tails: Floats


def _ranks(n_rows: int) -> Indices:
    """Ranks to keep: all near both ends, inwards each 5 % further from the end."""
    steps = int(np.log(max(n_rows, 2)) / np.log(_GROWTH)) + 1
    low = np.unique((_GROWTH ** np.arange(steps)).astype(np.int64)) - 1
    low = low[low <= (n_rows - 1) // 2]
    return np.union1d(low, n_rows - 1 - low)


@njit(void(_f2, float32[:, ::1]), cache=True, nogil=True)
def _sort(XT: Array, out: Array) -> None:
    """Sort each row by three passes over 11 bits of the numbers' ordered patterns."""
    n = XT.shape[1]
    a = np.empty(n, np.uint32)
    b = np.empty(n, np.uint32)
    ends = np.empty((3, _DIGIT + 1), np.int64)
    sign = np.uint32(0x80000000)
    digit = np.uint32(_DIGIT)
    for f in range(len(XT)):
        bits = XT[f].view(np.uint32)
        ends[:] = 0
        for i in range(n):
            u = bits[i]
            u = uint32(~u) if u & sign else uint32(u | sign)
            a[i] = u
            ends[0, u & digit] += 1
            ends[1, (u >> uint32(_BITS)) & digit] += 1
            ends[2, u >> uint32(2 * _BITS)] += 1
        for p in range(3):
            begin = 0
            for d in range(_DIGIT + 1):
                count = ends[p, d]
                ends[p, d] = begin
                begin += count
        for i in range(n):
            d = a[i] & digit
            b[ends[0, d]] = a[i]
            ends[0, d] += 1
        for i in range(n):
            d = (b[i] >> uint32(_BITS)) & digit
            a[ends[1, d]] = b[i]
            ends[1, d] += 1
        row = out[f].view(np.uint32)
        for i in range(n):
            u = a[i]
            d = u >> uint32(2 * _BITS)
            row[ends[2, d]] = uint32(u ^ sign) if u & sign else uint32(~u)
            ends[2, d] += 1


@njit(cache=True, nogil=True)
def _below(values: Array, v: float, low: int, equal: bool) -> int:
    """Entries below v (or up to v, if equal ones count), at least `low` of them."""
    high = len(values)
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < v or (equal and values[middle] == v):
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def _term(lower: float, upper: float, skewed: int) -> float:
    """What a reading counts with, by the -log probabilities of its tails."""
    if skewed == _RARER:
        return max(lower, upper)
    if skewed == 0:
        return lower + upper
    return max(upper if skewed > 0 else lower, 0.5 * (lower + upper))


@njit(void(_f2, _l1, _l1, float32[:, ::1], float32[:, ::1]), cache=True, nogil=True)
def _tabulate(ordered: Array, ranks: Array, skewed: Array, knots: Array, tails: Array) -> None:
    n = ordered.shape[1]
    knots[:] = np.inf
    for f in range(len(ordered)):
        values = ordered[f]
        count = 0
        upto = 0
        for r in ranks:
            v = values[r]
            if count > 0 and v == knots[f, count - 1]:
                continue
            below = _below(values, v, upto, equal=False)
            # A value between two knots is placed half-way, as if it joined the training rows.
            middle = (upto + below) * 0.5
            lower = -np.log((middle + 1.0) / (n + 1.0))
            upper = -np.log((n - middle + 1.0) / (n + 1.0))
            tails[f, 2 * count] = _term(lower, upper, skewed[f])
            upto = _below(values, v, below, equal=True)
            knots[f, count] = v
            lower, upper = -np.log(upto / n), -np.log((n - below) / n)
            tails[f, 2 * count + 1] = _term(lower, upper, skewed[f])
            count += 1
        tails[f, 2 * count :] = _term(0.0, np.log(n + 1.0), skewed[f])


def fit_tails(XT: ArrayLike) -> TailArrays:
    """Learn the rarer tail of every column, as ECOD does.

    Tail probabilities are exact at the ends (the 20 outermost training rows) and elsewhere
    within 2.5 %; equal values are counted as what they are.

    Parameters
    ----------
    XT
        Readings without NaN, (n_features, n_rows).

    Raises
    ------
    InvalidInput
        Not a matrix of readings.
    """
    columns = readings(XT)
    return _tables(columns, np.full(len(columns), _RARER, np.int64))


def fit_copula(XT: ArrayLike) -> TailArrays:
    """Learn what a reading of every column counts with as COPOD does.

    Parameters and errors as of `fit_tails`, and as exact.  A column whose readings lie evenly
    about their mean counts with both of its tails together.
    """
    columns = readings(XT)
    gaps = columns - columns.mean(axis=1, dtype=np.float64)[:, None]
    return _tables(columns, np.sign((gaps * gaps * gaps).sum(axis=1)).astype(np.int64))


def _tables(columns: Floats, skewed: Indices) -> TailArrays:
    n_features, n_rows = columns.shape
    ordered = np.empty_like(columns)
    _sort(columns, ordered)
    ranks = _ranks(n_rows)
    knots = np.empty((n_features, len(ranks)), np.float32)
    tails = np.empty((n_features, 2 * len(ranks) + 1), np.float32)
    _tabulate(ordered, ranks, skewed, knots, tails)
    return TailArrays(knots, tails)


class _Cells(NamedTuple):
    """Where to look for a reading among the knots.

    Attributes
    ----------
    knots
        Knots of each column after -infinity and before infinity, (n_features, room).
    first
        First place of each cell, (n_features, 2049).
    scales
        Where the inner cells begin, and cells per unit, (n_features, 2).
    halvings
        Halvings that find a place within an inner cell, (n_features,).
    """

    knots: Floats
    first: NDArray[np.int32]
    scales: Floats
    halvings: Indices


@njit(cache=True, nogil=True, error_model="numpy")
def _cell(x: float, low: float, per: float) -> np.int64:
    """Cell of a reading; the first and the last hold all that lies outside."""
    y = (x - low) * per + np.float32(1)
    y = y if y > np.float32(0) else np.float32(0)
    y = y if y < np.float32(_CELLS - 1) else np.float32(_CELLS - 1)
    return np.int64(np.uint32(y))


@njit(
    void(_f2, float32[:, ::1], int32[:, ::1], float32[:, ::1], int64[::1]),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _index(knots: Array, padded: Array, first: Array, scales: Array, halvings: Array) -> None:
    padded[:] = np.inf
    for f in range(len(knots)):
        used = 0
        while used < knots.shape[1] and knots[f, used] < np.inf:
            padded[f, used + 1] = knots[f, used]
            used += 1
        padded[f, 0] = -np.inf
        # Knots crowd towards both ends: equal cells serve the middle half of them.
        low = padded[f, 1 + used // 4]
        span = padded[f, used - used // 4] - low
        scales[f, 0] = low
        scales[f, 1] = np.float32(_CELLS - 3) / span if span > 0 else np.float32(0)
        most = 0
        at = 1
        for c in range(_CELLS):
            first[f, c] = at
            while at <= used and _cell(padded[f, at], low, scales[f, 1]) <= c:
                at += 1
            if 0 < c < _CELLS - 1:
                most = max(most, at - first[f, c])
        first[f, _CELLS] = used + 1
        halvings[f] = 0
        while (1 << halvings[f]) - 1 < most:
            halvings[f] += 1


def _cells(tails: TailArrays) -> _Cells:
    knots, table = tails
    if (
        knots.ndim != 2
        or 0 in knots.shape
        or table.shape != (len(knots), 2 * knots.shape[1] + 1)
        or not (np.isfinite(knots[:, 0]).all() and (knots[:, 1:] >= knots[:, :-1]).all())
    ):
        raise InvalidInput("these arrays describe no distribution: they do not fit together")
    n_features, n_knots = knots.shape
    cells = _Cells(
        np.empty((n_features, 3 * n_knots + 2), np.float32),
        np.empty((n_features, _CELLS + 1), np.int32),
        np.empty((n_features, 2), np.float32),
        np.empty(n_features, np.int64),
    )
    _index(knots, *cells)
    return cells


@njit(cache=True, nogil=True, error_model="numpy")
def _look_up(
    x: Array, knots: Array, first: Array, scale: Array, halvings: int, table: Array, out: Array
) -> None:
    low = scale[0]
    per = scale[1]
    for i in range(len(x)):
        v = x[i]
        c = _cell(v, low, per)
        at = np.int64(first[c])
        if 0 < c < _CELLS - 1:
            step = (1 << halvings) >> 1
            while step > 0:
                at += step * (v >= knots[at + step - 1])
                step >>= 1
        else:
            high = np.int64(first[c + 1])
            while at < high:
                middle = (at + high) >> 1
                if v >= knots[middle]:
                    at = middle + 1
                else:
                    high = middle
        out[i] = table[2 * (at - 1) - (v == knots[at - 1])]


_look_types = (_f2, _f2, _i2, _f2, _l1, _f2)


@njit(void(*_look_types, float32[::1]), cache=True, nogil=True)
def _sums(
    XT: Array,
    knots: Array,
    first: Array,
    scales: Array,
    halvings: Array,
    tables: Array,
    total: Array,
) -> None:
    room = np.empty(_BLOCK, np.float32)
    for begin in range(0, XT.shape[1], _BLOCK):
        part = total[begin : begin + _BLOCK]
        part[:] = 0
        for f in range(len(XT)):
            x = XT[f, begin : begin + _BLOCK]
            _look_up(x, knots[f], first[f], scales[f], halvings[f], tables[f], room)
            for i in range(len(part)):
                part[i] += room[i]


@njit(void(*_look_types, float32[:, ::1]), cache=True, nogil=True)
def _each(
    XT: Array,
    knots: Array,
    first: Array,
    scales: Array,
    halvings: Array,
    tables: Array,
    out: Array,
) -> None:
    room = np.empty(_BLOCK, np.float32)
    for begin in range(0, XT.shape[1], _BLOCK):
        for f in range(len(XT)):
            x = XT[f, begin : begin + _BLOCK]
            _look_up(x, knots[f], first[f], scales[f], halvings[f], tables[f], room)
            for i in range(len(x)):
                out[begin + i, f] = room[i]


def score_tails(tails: TailArrays, XT: ArrayLike) -> Floats:
    """Add up what readings count with over the columns.

    Parameters
    ----------
    tails
        From `fit_tails` or `fit_copula`.
    XT
        Readings without NaN, (n_features, n_rows).

    Returns
    -------
    ndarray of shape (n_rows,)
        Higher is more unusual.  Beyond the training range a column gives the same however far
        (log(n + 1) of its rarer tail): the method knows ranks, not distances.

    Raises
    ------
    InvalidInput
        Another number of features, or arrays that are no tails.
    """
    columns = readings(XT, len(tails.knots))
    total = np.empty(columns.shape[1], np.float32)
    _sums(columns, *_cells(tails), tails.tails, total)
    return total


def tail_contributions(tails: TailArrays, XT: ArrayLike) -> Floats:
    """What each reading counts with in its column, (n_rows, n_features).

    The rows add up to `score_tails`.  Raises `InvalidInput` as it does.
    """
    columns = readings(XT, len(tails.knots))
    out = np.empty(columns.shape[::-1], np.float32)
    _each(columns, *_cells(tails), tails.tails, out)
    return out
