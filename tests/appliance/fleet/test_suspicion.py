"""What a context explains is no fault, however unusual it looks; a fault stays one."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

import appliance as kizashi
from appliance.demo import plant
from appliance.demo.config import PlantConfig
from appliance.fleet.suspicion import Vouched, usual_in_context

CONFIG = PlantConfig(seed=7, days=60, interval_seconds=600, scale=0.2)
PUMP, FAULTY_ROWS = "P-101", 60


@pytest.fixture(scope="module")
def pump() -> pl.DataFrame:
    """A pump that stands still a few times a month, without a fault."""
    found = plant.generate_asset(CONFIG, "pumps", PUMP, with_faults=False)
    return found.with_columns(asset=pl.lit(PUMP))


def _learned(readings: pl.DataFrame) -> tuple[list[datetime], list[datetime]]:
    """Learn 40 days; return where stretches were left out, and where later events begin."""
    context = [column.name for column in plant.fleet_kind("pumps").context]
    known = readings.filter(pl.col("time") < CONFIG.training_end)
    model = kizashi.fit(known, asset="asset", time="time", context=context, engine="local")
    events = model.events(model.score(readings)).filter(
        (pl.col("kind") == "anomaly") & (pl.col("start") >= CONFIG.training_end)
    )
    return [one.start for one in model.manifest.assets[PUMP].excluded], list(events["start"])


def _faulty(readings: pl.DataFrame, rows: list[int]) -> pl.DataFrame:
    """Heat the bearings in the rows that follow these."""
    hot = pl.any_horizontal(
        pl.int_range(pl.len()).is_between(row, row + FAULTY_ROWS - 1) for row in rows
    )
    return readings.with_columns(
        pl.col("^bearing_temp_.*$") + pl.when(hot).then(15.0).otherwise(0.0)
    )


@pytest.mark.slow
def test_standing_still_as_it_did_before_is_no_fault(pump: pl.DataFrame) -> None:
    stops = (pump["speed_setpoint"] == 0) & (pump["time"] >= CONFIG.training_end)
    assert stops.sum() > 20  # it stands still in the days that are judged, too
    assert _learned(pump) == ([], [])


@pytest.mark.slow
def test_a_fault_is_one_still_in_training_and_after(pump: pl.DataFrame) -> None:
    places = [2000, 7500]
    in_training, after = (pump["time"][row] for row in places)
    excluded, began = _learned(_faulty(pump, places))
    assert [abs(one - in_training) < timedelta(hours=5) for one in excluded] == [True]
    assert [abs(one - after) < timedelta(hours=5) for one in began] == [True]


@pytest.mark.parametrize("stretches", [[(100, 130)], [(100, 130), (700, 705)]])
def test_what_is_unusual_in_few_spells_of_a_value_is_not_explained(
    stretches: list[tuple[int, int]],
) -> None:
    context = np.full((1, 1000), 7.0)
    for spell in (100, 300, 500, 700, 900):
        context[0, spell : spell + 10] = 3.0
    assert usual_in_context(context, stretches, 5) is None
    found = usual_in_context(context, [*stretches, (298, 304), (505, 514)], 5)
    assert found is not None
    assert np.flatnonzero(found[:200]).tolist() == list(range(95, 115))


def test_gaps_and_values_of_most_rows_explain_nothing() -> None:
    context = np.full((2, 600), np.nan)
    context[1] = np.repeat(np.arange(6.0) % 2, 100)
    every = [(start, start + 10) for start in range(0, 600, 100)]
    assert usual_in_context(context, every, 3) is None
    assert usual_in_context(context, [], 3) is None


def test_a_stretch_that_goes_on_long_after_is_not_vouched_for() -> None:
    usual = np.zeros(100, bool)
    usual[10:20] = True
    known = Vouched(usual=usual)
    assert known.speaks_for(5, 25)
    assert not known.speaks_for(10, 31)
    assert Vouched(called=usual).speaks_for(10, 90)
