"""Score many rows at once: every split of a tree for a whole block of rows.

Readings are first replaced by their places among the forest's thresholds
(`detectors.kernels.forest_lanes`).  A tree's splits are then evaluated from the last to the
first: each replaces the values of its two sides by the one that each row takes.  There is no
branch to guess wrong, and one instruction serves 16 to 64 rows.
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32, int64, njit, types, uint8, uint16, void

from detectors.kernels.arrays import Array, Floats
from detectors.kernels.forest_grow import SPLIT_LEFT, SPLIT_RIGHT
from detectors.kernels.forest_lanes import Lanes

_LANES = 1024
_RANGE = 255  # what a plane of the layout tells apart
_TOGETHER = 64
_STACK = 20

_u64 = np.uint64
_f2 = types.Array(float32, 2, "C", readonly=True)
_i1 = types.Array(int32, 1, "C", readonly=True)
_i2 = types.Array(int32, 2, "C", readonly=True)
_l1 = types.Array(int64, 1, "C", readonly=True)
_f3 = types.Array(float32, 3, "C", readonly=True)
_h3 = types.Array(uint16, 3, "C", readonly=True)
_b1 = types.Array(uint8, 1, "C", readonly=True)
_b2 = types.Array(uint8, 2, "C", readonly=True)


@njit(cache=True, nogil=True, error_model="numpy")
def _rank(
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
            y = (x[i] - low) * per
            y = y if y > zero else zero
            y = y if y < top else top
            p = np.int64(cells[np.uint32(y)])
            for half in range(halvings - 1, -1, -1):
                middle = p + (1 << half)
                p = middle if middle <= len(edges) and x[i] > edges[middle - 1] else p
            out[i] = p


@njit(cache=True, nogil=True, error_model="numpy")
def _spread(ranks: Array, base: int, used: int, out: Array, at: np.uint64) -> None:
    """Tell ranks within the range of one plane."""
    low, top = np.uint16(base), np.uint16(255)
    for i in range(_u64(used)):
        r = ranks[i]
        r = np.uint16(r - low) if r > low else np.uint16(0)
        out[at + i] = np.uint8(r if r < top else top)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _two_leaves(
    block: Array,
    stack: Array,
    own: tuple[np.uint64, np.uint8, np.uint8, np.uint8],
    above: tuple[np.uint64, np.uint8, np.uint8, np.uint8],
    kind: int,
    held: np.uint64,
    lanes: np.uint64,
) -> np.uint64:
    """Evaluate a split with two leaves and the one above it; returns where the stack ends.

    Most such splits stand right after the one above them: both in one go spare a way through
    memory.

    Parameters
    ----------
    own, above
        Where the split's plane begins, its code, and the path lengths of its leaves.
    kind
        Of the split above; 0 where there is none.
    """
    (x, code, low, high), (y, edge, less, more) = own, above
    out = held - _u64(_LANES)
    if kind == 0:
        for i in range(lanes):
            stack[held + i] = high if block[x + i] > code else low
    elif kind == SPLIT_LEFT:
        for i in range(lanes):
            a = high if block[x + i] > code else low
            stack[held + i] = more if block[y + i] > edge else a
    elif kind == SPLIT_RIGHT:
        for i in range(lanes):
            b = high if block[x + i] > code else low
            stack[held + i] = b if block[y + i] > edge else less
    else:
        for i in range(lanes):
            a = high if block[x + i] > code else low
            b = stack[out + i]
            stack[out + i] = b if block[y + i] > edge else a
        return held
    return held + _u64(_LANES)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
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
    k = end - 1
    while k >= begin:
        x = _u64(planes[k]) * room
        code, low, high, kind = codes[k], left[k], right[k], kinds[k]
        # Both operands are loaded before the choice: only then is it one blend of lanes.
        if kind == 0:
            j = max(k - 1, begin)
            above = _u64(planes[j]) * room, codes[j], left[j], right[j]
            own = x, code, low, high
            held = _two_leaves(block, stack, own, above, kinds[j], held, lanes)
            k -= 1 if kinds[j] == 0 else 2
            continue
        if kind == SPLIT_LEFT:
            out = held - room
            for i in range(lanes):
                a = stack[out + i]
                stack[out + i] = high if block[x + i] > code else a
        elif kind == SPLIT_RIGHT:
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
        k -= 1


_types = void(
    _f2, _l1, _i1, _b1, _i1, _b1, _b1, _b1, _i2, _i2, _f3, _h3, _f3, _b2, float32, float32[::1],
)  # fmt: skip


@njit(_types, cache=True, nogil=True, error_model="numpy")
def _add_up(
    XT: Array,
    groups: Array,
    offsets: Array,
    kinds: Array,
    planes: Array,
    codes: Array,
    left: Array,
    right: Array,
    counts: Array,
    firsts: Array,
    edges: Array,
    cells: Array,
    scales: Array,
    halvings: Array,
    step: float,
    total: Array,
) -> None:
    n_features, n_rows = XT.shape
    most = 0
    for k in range(len(planes)):
        most = max(most, planes[k] + 1)
    block = np.zeros(most * _LANES, np.uint8)
    ranks = np.empty(_LANES, np.uint16)
    stack = np.empty(_STACK * _LANES, np.uint8)
    units = np.empty(_LANES, np.uint16)
    for begin in range(0, n_rows, _LANES):
        used = min(_LANES, n_rows - begin)
        lanes = _u64(-(-used // _TOGETHER) * _TOGETHER)
        for g in range(len(groups) - 1):
            for f in range(n_features):
                if counts[g, f] == 0:
                    continue
                x = XT[f, begin : begin + used]
                _rank(x, edges[g, f], cells[g, f], scales[g, f], halvings[g, f], ranks)
                for base in range(0, counts[g, f], _RANGE):
                    plane = firsts[g, f] + base // _RANGE
                    _spread(ranks, base, used, block, _u64(plane * _LANES))
            units[:] = 0
            for tree in range(groups[g], groups[g + 1]):
                a, b = offsets[tree], offsets[tree + 1]
                if a == b:
                    continue
                if lanes == _LANES:  # loops of a fixed length are quicker
                    _evaluate(
                        block, planes, codes, kinds, left, right, a, b, stack, _u64(_LANES)
                    )
                else:
                    _evaluate(block, planes, codes, kinds, left, right, a, b, stack, lanes)
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
