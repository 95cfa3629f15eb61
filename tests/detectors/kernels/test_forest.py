"""The isolation forest against a slow twin that walks the trees one row at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.kernels.forest import (
    compile_forest,
    fit_forest,
    forest_contributions,
    path_lengths,
    score_forest,
)

few = settings(max_examples=20, deadline=None)


def usual_depth(n):
    """Equation 1 of the paper."""
    if n <= 2:
        return float(max(n - 1, 0))
    return 2 * (np.log(n - 1) + 0.5772156649) - 2 * (n - 1) / n


def spelled_out(forest):
    """Trees as nested tuples; a side is a tuple or a number of rows."""

    def split(k):
        after = k + 1
        sides = [int(forest.left_rows[k]), int(forest.right_rows[k])]
        for side in (0, 1):
            if forest.kinds[k] & (1 << side):
                sides[side], after = split(after)
        return (int(forest.features[k]), forest.thresholds[k], *sides), after

    trees = []
    for begin, end in zip(forest.offsets[:-1], forest.offsets[1:], strict=True):
        if begin == end:
            trees.append(int(forest.sample_size[0]))
            continue
        tree, after = split(begin)
        assert after == end
        trees.append(tree)
    return trees


def rows_of(node):
    return node if isinstance(node, int) else rows_of(node[2]) + rows_of(node[3])


def walk(tree, row):
    """Splits on a row's path as (feature, rows before, rows after), and the rows at its end."""
    path = []
    while not isinstance(tree, int):
        feature, threshold, left, right = tree
        side = left if row[feature] <= threshold else right
        path.append((feature, rows_of(tree), rows_of(side)))
        tree = side
    return path, tree


def slow_score(forest, row):
    ends = [walk(tree, row) for tree in spelled_out(forest)]
    mean = np.mean([len(path) + usual_depth(rest) for path, rest in ends])
    return 2 ** -(mean / usual_depth(int(forest.sample_size[0])))


def slow_shares(forest, row):
    gained = np.zeros(len(row))
    for tree in spelled_out(forest):
        for feature, before, after in walk(tree, row)[0]:
            gained[feature] += usual_depth(before) - usual_depth(after) - 1
    gained = np.maximum(gained, 0)
    return gained / gained.sum() if gained.sum() > 0 else np.full(len(row), 1 / len(row))


def columns(rng, n_features, n_rows, ties=False):
    out = rng.normal(size=(n_features, n_rows))
    return (out.round() if ties else out).astype(np.float32)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 100, 256])
def test_usual_depths_are_those_of_the_paper(n):
    assert path_lengths(256)[n] == pytest.approx(usual_depth(n), rel=1e-6)


@pytest.mark.slow
@few
@given(
    st.integers(1, 5),
    st.integers(2, 200),
    st.sampled_from([2, 7, 32, 64]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_trees_divide_their_sample_until_rows_stand_alone(n_features, n, sample, ties, seed):
    XT = columns(np.random.default_rng(seed), n_features, n, ties)
    forest = fit_forest(XT, n_trees=7, sample_size=sample, seed=seed)
    sample = min(sample, n)
    limit = int(np.ceil(np.log2(max(sample, 2))))

    def check(node, depth):
        if isinstance(node, int):
            assert node == 1 or depth == limit or ties
            return
        feature, threshold, left, right = node
        assert depth < limit
        assert rows_of(left) > 0
        assert rows_of(right) > 0
        assert XT[feature].min() <= threshold < XT[feature].max()
        check(left, depth + 1)
        check(right, depth + 1)

    for tree in spelled_out(forest):
        assert rows_of(tree) == sample
        check(tree, 0)


@few
@given(
    st.integers(1, 6),
    st.integers(2, 300),
    st.sampled_from([1, 2, 9, 64, 256]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_scores_are_those_of_walking_every_tree(n_features, n, sample, ties, seed):
    rng = np.random.default_rng(seed)
    XT = columns(rng, n_features, n, ties)
    forest = fit_forest(XT, n_trees=12, sample_size=sample, seed=seed)
    asked = np.hstack([XT[:, :20], columns(rng, n_features, 20) * np.float32(3)])
    compiled = compile_forest(forest, n_features)
    scores = score_forest(compiled, asked)
    walked = score_forest(compiled._replace(lanes=None), asked)
    if usual_depth(min(sample, n)) == 0:
        assert (scores == 0.5).all()
        return
    slow = [slow_score(forest, row) for row in asked.T]
    np.testing.assert_allclose(walked, slow, rtol=1e-5)
    # In lanes a path length is one of 255 steps.
    np.testing.assert_allclose(scores, slow, rtol=0.02)


def slow_units(trees, step, row):
    """Whole units of path length over all trees that split."""
    units = 0
    for tree in trees:
        if not isinstance(tree, int):
            path, rest = walk(tree, row)
            depth = np.float32(len(path)) + path_lengths(rest)[rest]
            units += min(255, int(depth / np.float32(step) + 0.5))
    return units


@pytest.mark.slow
@few
@given(
    st.integers(1, 6),
    st.integers(2, 400),
    st.sampled_from([2, 3, 9, 64, 256]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_lanes_add_up_whole_units_of_every_path(n_features, n, sample, ties, seed):
    rng = np.random.default_rng(seed)
    XT = columns(rng, n_features, n, ties)
    forest = fit_forest(XT, n_trees=12, sample_size=sample, seed=seed)
    compiled = compile_forest(forest, n_features)
    asked = np.hstack([XT[:, :30], columns(rng, n_features, 10, ties) * np.float32(2)])
    if compiled.normal == 0.0 or len(forest.features) == 0:
        return
    lanes = compiled.lanes
    assert len(lanes.planes) <= len(forest.features)  # what tells no rows apart is left out
    trees = spelled_out(forest)
    units = np.array([slow_units(trees, lanes.step, row) for row in asked.T], np.float32)
    mean = units * np.float32(lanes.step) / np.float32(12 * compiled.normal)
    slow = np.exp2(-mean - np.float32(compiled.stumps / 12))
    np.testing.assert_array_equal(score_forest(compiled, asked), slow)


def test_lanes_decide_every_comparison_as_the_numbers_do():
    rng = np.random.default_rng(0)
    XT = columns(rng, 3, 4_000)
    forest = fit_forest(XT, n_trees=300, sample_size=256)
    edges = np.sort(forest.thresholds)[::37]
    asked = np.vstack(
        [np.concatenate([np.nextafter(edges, -9), edges, np.nextafter(edges, 9)])] * 3
    )
    compiled = compile_forest(forest, 3)
    assert compiled.lanes is not None
    assert len(compiled.lanes.groups) > 2
    assert compiled.lanes.planes.max() > 3  # several ranges of thresholds a feature
    fast = score_forest(compiled, asked)
    walked = score_forest(compiled._replace(lanes=None), asked)
    np.testing.assert_allclose(fast, walked, rtol=0.004)


def test_trees_too_large_for_lanes_are_walked():
    XT = columns(np.random.default_rng(0), 1, 2_000)
    forest = fit_forest(XT, n_trees=3, sample_size=1_500)
    compiled = compile_forest(forest, 1)
    assert compiled.lanes is None
    slow = [slow_score(forest, row) for row in XT.T[:20]]
    np.testing.assert_allclose(score_forest(compiled, XT[:, :20]), slow, rtol=1e-5)


@few
@given(st.integers(1, 5), st.integers(2, 200), st.booleans(), st.integers(0, 2**32 - 1))
def test_contributions_are_the_cuts_saved_on_a_rows_paths(n_features, n, ties, seed):
    rng = np.random.default_rng(seed)
    XT = columns(rng, n_features, n, ties)
    forest = fit_forest(XT, n_trees=8, sample_size=64, seed=seed)
    asked = np.hstack([XT[:, :8], XT[:, :8] + np.float32(4)])
    shares = forest_contributions(compile_forest(forest, n_features), asked)
    slow = [slow_shares(forest, row) for row in asked.T]
    np.testing.assert_allclose(shares, slow, atol=2e-4)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)


def test_a_part_scores_like_the_whole_to_the_last_bit():
    XT = columns(np.random.default_rng(0), 4, 5_000)
    compiled = compile_forest(fit_forest(XT), 4)
    whole = score_forest(compiled, XT)
    for part in (slice(0, 1), slice(9, 41), slice(9, 42), slice(7, 2_055), slice(2_047, 5_000)):
        np.testing.assert_array_equal(score_forest(compiled, XT[:, part]), whole[part])
    contributions = forest_contributions(compiled, XT)
    np.testing.assert_array_equal(
        forest_contributions(compiled, XT[:, 100:900]), contributions[100:900]
    )


def test_the_seed_decides_the_forest():
    XT = columns(np.random.default_rng(0), 3, 500)
    first, again, other = (fit_forest(XT, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.thresholds, other.thresholds)
    more = fit_forest(XT, n_trees=120, seed=1)
    np.testing.assert_array_equal(more.offsets[:101], first.offsets)


def test_constant_readings_teach_nothing():
    XT = np.ones((2, 50), np.float32)
    forest = fit_forest(XT)
    assert len(forest.features) == 0
    compiled = compile_forest(forest, 2)
    assert (score_forest(compiled, XT) == 0.5).all()
    assert (forest_contributions(compiled, XT) == 0.5).all()


@pytest.mark.parametrize(
    "broken",
    [
        lambda f: f._replace(features=f.features + 3),
        lambda f: f._replace(features=-f.features - 1),
        lambda f: f._replace(kinds=f.kinds[:-1]),
        lambda f: f._replace(kinds=np.zeros_like(f.kinds)),
        lambda f: f._replace(kinds=np.full_like(f.kinds, 3)),
        lambda f: f._replace(kinds=np.full_like(f.kinds, 1)),
        lambda f: f._replace(thresholds=f.thresholds * np.float32(np.nan)),
        lambda f: f._replace(offsets=f.offsets[::-1].copy()),
        lambda f: f._replace(offsets=f.offsets[:1]),
        lambda f: f._replace(sample_size=np.array([0])),
        lambda f: f._replace(left_rows=np.full_like(f.left_rows, 60_000)),
    ],
)
def test_arrays_that_are_no_forest_are_refused(broken):
    forest = fit_forest(columns(np.random.default_rng(0), 3, 200), n_trees=5)
    with pytest.raises(InvalidInput, match="no forest"):
        compile_forest(broken(forest), 3)


def test_what_cannot_be_used_is_refused():
    XT = np.zeros((2, 10), np.float32)
    for wrong in ({"n_trees": 0}, {"sample_size": 0}, {"sample_size": 70_000}, {"seed": -1}):
        with pytest.raises(InvalidInput, match=next(iter(wrong))):
            fit_forest(XT, **wrong)
    with pytest.raises(InvalidInput, match="3 features where 2"):
        score_forest(compile_forest(fit_forest(XT), 2), np.zeros((3, 1)))
