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


@njit(
    void(_d1, _l1, _d1, float64, int64, int64, int64[::1]),
    cache=True,
    nogil=True,
)
def _counts(
    values: Array,
    rows: Array,
    levels: Array,
    release: float,
    merge_rows: int,
    minimum_rows: int,
    out: Array,
) -> None:
    for i in range(len(levels)):
        held = release * levels[i]
        out[i] = _count(values, rows, levels[i], held, merge_rows, minimum_rows)


@njit(
    void(_d1, _l1, _l1, _d1, _d1, int64, float64, int64, int64, float64[::1]),
    cache=True,
    nogil=True,
)
def _halved(
    values: Array,
    rows: Array,
    numbers: Array,
    lows: Array,
    highs: Array,
    halvings: int,
    release: float,
    merge_rows: int,
    minimum_rows: int,
    out: Array,
) -> None:
    for k in range(len(numbers)):
        low, high = lows[k], highs[k]
        for _ in range(halvings):
            middle = 0.5 * (low + high)
            found = _count(values, rows, middle, release * middle, merge_rows, minimum_rows)
            if found >= numbers[k]:
                low = middle
            else:
                high = middle
        out[k] = high


def count_stretches(
    values: Doubles,
    rows: Indices,
    levels: ArrayLike,
    *,
    release: float,
    merge_rows: int,
    minimum_rows: int,
) -> Indices:
    """Count the stretches that `detectors.thresholds.find_stretches` finds at each level.

    Parameters
    ----------
    values
        Surprise of some rows, every row above ``release`` times the lowest level among them.
    rows
        Their rising numbers; rows between them are calm.
    levels, release, merge_rows, minimum_rows
        As there: thresholds, shape (n_levels,), release, merge_rows and minimum_rows.
    """
    numbers = _numbers(values, rows)
    heights = series(levels, "levels")
    out = np.empty(len(heights), np.int64)
    rule = release, merge_rows, minimum_rows
    _counts(series(values, "values"), numbers, heights, *rule, out)
    return out


def halved(
    values: Doubles,
    rows: Indices,
    fewest: Indices,
    between: tuple[Doubles, Doubles],
    halvings: int,
    *,
    release: float,
    merge_rows: int,
    minimum_rows: int,
) -> Doubles:
    """Return the level above which there are fewer stretches than each number, by halving.

    Parameters
    ----------
    values, rows, release, merge_rows, minimum_rows
        As for `count_stretches`.
    fewest
        The numbers, shape (n_numbers,).
    between
        For each a level with as many stretches, and a higher one with fewer.
    """
    asked = np.ascontiguousarray(fewest, np.int64)
    low, high = (series(level, "between") for level in between)
    if not len(asked) == len(low) == len(high):
        raise InvalidInput("each number needs two levels that it is looked for between")
    out = np.empty(len(asked))
    rule = release, merge_rows, minimum_rows
    numbers = _numbers(values, rows)
    _halved(series(values, "values"), numbers, asked, low, high, halvings, *rule, out)
    return out


def _numbers(values: Doubles, rows: Indices) -> Indices:
    if len(values) != len(rows):
        raise InvalidInput(f"{len(values)} values cannot stand in {len(rows)} rows")
    return np.ascontiguousarray(rows, np.int64)
