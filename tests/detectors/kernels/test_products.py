"""Products whose rows do not know of each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.kernels.products import lagged_products, products

SIZES = st.integers(1, 40)


def _normal(seed: int, *shape: int, dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@given(SIZES, SIZES, SIZES, st.integers(0, 99), st.sampled_from(["float32", "float64"]))
def test_it_is_the_product(n: int, size: int, outputs: int, seed: int, dtype: str) -> None:
    rows, matrix = _normal(seed, n, size), _normal(seed + 1, outputs, size)
    found = products(rows.astype(dtype), matrix)
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_allclose(
        found, rows @ matrix.T, atol=1e-12 if dtype == "float64" else 2e-5
    )


@given(SIZES, SIZES, SIZES, st.integers(0, 99), st.sampled_from(["float32", "float64"]))
def test_a_row_alone_has_the_same_bits(
    n: int, size: int, outputs: int, seed: int, dtype: str
) -> None:
    rows, matrix = _normal(seed, n, size, dtype=dtype), _normal(seed + 1, outputs, size)
    whole = products(rows, matrix)
    for at in range(n):
        np.testing.assert_array_equal(products(rows[at : at + 1], matrix)[0], whole[at])
    np.testing.assert_array_equal(products(rows[::-1], matrix), whole[::-1])


@pytest.mark.slow
@given(SIZES, st.integers(1, 12), st.integers(1, 6), SIZES, st.integers(0, 99))
def test_lagged_rows_are_taken_as_one(
    n: int, lags: int, columns: int, outputs: int, seed: int
) -> None:
    rows, matrix = _normal(seed, n, columns), _normal(seed + 1, outputs, lags * columns)
    found = lagged_products(rows, lags, matrix)
    assert found.shape == (max(n - lags + 1, 0), outputs)
    for at, row in enumerate(found):
        together = rows[at : at + lags].reshape(1, -1)
        np.testing.assert_array_equal(row, products(together, matrix)[0])


def test_the_product_of_nothing_is_0() -> None:
    np.testing.assert_array_equal(products(np.ones((3, 0)), np.ones((2, 0))), np.zeros((3, 2)))


@pytest.mark.parametrize(
    ("rows", "lags", "matrix"),
    [
        (np.ones((3, 2)), 1, np.ones((2, 3))),
        (np.ones((3, 2)), 2, np.ones((2, 2))),
        (np.ones((3, 2)), 0, np.ones((2, 2))),
        (np.ones(3), 1, np.ones((2, 3))),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    rows: np.ndarray, lags: int, matrix: np.ndarray
) -> None:
    with pytest.raises(InvalidInput):
        lagged_products(rows, lags, matrix)
