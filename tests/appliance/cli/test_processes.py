"""The command as a process: quiet in a pipe, and stopped by a key or by its reader."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.appliance.pipelines.sites import ASSETS, plant

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "appliance.cli.main"]
INTERRUPTED = (130, -signal.SIGINT)
"""To a shell both are 130: Python, told to end with it, ends by the signal itself where the key
came while a string was being run (scipy's modules run some as they are loaded)."""


def started(*arguments: object, **more) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background jobs are deaf to the key, and so is what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        **more,
    )


def told(*arguments: object) -> tuple[int, str, str]:
    process = started(*arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.mark.slow
def test_long_work_is_quiet_in_a_pipe_and_json_stands_alone(home, tmp_path):
    plant(300, assets=ASSETS[:2]).write_csv(tmp_path / "fleet.csv")
    for command in (
        ("ingest", "fleet.csv", "--fleet", "pumps", "--json"),
        ("train", "pumps", "--recipe", "mahalanobis", "--json"),
        ("score", "pumps", "--json"),
    ):
        status, out, err = told(*command)
        assert (status, err) == (0, "")
        assert isinstance(json.loads(out), dict)


@pytest.mark.slow
def test_a_failure_is_one_line_on_standard_error(home):
    status, out, err = told("train", "pumps")
    assert (status, out) == (1, "")
    assert err.startswith("kizashi: there is no fleet pumps")
    assert err.count("\n") == 1


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_failure(full):
    process = started("detectors", "--pyod", "--json")
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) in (0, 1)


@pytest.mark.slow
def test_a_key_stops_the_work_in_one_sentence_and_it_can_be_repeated(full):
    lock, runs = full / "locks" / "train-pumps.lock", full / "models" / "pumps"
    lock.unlink()
    before = list(runs.iterdir())
    process = started("train", "pumps")
    for _ in range(6000):
        if lock.exists():
            break
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode in INTERRUPTED
    assert out == ""
    assert err == "kizashi: interrupted; the same command goes on where it can.\n"
    assert list(runs.iterdir()) == before
    status, out, err = told("train", "pumps", "--recipe", "mahalanobis", "--json")
    assert (status, json.loads(out)["version"], err) == (0, 2, "")
