"""Matrix profiles against comparing every pair of windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.kernels.join import ab_join, left_join, self_join

few = settings(max_examples=25, deadline=None)


def cut(x, window):
    views = np.lib.stride_tricks.sliding_window_view(np.asarray(x, float), window)
    flat = (views == views[:, :1]).all(axis=1)
    centred = views - views.mean(axis=1, keepdims=True)
    deviation = np.where(flat, 1.0, centred.std(axis=1))
    return centred / deviation[:, None], flat


def all_pairs(a, b, window):
    left, flat_left = cut(a, window)
    right, flat_right = cut(b, window)
    distance = np.sqrt(((left[:, None] - right[None]) ** 2).sum(axis=2))
    either = flat_left[:, None] | flat_right[None]
    both = flat_left[:, None] & flat_right[None]
    return np.where(both, 0.0, np.where(either, np.sqrt(window), distance))


def agrees(found, pairs):
    """Distances are the least ones, and those of the windows that are named."""
    distance, index = found
    least = pairs.min(axis=1)
    np.testing.assert_allclose(distance, least, atol=2e-6)
    known = np.isfinite(least)
    assert (index[~known] == -1).all()
    named = pairs[np.flatnonzero(known), index[known]]
    np.testing.assert_allclose(named, least[known], atol=2e-6)


def series(seed, n, kind):
    rng = np.random.default_rng(seed)
    if kind == "steps":  # with stretches that do not move
        return np.repeat(rng.integers(0, 3, size=n // 5 + 1), 5)[:n].astype(float)
    x = np.cumsum(rng.normal(size=n)) if kind == "walk" else rng.normal(size=n)
    return x * 10.0 ** rng.integers(-4, 5) + rng.integers(-100, 100)


kinds = st.sampled_from(["noise", "walk", "steps"])


@few
@given(st.integers(2, 20), st.integers(0, 90), st.integers(0, 90), kinds, st.integers(0, 999))
def test_ab_join_finds_the_nearest_window(window, more_a, more_b, kind, seed):
    a, b = series(seed, window + more_a, kind), series(seed + 1, window + more_b, kind)
    agrees(ab_join(a, b, window), all_pairs(a, b, window))


@few
@given(st.integers(2, 20), st.integers(0, 120), st.integers(0, 25), kinds, st.integers(0, 999))
def test_self_and_left_join_leave_out_what_is_near(window, more, apart, kind, seed):
    a = series(seed, window + more, kind)
    pairs = all_pairs(a, a, window)
    gap = np.subtract.outer(np.arange(len(pairs)), np.arange(len(pairs)))
    agrees(self_join(a, window, apart), np.where(abs(gap) > apart, pairs, np.inf))
    agrees(left_join(a, window, apart), np.where(gap > apart, pairs, np.inf))


def test_a_quarter_of_the_window_is_left_out_where_nothing_is_said():
    a = np.random.default_rng(0).normal(size=200)
    for join in (self_join, left_join):
        for got, expected in zip(join(a, 30), join(a, 30, 8), strict=True):
            np.testing.assert_array_equal(got, expected)


def test_what_comes_later_changes_no_left_join():
    a = np.cumsum(np.random.default_rng(1).normal(size=400))
    whole, _ = left_join(a, 16)
    np.testing.assert_allclose(left_join(a[:250], 16)[0], whole[:235], atol=1e-9)


def test_a_jump_leaves_no_error_behind():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=2_500), rng.normal(size=300)
    a[700] = 1e8
    a[1_200:] += 1e6
    distance, _ = ab_join(a, b, 24)
    for part in (slice(0, 600), slice(800, 1_150), slice(1_300, 2_400)):
        clean = all_pairs(a[part], b, 24).min(axis=1)
        np.testing.assert_allclose(distance[part][: len(clean)], clean, atol=1e-5)


def test_a_copy_is_found_where_it_is():
    rng = np.random.default_rng(3)
    b = rng.normal(size=3_000)
    a = 5 + 2 * b[1_234:1_334]
    distance, index = ab_join(a, b, 50)
    assert index.tolist() == list(range(1_234, 1_285))
    assert distance.max() < 1e-6


def test_what_cannot_be_used_is_refused():
    a = np.zeros(10)
    with pytest.raises(InvalidInput, match="window"):
        ab_join(a, a, 1)
    with pytest.raises(InvalidInput, match="length of b"):
        ab_join(a, a[:3], 4)
    with pytest.raises(InvalidInput, match="a must be finite"):
        self_join([1.0, np.nan, 2.0], 2)
    with pytest.raises(InvalidInput, match="exclusion"):
        self_join(a, 3, -1)
    with pytest.raises(InvalidInput, match="b must be a vector"):
        ab_join(a, np.zeros((2, 5)), 2)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # stumpy's own
def test_like_stumpy():
    import stumpy

    rng = np.random.default_rng(4)
    a, b = np.cumsum(rng.normal(size=160)), np.cumsum(rng.normal(size=600))
    pairs = np.array([stumpy.mass(a[i : i + 40], b) for i in range(121)])
    agrees(ab_join(a, b, 40), pairs)
    pairs = np.array([stumpy.mass(a[i : i + 40], a) for i in range(121)])
    near = abs(np.subtract.outer(np.arange(121), np.arange(121))) <= 10
    agrees(self_join(a, 40), np.where(near, np.inf, pairs))
