"""Nearest shapes against brute force, and to the last bit against themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.kernels.shapes import GRID, nearest_shapes, on_grid
from detectors.kernels.views import SIZE_FLOOR

few = settings(max_examples=25, deadline=None)


def walk(rows, seed):
    steps = np.random.default_rng(seed).normal(size=rows)
    return on_grid(np.clip(steps.cumsum() / 5, -100, 100).astype(np.float32))


def slow(queries, references, allowed, width):
    def shapes(x):
        cut = np.lib.stride_tricks.sliding_window_view(x / GRID, width)
        rest = cut - cut.mean(axis=1, keepdims=True)
        return rest / (rest.std(axis=1, keepdims=True) + SIZE_FLOOR)

    own, others = shapes(queries), shapes(references)[: len(allowed)][allowed]
    return np.sqrt(((own[:, None] - others[None]) ** 2).mean(axis=2).min(axis=1))


@pytest.mark.parametrize(
    ("rows", "others", "width"),
    [(300, 2500, 16), (50, 60, 50), (400, 1100, 2), (16, 1040, 16), (90, 33, 32)],
)
def test_the_nearest_shape_is_that_of_brute_force(rows, others, width):
    queries, references = walk(rows, 0), walk(others, 1)
    allowed = np.random.default_rng(2).random(others - width + 1) < 0.7
    allowed[0] = True
    found = nearest_shapes(queries, references, allowed, width)
    np.testing.assert_allclose(found, slow(queries, references, allowed, width), atol=1e-5)


@few
@given(
    width=st.integers(2, 40),
    low=st.integers(0, 60),
    rows=st.integers(0, 60),
    seed=st.integers(0, 9),
)
def test_what_stands_beside_a_window_changes_no_bit(width, low, rows, seed):
    queries, references = walk(200, seed), walk(1500, seed + 10)
    allowed = np.ones(len(references) - width + 1, bool)
    whole = nearest_shapes(queries, references, allowed, width)
    part = nearest_shapes(queries[low : low + width + rows], references, allowed, width)
    np.testing.assert_array_equal(part, whole[low : low + len(part)])


def test_level_and_size_make_no_difference_and_the_grid_holds_extremes():
    x = walk(400, 3)
    allowed = np.ones(len(x) - 15, bool)
    assert nearest_shapes(x, x, allowed, 16).max() < 1e-5
    wild = np.where(np.arange(400) % 2, 100 * GRID, -100 * GRID).astype(np.int32)
    np.testing.assert_allclose(
        nearest_shapes(wild, x, allowed, 16)[:5], slow(wild, x, allowed, 16)[:5], rtol=1e-6
    )


def test_without_an_allowed_window_nothing_is_near():
    x = walk(50, 4)
    assert np.isinf(nearest_shapes(x, x, np.zeros(40, bool), 8)).all()
