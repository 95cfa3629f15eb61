"""Shifts too small for single rows that last for hours."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

import appliance as kizashi
from appliance.fleet.calibration import Calibration
from detectors.thresholds import SurpriseScale
from tests.appliance.fleet.plants import SENSORS, START, readings

LATER = START + timedelta(days=30)
ROWS = 12_000


@pytest.fixture(scope="module")
def training():
    return readings(("a",), ROWS)


@pytest.fixture(scope="module")
def worn():
    rows = pl.int_range(pl.len())
    frame = readings(("a",), 2_400, seed=1, start=LATER)
    return frame.with_columns(pl.col("s3") + pl.when(rows >= 1_200).then(1.2).otherwise(0.0))


@pytest.fixture(scope="module")
def model(training):
    return kizashi.fit(training, engine="local")


@pytest.mark.slow
def test_a_lasting_shift_is_found_and_its_sensor_named(model, worn):
    scored = model.score(worn)
    assert not scored["alarm"][:1_200].any()
    assert scored["alarm"][1_440:].mean() > 0.9
    event = model.events(scored).row(0, named=True)
    assert LATER + timedelta(hours=20) < event["start"] < LATER + timedelta(hours=24)
    assert event["sensors"][0]["name"] == "s3"
    shares = scored[1_440:].select(f"contribution:{name}" for name in SENSORS)
    assert shares.sum_horizontal().to_numpy() == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_without_averages_it_is_lost(training, worn):
    recipe = {"detector": "auto", "sustained_hours": 0}
    model = kizashi.fit(training, recipe=recipe, engine="local")
    assert model.score(worn)["alarm"].mean() < 0.1
    assert not model.manifest.assets["a"].averages


@pytest.mark.slow
def test_normal_running_stays_calm(model):
    calm = readings(("a",), 12_000, seed=2, start=LATER)
    assert model.score(calm)["alarm"].mean() < 0.01


def test_any_detector_can_have_averages_beside_it(training, worn):
    recipe = {"detector": "mahalanobis", "sustained_hours": 2}
    model = kizashi.fit(training, recipe=recipe, engine="local")
    assert model.manifest.assets["a"].reach == (119, 0)
    scored = model.score(worn)
    # Single rows are noise to it, up and down; the events of what is above alarm go on.
    assert scored["alarm"][1_440:].mean() > 0.5
    events = model.events(scored).filter(pl.col("kind") == "anomaly")
    assert (events["end"] - events["start"]).sum() > timedelta(minutes=0.9 * 960)
    assert events["start"].min() > LATER + timedelta(minutes=1_200)


def test_what_both_find_a_little_unusual_outranks_what_one_does():
    noise = np.random.default_rng(0)
    scores, averages = noise.exponential(size=(2, 20_000))
    calibration = Calibration.learn(scores, averages)
    one, other, both = calibration.surprise(
        np.array([7.0, 0.7, 7.0]), np.array([0.7, 7.0, 7.0])
    )
    assert both > one + 0.5
    assert one > other > 1.0
    lasting = calibration.lasting(np.array([7.0, 0.7]), np.array([0.7, 7.0]))
    assert lasting.tolist() == [False, True]
    assert Calibration.from_state(calibration.state()).surprise(
        scores, averages
    ) == pytest.approx(calibration.surprise(scores, averages), rel=0)


def test_what_was_learned_when_the_higher_counted_goes_on_so():
    scores, averages = np.random.default_rng(0).exponential(size=(2, 20_000))
    single, lasting = (SurpriseScale().fit(one) for one in (scores, averages))
    higher = np.fmax(single.surprise(scores), lasting.surprise(averages))
    scale = SurpriseScale().fit(higher)
    arrays = {
        f"{name}/{key}": array
        for name, part in (
            ("scale", single),
            ("lasting_scale", lasting),
            ("highest_scale", scale),
        )
        for key, array in part.state().items()
    }
    again = Calibration.from_state(arrays)
    assert np.array_equal(again.surprise(scores, averages), scale.surprise(higher))
    assert set(again.state()) == set(arrays)


def test_too_few_rows_to_average_are_no_obstacle():
    model = kizashi.fit(readings(("a",), 1_000), engine="local")
    assert not model.manifest.assets["a"].averages


def test_a_kept_model_scores_the_same(model, worn, tmp_path):
    again = kizashi.load(model.save(tmp_path / "a.kz"))
    assert again.score(worn).equals(model.score(worn))
