"""Shares of rows in one pass, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from detectors.errors import InvalidInput
from detectors.kernels.shares import of_credits, shares_of

few = settings(max_examples=80, deadline=None)


def _twin(terms):
    raw = np.maximum(terms, 0.0)
    top = raw.max(axis=1, keepdims=True, initial=0.0)
    raw = raw / np.where(top > 0, top, 1.0)
    total = raw.sum(axis=1, keepdims=True)
    return np.where(total > 0, raw / np.where(total > 0, total, 1.0), 1 / terms.shape[1])


@few
@given(
    arrays.arrays(
        np.float64,
        st.tuples(st.integers(0, 5), st.integers(1, 128)),
        elements=st.floats(-1e6, 1e6, allow_subnormal=False),
    )
)
def test_shares_are_numpys_to_the_last_bit(terms):
    assert np.array_equal(shares_of(terms), _twin(terms))


def test_of_many_columns_the_last_digit_may_differ():
    terms = np.random.default_rng(0).normal(size=(4, 700))
    np.testing.assert_allclose(shares_of(terms), _twin(terms), rtol=1e-14)


@pytest.mark.parametrize("features", [1, 7, 20, 128])
def test_credits_below_nothing_get_no_share(features):
    credits = np.random.default_rng(1).normal(size=(features, 50)).astype(np.float32)
    credits[:, 0] = -1.0
    gained = np.maximum(credits.T, 0, order="C")
    sums = gained.sum(axis=1, keepdims=True, dtype=np.float64)
    wanted = np.where(sums > 0, gained / np.where(sums > 0, sums, 1), 1 / features)
    assert np.array_equal(of_credits(credits), wanted.astype(np.float32))


def test_terms_must_be_rows_of_columns():
    with pytest.raises(InvalidInput):
        shares_of(np.zeros(3))
