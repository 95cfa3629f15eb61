"""Contexts explain what they explain, and nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest

from appliance.fleet.basis import exponential
from appliance.fleet.conditioning import Conditioner, learn
from appliance.schemas.recipe import Conditioning

N = 12_000
BOUNDS = np.array([0, N])
ALL = np.ones(N, bool)


@pytest.fixture(scope="module")
def machine():
    rng = np.random.default_rng(3)
    load = np.repeat(rng.uniform(0.2, 1.0, N // 100), 100) + 0.01 * rng.normal(size=N)
    mode = np.repeat(rng.integers(0, 3, N // 500), 500).astype(float)
    heat = 20 + 40 * exponential(load**2, 40, BOUNDS).astype(float) + 0.3 * rng.normal(size=N)
    pressure = 5 * load**2 + mode + 0.1 * rng.normal(size=N)
    walk = np.cumsum(rng.normal(size=N)) * 0.1
    return np.stack([heat, pressure, walk]), np.stack([load, mode])


def test_explained_sensors_are_conditioned_and_others_left_alone(machine):
    sensors, context = machine
    conditioner, explained = learn(sensors, context, BOUNDS, Conditioning(), ALL)
    assert explained[0] > 0.95
    assert explained[1] > 0.95
    assert explained[2] == 0
    left = sensors - conditioner.expected(context, BOUNDS)
    assert left[0].std() < 1.0
    assert left[1].std() < 0.15
    np.testing.assert_array_equal(left[2], sensors[2])
    assert conditioner.uses_lags
    assert conditioner.warm_cells > 0


@pytest.fixture(scope="module")
def stepped():
    """Return speed and motor heat of a fan, and its set speed: six steps, one of them rare."""
    rng = np.random.default_rng(5)
    steps = rng.choice([72.0, 78.0, 85.0, 92.0, 100.0], N // 100)
    steps[::60] = 0.0
    setpoint = np.repeat(steps, 100)
    speed = 14.0 * setpoint + rng.normal(size=N)
    heat = 20 + 30 * exponential((setpoint / 100) ** 2, 50, BOUNDS) + 0.3 * rng.normal(size=N)
    return np.stack([speed, heat]), setpoint[None]


def test_what_follows_a_setpoint_slowly_is_expected_slowly(stepped):
    sensors, context = stepped
    conditioner, _ = learn(sensors, context, BOUNDS, Conditioning(), ALL)
    left = (sensors - conditioner.expected(context, BOUNDS))[:, 500:]
    assert left[1].std() < 0.6  # against 3 where each level has one mean
    assert np.abs(left[1]).max() < 4


def test_a_rare_level_has_a_mean_of_its_own(stepped):
    sensors, context = stepped
    conditioner, _ = learn(sensors, context, BOUNDS, Conditioning(), ALL)
    expected = conditioner.expected(context, BOUNDS)[0]
    assert expected[context[0] == 0] == pytest.approx(0.0, abs=3.0)


def test_models_of_before_are_judged_as_they_were(stepped):
    _, context = stepped
    told = {"contexts": [{"levels": [0.0, 72.0, 78.0, 85.0, 92.0, 100.0]}], "lags": [8, 32]}
    weights = np.arange(12.0).reshape(6, 2)  # a constant and five levels, none smoothed
    before = Conditioner.rebuilt(told | {"margin": 0.1, "uses_lags": True}, weights)
    expected = before.expected(context, BOUNDS)
    assert set(expected[0]) == {0.0, 2.0, 4.0, 6.0, 8.0, 10.0}


def test_a_context_never_seen_is_told(machine):
    sensors, context = machine
    conditioner, _ = learn(sensors, context, BOUNDS, Conditioning(margin=0.1), ALL)
    new = context[:, :10].copy()
    new[0, 2] = 1.5
    new[1, 4] = 7
    new[0, 6] = np.nan
    np.testing.assert_array_equal(np.flatnonzero(conditioner.unseen(new)), [2, 4, 6])


def test_a_missing_context_that_explains_nothing_costs_nothing():
    rng = np.random.default_rng(0)
    conditioner, explained = learn(
        rng.normal(size=(2, N)), rng.normal(size=(1, N)), BOUNDS, Conditioning(), ALL
    )
    assert not explained.any()
    assert not conditioner.unseen(np.full((1, 5), np.nan)).any()


def test_expected_values_do_not_depend_on_what_comes_later(machine):
    sensors, context = machine
    conditioner, _ = learn(sensors, context, BOUNDS, Conditioning(), ALL)
    whole = conditioner.expected(context, BOUNDS)
    part = conditioner.expected(context[:, :7000], np.array([0, 7000]))
    np.testing.assert_allclose(whole[:, :7000], part, rtol=1e-9)


def test_it_survives_json(machine):
    sensors, context = machine
    conditioner, _ = learn(sensors, context, BOUNDS, Conditioning(), ALL)
    again = Conditioner.rebuilt(
        json.loads(json.dumps(conditioner.describe())), conditioner.weights
    )
    np.testing.assert_array_equal(
        again.expected(context, BOUNDS), conditioner.expected(context, BOUNDS)
    )


def test_gaps_in_sensors_and_contexts_do_not_stop_learning(machine):
    sensors, context = (part.copy() for part in machine)
    rng = np.random.default_rng(1)
    sensors[0, rng.random(N) < 0.02] = np.nan
    sensors[1, 2000:6000] = np.nan
    context[0, rng.random(N) < 0.01] = np.nan
    _, explained = learn(sensors, context, BOUNDS, Conditioning(), ALL)
    assert (explained[:2] > 0.9).all()


def test_method_none_and_a_context_without_values():
    values = np.zeros((1, N))
    assert learn(values, values, BOUNDS, Conditioning(method="none"), ALL)[0] is None
    empty = np.full((1, N), np.nan)
    assert learn(values, empty, BOUNDS, Conditioning(), ALL)[0] is None
