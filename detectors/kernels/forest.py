"""Isolation forest: grow, score, and say which features isolated a row.

The method is that of Liu, Ting and Zhou 2008, doi:10.1109/ICDM.2008.17: the fewer random
splits set a row apart, the more unusual it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import boolean, float32, int32, int64, njit, types, uint8, uint16, void

from detectors.errors import InvalidInput
from detectors.kernels import forest_few, forest_lanes, forest_score
from detectors.kernels.arrays import Array, Floats, between, readings
from detectors.kernels.forest_credit import credit
from detectors.kernels.forest_grow import DEEPEST, SPLIT_LEFT, SPLIT_RIGHT, grow
from detectors.kernels.shares import of_credits

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_LARGEST_SAMPLE = 65_535
_EULER = 0.5772156649015329

_u64 = np.uint64
_f1 = types.Array(float32, 1, "C", readonly=True)
_f2 = types.Array(float32, 2, "C", readonly=True)
_i1 = types.Array(int32, 1, "C", readonly=True)
_i2 = types.Array(int32, 2, "C", readonly=True)
_b1 = types.Array(uint8, 1, "C", readonly=True)
_h1 = types.Array(uint16, 1, "C", readonly=True)


class ForestArrays(NamedTuple):
    """A grown forest; ``_asdict()`` gives the arrays by name.

    Splits stand tree after tree in pre-order.

    Attributes
    ----------
    offsets
        First split of each tree and the end of the last, (n_trees + 1,).
    features, thresholds
        A row goes left where ``x[feature] <= threshold``, (n_splits,).
    kinds
        Bit 0: the left side is split again; bit 1: the right side, (n_splits,).
    left_rows, right_rows
        Training rows that went each way, (n_splits,).
    sample_size
        Rows each tree was grown on, (1,).
    """

    offsets: NDArray[np.int32]
    features: NDArray[np.int32]
    thresholds: NDArray[np.float32]
    kinds: NDArray[np.uint8]
    left_rows: NDArray[np.uint16]
    right_rows: NDArray[np.uint16]
    sample_size: NDArray[np.int64]


class CompiledForest(NamedTuple):
    """A forest in the form that scores rows; made by `compile_forest`, not to be kept.

    Attributes
    ----------
    forest
        What it was made from.
    n_features
        Features a row must have.
    children
        Next split on either side, -1 at a leaf, (n_splits, 2).
    depths
        Path length where a leaf ends it on either side, (n_splits, 2).
    stumps
        Trees without a split, which tell no row from another.
    normal
        Mean path length among ``sample_size`` random rows.
    lanes
        The form for many rows at once; none for trees too large for it.
    """

    forest: ForestArrays
    n_features: int
    children: NDArray[np.int32]
    depths: Floats
    stumps: int
    normal: float
    lanes: forest_lanes.Lanes | None


def path_lengths(largest: int) -> Floats:
    """Return the mean depth at which random splits isolate a row among 0..largest rows.

    Equation 1 of the paper; shape (largest + 1,).
    """
    out = np.zeros(largest + 1)
    out[2:3] = 1.0
    n = np.arange(3, largest + 1, dtype=np.float64)
    out[3:] = 2.0 * (np.log(n - 1.0) + _EULER) - 2.0 * (n - 1.0) / n
    return out.astype(np.float32)


def fit_forest(
    XT: ArrayLike, n_trees: int = 100, sample_size: int = 256, seed: int = 0
) -> ForestArrays:
    """Grow an isolation forest.

    Parameters
    ----------
    XT
        Readings without NaN, (n_features, n_rows).
    n_trees
        Number of trees.
    sample_size
        Rows each tree is grown on, drawn without replacement; all rows where there are fewer.
        Trees stop at a depth of log2 of it.
    seed
        The same seed and readings give the same forest.

    Raises
    ------
    InvalidInput
        Not a matrix of readings, or a count out of its range.
    """
    columns = readings(XT)
    sample = min(between(sample_size, 1, _LARGEST_SAMPLE, "sample_size"), columns.shape[1])
    offsets = np.zeros(between(n_trees, 1, 100_000, "n_trees") + 1, np.int32)
    capacity = n_trees * max(sample - 1, 0)
    splits = (
        np.empty(capacity, np.int32),
        np.empty(capacity, np.float32),
        np.empty(capacity, np.uint8),
        np.empty(capacity, np.uint16),
        np.empty(capacity, np.uint16),
    )
    number = between(seed, 0, 2**40, "seed")
    used = grow(columns, number, sample, _depth_limit(sample), offsets, splits)
    features, thresholds, kinds, left_rows, right_rows = (p[:used].copy() for p in splits)
    size = np.array([sample], np.int64)
    return ForestArrays(offsets, features, thresholds, kinds, left_rows, right_rows, size)


def _depth_limit(sample: int) -> int:
    return int(np.ceil(np.log2(max(sample, 2))))


@njit(
    boolean(_i1, _b1, _h1, _h1, _f1, int32[:, ::1], float32[:, ::1]),
    cache=True,
    nogil=True,
)
def _link(
    offsets: Array,
    kinds: Array,
    left_rows: Array,
    right_rows: Array,
    lengths: Array,
    children: Array,
    depths: Array,
) -> bool:
    """Spell out pre-order; False where the bits describe no tree of a sensible depth."""
    open_right = np.empty(DEEPEST + 1, np.int64)
    level = np.empty(len(kinds), np.int64)
    for tree in range(len(offsets) - 1):
        waiting = 0
        for k in range(offsets[tree], offsets[tree + 1]):
            children[k] = -1
            level[k] = 0
            if k > offsets[tree]:
                parent = k - 1
                side = 0
                if not kinds[parent] & SPLIT_LEFT:
                    side = 1
                    if not kinds[parent] & SPLIT_RIGHT:
                        if waiting == 0:
                            return False
                        waiting -= 1
                        parent = open_right[waiting]
                children[parent, side] = k
                level[k] = level[parent] + 1
            if level[k] >= DEEPEST:
                return False
            if kinds[k] == SPLIT_LEFT | SPLIT_RIGHT:
                open_right[waiting] = k
                waiting += 1
            depths[k, 0] = level[k] + 1 + lengths[left_rows[k]]
            depths[k, 1] = level[k] + 1 + lengths[right_rows[k]]
        last = offsets[tree + 1] - 1
        if waiting > 0 or (last >= offsets[tree] and kinds[last] != 0):
            return False
    return True


def compile_forest(forest: ForestArrays, n_features: int) -> CompiledForest:
    """Prepare a forest for scoring (about a millisecond).

    Raises
    ------
    InvalidInput
        The arrays do not describe a forest on so many features.
    """
    children, depths, lengths = _linked(forest, n_features)
    stumps = int(np.count_nonzero(np.diff(forest.offsets) == 0))
    normal = float(lengths[-1])
    longest = _depth_limit(len(lengths) - 1) + normal
    lanes = forest_lanes.lay_out(
        forest.offsets,
        forest.features,
        forest.thresholds,
        forest.kinds,
        depths,
        n_features,
        longest,
    )
    return CompiledForest(forest, n_features, children, depths, stumps, normal, lanes)


def _linked(forest: ForestArrays, n_features: int) -> tuple[NDArray[np.int32], Floats, Floats]:
    """Children and depths of every split, and the table of mean path lengths."""
    _check(forest, n_features)
    lengths = path_lengths(int(forest.sample_size[0]))
    children = np.empty((len(forest.features), 2), np.int32)
    depths = np.empty((len(forest.features), 2), np.float32)
    sides = (forest.left_rows, forest.right_rows)
    if not _link(forest.offsets, forest.kinds, *sides, lengths, children, depths):
        raise InvalidInput("these arrays describe no forest: the splits form no trees")
    return children, depths, lengths


@njit(boolean(_i1, _f1, _b1, _h1, _h1, int64, int64), cache=True, nogil=True)
def _sound(
    features: Array,
    thresholds: Array,
    kinds: Array,
    left_rows: Array,
    right_rows: Array,
    n_features: int,
    sample: int,
) -> bool:
    """Whether every split by itself may stand in a forest."""
    sound = True
    for k in range(_u64(len(features))):
        sound &= 0 <= features[k] < n_features
        sound &= np.abs(thresholds[k]) < np.float32(np.inf)
        sound &= kinds[k] <= SPLIT_LEFT | SPLIT_RIGHT
        sound &= np.int64(left_rows[k]) + np.int64(right_rows[k]) <= sample
    return sound


def _check(forest: ForestArrays, n_features: int) -> None:
    steps = np.diff(forest.offsets)
    sample = int(forest.sample_size[0]) if forest.sample_size.shape == (1,) else 0
    if (
        any(len(part) != len(forest.features) for part in forest[1:6])
        or len(steps) == 0
        or forest.offsets[0] != 0
        or forest.offsets[-1] != len(forest.features)
        or bool((steps < 0).any())
        or not 1 <= sample <= _LARGEST_SAMPLE
    ):
        raise InvalidInput("these arrays describe no forest: their lengths do not agree")
    if not _sound(*forest[1:6], n_features, sample):
        raise InvalidInput(f"these arrays describe no forest on {n_features} features")


@njit(void(_f2, _i1, _i1, _f1, _i2, _f2, float32[::1]), cache=True, nogil=True)
def _walk(
    XT: Array,
    offsets: Array,
    features: Array,
    thresholds: Array,
    children: Array,
    depths: Array,
    total: Array,
) -> None:
    """Add up the path lengths of every row over all trees that split."""
    for tree in range(len(offsets) - 1):
        root = offsets[tree]
        if root == offsets[tree + 1]:
            continue
        for row in range(XT.shape[1]):
            at = root
            while True:
                side = 1 if XT[features[at], row] > thresholds[at] else 0
                below = children[at, side]
                if below < 0:
                    total[row] += depths[at, side]
                    break
                at = below


def score_forest(compiled: CompiledForest, XT: ArrayLike) -> Floats:
    """Score rows: ``2 ** (-mean path length / normal path length)``, in (0, 1].

    Comparisons are exact.  Path lengths are kept in 255 steps, which moves a mean path length
    of a forest of 100 trees by about 0.002.

    Parameters
    ----------
    compiled
        From `compile_forest`.
    XT
        Readings without NaN, (n_features, n_rows).

    Returns
    -------
    ndarray of shape (n_rows,)
        Higher is more unusual; 0.5 where the forest could learn nothing.
    """
    columns = readings(XT, compiled.n_features)
    total = np.zeros(columns.shape[1], np.float32)
    forest = compiled.forest
    n_trees = len(forest.offsets) - 1
    if compiled.normal == 0.0 or compiled.stumps == n_trees:
        return np.full(columns.shape[1], 0.5, np.float32)
    lanes = compiled.lanes
    if lanes is not None and len(total) <= forest_few.MOST_ROWS:
        splits = forest.features, forest.thresholds, compiled.children
        forest_few.add_up(lanes, *splits, columns, total)
    elif lanes is not None:
        forest_score.add_up(lanes, columns, total)
    else:
        _walk(columns, *forest[:3], compiled.children, compiled.depths, total)
    # A tree without a split says of every row that it is like any other.
    mean = total / np.float32(n_trees * compiled.normal)
    scores: Floats = np.exp2(-mean - np.float32(compiled.stumps / n_trees))
    return scores


def forest_contributions(compiled: CompiledForest, XT: ArrayLike) -> Floats:
    """Share of each feature in setting a row apart.

    A split of n rows that leaves a row among m of them changes the path length to be expected
    from c(n) to 1 + c(m).  The savings along a path add up to c(sample size) - path length, so
    that over all trees they divide a row's score among the features exactly.  A feature whose
    splits made the paths longer gets no share.  This follows the path credits of local DIFFI
    (Carletti, Terzi and Susto 2023, doi:10.1016/j.engappai.2022.105730), with the path length
    that is actually saved in place of a fixed credit a split.

    Parameters
    ----------
    compiled
        From `compile_forest`.
    XT
        Readings without NaN, (n_features, n_rows).

    Returns
    -------
    ndarray of shape (n_rows, n_features)
        At least 0, each row adds up to 1; even shares for a row that no feature sets apart.
    """
    columns = readings(XT, compiled.n_features)
    lengths = path_lengths(int(compiled.forest.sample_size[0]))
    credits = np.zeros(columns.shape, np.float32)
    credit(columns, *compiled.forest[:6], lengths, credits)
    return of_credits(credits)
