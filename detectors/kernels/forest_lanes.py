"""Lay a forest out so that many rows are scored at once (`detectors.kernels.forest_score`).

Readings are replaced by how many of the forest's own thresholds lie below them, a number of
one byte, which keeps every comparison exact.  A feature on which the trees have more thresholds
than a byte can number is given several planes of such numbers, each for some of the trees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import float32, int32, int64, njit, types, uint8, void

from detectors.kernels.arrays import Array, Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.kernels.arrays import Indices

_CELLS = 4096
_EDGES = 255
_ROOM = _EDGES + 17
_TREES = 256
_PLANES = 4

_u64 = np.uint64
_f1 = types.Array(float32, 1, "C", readonly=True)
_f2 = types.Array(float32, 2, "C", readonly=True)
_i1 = types.Array(int32, 1, "C", readonly=True)
_l1 = types.Array(int64, 1, "C", readonly=True)


class Lanes(NamedTuple):
    """A forest whose thresholds and path lengths are bytes.

    Trees stand in groups, whose path lengths are added up in 16 bits; planes hold at most 255
    thresholds each.

    Attributes
    ----------
    groups, firsts
        First tree and first plane of each group, and the end of the last, (n_groups + 1,).
    columns
        Feature of each plane, (n_planes,).
    offsets, kinds
        As in `detectors.kernels.forest.ForestArrays`.
    planes
        Plane of each split, counted from its group's first, (n_splits,).
    codes
        Place of each split's threshold among its plane's, (n_splits,).
    left, right
        Path length of a leaf on either side, in units of `step`, (n_splits,).
    edges
        Sorted thresholds, filled up with infinity, (n_planes, 272).
    cells
        Thresholds below each of 4,096 equal cells, (n_planes, 4096).
    scales
        Where the cells begin, and cells per unit, (n_planes, 2).
    halvings
        Halvings that find a reading's place within its cell, (n_planes,).
    step
        Path length of one unit.
    """

    groups: Indices
    firsts: Indices
    columns: NDArray[np.int32]
    offsets: NDArray[np.int32]
    kinds: NDArray[np.uint8]
    planes: NDArray[np.int32]
    codes: NDArray[np.uint8]
    left: NDArray[np.uint8]
    right: NDArray[np.uint8]
    edges: Floats
    cells: NDArray[np.uint8]
    scales: Floats
    halvings: NDArray[np.uint8]
    step: float


@njit(
    int64(_i1, _i1, int64, int64[::1], int64[::1], int32[::1], int32[::1], int32[::1]),
    cache=True,
    nogil=True,
)
def _share_out(
    offsets: Array,
    features: Array,
    n_features: int,
    groups: Array,
    firsts: Array,
    columns: Array,
    counts: Array,
    planes: Array,
) -> int:
    """Give every split a plane; returns the groups, or 0 where a tree fits into no plane."""
    own = np.zeros(n_features, np.int32)
    current = np.full(n_features, -1, np.int32)
    groups[0] = firsts[0] = 0
    n = made = 0
    for tree in range(len(offsets) - 1):
        # A group's planes of a block of rows are to stay in the processor's cache.
        if tree - groups[n] >= _TREES or made - firsts[n] >= _PLANES * n_features:
            n += 1
            groups[n] = tree
            firsts[n] = made
            current[:] = -1
        for k in range(offsets[tree], offsets[tree + 1]):
            own[features[k]] += 1
        for k in range(offsets[tree], offsets[tree + 1]):
            f = features[k]
            if own[f] > 0:
                if own[f] > _EDGES:
                    return 0
                if current[f] < 0 or counts[current[f]] + own[f] > _EDGES:
                    current[f] = made
                    columns[made] = f
                    counts[made] = 0
                    made += 1
                counts[current[f]] += own[f]
                own[f] = 0
            planes[k] = current[f] - firsts[n]
    groups[n + 1] = len(offsets) - 1
    firsts[n + 1] = made
    return n + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _collect(
    planes: Array,
    first: int,
    thresholds: Array,
    begin: int,
    end: int,
    unsorted: Array,
    edges: Array,
    filled: Array,
    codes: Array,
) -> None:
    """Sort the thresholds of each plane into `edges`, and number the splits by them.

    A threshold's number is how many are below it.  Counting them all is quicker than any
    search: it has no branch, and takes 16 at a time.
    """
    room = edges.shape[1]
    for k in range(begin, end):
        p = first + planes[k]
        unsorted[p * room + filled[p]] = thresholds[k]
        filled[p] += 1
    for k in range(begin, end):
        p = first + planes[k]
        value = thresholds[k]
        at = _u64(p * room)
        below = np.int32(0)
        for i in range(_u64((filled[p] + 15) & ~15)):
            below += np.int32(unsorted[at + i] < value)
        codes[k] = below
        edges[p, below] = value


@njit(cache=True, nogil=True)
def _tabulate(edges: Array, n: int, cells: Array, scale: Array) -> int:
    """Fill the look-up table of one plane; returns the halvings its fullest cell needs."""
    for i in range(1, n):
        # Equal thresholds share a number and leave the places after it free.
        edges[i] = edges[i] if edges[i] < np.inf else edges[i - 1]
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


@njit(
    void(
        _l1, _l1, _i1, _i1, _i1, _f1, _f2, float32, uint8[::1], uint8[::1], uint8[::1],
        float32[:, ::1], uint8[:, ::1], float32[:, ::1], uint8[::1],
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def _encode_trees(
    groups: Array,
    firsts: Array,
    offsets: Array,
    counts: Array,
    planes: Array,
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
    filled = np.zeros(len(edges), np.int32)
    unsorted = np.full(edges.size, np.float32(np.inf))
    edges[:] = np.inf
    for g in range(len(groups) - 1):
        begin, end = offsets[groups[g]], offsets[groups[g + 1]]
        _collect(planes, firsts[g], thresholds, begin, end, unsorted, edges, filled, codes)
    for p in range(len(edges)):
        halvings[p] = _tabulate(edges[p], counts[p], cells[p], scales[p])
    for k in range(len(planes)):
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
    n_splits = len(features)
    groups = np.empty(len(offsets) + 1, np.int64)
    firsts = np.empty(len(offsets) + 1, np.int64)
    columns, counts, planes = (np.empty(n_splits, np.int32) for _ in range(3))
    n = _share_out(offsets, features, n_features, groups, firsts, columns, counts, planes)
    if n == 0:
        return None
    made = int(firsts[n])
    lanes = Lanes(
        groups[: n + 1].copy(),
        firsts[: n + 1].copy(),
        columns[:made].copy(),
        offsets,
        kinds,
        planes,
        codes=np.empty(n_splits, np.uint8),
        left=np.empty(n_splits, np.uint8),
        right=np.empty(n_splits, np.uint8),
        edges=np.empty((made, _ROOM), np.float32),
        cells=np.empty((made, _CELLS), np.uint8),
        scales=np.empty((made, 2), np.float32),
        halvings=np.empty(made, np.uint8),
        step=longest / 255,
    )
    _encode_trees(
        *lanes[:2], offsets, counts, planes, thresholds, depths, lanes.step, *lanes[6:-1]
    )
    return lanes
