"""Health: bounded, never rising, from what was known then, and 100 in good order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from detectors.errors import InvalidInput, NotFitted, StateCorrupt, TooLittleData
from detectors.prognostics import HealthIndex, running_low
from tests.detectors.prognostics.fleets import lives


@pytest.mark.slow
@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e3, 1e3)))
def test_a_running_low_never_rises_and_knows_no_future(values):
    low = running_low(values)
    assert (np.diff(low) <= 0).all()
    assert running_low(values[: len(values) // 2 + 1]) == pytest.approx(
        low[: len(values) // 2 + 1]
    )
    assert (low >= values.min()).all()


@given(st.integers(1, 5), st.integers(6, 30), st.integers(0, 29))
def test_a_short_dip_changes_nothing_and_a_long_one_stays(hold, count, at):
    values = np.full(count + 3 * hold, 9.0)
    values[at % count : at % count + hold - 1] = 1.0
    assert (running_low(values, hold)[hold - 1 :] == 9.0).all()
    values[at % count : at % count + hold] = 1.0
    assert running_low(values, hold)[-1] == 1.0


def test_a_gap_keeps_what_was():
    assert running_low([np.nan, 5.0, np.nan, 3.0]) == pytest.approx(
        [np.nan, 5, 5, 3], nan_ok=True
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3), st.floats(-100, 100))
def test_units_do_not_matter(seed, factor, offset):
    machines = lives(3, seed)
    index = HealthIndex().fit(machines)
    other = HealthIndex().fit([factor * one + offset for one in machines])
    told = index.health(machines[0])
    assert other.health(factor * machines[0] + offset) == pytest.approx(
        told, nan_ok=True, abs=1e-4
    )
    known = told[~np.isnan(told)]
    assert ((known >= 0) & (known <= 100)).all()
    assert (np.diff(known) <= 0).all()


def test_worn_machines_are_told_from_good_ones():
    worn = lives(8, seed=3)
    random = np.random.default_rng(4)
    good = [0.15 * random.normal(size=(200, 5)) for _ in range(8)]
    index = HealthIndex().fit(worn + good)
    assert max(index.health(one)[-1] for one in worn) < min(
        index.health(one)[-1] for one in good
    )


def test_load_is_no_wear():
    random = np.random.default_rng(5)
    load = random.uniform(0, 1, (400, 1))
    load[:200] *= 0.5
    steady = [load @ [[4.0, -2.0]] + 0.1 * random.normal(size=(400, 2)) for _ in range(4)]
    told = HealthIndex(new=0.3).fit(steady, [load] * 4).health(steady[0], load)[-1]
    bare = HealthIndex(new=0.3).fit(steady).health(steady[0])[-1]
    assert told > 80 > bare


def test_it_comes_back_from_its_arrays():
    machines = lives(3)
    index = HealthIndex(window=5).fit(machines)
    again = HealthIndex.from_state(index.state(), index.get_params())
    assert np.array_equal(again.health(machines[1]), index.health(machines[1]), equal_nan=True)
    with pytest.raises(StateCorrupt):
        HealthIndex.from_state({})


def test_what_cannot_be_used_is_refused():
    with pytest.raises(NotFitted):
        HealthIndex().health([[1.0]] * 50)
    with pytest.raises(TooLittleData):
        HealthIndex().fit([[[1.0]] * 5])
    with pytest.raises(InvalidInput):
        HealthIndex(worst=1.0).fit(lives(2))
