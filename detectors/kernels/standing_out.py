"""Runs of high scores, and what is left where some of them are taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import float64, int64, njit, types

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Doubles, Indices, series

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_d1 = types.Array(float64, 1, "C", readonly=True)
_l1 = types.Array(int64, 1, "C", readonly=True)


@njit(int64(_d1, float64, int64, int64[::1], int64[::1], float64[::1]), cache=True, nogil=True)
def _runs(
    values: Array, level: float, bridged: int, start: Array, stop: Array, peak: Array
) -> int:
    found, last = 0, -1
    for row in range(len(values)):
        if values[row] > level:
            if found and row - last <= bridged + 1:
                peak[found - 1] = max(peak[found - 1], values[row])
            else:
                start[found], peak[found] = row, values[row]
                found += 1
            stop[found - 1] = row + 1
            last = row
    return found


@njit(int64(_l1, _l1, _l1, int64[::1], int64[::1]), cache=True, nogil=True)
def _marked(start: Array, stop: Array, order: Array, ranks: Array, inside: Array) -> int:
    """Write by row the rank of its run, and the places among sorted rows of those in one."""
    ranks[:] = len(start)
    for run in range(len(start)):
        ranks[start[run] : stop[run]] = run
    found = 0
    for place in range(len(order)):
        if ranks[order[place]] < len(start):
            inside[found] = place
            found += 1
    return found


@njit(
    types.void(_d1, _l1, _l1, _l1, _l1, _d1, float64[:, ::1]),
    cache=True,
    nogil=True,
)
def _left(
    ordered: Array,
    order: Array,
    ranks: Array,
    inside: Array,
    counts: Array,
    shares: Array,
    out: Array,
) -> None:
    gone = np.empty(len(inside), np.int64)
    for c in range(len(counts)):
        number = 0
        for place in inside:
            if ranks[order[place]] < counts[c]:
                gone[number] = place - number
                number += 1
        left = len(ordered) - number
        for s in range(len(shares) + 1):
            asked = int(left * shares[s]) if s < len(shares) else left - 1
            low, high = 0, number  # places that are gone at or before what is asked for
            while low < high:
                middle = (low + high) // 2
                if gone[middle] <= asked:
                    low = middle + 1
                else:
                    high = middle
            out[s, c] = ordered[asked + low]


def runs_above(
    values: ArrayLike, level: float, bridged: int
) -> tuple[Indices, Indices, Doubles]:
    """Return first row, one past the last row and highest value of each run above a level.

    Parameters
    ----------
    values
        Shape (n_rows,).
    level
        A row above it is in a run.
    bridged
        Up to so many rows between two such rows belong to their run.
    """
    given = series(values, "values")
    start, stop = np.empty(len(given), np.int64), np.empty(len(given), np.int64)
    peak = np.empty(len(given))
    found = _runs(given, level, bridged, start, stop, peak)
    return start[:found], stop[:found], peak[:found]


def ranks_of(start: Indices, stop: Indices, order: Indices) -> tuple[Indices, Indices]:
    """Return by row the rank of its run, and where rows of runs stand among all, sorted.

    Parameters
    ----------
    start, stop
        Of the runs, the first one's rank being 0.
    order
        Rows by rising score.

    Returns
    -------
    ndarray of shape (n_rows,)
        The rank; the number of runs for a row in none.
    ndarray of shape (n_inside,)
        Rising places within `order`.
    """
    begins, ends = np.ascontiguousarray(start), np.ascontiguousarray(stop)
    if len(begins) and not (begins.min() >= 0 and ends.max() <= len(order)):
        raise InvalidInput(f"runs must lie within {len(order)} rows")
    ranks, inside = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    found = _marked(begins, ends, order, ranks, inside)
    return ranks, inside[:found]


def quantiles_left(
    ordered: Doubles,
    order: Indices,
    ranked: tuple[Indices, Indices],
    counts: ArrayLike,
    shares: ArrayLike,
) -> Doubles:
    """Return quantiles, and the highest, of what is left without the first runs.

    Parameters
    ----------
    ordered, order
        Sorted scores, and the rows that they stand in.
    ranked
        What `ranks_of` returned.
    counts
        How many runs are taken out, each time; some rows must be left.
    shares
        Quantile q is the score at place q × (number left), rounded down.

    Returns
    -------
    ndarray of shape (n_shares + 1, n_counts)
    """
    ranks, inside = ranked
    if not len(ordered) == len(order) == len(ranks):
        raise InvalidInput("scores, rows and ranks must be as many")
    asked, places = np.ascontiguousarray(counts, np.int64), series(shares, "shares")
    out = np.empty((len(places) + 1, len(asked)))
    _left(ordered, order, ranks, inside, asked, places, out)
    return out
