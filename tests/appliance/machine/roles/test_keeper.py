"""What the first process of a container does for its programs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT

_KEEPS = """
import json, os, sys
from pathlib import Path
from appliance.core import log
from appliance.machine.roles.keeper import Keeper, Program

log.set_up("INFO")
told = json.loads(sys.argv[1])
programs = [
    Program(
        name,
        lambda code=one["code"]: (sys.executable, "-c", code, sys.argv[2]),
        due=lambda need=one.get("due"): need is None or Path(need).exists(),
        again=one.get("again", False),
        stop_seconds=one.get("stop", 20.0),
    )
    for name, one in told.items()
]
sys.exit(Keeper(programs, os.environ).serve())
"""
_WAITS = """
import os, pathlib, signal, sys
here = pathlib.Path(sys.argv[1])
def end(*_):
    (here / "ended-{name}").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
(here / "{name}").write_text(str(os.getpid()))
while True: signal.pause()
"""
_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + _WAITS.replace(
    "signal.signal(signal.SIGTERM, end)", ""
)


def _begun(folder: Path, **programs: dict[str, object]) -> subprocess.Popen[str]:
    told = json.dumps({name: _named(name, one) for name, one in programs.items()})
    return subprocess.Popen(
        [sys.executable, "-c", _KEEPS, told, str(folder)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )


def _named(name: str, one: dict[str, object]) -> dict[str, object]:
    return {**one, "code": str(one["code"]).replace("{name}", name)}


def _seen(found: Callable[[], bool]) -> bool:
    pause = threading.Event()
    return any(found() or pause.wait(0.05) for _ in range(1200))


def _process(path: Path) -> int:
    assert _seen(lambda: path.exists() and path.read_text() != "")
    return int(path.read_text())


def test_told_to_end_it_ends_its_programs_the_last_one_first(tmp_path: Path) -> None:
    keeper = _begun(tmp_path, node={"code": _WAITS}, worker={"code": _WAITS})
    for name in ("node", "worker"):
        _process(tmp_path / name)
    keeper.send_signal(signal.SIGTERM)
    assert keeper.wait(60) == 0
    times = [(tmp_path / f"ended-{name}").stat().st_mtime_ns for name in ("worker", "node")]
    assert times == sorted(times)


def test_it_ends_with_the_program_that_everything_is_for(tmp_path: Path) -> None:
    keeper = _begun(tmp_path, node={"code": _WAITS}, worker={"code": "import sys; sys.exit(3)"})
    assert keeper.wait(60) == 3
    assert (tmp_path / "ended-node").exists() or not (tmp_path / "node").exists()


def test_a_program_that_may_end_is_started_again(tmp_path: Path) -> None:
    keeper = _begun(tmp_path, node={"code": _WAITS, "again": True}, worker={"code": _WAITS})
    first = _process(tmp_path / "node")
    (tmp_path / "node").unlink()
    psutil.Process(first).kill()
    assert _process(tmp_path / "node") != first
    keeper.send_signal(signal.SIGTERM)
    assert keeper.wait(60) == 0


@pytest.mark.slow
def test_a_program_waits_for_what_it_needs_and_says_so(tmp_path: Path) -> None:
    need = tmp_path / "need"
    keeper = _begun(tmp_path, node={"code": _WAITS, "due": str(need)}, worker={"code": _WAITS})
    _process(tmp_path / "worker")
    assert not (tmp_path / "node").exists()
    need.touch()
    _process(tmp_path / "node")
    keeper.send_signal(signal.SIGTERM)
    _, said = keeper.communicate(timeout=60)
    assert "node waits: what it needs is not there yet" in said


@pytest.mark.slow
def test_one_that_does_not_end_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c',"
        " 'import signal; signal.signal(15, signal.SIG_IGN); signal.pause()'])\n" + _STUBBORN
    )
    keeper = _begun(tmp_path, worker={"code": code, "stop": 0.5})
    worker = psutil.Process(_process(tmp_path / "worker"))
    begun = [worker, *worker.children()]
    assert len(begun) == 2
    keeper.send_signal(signal.SIGTERM)
    assert keeper.wait(60) == 0
    assert _seen(lambda: not any(one.is_running() and _lives(one) for one in begun))


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
