"""What is normal given load is judged given load: six conditions, with and without context."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.context.plant import CONTEXT, SENSORS, machine
from benchmarks.context.run import GIVEN, WITHOUT, judged


def test_conditions_move_sensors_by_more_than_a_fault_does():
    one = machine(0, shift=3.0, faulty=2)
    sensors = one.learned.select(SENSORS).to_numpy()
    assert (sensors.std(axis=0) > 5).all()
    assert len(one.learned.select("throttle", "mach").to_series(0).round(0).unique()) == 2
    begin, end = one.fault
    faulty = one.judged.filter(one.judged["time"].is_between(begin, end))
    assert end == one.judged["time"].max()
    same = machine(0, shift=0.0, faulty=2).judged.tail(len(faulty))
    moved = faulty.select(SENSORS).to_numpy() - same.select(SENSORS).to_numpy()
    assert np.allclose(sorted(np.abs(moved[0])), [0] * 6 + [3] * 2)
    assert faulty.select(CONTEXT).equals(same.select(CONTEXT))


@pytest.mark.slow
def test_given_the_conditions_faults_are_found_that_are_hidden_without_them():
    fleet = [machine(number) for number in range(4)]
    given, without = (judged(fleet, way) for way in (GIVEN, WITHOUT))
    assert given.found == len(fleet)
    assert without.found <= 1
    assert given.false <= 2.0
