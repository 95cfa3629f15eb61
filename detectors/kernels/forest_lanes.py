"""Lay a forest out so that many rows are scored at once (`detectors.kernels.forest_score`).

Readings are replaced by how many of the forest's own thresholds lie below them, their rank,
which keeps every comparison exact.  A rank is spread over planes of one byte: each tells it
within a range of 255 thresholds, and a split looks at the plane whose range holds its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import boolean, float32, int8, int32, int64, njit, types, uint8, uint16, void

from detectors.kernels.arrays import Array, Floats
from detectors.kernels.forest_steps import arrange

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.kernels.arrays import Indices

_RANGE = 255  # a byte tells 256 places apart; the same in `detectors.kernels.forest_score`
_CELLS = 4096
_PAD = 17
_TREES = 256
_PLANES = 64

_u64 = np.uint64
_f1 = types.Array(float32, 1, "C", readonly=True)
_f2 = types.Array(float32, 2, "C", readonly=True)
_i1 = types.Array(int32, 1, "C", readonly=True)
_i2 = types.Array(int32, 2, "C", readonly=True)
_b1 = types.Array(uint8, 1, "C", readonly=True)
_l1 = types.Array(int64, 1, "C", readonly=True)


class Lanes(NamedTuple):
    """A forest whose thresholds and path lengths are bytes.

    Trees stand in groups, whose path lengths are added up in 16 bits.

    Attributes
    ----------
    groups
        First tree of each group and the end of the last, (n_groups + 1,).
    offsets
        As in `detectors.kernels.forest.ForestArrays`.
    left, right
        Path length of a leaf on either side, in units of `step`, (n_splits,).
    begins
        First place of each tree and the end of the last, (n_trees + 1,); places are those of
        `detectors.kernels.forest_steps.arrange`, and what follows with ``n_places`` is in
        their order.
    steps
        Kind of the step that begins there, (n_places,).
    planes
        Plane of each split among its group's, (n_places,).
    codes
        Place of each split's threshold in its plane's range, less 128, (n_places,).
    low, high
        Path length on either side where it is a leaf, in units of `step`, (n_places,).
    constant
        Path length of every row in those trees that tell none apart, (n_groups,).
    counts, firsts
        Thresholds on each feature, and the first of its planes, (n_groups, n_features).
    edges
        Sorted thresholds, filled up with infinity, (n_groups, n_features, room).
    cells
        Thresholds below each of 4,096 equal cells, (n_groups, n_features, 4096).
    scales
        Where the cells begin, and cells per unit, (n_groups, n_features, 2).
    halvings
        Halvings that find a reading's place within its cell, (n_groups, n_features).
    step
        Path length of one unit.
    """

    groups: Indices
    offsets: NDArray[np.int32]
    left: NDArray[np.uint8]
    right: NDArray[np.uint8]
    begins: NDArray[np.int32]
    steps: NDArray[np.uint8]
    planes: NDArray[np.int32]
    codes: NDArray[np.int8]
    low: NDArray[np.uint8]
    high: NDArray[np.uint8]
    constant: NDArray[np.uint16]
    counts: NDArray[np.int32]
    firsts: NDArray[np.int32]
    edges: Floats
    cells: NDArray[np.uint16]
    scales: Floats
    halvings: NDArray[np.uint8]
    step: float


@njit(boolean(_i1, _i1, int64), cache=True, nogil=True)
def _fits(offsets: Array, features: Array, n_features: int) -> bool:
    """Whether no tree has more splits on one feature than a plane tells apart."""
    counts = np.empty(n_features, np.int64)
    for tree in range(len(offsets) - 1):
        counts[:] = 0
        for k in range(offsets[tree], offsets[tree + 1]):
            counts[features[k]] += 1
            if counts[features[k]] > _RANGE:
                return False
    return True


@njit(void(_l1, _i1, _i1, _i1, int32[:, ::1], int32[:, ::1]), cache=True, nogil=True)
def _count(
    groups: Array, begins: Array, order: Array, features: Array, counts: Array, firsts: Array
) -> None:
    """Count thresholds, and number the planes they take."""
    counts[:] = 0
    for g in range(len(groups) - 1):
        for place in range(begins[groups[g]], begins[groups[g + 1]]):
            counts[g, features[order[place]]] += 1
        made = 0
        for f in range(counts.shape[1]):
            firsts[g, f] = made
            made += -(-counts[g, f] // _RANGE)


@njit(cache=True, nogil=True)
def _sort(keys: Array, begin: np.uint64, end: np.uint64, room: Array, ends: Array) -> None:
    """Sort keys by their upper 32 bits, 8 at a time from the lowest on."""
    byte, one = _u64(255), _u64(1)
    ends[:] = 0
    for i in range(begin, end):
        key = keys[i] >> _u64(32)
        for digit in range(_u64(4)):
            ends[digit, key & byte] += one
            key >>= _u64(8)
    for digit in range(_u64(4)):
        at = begin
        for value in range(_u64(256)):
            count = ends[digit, value]
            ends[digit, value] = at
            at += count
    for digit in range(_u64(0), _u64(4), _u64(2)):
        low = _u64(32) + _u64(8) * digit
        high = low + _u64(8)
        for i in range(begin, end):
            value = (keys[i] >> low) & byte
            room[ends[digit, value]] = keys[i]
            ends[digit, value] += one
        for i in range(begin, end):
            value = (room[i] >> high) & byte
            keys[ends[digit + one, value]] = room[i]
            ends[digit + one, value] += one


@njit(cache=True, nogil=True)
def _collect(
    order: Array,
    features: Array,
    thresholds: Array,
    begin: int,
    end: int,
    counts: Array,
    firsts: Array,
    edges: Array,
    planes: Array,
    codes: Array,
) -> None:
    """Sort the thresholds of each feature into `edges`, and number the splits by them."""
    # All places are unsigned: they need no look whether they count from the end.
    places = np.zeros(len(counts) + 1, np.uint64)
    for f in range(_u64(len(counts))):
        places[f + _u64(1)] = places[f] + _u64(counts[f])
    keys, room = np.empty(end - begin, np.uint64), np.empty(end - begin, np.uint64)
    ends = np.empty((4, 256), np.uint64)
    patterns, sign = thresholds.view(np.uint32), np.uint32(0x80000000)
    for place in range(_u64(begin), _u64(end)):
        k = _u64(order[place])
        u = patterns[k]
        u = np.uint32(~u) if u & sign else np.uint32(u | sign)
        of = _u64(features[k])
        keys[places[of]] = (_u64(u) << _u64(32)) | place
        places[of] += _u64(1)
    for f in range(_u64(len(counts))):
        last = places[f]
        first = last - _u64(counts[f])
        _sort(keys, first, last, room, ends)
        plane, code = firsts[f], np.int32(0)
        before = np.float32(np.inf)
        for i in range(first, last):
            split = keys[i] & _u64(0xFFFFFFFF)
            edge = thresholds[_u64(order[split])]
            edges[f, i - first] = edge
            # Equal thresholds share the rank of the first.
            if edge != before:
                rank = np.int32(i - first)
                plane, code = firsts[f] + rank // _RANGE, rank % _RANGE
                before = edge
            planes[split] = plane
            codes[split] = code - 128
        edges[f, _u64(counts[f]) :] = np.inf


@njit(cache=True, nogil=True)
def _tabulate(edges: Array, n: int, cells: Array, scale: Array) -> int:
    """Fill the look-up table of one feature; returns the halvings its fullest cell needs."""
    cells[:] = 0
    scale[:] = 0
    if n == 0:
        return 0
    scale[0] = edges[0]
    span = edges[n - 1] - edges[0]
    scale[1] = np.float32(_CELLS - 1) / span if span > 0 else np.float32(0)
    top = np.float32(_CELLS - 1)
    reached = most = first = 0
    for at in range(n):
        # The very arithmetic that scoring does, so that both agree on every cell.
        y = (edges[at] - scale[0]) * scale[1]
        y = y if y > 0 else np.float32(0)
        cell = int(y if y < top else top)
        if cell >= reached:
            cells[reached : cell + 1] = at
            reached = cell + 1
            first = at
        most = max(most, at + 1 - first)
    cells[reached:] = n
    halvings = 0
    while (1 << halvings) - 1 < most:
        halvings += 1
    return halvings


@njit(void(_f2, float32, uint8[::1], uint8[::1]), cache=True, nogil=True)
def _to_units(depths: Array, step: float, left: Array, right: Array) -> None:
    for k in range(len(depths)):
        left[k] = min(255, int(depths[k, 0] / step + 0.5))
        right[k] = min(255, int(depths[k, 1] / step + 0.5))


@njit(
    void(
        _l1, _i1, _i1, _i1, _f1, _b1, _b1, int32[::1], int8[::1], uint8[::1], uint8[::1],
        _i2, _i2, float32[:, :, ::1], uint16[:, :, ::1], float32[:, :, ::1], uint8[:, ::1],
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def _encode(
    groups: Array,
    begins: Array,
    order: Array,
    features: Array,
    thresholds: Array,
    left: Array,
    right: Array,
    planes: Array,
    codes: Array,
    low: Array,
    high: Array,
    counts: Array,
    firsts: Array,
    edges: Array,
    cells: Array,
    scales: Array,
    halvings: Array,
) -> None:
    for g in range(len(groups) - 1):
        first, end = begins[groups[g]], begins[groups[g + 1]]
        own = counts[g], firsts[g], edges[g]
        _collect(order, features, thresholds, first, end, *own, planes, codes)
        for f in range(edges.shape[1]):
            halvings[g, f] = _tabulate(edges[g, f], counts[g, f], cells[g, f], scales[g, f])
    for place in range(len(order)):
        low[place] = left[order[place]]
        high[place] = right[order[place]]


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
    if not _fits(offsets, features, n_features):
        return None
    n_trees, n_splits = len(offsets) - 1, len(features)
    # A group's planes of a block of rows are to stay in the processor's cache.
    largest = max(int(np.diff(offsets).max()), 1)
    together = max(min(_PLANES * _RANGE * n_features // largest, _TREES), 1)
    groups = np.append(np.arange(0, n_trees, together), n_trees)
    step = longest / 255
    left, right = np.empty(n_splits, np.uint8), np.empty(n_splits, np.uint8)
    _to_units(depths, step, left, right)
    order, steps = np.empty(n_splits, np.int32), np.empty(n_splits, np.uint8)
    begins, constant = np.empty(n_trees + 1, np.int32), np.empty(n_trees, np.int32)
    arrange(offsets, kinds, left, right, order, steps, begins, constant)
    order = order[: begins[-1]]
    shape, n_places = (len(groups) - 1, n_features), len(order)
    counts, firsts = np.empty(shape, np.int32), np.empty(shape, np.int32)
    _count(groups, begins, order, features, counts, firsts)
    room = (int(counts.max()) + 15) // 16 * 16 + _PAD
    lanes = Lanes(
        groups,
        offsets,
        left,
        right,
        begins,
        steps,
        planes=np.empty(n_places, np.int32),
        codes=np.empty(n_places, np.int8),
        low=np.empty(n_places, np.uint8),
        high=np.empty(n_places, np.uint8),
        constant=np.add.reduceat(constant, groups[:-1]).astype(np.uint16),
        counts=counts,
        firsts=firsts,
        edges=np.empty((*shape, room), np.float32),
        cells=np.empty((*shape, _CELLS), np.uint16),
        scales=np.empty((*shape, 2), np.float32),
        halvings=np.empty(shape, np.uint8),
        step=step,
    )
    own = lanes.planes, lanes.codes, lanes.low, lanes.high
    _encode(groups, begins, order, features, thresholds, left, right, *own, *lanes[11:-1])
    return lanes
