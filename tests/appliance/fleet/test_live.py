"""Provisional scores of a fleet: known at once, calibrated by themselves, made final later."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import appliance as kizashi
from appliance.core.errors import InvalidRequest
from appliance.fleet.calibration import Calibration
from appliance.fleet.chunks import Columns, assets_of
from appliance.fleet.judging import AssetModel
from appliance.fleet.learning import fit_asset
from appliance.fleet.levels import Promise, learn_levels
from appliance.fleet.live import LiveCalibration
from appliance.fleet.model import FleetModel
from appliance.fleet.recipe import resolve
from appliance.fleet.scoring import score_frame
from appliance.fleet.suspicion import NOBODY
from appliance.schemas.recipe import Threshold
from appliance.schemas.score import Judgement
from detectors.thresholds import find_stretches
from tests.appliance.fleet.plants import SENSORS, START, readings

LATER = START + timedelta(days=20)
RULE = Threshold()


@cache
def fitted(recipe: str) -> FleetModel:
    return kizashi.fit(readings(("a",), 5_000), recipe=recipe, engine="local")


def _after(model: FleetModel) -> int:
    return model.manifest.assets["a"].reach[1]


def _column(frame: pl.DataFrame, name: str = "surprise") -> np.ndarray:
    return frame[name].to_numpy()


# ---------------------------------------------------------------- what is provisional
@pytest.mark.slow
def test_provisional_rows_have_the_scores_of_the_moment_and_final_ones_do_not() -> None:
    model, new = fitted("auto"), readings(("a",), 400, seed=3, start=LATER)
    after = _after(model)
    scores, live = model.score(new), model.score(new, live=True)
    assert set(scores["state"][-after:]) == {"provisional"}
    assert set(scores["state"][:-after]) == {"final"}
    assert set(live["state"]) == {"provisional"}
    np.testing.assert_array_equal(_column(scores)[-after:], _column(live)[-after:])
    assert (_column(scores)[:-after] != _column(live)[:-after]).mean() > 0.9


@pytest.mark.slow
def test_a_live_score_does_not_change_with_what_comes_after() -> None:
    model, new = fitted("auto"), readings(("a",), 300, seed=3, start=LATER)
    whole = model.score(new, live=True)
    for rows in (120, 121, 250):
        part = model.score(new.head(rows), live=True)
        np.testing.assert_array_equal(_column(part), _column(whole)[:rows])


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 7, 40])
def test_scores_settle_as_rows_come_and_end_as_those_of_one_run(step: int) -> None:
    model = fitted("auto")
    new = readings(("a",), 220, seed=5, start=LATER, faults={"a": (2, 150, 170)})
    after = _after(model)
    seen: pl.DataFrame = model.score(new.head(180))
    for rows in range(180 + step, new.height + 1, step):
        came = model.score(new.head(rows))
        # What was final stays; what was provisional is final, or is known no better.
        assert_frame_equal(came.head(seen.height - after), seen.head(seen.height - after))
        assert came["state"].to_list().count("provisional") == after
        seen = came
    assert_frame_equal(seen, model.score(new.head(seen.height)))


def test_a_fault_alarms_at_once_and_names_its_sensor() -> None:
    model = fitted("auto")
    new = readings(("a",), 304, seed=6, start=LATER, faults={"a": (2, 300, 304)})
    last = model.score(new).tail(4)
    assert last["alarm"].any()
    shares = {n: last[f"contribution:{n}"][-1] for n in ("s0", "s1", "s2", "s3", "s4")}
    assert max(shares, key=lambda name: shares[name] or 0.0) == "s2"
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-5)


def test_rows_that_others_follow_are_final_though_these_are_not_there() -> None:
    model, new = fitted("auto"), readings(("a",), 300, seed=3, start=LATER)
    ends = {"a": (LATER, new["time"][-1] + timedelta(days=1))}
    alone, _ = score_frame(model._models, new)
    among, _ = score_frame(model._models, new, extents=ends)
    after = _after(model)
    assert set(alone["state"][-after:]) == {Judgement.PROVISIONAL}
    assert set(among["state"]) == {Judgement.FINAL}
    assert_frame_equal(alone.head(300 - after), among.head(300 - after))
    assert not np.array_equal(_column(alone)[-after:], _column(among)[-after:])


@pytest.mark.slow
def test_a_reading_alone_is_judged_as_the_last_row_of_all_so_far() -> None:
    model, new = fitted("auto"), readings(("a",), 130, seed=3, start=LATER)
    online = model.online()
    names = tuple(model.manifest.sensors)
    found = [
        online.push("a", row["time"], {name: row[name] for name in names})
        for row in new.iter_rows(named=True)
    ]
    whole = model.score(new.cast(dict.fromkeys(names, pl.Float64)), live=True)
    states = [one.state for one in found]
    young = states.index(Judgement.PROVISIONAL)
    assert states == [Judgement.TOO_YOUNG] * young + [Judgement.PROVISIONAL] * (130 - young)
    assert young < 80
    alone = np.array([one.surprise for one in found[young:]], np.float32)
    np.testing.assert_array_equal(alone, _column(whole)[young:])


# ---------------------------------------------------------------- who has it
def test_who_looks_at_no_later_row_is_final_at_once() -> None:
    model, new = fitted("mahalanobis"), readings(("a",), 300, seed=3, start=LATER)
    assert_frame_equal(model.score(new, live=True), model.score(new))
    assert set(model.score(new)["state"]) == {"final"}


def test_a_model_without_live_scores_says_so() -> None:
    model, new = fitted("spectral_residual"), readings(("a",), 300, seed=3, start=LATER)
    assert model.score(new)["state"][-1] == "provisional"
    with pytest.raises(InvalidRequest, match="no live scores"):
        model.score(new, live=True)


# ---------------------------------------------------------------- the budget
@pytest.mark.slow
def test_rows_of_the_moment_are_no_more_surprising_than_final_ones() -> None:
    model, new = fitted("auto"), readings(("a",), 20_000, seed=7, start=LATER)
    final, live = (_column(model.score(new, live=flag)) for flag in (False, True))
    for surprise in (1.0, 2.0):
        wanted = 10.0**-surprise
        for found in (final, live):
            assert 0.3 * wanted < np.nanmean(found >= surprise) < 2.5 * wanted


def _twice(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a smooth score, and a rough one of the same rows."""
    noise = np.random.default_rng(seed).normal(size=(2, rows + 30))
    smooth = np.convolve(noise[0], np.ones(31) / np.sqrt(31), "valid")
    return smooth, smooth + noise[1, :rows]


def test_one_alarm_level_holds_the_budget_by_both_scores() -> None:
    a_month, budget = 20_000.0, 5.0
    smooth, rough = _twice(60_000, seed=0)
    calibration = Calibration.learn(smooth, None)
    rule = Threshold(false_alarms_per_month=budget)
    level, kept = learn_levels(calibration.surprise(smooth, None), Promise(a_month, rule))
    live = LiveCalibration.learn(rough, None, NOBODY, kept["levels"], Promise(a_month, rule))
    new = _twice(200_000, seed=1)
    for found in (calibration.surprise(new[0], None), live.surprise(new[1], None)):
        stretches = find_stretches(found, level.level, rule.release, rule.merge_rows, 3)
        assert 0.5 < len(stretches) / 10 / budget < 2


def test_live_surprise_rises_with_the_score_and_is_kept() -> None:
    smooth, rough = _twice(20_000, seed=2)
    final = Calibration.learn(smooth, None)
    kept = learn_levels(final.surprise(smooth, None), Promise(20_000.0, RULE))[1]["levels"]
    live = LiveCalibration.learn(rough, None, NOBODY, kept, Promise(20_000.0, RULE))
    scores = np.r_[np.sort(rough), rough.max() + 50.0, np.nan]
    found = live.surprise(scores, None)
    assert found[0] >= 0
    assert (np.diff(found[:-1]) >= 0).all()
    assert np.isfinite(found[-2])
    assert np.isnan(found[-1])
    again = LiveCalibration.from_state(live.state())
    assert again is not None
    np.testing.assert_array_equal(again.surprise(scores, None), found)
    assert LiveCalibration.from_state(final.state()) is None


@pytest.mark.slow
def test_what_people_called_normal_alarms_by_neither_score() -> None:
    frame = readings(("a",), 1_500, faults={"a": (2, 700, 712)})
    recipe = resolve("auto")
    [found] = assets_of(frame, Columns.of(recipe, SENSORS, ()))
    vouched = np.zeros(1_500, bool)
    vouched[695:717] = True
    fitted = fit_asset("a", found.rows, SENSORS, recipe, vouched)
    model = AssetModel(fitted.entry, fitted.arrays, recipe)
    assert model.has_live_scores
    for live in (False, True):
        assert not model.judge(found.rows, explain=False, live=live).alarm[vouched].any()
