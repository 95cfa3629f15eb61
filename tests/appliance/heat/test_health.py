"""Health: bounded, worse for worse days, unmoved by a spike, and slow to speak of a trend."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.heat import Calendar
from appliance.heat.health import LEAST, by_days, points, trend
from appliance.schemas.score import Judgement

START = datetime(2026, 1, 1, tzinfo=UTC)
LEVEL = 4.0
surprises = st.lists(st.floats(0, 12), min_size=LEAST, max_size=80)


def scores(values, state=Judgement.FINAL, day=0):
    """Return one day's scores, evenly over it."""
    step = timedelta(days=1) / len(values)
    return pl.DataFrame(
        {
            "time": [START + timedelta(days=day) + n * step for n in range(len(values))],
            "surprise": np.array(values, np.float32),
            "state": np.full(len(values), state.value, np.int8),
        }
    )


def health(values):
    (found,) = by_days(scores(values), Calendar("UTC"), LEVEL).values
    return found


def normal(count, seed):
    """Return surprises of normal running: one in ten is above 1, one in a hundred above 2."""
    return -np.log10(np.random.default_rng(seed).uniform(size=count))


@pytest.mark.slow
@given(surprises)
def test_it_is_within_0_and_100(values):
    assert 0 <= health(values) <= 100


@pytest.mark.slow
@given(surprises, st.lists(st.floats(0, 5), min_size=80, max_size=80))
def test_what_is_more_unusual_is_never_healthier(values, more):
    worse = [value + by for value, by in zip(values, more, strict=False)]
    assert health(worse) <= health(values)


@pytest.mark.slow
@given(surprises, st.integers(0, 79))
def test_one_spike_is_no_illness(values, at):
    """However high one reading is, health is as if it were as high as the next lower ones."""
    spiked = [*values]
    spiked[at % len(values)] = 300.0
    second = sorted(values)[-2] if len(values) > 1 else 0.0
    milder = [*values]
    milder[at % len(values)] = max(second, milder[at % len(values)])
    assert health(spiked) == health(milder)


def test_the_ends_of_the_scale():
    assert points(1.0, LEVEL) == 100
    assert points(0.2, LEVEL) == 100
    assert points(2.5, LEVEL) == 50
    assert points(LEVEL, LEVEL) == 0
    assert points(9.0, LEVEL) == 0
    assert points(1.2, 0.3) == 60


def test_normal_running_is_healthy_whatever_is_measured_how_often():
    for count in (24, 144, 1440):
        found = [health(normal(count, seed)) for seed in range(40)]
        assert np.median(found) > 90


def test_days_with_too_little_judged_have_none():
    parts = [
        scores([1.0] * LEAST),
        scores([9.0] * (LEAST - 1), day=1),
        scores([9.0] * 30, day=3),
    ]
    found = by_days(pl.concat(parts), Calendar("UTC"), LEVEL)
    assert found.values == (100.0, None, None, 0.0)
    silent = by_days(scores([9.0] * 40, Judgement.NOT_RUNNING), Calendar("UTC"), LEVEL)
    assert silent.values == (None,)
    assert by_days(scores([1.0] * 40).clear(), Calendar("UTC"), LEVEL).values == ()


def test_days_are_those_of_the_place_and_as_wide_as_asked():
    frame = pl.concat([scores([1.0] * 40, day=n) for n in range(10)])
    assert by_days(frame, Calendar("UTC"), LEVEL).values == (100.0,) * 10
    assert len(by_days(frame, Calendar("Asia/Tokyo"), LEVEL).values) == 11
    weeks = by_days(frame, Calendar("UTC"), LEVEL, 7)
    assert weeks.first % 7 == 0
    assert set(weeks.values) == {100.0}


# ---------------------------------------------------------------- trends
def days(count):
    return np.arange(count, dtype=float)


def test_wear_is_told_with_its_pace():
    random = np.random.default_rng(3)
    found = trend(days(28), 95 - 2.0 * days(28) + random.normal(0, 5, 28))
    assert found.direction == "falling"
    assert found.per_day == pytest.approx(-2.0, abs=0.3)
    assert found.chance < 0.001
    assert trend(days(28), 40 + 2.0 * days(28)).direction == "rising"


def test_one_bad_day_is_no_trend():
    values = np.full(28, 100.0)
    values[-1] = 0.0
    assert trend(days(28), values).direction == "steady"
    assert trend(days(28), np.full(28, 100.0)).chance == 1.0


def test_what_is_certain_but_small_is_no_wear():
    assert trend(days(28), 100 - 0.1 * days(28)).direction == "steady"


def test_few_days_tell_nothing():
    assert trend(days(7), 100 - 9 * days(7)).direction == "unknown"


@pytest.mark.parametrize(("bound", "share"), [(0.0, 0.05), (0.5, 0.1)])
def test_a_course_that_only_wanders_seldom_shows_a_trend(bound, share):
    """Also of days that take half from the day before."""
    random = np.random.default_rng(11)
    told = 0
    for _ in range(600):
        noise = random.normal(0, 10, 60)
        course = np.zeros(60)
        for n in range(1, 60):
            course[n] = bound * course[n - 1] + noise[n]
        told += trend(days(28), 70 + course[-28:]).direction != "steady"
    assert told <= 600 * share


@given(st.lists(st.floats(0, 100), min_size=8, max_size=40))
def test_turned_around_it_goes_the_other_way(values):
    there, back = (trend(days(len(values)), np.array(v)) for v in (values, values[::-1]))
    ways = {"falling": "rising", "rising": "falling", "steady": "steady"}
    assert ways[there.direction] == back.direction
    assert there.chance == pytest.approx(back.chance)
