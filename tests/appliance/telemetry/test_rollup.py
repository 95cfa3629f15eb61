"""How many measurements become few: exactly what they are, whatever the order or the lap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.errors import StorageError
from appliance.schemas.platform import PARTS, PROCESS_ROLES, Metric
from appliance.telemetry import History
from appliance.telemetry.ring import SIZE, Ring
from appliance.telemetry.rollup import (
    RESOLUTIONS,
    Summary,
    coarser,
    factor_for,
    resolution_for,
)

FINE, MIDDLE, COARSE = RESOLUTIONS
START = 1_700_000_000
VALUES = st.floats(-1e12, 1e12)
WHOLE = st.integers(-(2**40), 2**40).map(float)
"""Sums of these are exact in any order."""


def merged(values: list[float]) -> Summary:
    told = Summary.of(values[0])
    for value in values[1:]:
        told = told.merged(Summary.of(value))
    return told


@pytest.mark.slow
@given(st.lists(WHOLE, min_size=1), st.lists(WHOLE, min_size=1), st.lists(WHOLE, min_size=1))
def test_what_is_merged_is_the_same_in_any_order(a, b, c):
    one, two, three = merged(a), merged(b), merged(c)
    assert one.merged(two).merged(three) == one.merged(two.merged(three)) == merged(a + b + c)
    assert one.merged(two) == two.merged(one)


@given(st.lists(VALUES, min_size=1))
def test_the_mean_is_of_the_measurements(values):
    told = merged(values)
    assert (told.count, told.least, told.most) == (len(values), min(values), max(values))
    assert told.least <= told.mean <= told.most
    assert told.mean == pytest.approx(sum(values) / len(values), abs=1e-3)


@given(st.dictionaries(st.integers(0, 400), WHOLE, min_size=1), st.integers(1, 50))
def test_coarser_stretches_lose_nothing(values, factor):
    told = coarser({number: Summary.of(value) for number, value in values.items()}, factor)
    assert sum(one.count for one in told.values()) == len(values)
    for number, one in told.items():
        own = [value for at, value in values.items() if at // factor == number]
        assert one == merged(own)


def test_each_resolution_is_made_of_the_one_before():
    for fine, coarse in pairwise(RESOLUTIONS):
        assert coarse.step % fine.step == 0
        assert fine.keep % coarse.step == 0


@given(st.floats(0, 400 * 86_400), st.floats(1, 400 * 86_400), st.integers(1, 2_000))
def test_no_more_stretches_are_told_than_asked_for(before, length, width):
    now = 1.8e9
    start, end = now - before - length, now - before
    found = resolution_for(start, end, now, width)
    factor = factor_for(found, start, end, width)
    step = found.step * factor
    assert int(end // step) - int(start // step) + 1 <= width
    assert found is COARSE or start >= now - found.keep


# ---------------------------------------------------------------- in a file
STEPS = st.lists(st.tuples(st.integers(0, 40_000), WHOLE), min_size=1, max_size=60)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_a_ring_holds_what_was_put_into_it_and_nothing_older(tmp_path_factory, steps):
    ring = Ring(tmp_path_factory.mktemp("ring") / "x.ring")
    at, told = START, []
    for seconds, value in steps:
        at += seconds
        told.append((at, value))
        ring.add(at, value)
    for one in RESOLUTIONS:
        last = at // one.step
        first = last - one.slots + 1
        own: dict[int, list[float]] = {}
        for moment, value in told:
            own.setdefault(moment // one.step, []).append(value)
        expected = {n: merged(values) for n, values in own.items() if n >= first}
        assert ring.read(one, first, last) == expected
        more = ring.read(one, first - 10 * one.slots, last)
        assert more == more | expected
        assert all(more[n] == merged(own[n]) for n in more)


def test_a_file_never_grows(tmp_path):
    path = tmp_path / "x.ring"
    ring = Ring(path)
    for hour in range(0, 24 * 400, 7):
        ring.add(START + hour * 3_600, 1.0)
    assert path.stat().st_size == SIZE
    assert path.stat().st_mode & 0o077 == 0
    assert len(ring.read(COARSE, 0, 2**31)) <= COARSE.slots


def test_a_clock_that_was_ahead_does_not_stop_the_history(tmp_path):
    ring = Ring(tmp_path / "x.ring")
    ring.add(START + 10 * 365 * 86_400, 5.0)
    ring.add(START, 1.0)
    assert ring.read(FINE, START // 15, START // 15) == {START // 15: Summary.of(1.0)}


def test_what_is_no_history_is_begun_anew_and_damage_is_left_out(tmp_path):
    path = tmp_path / "x.ring"
    path.write_bytes(b"something else" * 100)
    ring = Ring(path)
    assert ring.read(FINE, 0, 2**31) == {}
    ring.add(START, 2.0)
    assert list(ring.read(FINE, 0, 2**31).values()) == [Summary.of(2.0)]
    with path.open("r+b") as file:
        file.truncate(SIZE // 2)
    assert ring.read(COARSE, 0, 2**31) == {}
    ring.add(START, 3.0)
    assert list(ring.read(COARSE, 0, 2**31).values()) == [Summary.of(3.0)]


def test_a_folder_in_its_place_is_said(tmp_path):
    (tmp_path / "x.ring").mkdir()
    with pytest.raises(StorageError):
        Ring(tmp_path / "x.ring").add(START, 1.0)


# ---------------------------------------------------------------- the history
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def history(tmp_path):
    made = History(tmp_path)
    for minute in range(180):
        at = NOW - timedelta(minutes=180 - minute)
        made.add(at, {Metric.HOST_CPU: minute / 100, Metric.HOST_LOAD: float("nan")})
    return made


def test_figures_over_a_time(history):
    told = history.read([Metric.HOST_CPU], NOW - timedelta(hours=2), NOW, width=12, now=NOW)
    assert told.step_seconds == 600
    assert len(told.times) == 12
    assert told.times[0] == NOW - timedelta(hours=2)
    (cpu,) = told.metrics
    assert cpu.least[0] == 0.6
    assert cpu.most[-1] == 1.79
    assert cpu.mean[0] == pytest.approx(0.645)


def test_what_was_not_measured_is_empty(history):
    asked = [Metric.HOST_LOAD, Metric.JOBS_QUEUED]
    told = history.read(asked, NOW - timedelta(days=900), NOW, width=100, now=NOW)
    assert len(told.times) <= 100
    assert all(value is None for one in told.metrics for value in one.mean)
    later = history.read(
        asked, NOW + timedelta(days=9), NOW + timedelta(days=10), width=5, now=NOW
    )
    assert len(later.times) <= 5


def test_the_last_measurement_counts_for_a_minute(history):
    assert history.latest(Metric.HOST_CPU, NOW - timedelta(seconds=30)) == 1.79
    assert history.latest(Metric.HOST_CPU, NOW + timedelta(seconds=90)) is None
    assert history.latest(Metric.JOBS_QUEUED, NOW) is None


def test_there_is_a_metric_of_each_role_and_part():
    names = {metric.value for metric in Metric}
    assert {
        f"{role}_{what}" for role in PROCESS_ROLES for what in ("cpu_cores", "memory_bytes")
    } <= names
    assert {f"{part}_size_bytes" for part in PARTS} <= names
