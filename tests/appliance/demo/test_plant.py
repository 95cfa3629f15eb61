"""The demo plant: the same again from a seed, physical, incomplete, and truthful."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.errors import InvalidRequest, NotFound
from appliance.demo import plant
from appliance.demo.config import START, ZONE, PlantConfig

SMALL = PlantConfig(days=6, training_days=4, scale=0.1)
WHOLE = PlantConfig()
KINDS = {
    "bearing_wear", "valve_sticking", "cavitation", "sensor_freeze", "slow_leak", "imbalance",
    "belt_slip", "tooth_damage", "lubrication_loss", "cooling_blocked", "sensor_drift",
    "clogged_filter", "oil_loss",
}  # fmt: skip


def _columns(fleet):
    return [column.name for column in plant.fleet_kind(fleet).columns]


def _difference(fault, config=WHOLE):
    """Fault minus healthy: the frame of differences, and which rows lie in the fault."""
    ill = plant.generate_asset(config, fault.fleet, fault.asset)
    well = plant.generate_asset(config, fault.fleet, fault.asset, with_faults=False)
    assert ill["time"].equals(well["time"])
    inside = ill.select(pl.col("time").is_between(fault.start, fault.end, closed="left"))
    change = ill.select(
        (pl.col(name).cast(pl.Float64) - well[name].cast(pl.Float64)).fill_null(0.0)
        for name in _columns(fault.fleet)
    )
    return change, inside.to_series(), well


def _changed(change, above=0.0):
    return {name for name in change.columns if (change[name].abs().max() or 0.0) > above}


# ---------------------------------------------------------------- the same again
@pytest.mark.parametrize("fleet", plant.FLEETS)
def test_a_seed_gives_the_same_plant_and_another_seed_another(fleet):
    first = list(plant.generate_fleet(SMALL, fleet))
    again = list(plant.generate_fleet(SMALL, fleet))
    other = dict(plant.generate_fleet(PlantConfig(seed=8, days=6, scale=0.1), fleet))
    for (name, frame), (name_again, frame_again) in zip(first, again, strict=True):
        assert name == name_again
        assert frame.equals(frame_again)
        assert not frame.equals(other[name])
    assert plant.faults(SMALL) == plant.faults(PlantConfig(days=6, scale=0.1))


def test_one_machine_is_the_same_whether_others_are_made_or_not():
    alone = plant.generate_asset(SMALL, "fans", "F-202")
    assert alone.equals(dict(plant.generate_fleet(SMALL, "fans"))["F-202"])


# ---------------------------------------------------------------- its shape
def test_about_forty_machines_of_three_fleets():
    counts = {fleet: len(plant.assets(WHOLE, fleet)) for fleet in plant.FLEETS}
    assert counts == {"pumps": 16, "fans": 14, "gearboxes": 10}
    assert all(len(plant.assets(SMALL, fleet)) == 2 for fleet in plant.FLEETS)


@pytest.mark.parametrize("fleet", plant.FLEETS)
def test_frames_have_times_sensors_and_contexts(fleet):
    kind = plant.fleet_kind(fleet)
    assert 7 <= len(kind.sensors) <= 10
    assert 2 <= len(kind.context) <= 3
    for _, frame in plant.generate_fleet(SMALL, fleet):
        assert frame.columns == ["time", *_columns(fleet)]
        assert frame.schema["time"] == pl.Datetime("us", "UTC")
        assert all(frame.schema[name] == pl.Float32 for name in _columns(fleet))
        assert frame["time"][0] == START
        assert frame["time"][-1] < SMALL.end
        steps = frame["time"].diff().drop_nulls()
        assert steps.median() == timedelta(seconds=plant.interval_seconds(SMALL, fleet))
        assert steps.min() == timedelta(seconds=plant.interval_seconds(SMALL, fleet))


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(plant.FLEETS))
def test_whatever_the_seed_values_are_physical_and_multiples_of_the_resolution(seed, fleet):
    config = PlantConfig(seed=seed, days=3, training_days=2, scale=0.01, interval_seconds=120)
    for _, frame in plant.generate_fleet(config, fleet):
        for column in plant.fleet_kind(fleet).columns:
            values = frame[column.name].drop_nulls().to_numpy().astype(np.float64)
            assert np.isfinite(values).all()
            assert values.min() >= column.lower
            assert values.max() <= column.upper
            steps = values / column.resolution
            assert np.abs(steps - np.rint(steps)).max() < 1e-2


# ---------------------------------------------------------------- it looks like a plant
def test_two_shift_machines_stand_still_at_night_and_on_sundays():
    asset = plant.assets(WHOLE, "pumps")[2]
    frame = plant.generate_asset(WHOLE, "pumps", asset).with_columns(
        local=pl.col("time").dt.convert_time_zone(ZONE)
    )
    hour, weekday = pl.col("local").dt.hour(), pl.col("local").dt.weekday()
    for quiet in (hour < 6, hour >= 22, weekday == 7):
        assert frame.filter(quiet)["flow_demand"].max() == 0.0
    busy = frame.filter((weekday < 6) & hour.is_between(8, 13))
    assert (busy["flow_demand"] > 0).mean() > 0.85


def test_other_machines_run_on_sundays_at_low_load():
    frame = plant.generate_asset(WHOLE, "gearboxes", "G-301")
    local = frame["time"].dt.convert_time_zone(ZONE)
    sunday = local.dt.weekday() == 7
    assert frame.filter(sunday)["torque_setpoint"].max() <= 55.0
    assert frame.filter(sunday)["torque_setpoint"].mean() > 40.0
    assert frame.filter(~sunday)["torque_setpoint"].max() == 100.0
    holiday = local.dt.date() == START.astimezone(ZoneInfo(ZONE)).date().replace(day=12)
    assert frame.filter(holiday)["torque_setpoint"].max() <= 55.0


def test_pressure_follows_the_square_of_speed_and_heat_comes_late():
    frame = plant.generate_asset(WHOLE, "fans", "F-201", with_faults=False).drop_nulls()
    on = frame.filter(pl.col("fan_speed") > 500)
    speed, pressure = on.select(pl.col("fan_speed", "outlet_pressure").cast(pl.Float64).log())
    slope = np.polyfit(speed.to_numpy(), pressure.to_numpy(), 1)[0]
    assert slope == pytest.approx(2.0, abs=0.25)
    now = np.corrcoef(frame["speed_setpoint"], frame["motor_temp"])[0, 1]
    late = np.corrcoef(frame["speed_setpoint"][:-45], frame["motor_temp"][45:])[0, 1]
    assert late > now + 0.02


def test_machines_differ_from_each_other():
    config = PlantConfig(days=3, training_days=2, scale=0.25)
    means = [
        frame.filter(pl.col("speed_setpoint") > 0)["vibration_de"].mean()
        for _, frame in plant.generate_fleet(config, "pumps", with_faults=False)
    ]
    assert np.ptp(means) > 0.1


def test_filters_clog_and_are_cleaned():
    frame = plant.generate_asset(WHOLE, "fans", "F-201", with_faults=False).drop_nulls()
    on = frame.filter(pl.col("air_flow") > 10_000)
    resistance = (on["filter_dp"] / on["air_flow"] ** 1.7).to_numpy()
    daily = np.array([part.mean() for part in np.array_split(resistance, 60)])
    assert (np.diff(daily) > 0).mean() > 0.7
    assert (np.diff(daily) / daily[:-1]).min() < -0.2


# ---------------------------------------------------------------- it is incomplete
@pytest.mark.slow
def test_rows_and_values_are_missing_but_not_many():
    longest, dead = [], 0
    for fleet in ("pumps", "fans"):
        for _, frame in plant.generate_fleet(WHOLE, fleet):
            assert 0.0005 < 1 - frame.height / WHOLE.rows < 0.08
            longest.append(frame["time"].diff().max())
            missing = frame.select(pl.all().null_count()).row(0, named=True)
            contexts = [column.name for column in plant.fleet_kind(fleet).context]
            assert all(missing[name] == 0 for name in contexts)
            assert max(missing.values()) > 0
            dead += max(missing.values()) > 1_000
    assert max(longest) > timedelta(hours=2)
    assert 3 <= dead <= 20


# ---------------------------------------------------------------- its truth
def test_a_dozen_faults_on_machines_of_their_own_one_of_them_in_training():
    found = plant.faults(WHOLE)
    assert {fault.kind for fault in found} == KINDS
    assert len({fault.asset for fault in found}) == len(found)
    training = [fault for fault in found if fault.in_training]
    assert [fault.end < WHOLE.training_end for fault in training] == [True]
    for fault in set(found) - set(training):
        assert WHOLE.training_end <= fault.start < fault.end <= WHOLE.end
    assert {fault.difficulty for fault in found} == {"obvious", "medium", "hard"}
    for fault in found:
        kind = plant.fleet_kind(fault.fleet)
        assert set(fault.sensors) <= {column.name for column in kind.sensors}


@pytest.mark.slow
@pytest.mark.parametrize("fault", plant.faults(WHOLE), ids=lambda fault: fault.kind)
def test_a_fault_changes_its_sensors_in_its_time_and_nothing_else(fault):
    change, inside, _ = _difference(fault)
    resolution = {c.name: c.resolution for c in plant.fleet_kind(fault.fleet).columns}
    for name in _columns(fault.fleet):
        during = change[name].filter(inside).abs()
        if name in fault.sensors:
            assert during.max() > 2 * resolution[name]
        else:
            assert during.max() == 0.0
    times = plant.generate_asset(WHOLE, fault.fleet, fault.asset)["time"]
    assert not _changed(change.filter(times < fault.start))
    # heat fades; a rounding may still fall the other way
    assert not _changed(change.filter(times > fault.end + timedelta(days=1)), above=0.11)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_faults_show_above_normal_unrest_by_their_difficulty(seed):
    """The strongest sensor's shift against its unrest in the same state of operation."""
    config = PlantConfig(seed=seed)
    strength = {}
    for fault in plant.faults(config):
        if fault.kind == "sensor_freeze":
            continue
        change, inside, well = _difference(fault, config)
        ratios = []
        for name in fault.sensors:
            unrest = well[name].diff(30).drop_nulls().abs().quantile(0.68)
            ratios.append(change[name].filter(inside).abs().quantile(0.95) / unrest)
        strength.setdefault(fault.difficulty, []).append(max(ratios))
    assert min(strength["obvious"]) > 3
    assert min(strength["medium"]) > 1.5
    assert min(strength["hard"]) > 1


def test_a_frozen_sensor_repeats_one_value():
    fault = next(f for f in plant.faults(WHOLE) if f.kind == "sensor_freeze")
    frame = plant.generate_asset(WHOLE, fault.fleet, fault.asset)
    inside = pl.col("time").is_between(fault.start, fault.end, closed="left")
    assert frame.filter(inside)[fault.sensors[0]].drop_nulls().n_unique() == 1
    assert frame.filter(inside)[fault.sensors[0]].count() > 1_000


@pytest.mark.slow
def test_the_training_days_are_clean_but_for_the_contaminated_machine():
    contaminated = {fault.asset for fault in plant.faults(WHOLE) if fault.in_training}
    for fault in plant.faults(WHOLE):
        change, _, well = _difference(fault)
        changed = _changed(change.filter(well["time"] < WHOLE.training_end))
        assert bool(changed) == (fault.asset in contaminated)


def test_machines_without_a_fault_are_the_same_with_and_without_faults():
    config = PlantConfig(days=6, scale=0.5)
    faulty = {fault.asset for fault in plant.faults(config)}
    healthy = [name for name in plant.assets(config, "gearboxes") if name not in faulty]
    assert healthy
    for name in healthy:
        ill = plant.generate_asset(config, "gearboxes", name)
        well = plant.generate_asset(config, "gearboxes", name, with_faults=False)
        assert ill.equals(well)


def test_a_short_plant_has_faults_that_show_as_well():
    found = plant.faults(SMALL)
    assert len(found) == 6
    for fault in found:
        change, inside, _ = _difference(fault, SMALL)
        assert change.filter(inside)[fault.sensors[0]].abs().max() > 0


# ---------------------------------------------------------------- wrong use
@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"days": 2},
        {"days": 6, "training_days": 6},
        {"training_days": 0},
        {"interval_seconds": 0},
        {"interval_seconds": 7_200},
        {"scale": 0.0},
        {"scale": float("nan")},
    ],
)
def test_a_configuration_that_cannot_be_is_refused(wrong):
    with pytest.raises(InvalidRequest, match=next(iter(wrong)) if len(wrong) == 1 else "days"):
        PlantConfig(**wrong)


def test_unknown_fleets_and_machines_are_named():
    with pytest.raises(NotFound, match="pumps, fans, gearboxes"):
        plant.generate_fleet(SMALL, "valves")
    with pytest.raises(NotFound, match="P-101 to P-102"):
        plant.generate_asset(SMALL, "pumps", "P-999")
