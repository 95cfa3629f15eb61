"""The mathematical parts: against slow twins, and what must hold of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.demo import signals

NUMBERS = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=60)
FLAGS = st.lists(st.booleans(), min_size=1, max_size=60)
FEW = settings(max_examples=25, deadline=None)


@FEW
@given(NUMBERS, st.floats(1.0, 1e5))
def test_a_lag_is_the_recursion(values, seconds):
    given_ = np.array(values)
    keep = np.exp(-60.0 / seconds)
    slow, last = [], given_[0]
    for value in given_:
        last = keep * last + (1 - keep) * value
        slow.append(last)
    found = signals.lag(given_, seconds, 60.0)
    assert found == pytest.approx(np.array(slow), abs=1e-6)
    assert found.min() >= given_.min() - 1e-6
    assert found.max() <= given_.max() + 1e-6


def test_a_step_reaches_two_thirds_after_the_time_constant():
    step = np.r_[0.0, np.ones(200)]
    assert signals.lag(step, 600, 60)[10] == pytest.approx(1 - np.exp(-1), abs=0.01)


def test_wandering_noise_has_unit_variance_and_forgets_itself():
    noise = signals.wander(np.random.default_rng(1), 200_000, 600, 60)
    assert noise.std() == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(noise[:-10], noise[10:])[0, 1] == pytest.approx(np.exp(-1), abs=0.05)
    assert abs(np.corrcoef(noise[:-200], noise[200:])[0, 1]) < 0.05


@FEW
@given(FLAGS)
def test_rows_since_a_run_began(flags):
    found = signals.since(np.array(flags))
    began_before = np.cumsum(~np.array(flags)) == 0
    assert (found[began_before] >= len(flags)).all()
    begins, expected = None, []
    for row, flag in enumerate(flags):
        begins = row if flag and row and not flags[row - 1] else begins if flag else None
        expected.append(row - begins if begins is not None else 0)
    assert found[~began_before].tolist() == np.array(expected)[~began_before].tolist()


@FEW
@given(FLAGS)
def test_a_sawtooth_counts_from_its_resets(resets):
    slow, count = [], -1
    for reset in resets:
        count = 0 if reset else count + 1
        slow.append(count)
    assert signals.sawtooth(np.array(resets)).tolist() == slow


@FEW
@given(st.integers(0, 1_000))
def test_bursts_are_zero_or_one_and_about_as_many_as_asked(seed):
    rng = np.random.default_rng(seed)
    found = signals.bursts(rng, 40 * 1_440, 60, per_day=5, minutes=10)
    assert set(np.unique(found)) <= {0.0, 1.0}
    begins = int(((found[1:] == 1) & (found[:-1] == 0)).sum())
    assert 120 < begins < 260
    assert not signals.bursts(rng, 0, 60, per_day=5, minutes=10).size


@FEW
@given(NUMBERS, st.floats(0.0, 50.0))
def test_a_sticking_valve_is_never_further_off_than_its_breakaway(values, breakaway):
    command = np.array(values)
    position = signals.stick(command, breakaway)
    assert (np.abs(position - command) <= breakaway).all()
    moved = np.flatnonzero(np.diff(position))
    assert (position[moved + 1] == command[moved + 1]).all()
    assert signals.stick(np.array([]), breakaway).size == 0
