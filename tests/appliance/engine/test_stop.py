"""Work stops when asked, within seconds, however long an item takes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from appliance.core.errors import Cancelled
from appliance.core.settings import Settings
from appliance.engine.local import LocalEngine
from appliance.engine.ray import RayEngine
from appliance.engine.stop import Stop, current, stoppable

SOON = 5
LONG = 300


def test_nobody_stops_what_nothing_is_said_of():
    assert not current().asked
    with stoppable(Stop()):
        current().ask("somebody asked.")
        assert current().asked
    assert not current().asked


def test_the_first_reason_stays():
    stop = Stop()
    stop.ask("first.")
    stop.ask("second.")
    with pytest.raises(Cancelled, match="first"):
        stop.check()


def test_local_hands_out_no_more_items_and_waits_for_none():
    over, begun = threading.Event(), []

    def item(number: int) -> None:
        begun.append(number)
        over.wait(LONG)

    stop = Stop()
    threading.Timer(0.2, stop.ask, ["enough."]).start()
    asked = time.monotonic()
    with stoppable(stop), pytest.raises(Cancelled, match="enough"):
        list(LocalEngine(2).map(item, range(100)))
    assert time.monotonic() - asked < SOON
    assert len(begun) == 2
    over.set()


def never_ends(marker: str) -> None:
    Path(marker).write_text(str(psutil.Process().pid))
    while True:
        time.sleep(1)


def worker_at(marker: Path) -> psutil.Process | None:
    text = marker.read_text() if marker.exists() else ""
    return psutil.Process(int(text)) if text else None


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.xdist_group("ray")
def test_ray_tasks_are_ended(tmp_path):
    markers = [tmp_path / str(number) for number in range(4)]
    stop, busy = Stop(), []

    def ask_once_busy() -> None:
        while len(busy) < 2:
            busy[:] = [found for marker in markers if (found := worker_at(marker))]
            stop.wait(0.05)
        stop.ask("enough.")

    asking = threading.Thread(target=ask_once_busy)
    asking.start()
    with RayEngine(Settings(workers=2)) as engine:
        with stoppable(stop), pytest.raises(Cancelled, match="enough"):
            list(engine.map(never_ends, [str(marker) for marker in markers]))
        asking.join()
        gone, alive = psutil.wait_procs(busy, timeout=SOON)
        assert (len(gone), alive) == (2, [])
        assert [outcome.value for outcome in engine.map(abs, [-3])] == [3]


SHARED = """
import ray
from appliance.core.settings import Settings
from appliance.engine.ray import RayEngine
first, second = RayEngine(Settings(workers=1)), RayEngine(Settings(workers=1))
first.close()
first.close()
assert [outcome.value for outcome in second.map(abs, [-3])] == [3]
second.close()
assert not ray.is_initialized()
"""


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.xdist_group("ray")
def test_the_last_engine_of_a_process_stops_the_ray_that_the_first_started():
    subprocess.run([sys.executable, "-c", SHARED], check=True, timeout=120)
