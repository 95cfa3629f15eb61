"""Slow drift: told of what moves away little by little, of nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.errors import InvalidInput
from detectors.prognostics import drift

NORMAL, DAYS = 28, 91
SINCE = np.arange(DAYS) - NORMAL


def days(seed, moves=0.0, share=0.3, spread=0.2):
    random = np.random.default_rng(seed)
    values = np.empty(DAYS)
    level = random.normal()
    for at in range(DAYS):
        level = share * level + random.normal() * (1 - share**2) ** 0.5
        values[at] = spread * level
    return values + moves


@pytest.mark.parametrize("pace", [0.05, -0.1, 0.2, 0.5, 3.0])
def test_a_drift_is_told_with_its_pace_and_its_beginning(pace):
    for seed in range(5):
        found = drift(days(seed, pace * np.maximum(SINCE, 0)), NORMAL, 1.0)
        assert found is not None
        assert abs(found.since - NORMAL) < 10
        assert found.per_step == pytest.approx(pace, rel=0.25)
        assert abs(found.moved) > found.limit >= 1


@pytest.mark.parametrize("shape", [lambda t: (t / 20) ** 2, lambda t: np.expm1(t / 20)])
def test_what_grows_faster_and_faster_is_told(shape):
    moves = np.where(SINCE > 0, shape(np.maximum(SINCE, 0)), 0)
    assert all(drift(days(seed, moves), NORMAL, 1.0) for seed in range(5))


def test_what_came_to_rest_elsewhere_has_drifted_all_the_same():
    moves = 0.15 * np.clip(SINCE, 0, 25)
    found = [drift(days(seed, moves), NORMAL, 1.0) for seed in range(5)]
    assert all(one is not None and one.moved > 3 for one in found)


@pytest.mark.parametrize("at", [10, 30, 45])
@pytest.mark.parametrize("height", [2.0, -6.0])
def test_a_step_is_no_drift(at, height):
    moves = height * (at <= SINCE)
    assert not any(drift(days(seed, moves), NORMAL, 1.0) for seed in range(10))


def test_what_is_as_before_again_has_not_drifted():
    moves = 0.2 * np.maximum(SINCE, 0) * (SINCE < 40)
    assert not any(drift(days(seed, moves), NORMAL, 1.0) for seed in range(10))


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("spread", [0.2, 1.0])
def test_days_that_depend_on_each_other_do_not_look_like_a_drift(share, spread):
    found = [drift(days(seed, 0, share, spread), NORMAL, 1.0) for seed in range(50)]
    assert sum(one is not None for one in found) <= 1


def test_cycles_within_what_was_seen_are_normal():
    for phase in range(20):
        moves = 3.0 * (((np.arange(DAYS) + phase) % 21) / 21)
        assert drift(days(phase, moves), NORMAL, 1.0) is None


def test_what_does_not_matter_is_not_told():
    moves = 0.02 * np.maximum(SINCE, 0)
    assert drift(days(0, moves, spread=0.01), NORMAL, 0.0) is not None
    assert drift(days(0, moves, spread=0.01), NORMAL, 2.0) is None


def test_days_without_a_value_are_passed_over():
    whole = days(1, 0.2 * np.maximum(SINCE, 0))
    holed = whole.copy()
    holed[::3] = np.nan
    one, other = drift(whole, NORMAL, 1.0), drift(holed, NORMAL, 1.0)
    assert one is not None
    assert other is not None
    assert other.per_step == pytest.approx(one.per_step, rel=0.2)


@pytest.mark.parametrize("length", [0, 5, NORMAL, NORMAL + 9])
def test_of_too_few_days_nothing_is_told(length):
    values = days(0, 0.5 * np.maximum(SINCE, 0))[:length]
    assert drift(values, NORMAL, 1.0) is None


def test_years_are_told_of_too():
    since = np.arange(900) - 400
    random = np.random.default_rng(0)
    noise = 0.2 * random.normal(size=900)
    assert drift(noise + 0.01 * np.maximum(since, 0), 400, 1.0) is not None
    assert drift(noise + 3.0 * (since > 100), 400, 1.0) is None


def test_other_shapes_are_refused():
    with pytest.raises(InvalidInput, match="one value a day"):
        drift(np.zeros((3, 3)), 2)
