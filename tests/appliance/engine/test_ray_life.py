"""A Ray of its own: gone when it is closed, when its driver is killed, and when memory ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.xdist_group("ray")]

_DRIVER = """
import sys
from appliance.core.settings import Settings
from appliance.engine.ray import RayEngine

def double(number):
    return 2 * number

def wait(_):
    import threading
    threading.Event().wait(60)

with RayEngine(Settings(workers=1)) as engine:
    if sys.argv[1] == "memory":
        print([outcome.error for outcome in engine.map(wait, [0])])
        sys.exit()
    print([outcome.value for outcome in engine.map(double, [21])], flush=True)
    sys.stdin.readline()
print("closed", flush=True)
sys.stdin.readline()
"""


@contextmanager
def driver(case: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", _DRIVER, case],
        cwd=ROOT,
        env=os.environ | more,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def folders(pid: int) -> list[Path]:
    return list(Path("/tmp").glob(f"kzr-{pid}-*"))


def test_closing_leaves_neither_process_nor_folder() -> None:
    with driver("close") as process:
        assert line(process) == "[42]"
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) > 3
        go_on(process)
        assert line(process) == "closed"
        assert psutil.wait_procs(family, timeout=20)[1] == []
        go_on(process)
        assert process.wait(timeout=20) == 0
        assert folders(process.pid) == []


def test_a_killed_driver_takes_its_ray_along_and_the_next_one_sweeps() -> None:
    with driver("kill") as killed:
        assert line(killed) == "[42]"
        family = psutil.Process(killed.pid).children(recursive=True)
        # Ray's two agents try for a minute to tell their dead Ray, and leave then.
        agents = [process for process in family if process.name().endswith("Agent")]
        assert len(agents) == 2
        killed.kill()
        killed.wait()
        others = [process for process in family if process not in agents]
        assert psutil.wait_procs(others, timeout=30)[1] == []
        for agent in agents:
            with suppress(psutil.NoSuchProcess):
                agent.kill()
    with driver("next") as following:
        assert line(following) == "[42]"
        assert folders(killed.pid) == []
        go_on(following)
        assert line(following) == "closed"
        go_on(following)
        assert following.wait(timeout=20) == 0


def test_a_task_that_takes_all_memory_is_given_up_and_says_so() -> None:
    # Every worker is over a limit of 1 % of the machine's memory.
    limit = {
        "RAY_memory_usage_threshold": "0.01",
        "RAY_memory_monitor_refresh_ms": "50",
        "RAY_task_oom_retry_delay_base_ms": "1",
    }
    with driver("memory", **limit) as process:
        assert line(process) == "['its worker was out of memory 4 times']"
        assert process.wait(timeout=20) == 0
