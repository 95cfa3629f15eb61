"""Stand-ins: small programs under the real supervisord, in a list of the real type."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from appliance.core.clock import monotonic
from appliance.machine import serving
from appliance.machine.process import Process
from appliance.machine.supervisor import Supervisor

WAITS = """
import os, pathlib, signal, subprocess, sys
here = pathlib.Path(sys.argv[1])
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print("process", os.getpid(), "is ready", flush=True)
here.write_text(f"{os.getpid()} {child.pid}")
signal.pause()
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WAITS
FAILS = "import sys; print('it cannot: no reason'); sys.exit(3)"
NEVER = "import signal; print('still at it', flush=True); signal.pause()"

Make = Callable[..., Supervisor]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Return what makes a supervisor of some programs, which are ended after the test."""
    made: list[Supervisor] = []

    def make(home: Path | None = None, /, **programs: str) -> Supervisor:
        home = home or tmp_path / "home"
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        made.append(Supervisor(home, [standin(home, *one) for one in programs.items()]))
        return made[-1]

    yield make
    for one in made:
        serving.down(one)


def standin(home: Path, role: str, code: str) -> Process:
    """Return a program that is ready when it has said so in a file."""
    note, program = home / f"{role}.note", home / f"{role}.py"
    program.write_text(code)
    program.chmod(0o600)

    def ready(process: int) -> bool:
        return str(process) in family(home, role)

    return Process(role, (sys.executable, str(program), str(note)), home, ready, stop_seconds=2)


def family(home: Path, role: str) -> list[str]:
    """Return the numbers of a stand-in and its child, as they are noted."""
    try:
        return (home / f"{role}.note").read_text().split()
    except OSError:
        return []


def running(home: Path, role: str) -> list[psutil.Process]:
    """Return a stand-in and its child."""
    return [psutil.Process(int(number)) for number in family(home, role)]


def quiet(_roles: dict[str, str]) -> None:
    """Show nothing."""


def until(condition: Callable[[], bool], patience: float = 30.0) -> None:
    """Wait for a condition."""
    end = monotonic() + patience
    while not condition():
        assert monotonic() < end, "it did not come about"
