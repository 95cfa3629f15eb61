"""Shifts too small for single rows that last for hours."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

import appliance as kizashi
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


def test_a_lasting_shift_is_found_and_its_sensor_named(model, worn):
    scored = model.score(worn)
    assert not scored["alarm"][:1_200].any()
    assert scored["alarm"][1_440:].mean() > 0.9
    event = model.events(scored).row(0, named=True)
    assert LATER + timedelta(hours=20) < event["start"] < LATER + timedelta(hours=24)
    assert event["sensors"][0]["name"] == "s3"
    shares = scored[1_440:].select(f"contribution:{name}" for name in SENSORS)
    assert shares.sum_horizontal().to_numpy() == pytest.approx(1, abs=1e-5)


def test_without_averages_it_is_lost(training, worn):
    recipe = {"detector": "auto", "sustained_hours": 0}
    model = kizashi.fit(training, recipe=recipe, engine="local")
    assert model.score(worn)["alarm"].mean() < 0.1
    assert not model.manifest.assets["a"].averages


def test_normal_running_stays_calm(model):
    calm = readings(("a",), 12_000, seed=2, start=LATER)
    assert model.score(calm)["alarm"].mean() < 0.01


def test_any_detector_can_have_averages_beside_it(training, worn):
    recipe = {"detector": "mahalanobis", "sustained_hours": 2}
    model = kizashi.fit(training, recipe=recipe, engine="local")
    assert model.manifest.assets["a"].reach == (119, 0)
    assert model.score(worn)["alarm"][1_440:].mean() > 0.9


def test_too_few_rows_to_average_are_no_obstacle():
    model = kizashi.fit(readings(("a",), 1_000), engine="local")
    assert not model.manifest.assets["a"].averages


def test_a_kept_model_scores_the_same(model, worn, tmp_path):
    again = kizashi.load(model.save(tmp_path / "a.kz"))
    assert again.score(worn).equals(model.score(worn))
