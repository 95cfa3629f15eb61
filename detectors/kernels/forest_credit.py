"""Which features set a row apart: what each split on a row's path saved.

Every split is offered a block of rows at once, and a weight of 0 or 1 a row says which of them
come by: no branch to guess wrong, as in `detectors.kernels.forest_lanes`.
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32, njit, types, uint8, uint16, void

from detectors.kernels.arrays import Array
from detectors.kernels.forest_grow import DEEPEST, SPLIT_LEFT, SPLIT_RIGHT

_BLOCK = 256

_u64 = np.uint64
_f1 = types.Array(float32, 1, "C", readonly=True)
_f2 = types.Array(float32, 2, "C", readonly=True)
_i1 = types.Array(int32, 1, "C", readonly=True)
_b1 = types.Array(uint8, 1, "C", readonly=True)
_h1 = types.Array(uint16, 1, "C", readonly=True)


@njit(
    void(_f2, _i1, _i1, _f1, _b1, _h1, _h1, _f1, float32[:, ::1]),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def credit(
    XT: Array,
    offsets: Array,
    features: Array,
    thresholds: Array,
    kinds: Array,
    left_rows: Array,
    right_rows: Array,
    lengths: Array,
    gained: Array,
) -> None:
    """Add up path lengths saved, (n_features, n_rows).

    Parameters
    ----------
    XT
        Readings, (n_features, n_rows).
    offsets, features, thresholds, kinds, left_rows, right_rows
        See `detectors.kernels.forest.ForestArrays`.
    lengths
        Mean path length among so many rows.
    gained
        Changed in place.
    """
    n_features, n_rows = XT.shape
    cells = XT.reshape(n_features * n_rows)
    credits = gained.reshape(n_features * n_rows)
    width = _u64(_BLOCK)
    coming = np.empty((DEEPEST + 2) * _BLOCK, np.float32)
    for begin in range(0, n_rows, _BLOCK):
        used = _u64(min(_BLOCK, n_rows - begin))
        for tree in range(len(offsets) - 1):
            coming[:_BLOCK] = 1
            waiting = width
            for k in range(offsets[tree], offsets[tree + 1]):
                at = _u64(features[k] * n_rows + begin)
                threshold = thresholds[k]
                a = left_rows[k]
                b = right_rows[k]
                left = lengths[a + b] - lengths[a] - np.float32(1)
                right = lengths[a + b] - lengths[b] - np.float32(1)
                here = waiting - width
                # Who goes where is noted only for a side that is split again.
                if kinds[k] == 0:
                    for i in range(used):
                        gain = right if cells[at + i] > threshold else left
                        credits[at + i] += coming[here + i] * gain
                    waiting = here
                elif kinds[k] == SPLIT_LEFT:
                    for i in range(used):
                        above = cells[at + i] > threshold
                        rows = coming[here + i]
                        credits[at + i] += rows * (right if above else left)
                        coming[here + i] = np.float32(0) if above else rows
                elif kinds[k] == SPLIT_RIGHT:
                    for i in range(used):
                        above = cells[at + i] > threshold
                        rows = coming[here + i]
                        credits[at + i] += rows * (right if above else left)
                        coming[here + i] = rows if above else np.float32(0)
                else:
                    for i in range(used):
                        above = cells[at + i] > threshold
                        rows = coming[here + i]
                        credits[at + i] += rows * (right if above else left)
                        coming[here + i] = rows if above else np.float32(0)
                        coming[waiting + i] = np.float32(0) if above else rows
                    waiting += width
