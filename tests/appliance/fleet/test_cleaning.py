"""Sensor faults are told from the machine's own behaviour."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.fleet.cleaning import StuckLimits, clean
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


# ---------------------------------------------------------------- what is frozen, slowly
def slow_runs(column):
    """Half-open ranges of equal values; what is missing is in none."""
    edges = np.flatnonzero(column[1:] != column[:-1]) + 1
    found = np.stack([np.r_[0, edges], np.r_[edges, len(column)]], axis=1)
    return found[~np.isnan(column[found[:, 0]])]


def slow_counter(values, needed):
    """Running count of cells in which as many sensors change as needed."""
    moved = np.count_nonzero(values[:, 1:] != values[:, :-1], axis=0)
    return np.r_[0, 0, np.cumsum(moved >= needed)]


def slow_limit(lengths, recipe):
    if recipe.stuck_rows is not None:
        return recipe.stuck_rows
    limit = max(4 * sorted(lengths)[-3], 30)
    return limit if limit <= 20_000 else 0


def slow_limits(values, recipe):
    changes = values[:, 1:] != values[:, :-1]
    if changes.shape[1] >= 20 and changes.all():
        every = np.full(len(values), recipe.stuck_rows or 30)
        return StuckLimits(every, every, max(int(np.ceil(0.75 * len(values))), 1))
    typical = np.median(changes.sum(axis=0)) if changes.shape[1] else 0.0
    needed = max(int(np.ceil(0.75 * typical)), 1)
    counter = slow_counter(values, needed)
    plain, busy = np.zeros((2, len(values)), np.int64)
    for sensor, column in enumerate(values):
        if np.count_nonzero(changes[sensor]) < 20:
            continue
        found = slow_runs(column)
        if len(found) < 20 or len(np.unique(column[found[:, 0]])) < 10:
            continue
        plain[sensor] = slow_limit(found[:, 1] - found[:, 0], recipe)
        if typical >= 3:
            busy[sensor] = slow_limit(counter[found[:, 1]] - counter[found[:, 0]], recipe)
    return StuckLimits(plain, busy, needed)


def slow_frozen(values, stuck):
    counter = slow_counter(values, stuck.busy_changes)
    faults = []
    for sensor in np.flatnonzero(stuck.plain):
        for a, b in slow_runs(values[sensor]):
            within = counter[b] - counter[a]
            frozen = stuck.busy[sensor] and within > stuck.busy[sensor]
            if frozen or b - a > stuck.plain[sensor]:
                faults.append((sensor, a, b))
    return faults


def worn(sensors, cells, seed):
    """Sensors of many values or few, some of which stick, fall silent or stop together."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 4, (sensors, cells))
    for sensor in range(sensors):
        if rng.random() < 0.7:
            values[sensor] = values[sensor].round(int(rng.integers(0, 3)))
        if rng.random() < 0.3:
            values[sensor] = np.repeat(values[sensor], rng.integers(2, 30))[:cells]
    for _ in range(rng.integers(0, 5)):
        start, long = rng.integers(0, cells), rng.integers(1, max(cells // 4, 2))
        rows = slice(None) if rng.random() < 0.4 else rng.integers(0, sensors)
        values[rows, start : start + long] = rng.choice([0.0, np.nan])
    return values.astype(np.float32 if rng.random() < 0.5 else np.float64)


def are(found, expected):
    assert found.plain.tolist() == expected.plain.tolist()
    assert found.busy.tolist() == expected.busy.tolist()
    assert found.busy_changes == expected.busy_changes


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 6),
    st.integers(1, 60) | st.integers(500, 5_000),
    st.integers(0, 2**32 - 1),
    st.sampled_from([None, None, 8]),
)
def test_what_is_frozen_is_what_slow_code_says(sensors, cells, seed, rows):
    recipe = Cleaning(stuck_rows=rows)
    training, later = worn(sensors, cells, seed), worn(sensors, cells, seed + 1)
    _, first, stuck = cleaned(training, recipe)
    are(stuck, slow_limits(training, recipe))
    _, second, _ = cleaned(later, recipe, stuck)
    for values, faults in ((training, first), (later, second)):
        frozen = [(f.sensor, f.start, f.stop) for f in faults if f.kind == "frozen"]
        assert frozen == slow_frozen(values, stuck)
