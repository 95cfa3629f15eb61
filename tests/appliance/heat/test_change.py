"""Normal that has changed: at once, lastingly, without growing; never a fault that grows."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import appliance as kizashi
from appliance.heat import Calendar
from appliance.heat.change import FEWEST_AFTER, FEWEST_BEFORE, changed_at
from appliance.heat.health import by_days
from appliance.schemas.score import Judgement

LEVEL = 3.0


def course(*parts, seed=0):
    """Return what a tenth of the readings reach: normal days, then these, all with noise."""
    whole = np.concatenate([np.full(10, 1.0), *[np.asarray(part, float) for part in parts]])
    return list(whole + np.random.default_rng(seed).normal(0, 0.15, len(whole)))


def changed(values):
    return changed_at(values, 1.0, LEVEL)


@pytest.mark.parametrize("seed", range(20))
def test_a_step_that_stays_is_a_change(seed):
    assert changed(course(np.full(14, 4.0), seed=seed)) == 10


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("days", [12, 20, 40])
def test_what_grows_is_none(seed, days):
    for grows in (
        1 + np.linspace(0, 6, days),
        1 + 6 * np.log1p(np.linspace(0, 6, days)) / np.log(7),
        1 + 6 * np.linspace(0, 1, days) ** 2,
    ):
        assert changed(course(grows, seed=seed)) is None


def test_a_day_may_lie_between():
    """Final scores look ahead: the day before a large step is a half of it."""
    for between in (2.0, 2.6, 3.2):
        after = [between], np.full(14, 4.0)
        told = [changed(course(*after, seed=seed)) in {10, 11} for seed in range(20)]
        assert sum(told) >= 17  # one in twenty rises by the trend test


def test_what_looks_steady_on_its_way_is_none_on_any_day():
    """A sensor that moves by .3 deviations a day, as `auto` saw it."""
    grows = [1.2, 3.4, 3.5, 2.7, 3.1, 3.7, 4.1, 3.5, 4.7, 4.6, 4.6, 5.1, 4.8, 5.2, 5.0, 5.2]
    whole = [*course(seed=3), 0.9, 0.6, 0.6, *grows]
    told = [changed(whole[:days]) for days in range(13, len(whole) + 1)]
    assert told == [None] * len(told)


def test_what_passes_or_is_young_or_small_is_none():
    assert changed(course(np.full(14, 4.0), np.full(6, 1.0))) is None
    assert changed(course(np.full(FEWEST_AFTER - 1, 4.0))) is None
    assert changed(course(np.full(14, 1.5))) is None
    assert changed([1.0] * (FEWEST_BEFORE - 1) + [4.0] * 14) is None


def test_days_that_were_not_judged_are_passed_over():
    values = course(np.full(14, 4.0))
    holes = [None, *values[:5], None, *values[5:12], None, None, *values[12:]]
    assert changed(holes) == 12


@pytest.mark.slow
@given(st.lists(st.one_of(st.none(), st.floats(0, 12)), max_size=60))
def test_it_points_at_a_stretch_that_was_judged(values):
    at = changed(values)
    assert at is None or values[at] is not None


@pytest.mark.slow
def test_normal_running_changes_rarely():
    """Days depend on the days before, as those of machines do."""
    random = np.random.default_rng(1)
    found = 0
    for _ in range(200):
        noise = np.zeros(60)
        for at in range(1, 60):
            noise[at] = 0.7 * noise[at - 1] + random.normal(0, 0.25)
        found += changed(list(1 + noise)) is not None
    assert found <= 2


# ---------------------------------------------------------------- whole plants
STEP, DAY, BEFORE = 10, 144, 25


def plant(move, seed):
    """Return 60 days of one machine; from day 35 on a sensor moves as told by days since."""
    random = np.random.default_rng(seed)
    rows = 60 * DAY
    common = random.normal(size=rows)
    values = common + random.normal(size=(4, rows))
    since = (np.arange(rows) - 35 * DAY) / DAY
    values[1] += np.where(since >= 0, move(np.maximum(since, 0)), 0.0)
    start = pl.datetime(2026, 1, 1, time_zone="UTC", time_unit="us")
    return pl.DataFrame({f"s{n}": column for n, column in enumerate(values)}).select(
        pl.lit("P-1").alias("asset"),
        (start + pl.int_range(rows) * timedelta(minutes=STEP)).alias("time"),
        pl.all(),
    )


def days_of(move, seed):
    readings = plant(move, seed)
    known = BEFORE * DAY
    model = kizashi.fit(readings[:known], asset="asset", time="time", engine="local")
    scores = model.score(readings[known:]).select(
        "time", "surprise", state=pl.lit(Judgement.FINAL.value, pl.Int8)
    )
    return by_days(scores, Calendar("UTC"), model.manifest.assets["P-1"].threshold)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_a_plant_after_maintenance_has_changed(seed):
    found = days_of(lambda since: np.full_like(since, 4.0), seed)
    assert found.changed() == 35 - BEFORE
    assert found.trend(25).direction == "steady"


@pytest.mark.slow
@pytest.mark.parametrize("pace", [0.3, 1.0])
def test_a_plant_whose_fault_grows_has_not(pace):
    for move in (lambda since: pace * since, lambda since: 0.5 * np.expm1(pace * since / 3)):
        assert days_of(move, 0).changed() is None
