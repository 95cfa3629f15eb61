"""Scores become events: when they begin and end, how grave they are, which sensors did it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.events.detect import (
    FAR,
    LASTING,
    LONG,
    NEAR,
    fault_events,
    find_events,
    severity_of,
)
from appliance.schemas.event import EventKind, Severity
from appliance.schemas.recipe import Threshold
from detectors.thresholds import HOLD
from tests.appliance.events.drafts import minute, scores

NAN = float("nan")
RULE = Threshold(release=0.5, merge_rows=3, minimum_rows=2)


def find(surprise, rule=RULE, shares=None, minutes=None, interval=60.0):
    frame = scores(surprise, shares, minutes)
    return find_events(frame, 4.0, rule, interval, tuple(shares or ()))


def extents(drafts):
    return [(d.start, d.end) for d in drafts]


def walk(surprise, rule, threshold=4.0):
    """Find events on a whole grid cell by cell, as the words of the rule read.

    Returns first and last cell, and whether the event still stands.
    """
    found, start, last, high, calm, silent = [], None, 0, 0, 0, 0
    for cell, value in enumerate(surprise):
        ended = calm > rule.merge_rows or silent > HOLD * rule.merge_rows
        if start is not None and ended:
            found.append((start, last, high, False))
            start = None
        if np.isnan(value):
            silent += 1
        elif value >= (threshold if start is None else rule.release * threshold):
            start, high = (cell, 0) if start is None else (start, high)
            last, high, calm, silent = cell, high + 1, 0, 0
        else:
            calm += 1
    if start is not None:
        ended = calm > rule.merge_rows or silent > HOLD * rule.merge_rows
        found.append((start, last, high, not ended))
    return [(a, b, stands) for a, b, rows, stands in found if rows >= rule.minimum_rows]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    cells=st.lists(st.sampled_from([0.0, 1.0, 2.0, 4.0, 8.0, NAN, None]), max_size=70),
    release=st.sampled_from([0.5, 1.0]),
    merge=st.integers(0, 3),
    least=st.integers(1, 3),
    jitter=st.integers(0, 20),
)
def test_like_walking_cell_by_cell(cells, release, merge, least, jitter):
    """None is a row that is missing: no more than a row that was not judged."""
    if not cells or cells[0] is None:
        cells = [0.0, *cells]
    rule = Threshold(release=release, merge_rows=merge, minimum_rows=least)
    present = [n for n, value in enumerate(cells) if value is not None]
    minutes = [n + jitter / 60 * (n % 2) for n in present]
    found = find([cells[n] for n in present], rule, minutes=minutes)
    until = present[-1] + 1
    expected = walk([NAN if v is None else v for v in cells[:until]], rule)
    place = dict(zip(present, map(minute, minutes), strict=True))
    assert [(d.start, d.end, d.ongoing) for d in found] == [
        (place[a], place[b], stands) for a, b, stands in expected
    ]
    for event in found:
        assert event.start <= event.peak_time <= event.end
        assert event.peak >= event.threshold


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40).flatmap(
        lambda n: st.lists(
            st.lists(st.floats(0, 1, width=32), min_size=6, max_size=6), min_size=n, max_size=n
        )
    )
)
def test_shares_add_up_to_one_and_fall(columns):
    shares = {f"s{n}": column for n, column in enumerate(columns)}
    (event,) = find([5.0, 6.0, NAN, 9.0, 5.0, 5.0], shares=shares)
    if event.sensors:
        assert sum(s.share for s in event.sensors) == pytest.approx(1.0)
    values = [s.share for s in event.sensors]
    assert values == sorted(values, reverse=True)
    assert bool(event.sensors) == any(v > 0 for c in columns for i, v in enumerate(c) if i != 2)


def test_shares_count_by_the_surprise_they_explain():
    shares = {"flow": [1.0, 1.0, 0.0, None], "heat": [0.0, 0.0, 1.0, None]}
    (event,) = find([4.0, 4.0, 24.0, NAN], shares=shares)
    assert [(s.name, s.share) for s in event.sensors] == [
        ("heat", pytest.approx(0.75)),
        ("flow", pytest.approx(0.25)),
    ]


def test_a_sensor_of_no_weight_is_not_named_but_one_always_is():
    shares = {"flow": [0.995] * 3, "heat": [0.005] * 3}
    (event,) = find([5.0] * 3, shares=shares)
    assert [(s.name, s.share) for s in event.sensors] == [("flow", 1.0)]
    even = {f"s{n}": [0.005] * 3 for n in range(200)}
    (event,) = find([5.0] * 3, shares=even)
    assert [s.name for s in event.sensors] == ["s0"]


def test_a_sensor_named_like_a_column_of_scores():
    (event,) = find([5.0] * 3, shares={"state": [0.6] * 3, "flow": [0.4] * 3})
    assert [s.name for s in event.sensors] == ["state", "flow"]


def test_without_shares_an_event_names_no_sensor():
    frame = scores([5.0] * 3)
    (event,) = find_events(frame, 4.0, RULE, 60.0, ("flow",))
    assert event.sensors == ()


def test_no_rows_and_nothing_judged():
    assert find([]) == []
    assert find([NAN] * 5) == []
    assert find_events(scores([NAN] * 5).with_columns(surprise=None), 4.0, RULE, 60, ()) == []


def test_the_course_tells_the_highest_of_equal_parts():
    (event,) = find([0.0, 5.0, 6.25, NAN, 9.0, 5.0, 0.0])
    assert event.course == (5.0, 6.25, None, 9.0, 5.0)
    (event,) = find([5.0, 6.0, 7.0], minutes=[0, 1, 4])
    assert event.course == (5.0, 6.0, None, None, 7.0)


@pytest.mark.slow
@given(st.lists(st.floats(4, 90, width=32), min_size=2, max_size=300))
def test_a_course_is_short_and_holds_the_peak(surprise):
    (event,) = find(surprise)
    assert len(event.course) == min(len(surprise), 48)
    assert None not in event.course
    assert max(event.course) == pytest.approx(event.peak, abs=0.01)


def test_peak_and_its_moment():
    (event,) = find([0, 5, NAN, 9.5, 7, 0])
    assert (event.peak, event.peak_time) == (9.5, minute(3))
    assert (event.start, event.end) == (minute(1), minute(4))


def test_several_rows_in_a_cell_of_the_grid_count_once():
    minutes = [n / 4 for n in range(40)]
    calm_between = [5.0] * 8 + [0.0] * 10 + [5.0] * 8 + [0.0] * 14
    (event,) = find(calm_between, minutes=minutes)
    assert extents([event]) == [(minute(0), minute(25 / 4))]
    assert find([0.0, 5.0, 5.0, 0.0], minutes=[0, 0.8, 0.9, 2]) == []


def test_a_long_hole_ends_an_event_and_a_short_one_does_not():
    near = [0, 1, 2, 2 + HOLD * RULE.merge_rows]
    assert len(find([5.0] * 4, minutes=near)) == 1
    far = [0, 1, 4 + HOLD * RULE.merge_rows, 5 + HOLD * RULE.merge_rows]
    assert extents(find([5.0] * 4, minutes=far)) == [
        (minute(0), minute(1)),
        (minute(far[2]), minute(far[3])),
    ]


@pytest.mark.parametrize(("calm", "stands"), [(0, True), (3, True), (4, False)])
def test_ongoing_while_the_calm_after_it_is_short(calm, stands):
    (event,) = find([0.0, 5.0, 5.0] + [0.0] * calm)
    assert event.ongoing is stands


@settings(max_examples=100, deadline=None)
@given(st.floats(4, 40), st.floats(0, 20), st.integers(0, 500), st.integers(0, 500))
def test_severity_never_falls_with_peak_or_length(peak, more, rows, longer):
    order = list(Severity)
    before = severity_of(peak, 4.0, rows, 3)
    after = severity_of(peak + more, 4.0, rows + longer, 3)
    assert order.index(after) >= order.index(before)


def test_severity_by_how_far_and_how_long():
    long = [4.0] * LONG * RULE.minimum_rows
    assert find([4.0] * 2)[0].severity is Severity.WATCH
    assert find([4.0, 4.0 * FAR])[0].severity is Severity.PLAN
    assert find(long)[0].severity is Severity.PLAN
    assert find([*long, 4.0 * FAR])[0].severity is Severity.ACT


# ---------------------------------------------------------------- sensor faults
def faults(*rows) -> pl.DataFrame:
    time = pl.Datetime("us", "UTC")
    schema = {"asset": pl.String, "sensor": pl.String, "kind": pl.String}
    return pl.DataFrame(rows, schema={**schema, "start": time, "end": time}, orient="row")


def test_faults_of_a_kind_that_nearly_touch_are_one():
    found = fault_events(
        faults(
            ("P-2", "flow", "frozen", minute(500), minute(510)),
            ("P-1", "flow", "frozen", minute(70), minute(90)),
            ("P-1", "flow", "frozen", minute(0), minute(30)),
            ("P-1", "flow", "missing", minute(31), minute(40)),
            ("P-1", "heat", "frozen", minute(31), minute(40)),
            ("P-1", "flow", "frozen", minute(10), minute(20)),
            ("P-1", "flow", "frozen", minute(152), minute(160)),
        )
    )
    told = [(d.asset, d.sensors[0].name, d.sensors[0].note, d.start, d.end) for d in found]
    assert told == [
        ("P-1", "flow", "frozen", minute(0), minute(90)),
        ("P-1", "flow", "missing", minute(31), minute(40)),
        ("P-1", "heat", "frozen", minute(31), minute(40)),
        ("P-1", "flow", "frozen", minute(152), minute(160)),
        ("P-2", "flow", "frozen", minute(500), minute(510)),
    ]
    assert {d.kind for d in found} == {EventKind.SENSOR_FAULT}
    assert fault_events(faults()) == []


def test_a_lasting_fault_is_to_be_planned_for():
    lasting = ("P-1", "flow", "missing", minute(0), minute(0) + LASTING)
    short = ("P-1", "heat", "missing", minute(0), minute(30))
    assert [d.severity for d in fault_events(faults(lasting, short))] == [
        Severity.PLAN,
        Severity.WATCH,
    ]


def test_a_fault_stands_if_it_reaches_the_end_of_the_data():
    row = ("P-1", "flow", "missing", minute(0), minute(30))
    for later, stands in ((timedelta(), True), (2 * NEAR, False)):
        (event,) = fault_events(faults(row), {"P-1": minute(30) + later})
        assert event.ongoing is stands
    assert not fault_events(faults(row))[0].ongoing
