"""Scores against levels: a rising table read off, and stretches above a level counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import float64, int64, njit, types, void

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Doubles, Indices, series

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_LANES = 16

_u64 = np.uint64
_d1 = types.Array(float64, 1, "C", readonly=True)
_l1 = types.Array(int64, 1, "C", readonly=True)


@njit(void(_d1, _d1, _d1, float64[::1]), cache=True, nogil=True, error_model="numpy")
def _read_off(x: Array, knots: Array, heights: Array, out: Array) -> None:
    """Halve for some values at once, without a branch: lanes of them look up together."""
    one, lanes = _u64(1), _u64(_LANES)
    last = _u64(len(knots) - 1)
    place = np.empty(_LANES, np.uint64)
    for begin in range(_u64(0), _u64(len(x)), lanes):
        used = min(lanes, _u64(len(x)) - begin)
        place[:] = 0
        length = last
        while length > one:
            half = length >> one
            for i in range(used):
                place[i] += half * _u64(knots[place[i] + half] <= x[begin + i])
            length -= half
        for i in range(used):
            at = place[i]
            slope = (heights[at + one] - heights[at]) / (knots[at + one] - knots[at])
            value = slope * (x[begin + i] - knots[at]) + heights[at]
            # Knots so near to each other that no slope between them is a number.
            value = heights[at] if slope == np.inf else value
            value = heights[0] if x[begin + i] <= knots[0] else value
            out[begin + i] = heights[last] if x[begin + i] >= knots[last] else value


def read_off(x: ArrayLike, knots: ArrayLike, heights: ArrayLike) -> Doubles:
    """Return what a table says between its knots on straight lines; as `numpy.interp`.

    Parameters
    ----------
    x
        Shape (n_rows,), in any order; NaN stays NaN.
    knots, heights
        Shape (n_knots,); the knots rise strictly, and the ends hold beyond them.
    """
    points = series(x, "x")
    table = series(knots, "knots"), series(heights, "heights")
    if not len(table[0]) or len(table[0]) != len(table[1]):
        raise InvalidInput("a table needs as many heights as knots, at least one")
    if len(table[0]) == 1:
        return np.where(np.isnan(points), np.nan, table[1][0])
    out = np.empty(len(points))
    _read_off(points, *table, out)
    return out


@njit(int64(_d1, _l1, float64, float64, int64, int64), cache=True, nogil=True)
def _count(
    values: Array, rows: Array, level: float, held: float, merge_rows: int, minimum_rows: int
) -> int:
    found = number = before = 0
    first = -1
    for i in range(len(values)):
        if not values[i] >= held:
            continue
        if number > 0 and rows[i] - before > merge_rows + 1:
            found += first >= 0 and number - first >= minimum_rows
            first = -1
        if first < 0 and values[i] >= level:
            first = number
        before = rows[i]
        number += 1
    return found + (first >= 0 and number - first >= minimum_rows)


def count_stretches(
    values: Doubles,
    rows: Indices,
    level: float,
    *,
    release: float,
    merge_rows: int,
    minimum_rows: int,
) -> int:
    """Count the stretches that `detectors.thresholds.find_stretches` finds at a level.

    Parameters
    ----------
    values
        Surprise of some rows, every row above ``release * level`` among them.
    rows
        Their rising numbers; rows between them are calm.
    level, release, merge_rows, minimum_rows
        As there: threshold, release, merge_rows and minimum_rows.
    """
    if len(values) != len(rows):
        raise InvalidInput(f"{len(values)} values cannot stand in {len(rows)} rows")
    numbers = np.ascontiguousarray(rows, np.int64)
    rule = level, release * level, merge_rows, minimum_rows
    return int(_count(series(values, "values"), numbers, *rule))
