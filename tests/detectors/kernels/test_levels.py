"""Tables read off and stretches counted, against numpy and what finds the stretches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.kernels.levels import count_stretches, halved, read_off
from detectors.thresholds import find_stretches

few = settings(max_examples=50, deadline=None)
numbers = st.floats(-1e6, 1e6)


@few
@given(st.lists(numbers, max_size=60), st.sets(numbers, min_size=2, max_size=40))
def test_a_table_is_read_as_numpy_reads_it(asked, places):
    knots = np.sort(np.array(list(places)))
    heights = np.cumsum(np.abs(knots))
    x = np.array([*asked, *knots, np.nan, np.inf, -np.inf])
    assert np.array_equal(
        read_off(x, knots, heights), np.interp(x, knots, heights), equal_nan=True
    )


def test_a_table_of_one_knot():
    out = read_off([-1.0, 2.0, np.nan], [0.0], [7.0])
    assert np.array_equal(out, [7.0, 7.0, np.nan], equal_nan=True)


def test_a_table_must_have_a_height_for_each_knot():
    with pytest.raises(InvalidInput, match="heights"):
        read_off([1.0], [0.0, 1.0], [1.0])
    with pytest.raises(InvalidInput, match="heights"):
        read_off([1.0], [], [])


@few
@given(
    st.lists(st.floats(0, 4), max_size=120),
    st.floats(0.5, 4),
    st.floats(0.1, 1),
    st.integers(0, 6),
    st.integers(1, 4),
)
def test_as_many_stretches_are_counted_as_are_found(values, level, release, merge, minimum):
    surprise = np.array(values, np.float64)
    rows = np.flatnonzero(surprise >= 0.5 * release * level)
    levels = np.array([level, 1.5 * level, 0.5 * level])
    counted = count_stretches(
        surprise[rows],
        rows,
        levels,
        release=release,
        merge_rows=merge,
        minimum_rows=minimum,
    )
    found = [find_stretches(surprise, at, release, merge, minimum) for at in levels]
    assert counted.tolist() == [len(stretches) for stretches in found]


@few
@given(st.lists(st.floats(0, 4), min_size=1, max_size=120), st.integers(1, 5))
def test_halving_ends_at_a_level_with_fewer_stretches(values, number):
    surprise, rows = np.array(values, np.float64), np.arange(len(values))
    rule = {"release": 0.5, "merge_rows": 1, "minimum_rows": 1}
    low, high = 0.25, 4.5
    for _ in range(6):
        middle = 0.5 * (low + high)
        if len(find_stretches(surprise, middle, 0.5, 1, 1)) >= number:
            low = middle
        else:
            high = middle
    between = np.array([0.25, 0.25]), np.array([4.5, 4.5])
    found = halved(surprise, rows, np.array([number, number]), between, 6, **rule)
    assert found.tolist() == [high, high]


def test_every_value_needs_a_row():
    with pytest.raises(InvalidInput, match="rows"):
        count_stretches(
            np.ones(3), np.arange(2), [1.0], release=1.0, merge_rows=0, minimum_rows=1
        )
