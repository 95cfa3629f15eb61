"""Smoothing, and columns told at first sight, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from detectors.errors import InvalidInput
from detectors.kernels.valleys import even_columns, median_of_five
from detectors.modes.levels import cuts_of, fewest_of, single

few = settings(max_examples=60, deadline=None)


def _twin(values, step):
    """The same comparisons, all columns at once."""
    padded = np.concatenate(
        [values[:, :1], values[:, :1], values, values[:, -1:], values[:, -1:]], axis=1
    )
    padded = np.where(np.isfinite(padded), padded, np.nan)
    a, b, e, c, d = (padded[:, i : values.shape[1] + i : step] for i in range(5))
    low = np.fmax(np.fmin(a, b), np.fmin(c, d))
    high = np.fmin(np.fmax(a, b), np.fmax(c, d))
    return np.fmax(np.fmin(low, high), np.fmin(np.fmax(low, high), e)).astype(np.float64)


@few
@given(
    arrays.arrays(
        st.sampled_from([np.float32, np.float64]),
        st.tuples(st.integers(1, 3), st.integers(1, 30)),
        elements=st.floats(width=32),
    ),
    st.integers(1, 4),
)
def test_medians_of_five(values, step):
    assert np.array_equal(median_of_five(values, step), _twin(values, step), equal_nan=True)


def test_no_row_has_no_median():
    with pytest.raises(InvalidInput, match="at least one row"):
        median_of_five(np.zeros((2, 0)), 1)


def _columns():
    random = np.random.default_rng(8)
    rows = np.arange(2_000)
    for number in range(60):
        size = random.uniform(0.5, 40)
        column = random.normal(size=2_000) * size + random.uniform(-1e3, 1e3)
        if number % 4 == 1:
            column += size * random.uniform(2, 12) * (rows // 200 % 2)
        elif number % 4 == 2:
            column = column.round(0)
        elif number % 4 == 3:
            column += 3 * size * np.sin(rows / 90)
        if number % 10 == 9:
            column[random.integers(0, 2_000, 5)] = np.nan
        if number % 10 == 8:
            column[7] = 1e12
        yield column


def test_what_is_told_at_first_sight_has_no_cuts():
    columns = np.stack(list(_columns()))
    told = single(columns, 10)
    assert 10 < told.sum() < 50
    for column, one in zip(columns, told, strict=True):
        known = np.sort(column[~np.isnan(column)])
        if one:
            assert len(known) == len(column)
            assert not len(cuts_of(known))
            assert np.unique(column, return_counts=True)[1].max() < 10
    # Without missing values, far ones and rounding hardly any is left to a closer look.
    plain = [n for n in range(60) if n % 4 != 2 and n % 10 < 8]
    few_levels = [not len(cuts_of(np.sort(columns[n]))) for n in plain]
    assert told[plain].sum() > 0.9 * sum(few_levels)


def test_too_few_rows_and_equal_values_are_left_to_a_closer_look():
    assert not single(np.zeros((1, 2_000)), 10).any()
    assert not single(np.arange(20.0)[None], 2).any()
    assert not even_columns(np.zeros((0, 50)), fewest_of(50), 0, 0.2, np.zeros(9), 3).any()
