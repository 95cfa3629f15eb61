"""Score many rows at once: every split of a tree for a whole block of rows.

Readings are first replaced by their places among the forest's thresholds
(`detectors.kernels.forest_lanes`).  A tree's splits are then evaluated from the last to the
first: each replaces the values of its two sides by the one that each row takes.  There is no
branch to guess wrong, and one instruction serves 16 to 64 rows.
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32, int64, njit, types, uint8, void

from detectors.kernels.arrays import Array, Floats
from detectors.kernels.forest_grow import SPLIT_LEFT, SPLIT_RIGHT
from detectors.kernels.forest_lanes import Lanes

_LANES = 2048
_TOGETHER = 64
_STACK = 20

_u64 = np.uint64
_f2 = types.Array(float32, 2, "C", readonly=True)
_i1 = types.Array(int32, 1, "C", readonly=True)
_l1 = types.Array(int64, 1, "C", readonly=True)
_b1 = types.Array(uint8, 1, "C", readonly=True)
_b2 = types.Array(uint8, 2, "C", readonly=True)


@njit(cache=True, nogil=True, error_model="numpy")
def _encode(
    x: Array, edges: Array, cells: Array, scale: Array, halvings: int, out: Array
) -> None:
    """Number of edges below each reading; the usual depths spelled out to stay in lanes."""
    low, per = scale[0], scale[1]
    zero, top = np.float32(0), np.float32(len(cells) - 1)
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
    planes: Array,
    codes: Array,
    kinds: Array,
    left: Array,
    right: Array,
    begin: int,
    end: int,
    stack: Array,
    lanes: np.uint64,
) -> None:
    """Leave the path lengths of one tree in the first lanes of the stack.

    Planes of the block and the stack are told by where they begin: a slice for each split
    would cost more than its comparisons.
    """
    room = _u64(_LANES)
    held = _u64(0)
    for k in range(end - 1, begin - 1, -1):
        x = _u64(planes[k]) * room
        code, low, high = codes[k], left[k], right[k]
        # Both operands are loaded before the choice: only then is it one blend of lanes.
        if kinds[k] == 0:
            for i in range(lanes):
                stack[held + i] = high if block[x + i] > code else low
            held += room
        elif kinds[k] == SPLIT_LEFT:
            out = held - room
            for i in range(lanes):
                a = stack[out + i]
                stack[out + i] = high if block[x + i] > code else a
        elif kinds[k] == SPLIT_RIGHT:
            out = held - room
            for i in range(lanes):
                b = stack[out + i]
                stack[out + i] = b if block[x + i] > code else low
        else:
            held -= room
            out = held - room
            for i in range(lanes):
                b = stack[out + i]
                a = stack[held + i]
                stack[out + i] = b if block[x + i] > code else a


_types = void(
    _f2, _l1, _l1, _i1, _i1, _b1, _i1, _b1, _b1, _b1, _f2, _b2, _f2, _b1,
    float32, float32[::1],
)  # fmt: skip


@njit(_types, cache=True, nogil=True, error_model="numpy")
def _add_up(
    XT: Array,
    groups: Array,
    firsts: Array,
    columns: Array,
    offsets: Array,
    kinds: Array,
    planes: Array,
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
    n_rows = XT.shape[1]
    most = 0
    for g in range(len(groups) - 1):
        most = max(most, firsts[g + 1] - firsts[g])
    block = np.zeros((most, _LANES), np.uint8)
    flat = block.reshape(most * _LANES)
    stack = np.empty(_STACK * _LANES, np.uint8)
    units = np.empty(_LANES, np.uint16)
    for begin in range(0, n_rows, _LANES):
        used = min(_LANES, n_rows - begin)
        lanes = _u64(-(-used // _TOGETHER) * _TOGETHER)
        for g in range(len(groups) - 1):
            for p in range(firsts[g], firsts[g + 1]):
                x = XT[columns[p], begin : begin + used]
                own = block[p - firsts[g]]
                _encode(x, edges[p], cells[p], scales[p], halvings[p], own)
            units[:] = 0
            for tree in range(groups[g], groups[g + 1]):
                a, b = offsets[tree], offsets[tree + 1]
                if a == b:
                    continue
                _evaluate(flat, planes, codes, kinds, left, right, a, b, stack, lanes)
                for i in range(lanes):
                    units[i] += np.uint16(stack[i])
            for i in range(used):
                total[begin + i] += np.float32(units[i]) * step


def add_up(lanes: Lanes, XT: Floats, total: Floats) -> None:
    """Add to ``total`` the path lengths of every row over all trees that split.

    Parameters
    ----------
    lanes
        From `detectors.kernels.forest_lanes.lay_out`.
    XT
        Readings, (n_features, n_rows).
    total
        Changed in place, (n_rows,).
    """
    _add_up(XT, *lanes[:-1], np.float32(lanes.step), total)
