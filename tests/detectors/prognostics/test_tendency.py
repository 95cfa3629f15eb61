"""A trend is told where there is one, and seldom where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.prognostics import trend


def wandering(count, bound, random):
    steps = random.normal(size=count + 50)
    for row in range(1, len(steps)):
        steps[row] += bound * steps[row - 1]
    return steps[50:]


@pytest.mark.parametrize(
    ("count", "bound", "share"),
    [(28, 0.0, 0.07), (28, 0.5, 0.11), (100, 0.0, 0.07), (100, 0.8, 0.17)],
)
def test_what_only_wanders_is_seldom_a_trend(count, bound, share):
    random = np.random.default_rng(1)
    told = sum(trend(wandering(count, bound, random)).significant() for _ in range(300))
    assert told <= 300 * share


@pytest.mark.parametrize("count", [10, 28, 100, 1000])
@pytest.mark.parametrize("power", [1, 3])
def test_wear_is_told_whatever_its_bend(count, power):
    noise = 0.05 * np.random.default_rng(2).normal(size=count)
    assert trend(-(np.linspace(0, 1, count) ** power) + noise).significant()


@given(st.integers(0, 2**32 - 1), st.integers(8, 60), st.floats(0.1, 50))
def test_turned_around_it_goes_the_other_way(seed, count, scale):
    values = scale * np.random.default_rng(seed).normal(size=count)
    one, other = trend(values), trend(-values)
    assert other.per_step == pytest.approx(-one.per_step)
    assert other.chance == pytest.approx(one.chance)


def test_it_is_the_slope_of_the_times():
    values = 3.0 - 0.5 * np.arange(50)
    found = trend(values, np.arange(50) * 7.0)
    assert found.per_step == pytest.approx(-0.5 / 7.0)
    assert found.level == pytest.approx(values[-1])


def test_too_few_values_tell_nothing():
    assert trend([5, 4, 3, 2, 1, 0, np.nan]).chance == 1.0
    assert trend(np.full(50, 2.0)).chance == 1.0


def test_times_must_fit():
    with pytest.raises(InvalidInput):
        trend([1, 2, 3], [1, 2])
