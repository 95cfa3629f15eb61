"""Sensor faults are told from the machine's own behaviour."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.fleet.cleaning import clean
from appliance.fleet.series import MICRO, Rows
from appliance.schemas.recipe import Cleaning, Limits

NAMES = [f"s{i}" for i in range(6)]


def plant(n: int = 6000, *, seed: int = 0, off_every: int = 0) -> np.ndarray:
    """Six noisy sensors; while the machine is off four of them stand still at zero."""
    rng = np.random.default_rng(seed)
    values = rng.normal(50, 1, (6, n))
    if off_every:
        for start in range(off_every, n, 2 * off_every):
            values[:4, start : start + off_every] = 0.0
    return values


def cleaned(values, recipe=None, stuck=None):
    rows = Rows(np.arange(values.shape[1]) * MICRO, values, np.zeros((0, values.shape[1])))
    return clean(rows, MICRO, recipe or Cleaning(), NAMES[: len(values)], stuck)


def test_nothing_is_wrong_with_clean_data():
    values = plant()
    series, faults, _ = cleaned(values)
    assert faults == []
    assert series.sensors is values


def test_a_frozen_sensor_is_left_out_and_reported():
    _, _, stuck = cleaned(plant())
    new = plant(seed=1)
    new[2, 1000:1200] = new[2, 1000]
    series, faults, _ = cleaned(new, stuck=stuck)
    assert [(f.sensor, f.kind, f.start, f.stop) for f in faults] == [(2, "frozen", 1000, 1200)]
    assert np.isnan(series.sensors[2, 1000:1200]).all()
    assert not np.isnan(new[2]).any()


def test_a_stopped_machine_is_not_frozen_but_a_freeze_while_it_runs_is():
    _, training, stuck = cleaned(plant(off_every=500))
    assert training == []
    new = plant(seed=1, off_every=500)
    new[0, 1100:1250] = new[0, 1100]
    _, faults, _ = cleaned(new, stuck=stuck)
    assert [(f.sensor, f.start, f.stop) for f in faults] == [(0, 1100, 1250)]


def test_one_freeze_within_training_does_not_teach_that_freezing_is_normal():
    values = plant()
    values[3, 2000:4000] = values[3, 2000]
    series, faults, _ = cleaned(values)
    assert [(f.sensor, f.kind) for f in faults] == [(3, "frozen")]
    assert np.isnan(series.sensors[3, 2000:4000]).all()


def test_a_step_like_or_constant_sensor_is_never_frozen():
    values = plant()
    values[4] = np.repeat([1.0, 2.0, 3.0], 2000)
    values[5] = 7.0
    _, faults, stuck = cleaned(values)
    assert faults == []
    assert stuck.plain[4] == stuck.plain[5] == 0


def test_missing_is_a_fault_only_when_it_lasts():
    values = plant()
    values[1, 100:103] = np.nan
    values[1, 500:520] = np.nan
    values[1, 900:1000] = np.nan
    series, faults, _ = cleaned(values)
    assert [(f.kind, f.start, f.stop) for f in faults] == [("missing", 900, 1000)]
    gone = np.isnan(series.sensors[1])
    assert not gone[100:103].any()
    assert gone[500:520].all()


def test_values_out_of_limits_and_infinite_ones_are_no_measurements():
    values = plant()
    values[0, 100:110] = 1e6
    values[0, 300] = np.inf
    recipe = Cleaning(limits={"s0": Limits(lower=0, upper=100)})
    series, faults, _ = cleaned(values, recipe)
    assert [(f.kind, f.start, f.stop) for f in faults] == [("out of limits", 100, 110)]
    assert np.isnan(series.sensors[0, 100:110]).all()
    assert 40 < series.sensors[0, 300] < 60


@pytest.mark.parametrize("cells", [0, 1, 2])
def test_hardly_any_rows(cells):
    series, faults, _ = cleaned(plant()[:, :cells])
    assert series.cells == cells
    assert faults == []
