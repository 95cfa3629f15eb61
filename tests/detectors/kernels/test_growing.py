"""The matrix profile of a series that grows against that of the whole series."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.kernels.growing import GrowingJoin
from tests.detectors.kernels.test_join import agrees, all_pairs, kinds, series

few = settings(max_examples=25, deadline=None)


def pushed(a, window, apart, cuts):
    join = GrowingJoin(window, apart)
    parts = [join.push(part) for part in np.split(a, cuts)]
    return join, tuple(np.concatenate(part) for part in zip(*parts, strict=True))


@few
@given(
    st.integers(2, 20),
    st.integers(0, 120),
    st.integers(0, 25),
    st.lists(st.integers(0, 60), max_size=5).map(sorted),
    kinds,
    st.integers(0, 999),
)
def test_each_new_window_finds_its_nearest(window, more, apart, cuts, kind, seed):
    a = series(seed, window + more, kind)
    join, found = pushed(a, window, apart, cuts)
    pairs = all_pairs(a, a, window)
    gap = np.subtract.outer(np.arange(len(pairs)), np.arange(len(pairs)))
    agrees(found, np.where(gap > apart, pairs, np.inf))
    agrees(join.profile(), np.where(abs(gap) > apart, pairs, np.inf))
    assert len(join) == more + 1


def test_parts_of_any_size_give_the_same_bits():
    a = np.cumsum(np.random.default_rng(0).normal(size=1_500))
    _, whole = pushed(a, 24, None, [])
    _, parts = pushed(a, 24, None, [1, 2, 30, 1_000, 1_100])
    for got, expected in zip(parts, whole, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.slow
def test_a_jump_leaves_no_error_behind():
    a = np.random.default_rng(2).normal(size=1_400)
    a[200] = 1e8
    _, (distance, _) = pushed(a, 12, 12, [600])
    clean = all_pairs(a, a, 12)
    gap = np.subtract.outer(np.arange(len(clean)), np.arange(len(clean)))
    least = np.where(gap > 12, clean, np.inf).min(axis=1)
    np.testing.assert_allclose(distance[600:], least[600:], atol=1e-5)


def test_what_cannot_be_used_is_refused():
    with pytest.raises(InvalidInput, match="window"):
        GrowingJoin(1)
    with pytest.raises(InvalidInput, match="exclusion"):
        GrowingJoin(4, -1)
    join = GrowingJoin(4)
    with pytest.raises(InvalidInput, match="finite"):
        join.push([1.0, np.nan])
    with pytest.raises(InvalidInput, match="vector"):
        join.push([[1.0]])
    assert len(join) == 0
