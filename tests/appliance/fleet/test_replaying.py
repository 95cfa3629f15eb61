"""What a model would have made of a time range, under its own budget and under others."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from appliance.engine.local import LocalEngine
from appliance.fleet import FrameChunk, Layout, fit_fleet, resolve
from appliance.fleet.replaying import Period, replay_fleet
from tests.appliance.fleet.plants import SENSORS, START, readings

LEARNED, ROWS = 1500, 2000
FAULT = (1, 1700, 1740)
LAYOUT = Layout("asset", "time", "time", SENSORS)


@pytest.fixture(scope="module")
def replays(tmp_path_factory):
    """Replay three machines, of which one has a fault, under two budgets."""
    frame = readings(rows=ROWS, faults={"P-2": FAULT})
    recipe = resolve("mahalanobis", false_alarms_per_month=20.0)
    folder = tmp_path_factory.mktemp("model") / "plant"
    border = START + timedelta(minutes=LEARNED)
    with LocalEngine(workers=1) as engine:
        known = FrameChunk(frame.filter(frame["time"] < border))
        fit_fleet([known], recipe, LAYOUT, folder, engine)
        period = Period((border, START + timedelta(minutes=ROWS)))
        found = replay_fleet([FrameChunk(frame)], folder, period, engine, budgets=(1.0, 20.0))
        return {one.asset: one for one in found}


def test_events_under_the_models_own_budget_are_its_events(replays):
    assert sorted(replays) == ["P-1", "P-2", "P-3"]
    for one in replays.values():
        assert [budget for budget, _ in one.others] == [1.0, 20.0]
        assert dict(one.others)[20.0] == one.events


def test_events_under_other_budgets_say_which_sensors_went_which_way(replays):
    [fault] = dict(replays["P-2"].others)[1.0]
    first = fault.sensors[0]
    assert (first.name, first.direction) == (SENSORS[FAULT[0]], 1)
    assert np.isclose(sum(share.share for share in fault.sensors), 1.0)
    assert fault.threshold > replays["P-2"].events[0].threshold
