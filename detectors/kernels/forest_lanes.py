"""Score many rows at once: every split of a tree for a whole block of rows.

Readings are first replaced by how many of the forest's own thresholds lie below them, a number
of one byte, which keeps every comparison exact.  A tree's splits are then evaluated from the
last to the first: each replaces the values of its two sides by the one that each row takes.
There is no branch to guess wrong, and one instruction serves 16 to 64 rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import float32, int32, int64, njit, types, uint8, void

from detectors.kernels.arrays import Array, Floats
from detectors.kernels.forest_grow import SPLIT_LEFT, SPLIT_RIGHT

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LANES = 2048
_CELLS = 1024
_EDGES = 255
_ROOM = _EDGES + 17
_TREES = 256
_STACK = 20

_u64 = np.uint64
_f1 = types.Array(float32, 1, "C", readonly=True)
_f2 = types.Array(float32, 2, "C", readonly=True)
_f3 = types.Array(float32, 3, "C", readonly=True)
_i1 = types.Array(int32, 1, "C", readonly=True)
_l1 = types.Array(int64, 1, "C", readonly=True)
_b1 = types.Array(uint8, 1, "C", readonly=True)
_b3 = types.Array(uint8, 3, "C", readonly=True)


class Lanes(NamedTuple):
    """A forest whose thresholds and path lengths are bytes.

    Trees stand in groups with at most 255 thresholds a feature.

    Attributes
    ----------
    groups
        First tree of each group and the end of the last, (n_groups + 1,).
    offsets, features, kinds
        As in `detectors.kernels.forest.ForestArrays`.
    codes
        Place of each split's threshold among its group's, (n_splits,).
    left, right
        Path length of a leaf on either side, in units of `step`, (n_splits,).
    edges
        Sorted thresholds, filled up with infinity, (n_groups, n_features, 272).
    cells
        Thresholds below each of 1,024 equal cells, (n_groups, n_features, 1024).
    scales
        Where the cells begin, and cells per unit, (n_groups, n_features, 2).
    halvings
        Halvings that find a reading's place within its cell, (n_groups, n_features).
    step
        Path length of one unit.
    """

    groups: NDArray[np.int64]
    offsets: NDArray[np.int32]
    features: NDArray[np.int32]
    kinds: NDArray[np.uint8]
    codes: NDArray[np.uint8]
    left: NDArray[np.uint8]
    right: NDArray[np.uint8]
    edges: Floats
    cells: NDArray[np.uint8]
    scales: Floats
    halvings: NDArray[np.uint8]
    step: float


@njit(int64(_i1, _i1, int64, int64[::1]), cache=True, nogil=True)
def _group(offsets: Array, features: Array, n_features: int, groups: Array) -> int:
    """Cut trees into groups; returns how many, or 0 where one tree is too large for any."""
    held = np.zeros(n_features, np.int64)
    groups[0] = 0
    n = 0
    for tree in range(len(offsets) - 1):
        full = tree - groups[n] >= _TREES
        for k in range(offsets[tree], offsets[tree + 1]):
            held[features[k]] += 1
            full = full or held[features[k]] > _EDGES
        if full:
            n += 1
            groups[n] = tree
            held[:] = 0
            for k in range(offsets[tree], offsets[tree + 1]):
                held[features[k]] += 1
                if held[features[k]] > _EDGES:
                    return 0
    groups[n + 1] = len(offsets) - 1
    return n + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _collect(
    features: Array,
    thresholds: Array,
    begin: int,
    end: int,
    unsorted: Array,
    edges: Array,
    counts: Array,
    codes: Array,
) -> None:
    """Sort the thresholds of each feature into `edges`, and number the splits by them.

    A threshold's number is how many are below it.  Counting them all is quicker than any
    search: it has no branch, and takes 16 at a time.
    """
    room = edges.shape[1]
    counts[:] = 0
    unsorted[:] = np.inf
    edges[:] = np.inf
    for k in range(begin, end):
        f = features[k]
        unsorted[f * room + counts[f]] = thresholds[k]
        counts[f] += 1
    for k in range(begin, end):
        f = features[k]
        value = thresholds[k]
        first = _u64(f * room)
        below = np.int32(0)
        for i in range(_u64(_EDGES + 1)):
            below += np.int32(unsorted[first + i] < value)
        codes[k] = below
        edges[f, below] = value
    for f in range(len(counts)):
        for i in range(1, counts[f]):
            # Equal thresholds share a number and leave the places after it free.
            edges[f, i] = edges[f, i] if edges[f, i] < np.inf else edges[f, i - 1]


@njit(cache=True, nogil=True)
def _tabulate(edges: Array, n: int, cells: Array, scale: Array) -> int:
    """Fill the look-up table of one feature; returns the halvings its fullest cell needs."""
    scale[:] = 0
    cells[:] = 0
    if n == 0:
        return 0
    scale[0] = edges[0]
    span = edges[n - 1] - edges[0]
    if span > 0:
        scale[1] = np.float32(_CELLS - 1) / span
    most = at = 0
    for cell in range(_CELLS):
        cells[cell] = at
        first = at
        while at < n:
            # The very arithmetic that `_encode` does, so that both agree on every cell.
            y = (edges[at] - scale[0]) * scale[1]
            y = y if y > 0 else np.float32(0)
            y = y if y < _CELLS - 1 else np.float32(_CELLS - 1)
            if np.int64(y) > cell:
                break
            at += 1
        most = max(most, at - first)
    halvings = 0
    while (1 << halvings) - 1 < most:
        halvings += 1
    return halvings


@njit(
    void(
        _l1, _i1, _i1, _f1, _f2, float32, uint8[::1], uint8[::1], uint8[::1],
        float32[:, :, ::1], uint8[:, :, ::1], float32[:, :, ::1], uint8[:, ::1],
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def _encode_trees(
    groups: Array,
    offsets: Array,
    features: Array,
    thresholds: Array,
    depths: Array,
    step: float,
    codes: Array,
    left: Array,
    right: Array,
    edges: Array,
    cells: Array,
    scales: Array,
    halvings: Array,
) -> None:
    n_features = edges.shape[1]
    counts = np.empty(n_features, np.int64)
    unsorted = np.empty(n_features * edges.shape[2], np.float32)
    for g in range(len(groups) - 1):
        begin, end = offsets[groups[g]], offsets[groups[g + 1]]
        _collect(features, thresholds, begin, end, unsorted, edges[g], counts, codes)
        for f in range(n_features):
            halvings[g, f] = _tabulate(edges[g, f], counts[f], cells[g, f], scales[g, f])
        for k in range(begin, end):
            left[k] = min(255, int(depths[k, 0] / step + 0.5))
            right[k] = min(255, int(depths[k, 1] / step + 0.5))


def lay_out(
    offsets: NDArray[np.int32],
    features: NDArray[np.int32],
    thresholds: Floats,
    kinds: NDArray[np.uint8],
    depths: Floats,
    n_features: int,
    longest: float,
) -> Lanes | None:
    """Turn a forest into lanes; none where a tree has more than 255 splits on one feature.

    Parameters
    ----------
    offsets, features, thresholds, kinds
        As in `detectors.kernels.forest.ForestArrays`.
    depths
        Path length of a leaf on either side, (n_splits, 2).
    n_features
        Features of a row.
    longest
        No path length is above this.
    """
    groups = np.empty(len(offsets) + 1, np.int64)
    n = _group(offsets, features, n_features, groups)
    if n == 0:
        return None
    lanes = Lanes(
        groups[: n + 1].copy(),
        offsets,
        features,
        kinds,
        codes=np.empty(len(features), np.uint8),
        left=np.empty(len(features), np.uint8),
        right=np.empty(len(features), np.uint8),
        edges=np.empty((n, n_features, _ROOM), np.float32),
        cells=np.empty((n, n_features, _CELLS), np.uint8),
        scales=np.empty((n, n_features, 2), np.float32),
        halvings=np.empty((n, n_features), np.uint8),
        step=longest / 255,
    )
    unfilled = lanes[4:-1]
    _encode_trees(lanes.groups, offsets, features, thresholds, depths, lanes.step, *unfilled)
    return lanes


@njit(cache=True, nogil=True, error_model="numpy")
def _encode(
    x: Array, edges: Array, cells: Array, scale: Array, halvings: int, out: Array
) -> None:
    """Number of edges below each reading; the usual depths spelled out to stay in lanes."""
    low, per = scale[0], scale[1]
    zero, top = np.float32(0), np.float32(_CELLS - 1)
    if halvings <= 1:
        for i in range(len(x)):
            y = (x[i] - low) * per
            y = y if y > zero else zero
            y = y if y < top else top
            p = np.int64(cells[np.uint32(y)])
            out[i] = p + (x[i] > edges[p])
    elif halvings == 2:
        for i in range(len(x)):
            y = (x[i] - low) * per
            y = y if y > zero else zero
            y = y if y < top else top
            p = np.int64(cells[np.uint32(y)])
            p += 2 * (x[i] > edges[p + 1])
            out[i] = p + (x[i] > edges[p])
    elif halvings == 3:
        for i in range(len(x)):
            y = (x[i] - low) * per
            y = y if y > zero else zero
            y = y if y < top else top
            p = np.int64(cells[np.uint32(y)])
            p += 4 * (x[i] > edges[p + 3])
            p += 2 * (x[i] > edges[p + 1])
            out[i] = p + (x[i] > edges[p])
    else:
        for i in range(len(x)):
            p = np.int64(128 * (x[i] > edges[127]))
            p += 64 * (x[i] > edges[p + 63])
            p += 32 * (x[i] > edges[p + 31])
            p += 16 * (x[i] > edges[p + 15])
            p += 8 * (x[i] > edges[p + 7])
            p += 4 * (x[i] > edges[p + 3])
            p += 2 * (x[i] > edges[p + 1])
            out[i] = p + (x[i] > edges[p])


@njit(cache=True, nogil=True, error_model="numpy")
def _evaluate(
    block: Array,
    features: Array,
    codes: Array,
    kinds: Array,
    left: Array,
    right: Array,
    begin: int,
    end: int,
    stack: Array,
) -> None:
    """Leave the path lengths of one tree in the first lanes of the stack.

    Rows of the block and the stack are told by where they begin: a slice for each split would
    cost more than its comparisons.
    """
    lanes = _u64(_LANES)
    held = _u64(0)
    for k in range(end - 1, begin - 1, -1):
        x = _u64(features[k]) * lanes
        code, low, high = codes[k], left[k], right[k]
        # Both operands are loaded before the choice: only then is it one blend of lanes.
        if kinds[k] == 0:
            for i in range(lanes):
                stack[held + i] = high if block[x + i] > code else low
            held += lanes
        elif kinds[k] == SPLIT_LEFT:
            out = held - lanes
            for i in range(lanes):
                a = stack[out + i]
                stack[out + i] = high if block[x + i] > code else a
        elif kinds[k] == SPLIT_RIGHT:
            out = held - lanes
            for i in range(lanes):
                b = stack[out + i]
                stack[out + i] = b if block[x + i] > code else low
        else:
            held -= lanes
            out = held - lanes
            for i in range(lanes):
                b = stack[out + i]
                a = stack[held + i]
                stack[out + i] = b if block[x + i] > code else a


_score_types = void(
    _f2, _l1, _i1, _i1, _b1, _b1, _b1, _b1, _f3, _b3, _f3,
    types.Array(uint8, 2, "C", readonly=True), float32, float32[::1],
)  # fmt: skip


@njit(_score_types, cache=True, nogil=True, error_model="numpy")
def _add_up(
    XT: Array,
    groups: Array,
    offsets: Array,
    features: Array,
    kinds: Array,
    codes: Array,
    left: Array,
    right: Array,
    edges: Array,
    cells: Array,
    scales: Array,
    halvings: Array,
    step: float,
    total: Array,
) -> None:
    n_features, n_rows = XT.shape
    block = np.zeros((n_features, _LANES), np.uint8)
    flat = block.reshape(n_features * _LANES)
    stack = np.empty(_STACK * _LANES, np.uint8)
    units = np.empty(_LANES, np.uint16)
    for begin in range(0, n_rows, _LANES):
        used = min(_LANES, n_rows - begin)
        for g in range(len(groups) - 1):
            for f in range(n_features):
                x = XT[f, begin : begin + used]
                _encode(x, edges[g, f], cells[g, f], scales[g, f], halvings[g, f], block[f])
            units[:] = 0
            for tree in range(groups[g], groups[g + 1]):
                a, b = offsets[tree], offsets[tree + 1]
                if a == b:
                    continue
                _evaluate(flat, features, codes, kinds, left, right, a, b, stack)
                for i in range(_u64(_LANES)):
                    units[i] += np.uint16(stack[i])
            for i in range(used):
                total[begin + i] += np.float32(units[i]) * step


def add_up(lanes: Lanes, XT: Floats, total: Floats) -> None:
    """Add to ``total`` the path lengths of every row over all trees that split.

    Parameters
    ----------
    lanes
        From `lay_out`.
    XT
        Readings, (n_features, n_rows).
    total
        Changed in place, (n_rows,).
    """
    _add_up(XT, *lanes[:-1], np.float32(lanes.step), total)
