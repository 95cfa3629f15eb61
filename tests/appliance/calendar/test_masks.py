"""Ranges of time: joined, compared, and passed over, against a set of minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.calendar.masks import Masks, changes, clip, difference, merged, union

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LAST = 120

spans = st.lists(
    st.tuples(st.integers(0, LAST), st.integers(0, 30)).map(
        lambda p: (START + p[0] * MINUTE, START + sum(p) * MINUTE)
    ),
    max_size=6,
)
moments = st.integers(-5, LAST + 40)


def minutes(found) -> set[int]:
    return {
        minute
        for start, end in found
        for minute in range((start - START) // MINUTE, (end - START) // MINUTE)
    }


@given(spans)
def test_merged_covers_the_same_time_in_order_and_apart(given_spans):
    found = merged(given_spans)
    assert minutes(found) == minutes(given_spans)
    edges = [edge for span in found for edge in span]
    assert edges == sorted(set(edges))


@given(spans, spans)
def test_difference_is_what_lies_in_one_but_not_in_both(one, other):
    found = difference(merged(one), merged(other))
    assert minutes(found) == minutes(one) ^ minutes(other)
    assert found == merged(found)


@given(spans, moments, moments)
def test_clip_keeps_what_lies_within(given_spans, low, high):
    horizon = START + low * MINUTE, START + high * MINUTE
    kept = {m for m in minutes(given_spans) if low <= m < high}
    assert minutes(clip(merged(given_spans), horizon)) == kept


@pytest.mark.slow
@given(spans, spans, spans, spans)
def test_masks_are_compared_and_joined_asset_by_asset(a, b, c, d):
    one = Masks(merged(a), {"x": merged([*a, *b])})
    other = Masks(merged(c), {"y": merged([*c, *d])})
    for asset in "xyz":
        mine, theirs = minutes(one.of(asset)), minutes(other.of(asset))
        assert minutes(changes(one, other).of(asset)) == mine ^ theirs
        assert minutes(union(one, other).of(asset)) == mine | theirs


@given(spans)
def test_inside_is_told_row_by_row(given_spans):
    times = np.arange(-5, LAST + 40) * 60_000_000 + int(START.timestamp()) * 1_000_000
    found = Masks(merged(given_spans)).inside("x", times)
    assert set(np.flatnonzero(found) - 5) == minutes(given_spans)


@given(spans, moments, st.integers(0, 60))
def test_going_back_and_on_passes_that_much_time_outside(given_spans, moment, length):
    masks, at = Masks(merged(given_spans)), START + moment * MINUTE
    covered = minutes(given_spans)
    low = (masks.before("x", at, length * MINUTE) - START) // MINUTE
    high = (masks.after("x", at, length * MINUTE) - START) // MINUTE
    assert len(set(range(low, moment)) - covered) == length
    assert len(set(range(moment, high)) - covered) == length


def test_masks_of_nothing_are_nothing():
    assert not Masks()
    assert not Masks((), {"x": ()})
    assert Masks((), {"x": ((START, START + MINUTE),)})
