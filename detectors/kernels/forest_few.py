"""Score a few rows: down every tree, row by row.

The lanes of `detectors.kernels.forest_score` take as long for one row as for 64.  Here
the same units of path length are added: a row scores the same to the last bit in either way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import float32, int32, int64, njit, types, uint8, void

from detectors.kernels.arrays import Array, Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.kernels.forest_lanes import Lanes

MOST_ROWS = 32
"""Up to so many rows this is the quicker way."""

_f1 = types.Array(float32, 1, "C", readonly=True)
_f2 = types.Array(float32, 2, "C", readonly=True)
_i1 = types.Array(int32, 1, "C", readonly=True)
_i2 = types.Array(int32, 2, "C", readonly=True)
_l1 = types.Array(int64, 1, "C", readonly=True)
_b1 = types.Array(uint8, 1, "C", readonly=True)


@njit(
    void(_f2, _l1, _i1, _i1, _f1, _i2, _b1, _b1, float32, float32[::1]),
    cache=True,
    nogil=True,
)
def _add_up(
    XT: Array,
    groups: Array,
    offsets: Array,
    features: Array,
    thresholds: Array,
    children: Array,
    left: Array,
    right: Array,
    step: float,
    total: Array,
) -> None:
    for row in range(XT.shape[1]):
        for g in range(len(groups) - 1):
            units = 0
            for tree in range(groups[g], groups[g + 1]):
                at = offsets[tree]
                if at == offsets[tree + 1]:
                    continue
                while True:
                    side = 1 if XT[features[at], row] > thresholds[at] else 0
                    below = children[at, side]
                    if below < 0:
                        units += right[at] if side else left[at]
                        break
                    at = below
            total[row] += np.float32(units) * step


def add_up(
    lanes: Lanes,
    features: NDArray[np.int32],
    thresholds: Floats,
    children: NDArray[np.int32],
    XT: Floats,
    total: Floats,
) -> None:
    """Add to ``total`` what `detectors.kernels.forest_score.add_up` does.

    Parameters
    ----------
    lanes
        From `detectors.kernels.forest_lanes.lay_out`.
    features, thresholds, children
        Of the forest that the lanes were made from, as `detectors.kernels.forest` has them.
    XT
        Readings, (n_features, n_rows).
    total
        Changed in place, (n_rows,).
    """
    splits = features, thresholds, children, lanes.left, lanes.right
    _add_up(XT, lanes.groups, lanes.offsets, *splits, np.float32(lanes.step), total)
