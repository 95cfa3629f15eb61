"""Score many rows at once: every split of a tree for a whole block of rows.

Readings are first replaced by their places among the forest's thresholds
(`detectors.kernels.forest_lanes`).  A tree's splits are then evaluated from the leaves up, in
the order of `detectors.kernels.forest_steps`: each takes one of the path lengths of its two
sides for every row.  There is no branch on a row to guess wrong, what the step before has left
is still in registers, and one instruction serves 32 or 64 rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, int8, int32, int64, njit, types, uint8, uint16, void

from detectors.kernels.arrays import Array, Floats
from detectors.kernels.byte_lanes import ALIGNED, LANES, add, choose, fill, load, store
from detectors.kernels.forest_lanes import Lanes
from detectors.kernels.forest_steps import KINDS, LEAF, PAIR, TREE

_RANGE = 255  # what a plane of the layout tells apart
_STACK = 20

_u64 = np.uint64
_f2 = types.Array(float32, 2, "C", readonly=True)
_i1 = types.Array(int32, 1, "C", readonly=True)
_i2 = types.Array(int32, 2, "C", readonly=True)
_l1 = types.Array(int64, 1, "C", readonly=True)
_f3 = types.Array(float32, 3, "C", readonly=True)
_h3 = types.Array(uint16, 3, "C", readonly=True)
_b1 = types.Array(uint8, 1, "C", readonly=True)
_h1 = types.Array(uint16, 1, "C", readonly=True)
_c1 = types.Array(int8, 1, "C", readonly=True)
_b2 = types.Array(uint8, 2, "C", readonly=True)


@njit(cache=True, nogil=True, error_model="numpy")
def _rank(
    x: Array, edges: Array, cells: Array, scale: Array, halvings: int, cell: Array, out: Array
) -> None:
    """Number of edges below each reading.

    Cells first, in vector lanes, and then what is looked up, which is not; the usual depths
    are spelled out.
    """
    low, per = scale[0], scale[1]
    zero, top = np.float32(0), np.float32(len(cells) - 1)
    for i in range(_u64(len(x))):
        y = (x[i] - low) * per
        y = y if y > zero else zero
        cell[i] = np.int32(y if y < top else top)
    if halvings <= 2:
        for i in range(_u64(len(x))):
            p = _u64(cells[_u64(cell[i])])
            p += _u64(2) * _u64(x[i] > edges[p + _u64(1)])
            out[i] = p + _u64(x[i] > edges[p])
    elif halvings == 3:
        for i in range(_u64(len(x))):
            p = _u64(cells[_u64(cell[i])])
            p += _u64(4) * _u64(x[i] > edges[p + _u64(3)])
            p += _u64(2) * _u64(x[i] > edges[p + _u64(1)])
            out[i] = p + _u64(x[i] > edges[p])
    else:
        for i in range(_u64(len(x))):
            p = _u64(cells[_u64(cell[i])])
            for half in range(halvings - 1, -1, -1):
                middle = p + (_u64(1) << _u64(half))
                inside = middle <= _u64(len(edges))
                p = middle if inside and x[i] > edges[middle - _u64(1)] else p
            out[i] = p


@njit(cache=True, nogil=True, error_model="numpy")
def _spread(ranks: Array, base: int, out: Array, at: np.uint64) -> None:
    """Tell ranks within the range of one plane, less 128."""
    low, top = np.uint16(base), np.uint16(255)
    for i in range(_u64(len(ranks))):
        r = ranks[i]
        r = np.uint16(r - low) if r > low else np.uint16(0)
        out[at + i] = np.int8(np.int16(r if r < top else top) - np.int16(128))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _split(
    block: Array, splits: tuple[Array, ...], place: np.uint64, above: Any, other: Any
) -> Any:
    """Lead every row to the one or the other side of a split."""
    planes, codes, _, _ = splits
    return choose(block, _u64(planes[place]) * _u64(LANES), codes[place], above, other)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _pair(block: Array, splits: tuple[Array, ...], place: np.uint64) -> Any:
    """Path lengths below a split with two leaves."""
    _, _, low, high = splits
    return _split(block, splits, place, fill(high[place]), fill(low[place]))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _evaluate(
    block: Array,
    steps: Array,
    splits: tuple[Array, ...],
    place: np.uint64,
    end: np.uint64,
    stack: Array,
) -> Any:
    """Path lengths of one tree; see `detectors.kernels.forest_steps` for its steps."""
    _, _, low, high = splits
    done = fill(np.uint8(0))
    held = _u64(0)
    while place < end:
        kind = steps[place]
        if kind == KINDS * TREE + TREE:
            held -= _u64(LANES)
            done = _split(block, splits, place, load(stack, held), done)
            place += _u64(1)
        elif kind == KINDS * TREE + LEAF:
            done = _split(block, splits, place, fill(high[place]), done)
            place += _u64(1)
        elif kind == KINDS * LEAF + TREE:
            done = _split(block, splits, place, done, fill(low[place]))
            place += _u64(1)
        elif kind == KINDS * TREE + PAIR:
            pair = _pair(block, splits, place)
            done = _split(block, splits, place + _u64(1), pair, done)
            place += _u64(2)
        elif kind == KINDS * PAIR + TREE:
            pair = _pair(block, splits, place)
            done = _split(block, splits, place + _u64(1), done, pair)
            place += _u64(2)
        else:
            # Nothing below is evaluated yet: what was is put aside.
            store(stack, held, done)
            held += _u64(LANES)
            pair = _pair(block, splits, place)
            if kind == KINDS * PAIR + PAIR:
                other = _pair(block, splits, place + _u64(1))
                done = _split(block, splits, place + _u64(2), other, pair)
                place += _u64(3)
            elif kind == KINDS * PAIR + LEAF:
                done = _split(block, splits, place + _u64(1), fill(high[place + _u64(1)]), pair)
                place += _u64(2)
            elif kind == KINDS * LEAF + PAIR:
                done = _split(block, splits, place + _u64(1), pair, fill(low[place + _u64(1)]))
                place += _u64(2)
            else:
                done = pair
                place += _u64(1)
    return done


@njit(cache=True, nogil=True)
def _aligned(n: int) -> Array:
    """Room for so many bytes, where a line of the cache begins."""
    room = np.zeros(n + ALIGNED, np.uint8)
    at = -room.ctypes.data % ALIGNED
    return room[at : at + n]


_types = void(
    _f2, _l1, _i1, _b1, _i1, _c1, _b1, _b1, _h1, _i2, _i2, _f3, _h3, _f3, _b2, float32,
    float32[::1],
)  # fmt: skip


@njit(_types, cache=True, nogil=True, error_model="numpy")
def _add_up(
    XT: Array,
    groups: Array,
    begins: Array,
    steps: Array,
    planes: Array,
    codes: Array,
    low: Array,
    high: Array,
    constant: Array,
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
    for place in range(len(planes)):
        most = max(most, planes[place] + 1)
    block = _aligned(most * LANES).view(np.int8)
    stack = _aligned(_STACK * LANES)
    units = _aligned(2 * LANES).view(np.uint16)
    cell, ranks = np.empty(LANES, np.int32), np.zeros(LANES, np.uint16)
    splits = planes, codes, low, high
    for begin in range(0, n_rows, LANES):
        used = min(LANES, n_rows - begin)
        for g in range(len(groups) - 1):
            for f in range(n_features):
                if counts[g, f] == 0:
                    continue
                x = XT[f, begin : begin + used]
                own = edges[g, f], cells[g, f], scales[g, f], halvings[g, f]
                _rank(x, *own, cell, ranks)
                for base in range(0, counts[g, f], _RANGE):
                    plane = firsts[g, f] + base // _RANGE
                    _spread(ranks, base, block, _u64(plane * LANES))
            units[:] = constant[g]
            for tree in range(groups[g], groups[g + 1]):
                first, end = _u64(begins[tree]), _u64(begins[tree + 1])
                if first < end:
                    done = _evaluate(block, steps, splits, first, end, stack)
                    add(units, _u64(0), done)
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
    own = lanes.groups, *lanes[4:-1]
    _add_up(XT, *own, np.float32(lanes.step), total)
