"""Cut off at any step, and run again, it completes."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.appliance.install.checkout import Checkout, said

pytestmark = pytest.mark.xdist_group("install")

STEPS = ("home", "environment", "packages", "platform", "command", "settings")


def _until(checkout: Checkout, home: Path, words: str, end: signal.Signals) -> int:
    """Install, and end the installer's whole group once it has said some words."""
    running = subprocess.Popen(
        checkout.command(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    for line in running.stdout:
        if words in line:
            break
    os.killpg(running.pid, end)
    running.communicate(timeout=60)
    return running.returncode


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_a_step_it_completes(
    checkout: Checkout, tmp_path: Path, step: str
) -> None:
    home = tmp_path / "home"
    _until(checkout, home, f"] {step}:", signal.SIGKILL)
    done = checkout.install(home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "alpha 1.0 beta 1.0" in said(home)
    again = checkout.install(home)
    steps = [line for line in again.stdout.splitlines() if line.startswith("[")]
    assert all(line.endswith(": fine") for line in steps), again.stdout


def test_killed_in_the_middle_of_unpacking_it_completes(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.release(size=40 * 2**20, alpha="1.0", beta="1.0")
    home = tmp_path / "home"
    running = subprocess.Popen(
        checkout.command(home), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert running.stdout is not None
    for line in running.stdout:
        if "] environment:" in line:
            break
    log = home / "logs" / "install.log"
    while running.poll() is None and "Installing collected packages" not in log.read_text():
        os.sched_yield()
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate(timeout=60)
    done = checkout.install(home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "alpha 1.0 beta 1.0" in said(home)


def test_interrupted_by_a_person_it_says_how_to_go_on(
    checkout: Checkout, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    assert _until(checkout, home, "] environment:", signal.SIGINT) in (130, 1)
    assert checkout.install(home).returncode == 0
    assert "tiny kizashi" in said(home)
