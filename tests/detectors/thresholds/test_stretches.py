"""Stretches of high surprise: hysteresis, merging, rows that are not judged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.thresholds import HOLD, find_stretches

NAN = float("nan")


def twin(surprise, threshold, release, merge_rows, minimum_rows, positions=None):
    """Walk through the rows one by one, as the definition reads."""
    numbers = list(range(len(surprise))) if positions is None else list(positions)
    found, start, last, high, calm, silent = [], None, 0, 0, 0, 0

    def close():
        nonlocal start
        if start is not None and high >= minimum_rows:
            found.append((start, last + 1))
        start = None

    for row, value in enumerate(surprise):
        if row and start is not None:
            silent += numbers[row] - numbers[row - 1] - 1
        if np.isnan(value):
            silent += 1
            continue
        if start is not None and silent > HOLD * merge_rows:
            close()
        if value >= threshold or (start is not None and value >= release * threshold):
            if start is None:
                start, high = row, 0
            last, high, calm, silent = row, high + 1, 0, 0
        elif start is not None:
            calm += 1
            if calm > merge_rows:
                close()
    close()
    return found


def as_pairs(found):
    return [tuple(map(int, pair)) for pair in found]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, NAN]), max_size=80),
    st.sampled_from([0.5, 0.7, 1.0]),
    st.integers(0, 4),
    st.integers(1, 4),
)
def test_like_walking_row_by_row(surprise, release, merge, minimum):
    expected = twin(surprise, 3.0, release, merge, minimum)
    found = find_stretches(surprise, 3.0, release, merge, minimum)
    assert as_pairs(found) == expected


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 2.5, 4.0, NAN]), st.integers(1, 12)), max_size=50),
    st.integers(0, 3),
)
def test_rows_left_out_count_as_not_judged(steps, merge):
    surprise = [value for value, _ in steps]
    positions = np.cumsum([step for _, step in steps], dtype=np.int64)
    found = find_stretches(surprise, 3.0, 0.7, merge, 1, positions=positions)
    assert as_pairs(found) == twin(surprise, 3.0, 0.7, merge, 1, positions)


def test_it_begins_at_the_threshold_and_holds_down_to_the_release():
    surprise = [0, 2.2, 3.0, 2.2, 2.1, 2.0, 0]
    assert as_pairs(find_stretches(surprise, 3.0, 0.7, 0, 1)) == [(2, 5)]


def test_calm_rows_split_only_where_there_are_more_than_the_rule_allows():
    surprise = [4, 0, 0, 4, 0, 0, 0, 4]
    assert as_pairs(find_stretches(surprise, 3.0, 0.7, 2, 1)) == [(0, 4), (7, 8)]


def test_rows_not_judged_hold_longer_than_calm_ones():
    held = [4, *[NAN] * (HOLD * 2), 4]
    assert as_pairs(find_stretches(held, 3.0, 0.7, 2, 1)) == [(0, len(held))]
    assert len(find_stretches([4, *[NAN] * (HOLD * 2 + 1), 4], 3.0, 0.7, 2, 1)) == 2


def test_a_bridge_does_not_make_a_stretch_longer():
    assert len(find_stretches([4, 0, 0, 0, 4], 3.0, 0.7, 3, 3)) == 0


def test_nothing_judged_gives_nothing():
    assert find_stretches([NAN] * 5, 3.0, 0.7, 2, 1).shape == (0, 2)
    assert find_stretches([], 3.0, 0.7, 2, 1).shape == (0, 2)


@pytest.mark.parametrize(
    ("threshold", "release", "merge"), [(0, 0.7, 1), (3, 0, 1), (3, 1, -1)]
)
def test_senseless_rules_are_refused(threshold, release, merge):
    with pytest.raises(InvalidInput):
        find_stretches([1.0], threshold, release, merge, 1)
