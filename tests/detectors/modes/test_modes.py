"""Operating modes are found where a machine clearly has them, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput, StateCorrupt
from detectors.modes import MOST_MODES, STOPPED, UNKNOWN, OperatingModes
from detectors.modes.levels import cuts_of, single
from detectors.modes.steps import smoothed


def shifts(rng: np.random.Generator, rows: int, modes: int, length: int = 120) -> np.ndarray:
    """A machine that changes between modes every so many rows, each of them often."""
    order = np.tile(np.arange(modes), -(-rows // (length * modes)))
    for start in range(0, len(order), modes):
        rng.shuffle(order[start : start + modes])
    return np.repeat(order, length)[:rows]


def readings(rng: np.random.Generator, truth: np.ndarray, columns: int = 6) -> np.ndarray:
    """Sensors of which the first two follow the mode and the others do not care."""
    values = rng.normal(size=(len(truth), columns))
    values[:, 0] += 9.0 * truth
    values[:, 1] += 7.0 * (truth % 2)
    return 50.0 + values * np.geomspace(0.01, 100, columns)


def settled_share(modes: OperatingModes, values: np.ndarray, truth: np.ndarray) -> float:
    return float((modes.assign(values) == 1 + truth).mean())


# ---------------------------------------------------------------- found
@pytest.mark.parametrize("count", range(2, MOST_MODES + 1))
def test_well_separated_modes_are_found(count: int) -> None:
    rng = np.random.default_rng(count)
    truth = shifts(rng, 6_000, count)
    values = readings(rng, truth)
    modes = OperatingModes.learn(values)
    assert modes.count == count
    assert modes.columns[0] == 0
    assert modes.needed == 1
    assert settled_share(modes, values, truth) > 0.99
    np.testing.assert_allclose(modes.share[1:], np.bincount(truth) / len(truth), atol=0.02)
    assert modes.share[STOPPED] == 0
    for mode in range(count):
        own = np.quantile(values[truth == mode], (0.05, 0.5, 0.95), axis=0)
        spread = values[truth == mode].std(axis=0)
        assert (np.abs(modes.bands[1 + mode] - own) < 0.1 * spread).all()


def test_modes_that_only_two_columns_together_tell_apart() -> None:
    rng = np.random.default_rng(0)
    truth = shifts(rng, 8_000, 4)
    values = rng.normal(size=(8_000, 5))
    values[:, 1] += 10.0 * (truth // 2)
    values[:, 3] += 12.0 * (truth % 2)
    modes = OperatingModes.learn(values)
    assert modes.count == 4
    assert modes.needed == 2
    assert set(modes.columns[:2].tolist()) == {1, 3}


def test_a_context_that_switches_tells_the_modes_alone() -> None:
    rng = np.random.default_rng(1)
    truth, other = shifts(rng, 5_000, 3), shifts(rng, 5_000, 2, 170)
    values = rng.normal(size=(5_000, 4))
    values[:, 0] += 10.0 * other
    values[:, 3] = truth
    assert OperatingModes.learn(values, contexts=[3]).columns.tolist() == [3]
    assert OperatingModes.learn(values, contexts=[2]).columns.tolist()[0] in (0, 3)


def test_a_context_may_change_but_once_and_a_sensor_may_not() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(4_000, 2))
    values[2_500:, 1] += 20.0
    assert OperatingModes.learn(values, contexts=[1]).count == 2
    assert OperatingModes.learn(values).count == 1


def test_long_recordings_are_thinned() -> None:
    rng = np.random.default_rng(3)
    truth = shifts(rng, 120_000, 3, 2_000)
    values = readings(rng, truth, 3)
    modes = OperatingModes.learn(values)
    assert modes.count == 3
    assert modes.dwell == 5 * 6
    assert settled_share(modes, values, truth) > 0.99


# ---------------------------------------------------------------- not found
def _single(name: str, rng: np.random.Generator) -> np.ndarray:
    rows = 6_000
    time = np.arange(rows)[:, None]
    noise = rng.normal(size=(rows, 4))
    return {
        "normal": lambda: noise,
        "uniform": lambda: rng.random((rows, 4)),
        "skewed": lambda: np.exp(1.5 * noise),
        "heavy": lambda: rng.standard_cauchy((rows, 4)),
        "swinging": lambda: np.sin(time / np.array([4.0, 20.0, 100.0, 700.0])) + 0.05 * noise,
        "wandering": lambda: np.cumsum(noise, axis=0),
        "drifting": lambda: time / 500 + noise,
        "rounded": lambda: np.round(3 * np.sin(time / 50) + noise),
        "scattered levels": lambda: rng.integers(0, 5, (rows, 4)).astype(float),
        "flicker": lambda: (time % 4 < 2) + 0.01 * noise,
        "spikes": lambda: noise + 1_000.0 * (rng.random((rows, 4)) < 0.01),
        "one fault": lambda: noise + 20.0 * ((time > 3_000) & (time < 3_600)),
    }[name]()


@pytest.mark.parametrize(
    "name",
    [
        "normal", "uniform", "skewed", "heavy", "swinging", "wandering", "drifting", "rounded",
        "scattered levels", "flicker", "spikes", "one fault",
    ],
)  # fmt: skip
@pytest.mark.parametrize("seed", range(5))
def test_without_clear_modes_there_is_one(name: str, seed: int) -> None:
    modes = OperatingModes.learn(_single(name, np.random.default_rng(seed)))
    assert modes.count == 1
    assert modes.share.tolist() == [0, 1]


def test_constant_missing_and_few_readings() -> None:
    nothing = OperatingModes.learn(np.full((500, 3), np.nan))
    assert nothing.count == 1
    assert nothing.share[1] == 0
    assert np.isnan(nothing.bands).all()
    assert (nothing.assign(np.full((4, 3), np.nan)) == UNKNOWN).all()
    constant = OperatingModes.learn(np.full((500, 2), 7.0))
    assert (constant.bands[1] == 7.0).all()
    assert OperatingModes.learn(np.zeros((0, 2))).count == 1
    assert OperatingModes.learn(np.array([[1.0, np.inf], [2.0, 3.0]])).bands[1, 1, 1] == 3.0
    few = np.repeat([[0.0], [9.0]], 30, axis=0)
    assert OperatingModes.learn(np.tile(few, (3, 1))).count == 1


def test_gaps_and_columns_without_values_do_no_harm() -> None:
    rng = np.random.default_rng(4)
    truth = shifts(rng, 5_000, 2)
    values = readings(rng, truth)
    values[rng.random(values.shape) < 0.2] = np.nan
    values[:, 4] = np.nan
    values[:, 5] = 3.0
    modes = OperatingModes.learn(values)
    assert modes.count == 2
    assert settled_share(modes, values, truth) > 0.99


# ---------------------------------------------------------------- properties
@given(st.integers(0, 50), st.integers(1, 4), st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_scale_shift_and_order_of_columns_change_nothing(
    seed: int, count: int, arrangement: int
) -> None:
    rng = np.random.default_rng(seed)
    values = readings(rng, shifts(rng, 3_000, count))
    other = np.random.default_rng(arrangement)
    order = other.permutation(values.shape[1])
    factor, shift = 10.0 ** other.uniform(-3, 3, len(order)), other.normal(size=len(order))
    moved = (values * factor + shift)[:, order]
    one, two = OperatingModes.learn(values), OperatingModes.learn(moved)
    assert one.count == two.count == count
    assert one.columns.tolist() == order[two.columns].tolist()
    np.testing.assert_array_equal(one.assign(values), two.assign(moved))
    bands = (one.bands * factor + shift)[:, :, order]
    np.testing.assert_allclose(bands, two.bands, rtol=1e-6, atol=1e-9)


@given(st.integers(0, 50), st.integers(1, 6))
@settings(max_examples=10, deadline=None)
def test_the_same_readings_give_the_same_modes_also_from_arrays(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    values = readings(rng, shifts(rng, 2_500, count))
    kept = values.copy()
    values.flags.writeable = False
    one, two = OperatingModes.learn(values), OperatingModes.learn(values)
    np.testing.assert_array_equal(values, kept)
    state = one.state()
    assert all(array.dtype.kind in "biuf" for array in state.values())
    assert {n: a.tobytes() for n, a in state.items()} == {
        n: a.tobytes() for n, a in two.state().items()
    }
    again = OperatingModes.from_state(state)
    np.testing.assert_array_equal(again.assign(values), one.assign(values))


def test_float32_tells_the_same() -> None:
    rng = np.random.default_rng(5)
    truth = shifts(rng, 3_000, 3)
    values = readings(rng, truth)
    modes = OperatingModes.learn(values.astype(np.float32))
    assert settled_share(modes, values, truth) > 0.99


# ---------------------------------------------------------------- telling
def test_a_mode_lasts_before_it_is_told() -> None:
    rng = np.random.default_rng(6)
    modes = OperatingModes.learn(readings(rng, shifts(rng, 3_000, 2)))
    truth = np.zeros(300, int)
    truth[100:103] = 1  # a flicker
    truth[200:] = 1
    told = modes.assign(readings(rng, truth))
    assert (told[:195] == 1).all()
    assert (told[205:] == 2).all()
    coarse = modes.assign(readings(rng, truth)[::10], dwell=1)
    assert (coarse[:20] == 1).all()
    assert (coarse[21:] == 2).all()


def test_a_stopped_machine_is_a_mode_of_its_own() -> None:
    rng = np.random.default_rng(7)
    truth = shifts(rng, 6_000, 3)
    values = readings(rng, truth)
    stopped = truth == 2
    values[stopped] = rng.normal(size=(stopped.sum(), values.shape[1]))
    modes = OperatingModes.learn(values, stopped=stopped)
    assert modes.count == 2
    assert modes.share[STOPPED] == pytest.approx(1 / 3, abs=0.02)
    np.testing.assert_allclose(modes.bands[STOPPED, 1], 0.0, atol=0.15)
    told = modes.assign(values, stopped=stopped)
    assert ((told == STOPPED) == stopped).all()
    assert (told[~stopped] == 1 + truth[~stopped]).mean() > 0.99


def test_readings_that_do_not_tell_are_unknown() -> None:
    rng = np.random.default_rng(8)
    truth = shifts(rng, 6_000, 2)
    modes = OperatingModes.learn(readings(rng, truth))
    assert modes.columns.tolist() == [0, 1]
    gone = readings(rng, np.ones(50, int))
    gone[:, 0] = np.nan
    assert (modes.assign(gone) == 2).all()
    gone[:, 1] = np.nan
    assert (modes.assign(gone) == UNKNOWN).all()


# ---------------------------------------------------------------- refused
def test_what_cannot_be_used_is_refused() -> None:
    values = np.zeros((10, 2))
    with pytest.raises(InvalidInput, match="shape"):
        OperatingModes.learn(np.zeros(3))
    with pytest.raises(InvalidInput, match="contexts"):
        OperatingModes.learn(values, contexts=[2])
    with pytest.raises(InvalidInput, match="stopped"):
        OperatingModes.learn(values, stopped=[True])
    modes = OperatingModes.learn(values)
    with pytest.raises(InvalidInput, match="2 columns"):
        modes.assign(np.zeros((3, 5)))
    state = modes.state()
    with pytest.raises(StateCorrupt, match="share"):
        OperatingModes.from_state({**state, "share": np.zeros(9)})
    state.pop("cuts")
    with pytest.raises(StateCorrupt, match="cuts"):
        OperatingModes.from_state(state)


# ---------------------------------------------------------------- many columns at once
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 900), st.floats(0, 8))
def test_columns_of_one_level_are_those_without_a_cut(
    seed: int, rows: int, apart: float
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(5, rows))
    values[1] += apart * (rng.random(rows) < 0.4)
    values[2] = np.round(values[2])
    values[3] = 7.0
    values[4] = rng.exponential(size=rows)
    values.sort(axis=1)
    assert (~single(values, 0) >= [len(cuts_of(own)) > 0 for own in values]).all()


@pytest.mark.parametrize("step", [1, 3, 7])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_spikes_go_and_every_so_many_medians_stay(step: int, missing: float) -> None:
    rng = np.random.default_rng(step)
    values = rng.normal(size=(2, 101)).astype(np.float32)
    values[rng.random(values.shape) < missing] = np.nan
    if missing:
        values[0, 50], values[1, 50:70] = np.inf, np.nan
    padded = np.pad(np.where(np.isinf(values), np.nan, values), ((0, 0), (2, 2)), "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 5, axis=1)[:, ::step]
    found = smoothed(values, step)
    assert found.shape == windows.shape[:2]
    whole = ~np.isnan(windows).any(axis=2)
    assert np.array_equal(found[whole], np.median(windows[whole], axis=1))
    assert np.array_equal(np.isnan(found), np.isnan(windows).all(axis=2))
