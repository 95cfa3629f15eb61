"""Nearest rows against a slow twin in double precision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.kernels.nearest import (
    kth_distance,
    kth_smallest,
    mean_distance,
    nearest,
    nearest_index,
)

few = settings(max_examples=25, deadline=None)


def slow_nearest(references, queries, k):
    gaps = queries[:, None].astype(float) - references[None].astype(float)
    distances = np.sqrt((gaps**2).sum(axis=2))
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, 1), order


def rows(rng, n, width, offset=0.0):
    return (rng.normal(size=(n, width)) + offset).astype(np.float32)


@few
@given(
    st.integers(1, 300),
    st.integers(1, 40),
    st.integers(1, 30),
    st.integers(1, 6),
    st.sampled_from([0.0, 100.0, 1e6]),
    st.integers(0, 2**32 - 1),
)
def test_distances_are_exact(n, asked, width, k, offset, seed):
    rng = np.random.default_rng(seed)
    references, queries = rows(rng, n, width, offset), rows(rng, asked, width, offset)
    queries[: min(n, asked) // 2] = references[: min(n, asked) // 2]
    distances, indices = nearest(references, queries, k)
    slow, _ = slow_nearest(references, queries, k)
    np.testing.assert_allclose(distances, slow, rtol=2e-7, atol=0)
    at = np.sqrt(((queries[:, None].astype(float) - references[indices]) ** 2).sum(axis=2))
    np.testing.assert_allclose(at, slow, rtol=1e-12)


@few
@given(st.integers(1, 400), st.integers(1, 5), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_of_equally_near_rows_the_first_is_taken(n, width, k, seed):
    rng = np.random.default_rng(seed)
    references = rng.integers(0, 3, size=(n, width)).astype(np.float32)
    queries = rng.integers(0, 3, size=(20, width)).astype(np.float32)
    distances, indices = nearest(references, queries, k)
    slow, order = slow_nearest(references, queries, k)
    np.testing.assert_allclose(distances, slow, rtol=1e-7)
    np.testing.assert_array_equal(indices, order)
    np.testing.assert_array_equal(nearest_index(references, queries, k), order)


def test_a_row_that_is_a_reference_is_at_no_distance():
    references = rows(np.random.default_rng(0), 700, 40, offset=1e4)
    assert (kth_distance(references, references, 1) == 0).all()


def test_a_part_scores_like_the_whole_to_the_last_bit():
    rng = np.random.default_rng(0)
    references, queries = rows(rng, 900, 24), rows(rng, 1500, 24)
    whole = kth_distance(references, queries, 3)
    for part in (slice(0, 1), slice(7, 530), slice(511, 1500)):
        np.testing.assert_array_equal(kth_distance(references, queries[part], 3), whole[part])


def test_the_mean_is_that_of_the_k_nearest():
    rng = np.random.default_rng(0)
    references, queries = rows(rng, 200, 5), rows(rng, 50, 5)
    slow, _ = slow_nearest(references, queries, 7)
    np.testing.assert_allclose(
        mean_distance(references, queries, 7), slow.mean(axis=1), rtol=1e-6
    )


def test_more_neighbours_than_references_are_all_of_them():
    references = np.array([[0.0], [3.0]], np.float32)
    assert kth_distance(references, [[0.0]], 5).tolist() == [3.0]
    assert nearest(references, [[0.0]], 5)[0].shape == (1, 2)


def test_squares_that_overflow_single_precision_rule_nothing_out():
    rng = np.random.default_rng(0)
    references, queries = rows(rng, 300, 4), rows(rng, 20, 4)
    queries[::2] *= np.float32(1e25)
    distances, _ = nearest(references, queries, 2)
    np.testing.assert_allclose(distances, slow_nearest(references, queries, 2)[0], rtol=2e-7)
    huge = references * np.float32(1e25)
    distances, _ = nearest(huge, queries, 2)
    np.testing.assert_allclose(distances, slow_nearest(huge, queries, 2)[0], rtol=2e-7)


@few
@given(st.integers(1, 20), st.integers(1, 300), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_the_kth_smallest_of_a_row(n, width, k, seed):
    D = np.random.default_rng(seed).normal(size=(n, width)).round(1).astype(np.float32)
    np.testing.assert_array_equal(kth_smallest(D, k), np.sort(D, axis=1)[:, min(k, width) - 1])


def test_what_cannot_be_used_is_refused():
    with pytest.raises(InvalidInput, match="queries has 3 columns"):
        nearest(np.zeros((4, 2)), np.zeros((1, 3)))
    with pytest.raises(InvalidInput, match="k must be"):
        nearest(np.zeros((4, 2)), np.zeros((1, 2)), 0)
    with pytest.raises(InvalidInput, match="references"):
        nearest(np.zeros((0, 2)), np.zeros((1, 2)))
    with pytest.raises(InvalidInput, match="D must be"):
        kth_smallest(np.zeros(3), 1)
