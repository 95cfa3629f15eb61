"""Isolation trees, grown on small random samples of the rows.

The splits of a tree are written in pre-order: a split whose left side is split again is
followed by that split, so two bits a split hold the whole shape.
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32, int64, njit, types, uint8, uint16

from detectors.kernels.arrays import Array

SPLIT_LEFT = 1
SPLIT_RIGHT = 2
DEEPEST = 17
"""Splits on a path, at most."""

_u64 = np.uint64
_columns = types.Array(float32, 2, "C", readonly=True)
_splits = types.Tuple((int32[::1], float32[::1], uint8[::1], uint16[::1], uint16[::1]))


@njit(cache=True, nogil=True)
def _random(state: Array) -> np.uint64:
    """Next number of a xorshift64* generator (Vigna 2016, doi:10.1145/2845077)."""
    x: np.uint64 = state[0]
    x ^= x >> _u64(12)
    x ^= x << _u64(25)
    x ^= x >> _u64(27)
    state[0] = x
    return x * _u64(2685821657736338717)


@njit(cache=True, nogil=True)
def _seed(state: Array, number: int) -> None:
    state[0] = _u64(number) * _u64(0x9E3779B97F4A7C15) + _u64(0xD1B54A32D192ED03)
    for _ in range(4):
        _random(state)


@njit(cache=True, nogil=True)
def _below(state: Array, n: int) -> np.int64:
    return np.int64(((_random(state) >> _u64(32)) * _u64(n)) >> _u64(32))


@njit(cache=True, nogil=True)
def _draw(state: Array, n_rows: int, rows: Array, taken: Array) -> None:
    """Draw distinct rows; `taken` is a bitmap of zeros before and after."""
    sample = len(rows)
    if sample == n_rows:
        for i in range(sample):
            rows[i] = i
        return
    done = 0
    while done < sample:
        row = _below(state, n_rows)
        bit = _u64(1) << _u64(row & 63)
        if taken[row >> 6] & bit:
            continue
        taken[row >> 6] |= bit
        rows[done] = row
        done += 1
    for i in range(sample):
        taken[rows[i] >> 6] = _u64(0)


@njit(cache=True, nogil=True)
def _extent(
    XT: Array, feature: int, order: Array, begin: int, end: int, values: Array
) -> tuple[np.float32, np.float32]:
    """Lowest and highest reading of some rows, which are kept in `values`."""
    low = XT[feature, order[begin]]
    high = low
    # Unsigned places need no look whether they count from the end.
    for i in range(_u64(begin), _u64(end)):
        v = XT[feature, order[i]]
        values[i] = v
        low = v if v < low else low
        high = v if v > high else high
    return low, high


@njit(cache=True, nogil=True)
def _partition(
    values: Array, order: Array, begin: int, end: int, threshold: float, right: Array
) -> np.int64:
    """Bring the rows that go left to the front, without a branch; returns where they end."""
    middle, aside = _u64(begin), _u64(0)
    for i in range(_u64(begin), _u64(end)):
        row = order[i]
        goes = _u64(values[i] <= threshold)
        order[middle] = row
        right[aside] = row
        middle += goes
        aside += _u64(1) - goes
    for i in range(aside):
        order[middle + i] = right[i]
    return np.int64(middle)


@njit(cache=True, nogil=True)
def _choose_again(
    XT: Array,
    choice: Array,
    order: Array,
    begin: int,
    end: int,
    values: Array,
    state: Array,
    tried: int,
) -> tuple[int, np.float32, np.float32]:
    """Another feature that differs among the rows, and its extent; -1 where none does."""
    left = len(choice)
    for i in range(left):
        choice[i] = i
    choice[tried] = left - 1
    for remain in range(left - 1, 0, -1):
        at = _below(state, remain)
        feature = choice[at]
        low, high = _extent(XT, feature, order, begin, end, values)
        if high > low:
            return feature, low, high
        choice[at] = choice[remain - 1]
    return -1, np.float32(0), np.float32(0)


@njit(cache=True, nogil=True)
def _threshold(state: Array, low: float, high: float) -> np.float32:
    """Uniform in low..high, high excluded, so that both sides get a row."""
    unit = np.float32((_random(state) >> _u64(40)) * (1.0 / 16777216.0))
    value = np.float32(low + unit * (high - low))
    return value if value < high else np.float32(low)


@njit(
    int64(_columns, int64, int64, int64, int32[::1], _splits),
    cache=True,
    nogil=True,
)
def grow(
    XT: Array, seed: int, sample: int, limit: int, offsets: Array, splits: tuple[Array, ...]
) -> int:
    """Grow one tree per entry of ``offsets`` but the first; returns the number of splits.

    Parameters
    ----------
    XT
        Readings, (n_features, n_rows).
    seed
        Each tree draws from its own stream of this seed.
    sample, limit
        Rows a tree is grown on; depth at which it stops.
    offsets, splits
        Filled: see `detectors.kernels.forest.ForestArrays`.
    """
    features, thresholds, kinds, left_rows, right_rows = splits
    n_features, n_rows = XT.shape
    values = np.empty(sample, np.float32)
    choice = np.empty(n_features, np.int32)
    order, right = np.empty(sample, np.uint32), np.empty(sample, np.uint32)
    taken = np.zeros((n_rows >> 6) + 1, np.uint64)
    todo = np.empty((limit + 2, 5), np.int64)
    state = np.empty(1, np.uint64)
    n = 0
    for tree in range(len(offsets) - 1):
        offsets[tree] = n
        _seed(state, seed * 1000003 + tree)
        _draw(state, n_rows, order, taken)
        todo[0] = (0, sample, 0, -1, 0)
        waiting = 1
        while waiting > 0:
            waiting -= 1
            begin = todo[waiting, 0]
            end = todo[waiting, 1]
            depth = todo[waiting, 2]
            if end - begin <= 1 or depth >= limit:
                continue
            feature = _below(state, n_features)
            low, high = _extent(XT, feature, order, begin, end, values)
            if not high > low:
                # Out of the way: a call that is given many arrays counts their references.
                feature, low, high = _choose_again(
                    XT, choice, order, begin, end, values, state, feature
                )
                if feature < 0:
                    continue
            threshold = _threshold(state, low, high)
            middle = _partition(values, order, begin, end, threshold, right)
            features[n] = feature
            thresholds[n] = threshold
            kinds[n] = 0
            left_rows[n] = middle - begin
            right_rows[n] = end - middle
            if depth > 0:
                kinds[todo[waiting, 3]] |= todo[waiting, 4]
            todo[waiting] = (middle, end, depth + 1, n, SPLIT_RIGHT)
            todo[waiting + 1] = (begin, middle, depth + 1, n, SPLIT_LEFT)
            waiting += 2
            n += 1
    offsets[len(offsets) - 1] = n
    return n
