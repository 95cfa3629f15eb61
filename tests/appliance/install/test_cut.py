"""Cut off at any step, and run again, it completes."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.appliance.install.checkout import Checkout, said

pytestmark = pytest.mark.slow

WAITING_DEMO = """
import signal, sys
def main():
    if sys.argv[-1] != "demo":
        import alpha, beta
        return print("alpha", alpha.VERSION, "beta", beta.VERSION)
    try:
        print("the demo began", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        print("the demo was interrupted", file=sys.stderr)
        sys.exit(130)
"""
STEPS = ("home", "environment", "packages", "platform", "command", "settings")


def _start(checkout: Checkout, home: Path, words: str, *options: str) -> subprocess.Popen[str]:
    """Start the installer in a group of its own; return once it has said some words."""
    running = subprocess.Popen(
        checkout.command(home, *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    for line in running.stdout:
        if words in line:
            return running
    raise AssertionError(f"{words!r} was not said; it ended with {running.wait()}")


def _end(running: subprocess.Popen[str], how: signal.Signals) -> str:
    """End the installer's whole group; return what it said to the error stream."""
    os.killpg(running.pid, how)
    return running.communicate(timeout=60)[1]


def _completes(checkout: Checkout, home: Path) -> None:
    done = checkout.install(home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "alpha 1.0 beta 1.0" in said(home)
    again = checkout.install(home)
    steps = [line for line in again.stdout.splitlines() if line.startswith("[")]
    assert all(line.endswith(": fine") for line in steps), again.stdout


def test_killed_after_each_step_in_turn_it_completes(
    checkout: Checkout, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    for step in STEPS:
        running = _start(checkout, home, f"] {step}:")
        _end(running, signal.SIGKILL)
    _completes(checkout, home)


def test_killed_in_the_middle_of_unpacking_it_completes(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.release(size=10 * 2**20, alpha="1.0", beta="1.0")
    home = tmp_path / "home"
    running = _start(checkout, home, "] environment:")
    log = home / "logs" / "install.log"
    while running.poll() is None and "Installing collected packages" not in log.read_text():
        os.sched_yield()
    _end(running, signal.SIGKILL)
    assert not (home / "env" / "kizashi-installed.json").exists()
    _completes(checkout, home)


def test_interrupted_by_a_person_it_says_how_to_go_on(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.edit("appliance/cli.py", WAITING_DEMO)
    home = tmp_path / "home"
    running = _start(checkout, home, "] home:")
    assert _end(running, signal.SIGINT) == (
        "Interrupted: the same command, run again, goes on from here.\n"
    )
    assert running.returncode == 130
    running = _start(checkout, home, "the demo began", "--demo")
    assert _end(running, signal.SIGINT) == "the demo was interrupted\n"
    assert running.returncode == 130
    _completes(checkout, home)


def test_killed_in_the_demo_it_takes_the_demo_along(checkout: Checkout, tmp_path: Path) -> None:
    checkout.edit("appliance/cli.py", WAITING_DEMO)
    running = _start(checkout, tmp_path / "home", "the demo began", "--demo")
    running.kill()  # the installer alone, not its group
    assert running.communicate(timeout=60)[1] == ""  # nobody holds its error stream any more
