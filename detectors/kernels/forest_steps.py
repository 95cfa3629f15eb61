"""Put the splits of a tree in the order in which rows of bytes are led through them.

A split whose two sides end in the same path length tells no rows apart: it is left out, and
is a leaf to the split above it.  That is about a fifth of all splits, most of them of the last
two rows of a sample.  A split with two leaves stands right before the one above it, so
that both are evaluated in one step and nothing is put aside between them.
"""

from __future__ import annotations

import numpy as np
from numba import int32, njit, types, uint8, void

from detectors.kernels.arrays import Array
from detectors.kernels.forest_grow import DEEPEST, SPLIT_LEFT, SPLIT_RIGHT

LEAF = 0
"""A side of a split that ends in a path length."""
PAIR = 1
"""A side that is a split with two leaves, evaluated with the split above it."""
TREE = 2
"""A side that earlier steps have evaluated."""
KINDS = 3
"""A step is of the kind ``KINDS * left side + right side``."""

_i1 = types.Array(int32, 1, "C", readonly=True)
_b1 = types.Array(uint8, 1, "C", readonly=True)


@njit(cache=True, nogil=True)
def _side(
    split: bool, leaf: int, sides: Array, values: Array, waiting: int
) -> tuple[int, int, int]:
    """Kind and value of one side of a split, and how many sides wait then."""
    if not split:
        return LEAF, leaf, waiting
    return sides[waiting - 1], values[waiting - 1], waiting - 1


@njit(
    void(
        _i1, _b1, uint8[::1], uint8[::1], int32[::1], uint8[::1], int32[::1], int32[::1],
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def arrange(
    offsets: Array,
    kinds: Array,
    left: Array,
    right: Array,
    order: Array,
    steps: Array,
    begins: Array,
    constant: Array,
) -> None:
    """Arrange every tree.

    Parameters
    ----------
    offsets, kinds
        As in `detectors.kernels.forest.ForestArrays`.
    left, right
        Path length of a leaf on either side; filled with that of what becomes a leaf.
    order, steps
        Filled: the split that stands at each place, and at the first place of a step its
        kind, (n_splits,).
    begins
        Filled: first place of each tree and the end of the last, (n_trees + 1,).
    constant
        Filled: path length of every row where a tree tells none apart, else 0, (n_trees,).
    """
    sides = np.empty(DEEPEST + 2, np.int64)
    values = np.empty(DEEPEST + 2, np.int64)
    place = 0
    for tree in range(len(offsets) - 1):
        begins[tree] = place
        constant[tree] = 0
        waiting = 0
        for k in range(offsets[tree + 1] - 1, offsets[tree] - 1, -1):
            a, low, waiting = _side(kinds[k] & SPLIT_LEFT, left[k], sides, values, waiting)
            b, high, waiting = _side(kinds[k] & SPLIT_RIGHT, right[k], sides, values, waiting)
            if a == LEAF:
                left[k] = low
            if b == LEAF:
                right[k] = high
            if a == LEAF and b == LEAF:
                sides[waiting] = LEAF if low == high else PAIR
                values[waiting] = low if low == high else k
                waiting += 1
                continue
            steps[place] = KINDS * a + b
            if a == PAIR:
                order[place] = low
                place += 1
            if b == PAIR:
                order[place] = high
                place += 1
            order[place] = k
            place += 1
            sides[waiting] = TREE
            waiting += 1
        if waiting and sides[0] == LEAF:
            constant[tree] = values[0]
        elif waiting and sides[0] == PAIR:
            steps[place] = KINDS * LEAF + LEAF
            order[place] = values[0]
            place += 1
    begins[len(begins) - 1] = place
