"""What follows a load slowly is expected rightly after a stop, by series and by reading."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

import appliance as kizashi
from appliance.fleet.basis import exponential
from appliance.fleet.conditioning import Conditioner, learn
from appliance.fleet.model import FleetModel
from appliance.fleet.online import Online, Reading
from appliance.fleet.recipe import resolve
from appliance.fleet.scoring import score_frame
from appliance.fleet.series import MICRO, Rows, even
from appliance.schemas.recipe import Conditioning, RunState
from appliance.schemas.score import Judgement

NAMES = ("current", "heat", "noise", "load")
LAG = 40
STOPS = ((700, 760), (1500, 1502), (2100, 2190), (2900, 2903), (3300, 3400), (3750, 3800))


@cache
def machine(rows: int = 4_000, seed: int = 0) -> pl.DataFrame:
    """A motor that warms up with its load, and cools down whenever it stands still."""
    rng = np.random.default_rng(seed)
    load = np.repeat(rng.uniform(0.4, 1.0, rows // 50 + 1), 50)[:rows]
    for start, stop in STOPS:
        load[start:stop] = 0.0
    heat = 60 * exponential(load, LAG, np.array([0, rows])) + 0.3 * rng.normal(size=rows)
    return pl.DataFrame(
        {
            "asset": "a",
            "time": pl.Series(np.arange(rows) * 60 * MICRO).cast(pl.Datetime("us", "UTC")),
            "current": 50 * load + (load > 0) * rng.normal(size=rows),
            "heat": heat,
            "noise": rng.normal(size=rows),
            "load": load,
        }
    )


def rows_of(frame: pl.DataFrame) -> Rows:
    sensors = frame.select("current", "heat", "noise").to_numpy().T
    running = frame["load"].to_numpy() > 0
    times = frame["time"].to_physical().to_numpy()
    return Rows(times, sensors, frame.select("load").to_numpy().T, running, ~running)


def conditioned(rows: Rows) -> tuple[Conditioner, np.ndarray, np.ndarray]:
    """Return what was learned, what it leaves of the heat, and the row of each cell."""
    series = even(rows, 60 * MICRO, 5)
    conditioner, _ = learn(
        series.sensors,
        series.context,
        series.bounds,
        Conditioning(),
        ~np.isnan(series.sensors[0]),
        series.course,
    )
    assert conditioner is not None
    return conditioner, conditioner.left(series.sensors, series, 5)[1], series.cell_of_row


def after_stops(left: np.ndarray, cell_of_row: np.ndarray, cells: int = 30) -> np.ndarray:
    """Return what is left in the first cells after each long stop."""
    begins = [cell_of_row[stop] for start, stop in STOPS if stop - start > 10]
    return np.concatenate([left[cell : cell + cells] for cell in begins])


# ---------------------------------------------------------------- smoothing
def test_a_mean_of_the_past_goes_on_by_time_through_a_gap():
    x = np.r_[np.zeros(50), np.ones(100)]
    whole = exponential(x, 20, np.array([0, 150]))
    cut = np.r_[x[:50], x[80:]]  # thirty cells without a reading
    bounds = np.array([0, 50, 120])
    through = exponential(cut, 20, bounds, np.array([np.inf, 30.0]))
    np.testing.assert_allclose(through[50:], whole[80:], rtol=1e-5)
    anew = exponential(cut, 20, bounds)
    np.testing.assert_allclose(anew[50:], 1.0)


def test_what_a_stop_cooled_is_expected_cool():
    rows = rows_of(machine())
    conditioner, left, cells = conditioned(rows)
    assert conditioner.goes_on
    assert conditioner.rests
    assert np.abs(after_stops(left, cells)).mean() < 0.6
    # Without the stops' rows the contexts hold nothing of them.
    _, blind, cells = conditioned(replace(rows, stopped=None, context=rows.context.clip(0.4)))
    assert np.abs(after_stops(blind, cells)).mean() > 2


def test_rows_taken_out_without_a_run_state_are_no_stops():
    rows = rows_of(machine())
    series = even(replace(rows, stopped=None), 60 * MICRO, 5)
    assert series.course.resting is None
    assert series.course.stops is None
    conditioner, _, _ = conditioned(replace(rows, stopped=None))
    assert not conditioner.rests


def test_a_short_stop_leaves_its_neighbours_alone():
    _, left, cells = conditioned(rows_of(machine()))
    for start, stop in ((1500, 1502), (2900, 2903)):
        around = left[cells[start - 1] : cells[stop] + 1]
        assert len(around) == stop - start + 2
        assert np.abs(around).max() < 3


def test_models_of_before_begin_anew_after_a_stop():
    series = even(rows_of(machine()), 60 * MICRO, 5)
    told = {
        "contexts": [{"low": 0.4, "high": 1.0, "knots": [0.5]}],
        "lags": [LAG],
        "margin": 0.1,
        "uses_lags": True,
    }
    weights = np.zeros((5, 3))
    weights[3, 1] = 1.0  # the heat is the smoothed load
    before = Conditioner.rebuilt(told, weights)
    expected = before.expected(series.context, series.bounds, series.course)
    np.testing.assert_array_equal(expected, before.expected(series.context, series.bounds))
    left = before.left(series.sensors, series, 5)
    np.testing.assert_array_equal(left, series.sensors - expected)


# ---------------------------------------------------------------- by reading
@cache
def fitted() -> FleetModel:
    recipe = resolve("mahalanobis")
    state = RunState(column="current", minimum=5.0)
    cleaning = recipe.cleaning.model_copy(update={"run_state": state})
    return kizashi.fit(
        machine(),
        context=("load",),
        recipe=recipe.model_copy(update={"cleaning": cleaning}),
        engine="local",
    )


def test_a_reading_after_a_stop_is_judged_as_the_last_row_of_all_so_far():
    model, new = fitted(), machine(seed=1)
    assert model.manifest.assets["a"].context["rests"]
    online = Online(model._models)
    states = set()
    for row in new.head(2_300).iter_rows(named=True):
        values = {name: row[name] for name in NAMES}
        found = online.push("a", row["time"], values)
        number = round(row["time"].timestamp() / 60)
        if number > 650 and (number % 7 == 0 or number in {760, 1502, 2190}):
            scores, _ = score_frame(model._models, new.head(number + 1), live=True)
            states.add(found.state)
            assert found.state == scores["state"][-1]
            if found.surprise is not None:
                assert found.surprise == pytest.approx(scores["surprise"][-1], abs=0.1)
    assert states >= {Judgement.NOT_RUNNING, Judgement.FINAL}


def test_another_model_goes_on_from_the_stop_that_the_one_before_saw():
    model, new = fitted(), machine(seed=1)
    online = Online(model._models)
    given = [
        Reading("a", row["time"], {name: row[name] for name in NAMES})
        for row in new[1_400:2_191].iter_rows(named=True)
    ]
    online.push_many(given[:-1])
    online.swap(model._models)
    (found,) = online.push_many(given[-1:])
    scores, _ = score_frame(model._models, new[1_400:2_191], live=True)
    assert found.surprise == pytest.approx(scores["surprise"][-1], abs=0.1)
