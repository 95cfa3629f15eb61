"""Nearest windows against a slow twin that cuts all of them out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.kernels.nearest_windows import nearest_windows

few = settings(max_examples=25, deadline=None)


def cut(rows, width):
    return np.stack([rows[i : i + width].ravel() for i in range(len(rows) - width + 1)])


def slow_nearest(references, queries, width, k):
    known = np.concatenate([cut(part, width) for part in references]).astype(float)
    gaps = cut(queries, width).astype(float)[:, None] - known[None]
    distances = np.sqrt((gaps**2).sum(axis=2))
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, 1), order


def rows(rng, *shape, offset=0.0):
    return (rng.normal(size=shape) + offset).astype(np.float32)


@few
@given(
    st.integers(1, 4),
    st.integers(1, 150),
    st.integers(1, 300),
    st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 6)),
    st.sampled_from([0.0, 100.0, 1e6]),
    st.integers(0, 2**32 - 1),
)
def test_distances_are_exact(segments, more, asked, sizes, offset, seed):
    width, n_columns, k = sizes
    rng = np.random.default_rng(seed)
    references = rows(rng, segments, more + width, n_columns, offset=offset)
    queries = rows(rng, asked + width, n_columns, offset=offset)
    queries[: min(asked, more)] = references[-1, : min(asked, more)]
    distances, indices = nearest_windows(references, queries, width, k)
    slow, _ = slow_nearest(references, queries, width, k)
    np.testing.assert_allclose(distances, slow, rtol=2e-7, atol=0)
    known = np.concatenate([cut(part, width) for part in references]).astype(float)
    gaps = cut(queries, width).astype(float)[:, None] - known[indices]
    np.testing.assert_allclose(np.sqrt((gaps**2).sum(axis=2)), slow, rtol=1e-12)


@few
@given(st.integers(1, 90), st.integers(1, 3), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_of_equally_near_windows_the_first_is_taken(more, n_columns, k, seed):
    rng = np.random.default_rng(seed)
    references = rng.integers(0, 2, size=(2, more + 3, n_columns)).astype(np.float32)
    queries = rng.integers(0, 2, size=(40, n_columns)).astype(np.float32)
    distances, indices = nearest_windows(references, queries, 3, k)
    slow, order = slow_nearest(references, queries, 3, k)
    np.testing.assert_allclose(distances, slow, rtol=1e-7)
    np.testing.assert_array_equal(indices, order)


@pytest.mark.parametrize("wild", [1e4, 1e8, 1e14])
def test_a_wild_reading_costs_its_neighbours_no_digit(wild):
    rng = np.random.default_rng(0)
    references, queries = rows(rng, 2, 120, 3), rows(rng, 300, 3)
    queries[100, 1] = wild
    references[1, 60, 2] = -wild
    distances, _ = nearest_windows(references, queries, 8, 3)
    slow, _ = slow_nearest(references, queries, 8, 3)
    np.testing.assert_allclose(distances, slow, rtol=2e-7)


def test_a_part_scores_like_the_whole_to_the_last_bit():
    rng = np.random.default_rng(0)
    references, queries = rows(rng, 3, 200, 4), rows(rng, 900, 4)
    whole, where = nearest_windows(references, queries, 16, 3)
    for low, high in ((0, 1), (7, 530), (255, 880)):
        part, places = nearest_windows(references, queries[low : high + 15], 16, 3)
        np.testing.assert_array_equal(part, whole[low:high])
        np.testing.assert_array_equal(places, where[low:high])


def test_what_cannot_be_used_is_refused():
    references, queries = np.zeros((1, 9, 2)), np.zeros((9, 2))
    with pytest.raises(InvalidInput, match="segments"):
        nearest_windows(queries, queries, 3)
    with pytest.raises(InvalidInput, match="queries has 3 columns"):
        nearest_windows(references, np.zeros((9, 3)), 3)
    with pytest.raises(InvalidInput, match="width must be"):
        nearest_windows(references, queries, 10)
    with pytest.raises(InvalidInput, match="k must be"):
        nearest_windows(references, queries, 3, 0)
    with pytest.raises(InvalidInput, match="up to values"):
        nearest_windows(references, queries + 1e16, 3)
