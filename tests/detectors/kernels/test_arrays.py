"""What reaches compiled code: the right type, the right shape, or a refusal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.kernels import arrays


def test_a_matrix_that_fits_is_passed_on_without_a_copy():
    rows = np.zeros((3, 2), np.float32)
    assert arrays.matrix(rows, "rows") is rows
    assert arrays.readings(rows, 3) is rows


@pytest.mark.parametrize(
    "given",
    [np.zeros((4, 3)), np.zeros((3, 4)).T, np.zeros((8, 3), np.float32)[::2], [[1] * 3]],
)
def test_whatever_comes_is_made_single_and_contiguous(given):
    out = arrays.matrix(given, "rows", columns=3)
    assert out.dtype == np.float32
    assert out.flags.c_contiguous
    np.testing.assert_array_equal(out, np.asarray(given))


@pytest.mark.parametrize("given", [1.0, [1.0], np.zeros((0, 3)), np.zeros((3, 0)), [[[1.0]]]])
def test_what_is_no_matrix_is_refused_by_name(given):
    with pytest.raises(InvalidInput, match="rows must be a matrix"):
        arrays.matrix(given, "rows")


def test_other_columns_than_expected_are_refused():
    with pytest.raises(InvalidInput, match="rows has 3 columns where 2"):
        arrays.matrix(np.zeros((1, 3)), "rows", columns=2)
    with pytest.raises(InvalidInput, match="XT has 1 features where 2"):
        arrays.readings(np.zeros((1, 3)), 2)


def test_a_series_keeps_single_precision_only_where_allowed():
    single = np.zeros(4, np.float32)
    assert arrays.series(single, "x", single=True) is single
    assert arrays.series(single, "x").dtype == np.float64
    assert arrays.series([1, 2], "x", single=True).dtype == np.float64
    for wrong in (1.0, [[1.0]]):
        with pytest.raises(InvalidInput, match="x must be a vector"):
            arrays.series(wrong, "x")


@settings(max_examples=50, deadline=None)
@given(st.integers(-5, 15), st.integers(-3, 3), st.one_of(st.none(), st.integers(4, 9)))
def test_numbers_lie_between_their_limits(value, low, high):
    if value >= low and (high is None or value <= high):
        assert arrays.between(value, low, high, "k") == value
    else:
        with pytest.raises(InvalidInput, match="k must be a whole number"):
            arrays.between(value, low, high, "k")


def test_numbers_are_whole():
    assert arrays.between(np.int64(3), 1, None, "k") == 3
    with pytest.raises(InvalidInput, match=r"at least 1, got 1\.5"):
        arrays.between(1.5, 1, None, "k")
