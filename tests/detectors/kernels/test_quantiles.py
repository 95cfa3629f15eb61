"""Quantiles beside numpy's, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from detectors.kernels.quantiles import quantiles

SHARES = [0.0, 0.1, 0.5, 0.9, 0.999, 1.0]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("count", [1, 2, 24, 25, 3_000])
def test_they_are_those_of_numpy(count: int, share: float) -> None:
    rng = np.random.default_rng(count)
    for rows in (
        rng.normal(size=(4, count)),
        np.exp(20 * rng.normal(size=(3, count))) - 1,
        rng.integers(-3, 3, (3, count)).astype(np.float64),
        np.ones((2, count)),
        rng.normal(size=(2, count)).astype(np.float32),
    ):
        expected = np.quantile(rows.astype(np.float64), share, axis=1)
        np.testing.assert_array_equal(quantiles(rows, share), expected)


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 3), st.integers(1, 60)),
        elements=st.floats(-1e100, 1e100),
    ),
    st.floats(0, 1),
)
def test_whatever_the_values(rows: np.ndarray, share: float) -> None:
    np.testing.assert_array_equal(quantiles(rows, share), np.quantile(rows, share, axis=1))


def test_rows_are_left_as_they_are() -> None:
    rows = np.random.default_rng(0).normal(size=(2, 100))
    before = rows.copy()
    quantiles(rows, 0.5)
    np.testing.assert_array_equal(rows, before)
