"""The platform in a terminal: once in a pipe, drawn anew elsewhere until somebody leaves."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.access import shell
from appliance.cli.main import main
from appliance.cli.screen import METRICS, Snapshot, lines, sparkline
from appliance.core.clock import now
from appliance.core.settings import load_settings
from appliance.jobs.store.claims import ClaimStore
from appliance.jobs.store.runs import RunStore, Told
from appliance.jobs.store.workers import WorkerStore
from appliance.pipelines.site import Site
from appliance.schemas.job import JobRequest
from appliance.schemas.platform import Cluster, ClusterNode, Metric, Platform, Queue
from appliance.telemetry import History
from tests.conftest import ROOT

ME = shell("root")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
_PATIENCE = 60.0


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home with a worker at a job, one that waits, and half an hour of history."""
    folder = tmp_path_factory.mktemp("top") / "home"
    site = Site(load_settings(folder))
    WorkerStore(site.database).enter("plant-1.x", "plant-1", 1, now())
    job = site.jobs.ask(ME, JobRequest(pipeline="compact"))
    site.jobs.ask(ME, JobRequest(pipeline="compact"))
    ClaimStore(site.database).claim("plant-1.x", now())
    runs = RunStore(site.database, "plant-1.x")
    runs.begin_step(job.id, 1, "put together", now())
    runs.report(job.id, Told(done=3, total=12), 1)
    history = History(folder)
    for seconds in range(1_800, 0, -15):
        busy = 1.0 if seconds < 300 else 0.1
        history.add(now() - timedelta(seconds=seconds), {Metric.HOST_CPU: busy})
    site.close()
    return folder


def told(home: Path, capsys, *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        main(["--home", str(home), "top", *arguments])
    assert left.value.code == 0
    return capsys.readouterr().out


def test_in_a_pipe_it_is_printed_once(home, capsys):
    shown = told(home, capsys)
    assert "jobs       1 at work, 1 waiting" in shown
    assert "1 workers, 2 jobs each" in shown
    assert re.search(r"processor +[▁▂▃▄▅▆▇█ ]*▁+█+", shown)
    assert re.search(r"plant-1 +compact +put together +███░{9} +25%", shown)
    assert "what needs care" in shown or "nothing needs care" in shown
    assert "\x1b" not in shown
    assert "this month" in shown


def test_programs_get_all_of_it(home, capsys):
    found = json.loads(told(home, capsys, "--json"))
    (worker,) = found["platform"]["workers"]
    assert worker["name"] == "plant-1"
    assert (worker["jobs"][0]["done"], worker["jobs"][0]["total"]) == (3, 12)
    assert [one["metric"] for one in found["history"]["metrics"]] == list(METRICS)
    assert [one["pipeline"] for one in found["waiting"]] == ["compact"]
    assert found["costs"]["currency"]


@pytest.mark.slow
def test_on_a_terminal_it_is_drawn_anew_until_q_and_follows_its_size(home):
    parent, child = pty.openpty()
    _resize(child, 30, 100)
    command = [
        sys.executable,
        "-m",
        "appliance.cli.main",
        "--home",
        str(home),
        "top",
        "--every",
        "0.5",
    ]
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, env=environment, cwd=ROOT
    )
    try:
        first = _until(parent, lambda text: "put together" in text)
        assert "\x1b[?1049h" in first
        _resize(child, 30, 60)
        narrow = _until(parent, lambda text: "processor" in text and "…" in text)
        assert "\x1b[2J" not in narrow.partition("processor")[2]
        os.write(parent, b"q")
        left = _until(parent, lambda text: "\x1b[?1049l" in text)
        assert process.wait(timeout=30) == 0
        assert "Traceback" not in first + narrow + left
    finally:
        process.kill()
        process.wait()
        os.close(child)
        os.close(parent)


def _resize(handle: int, rows: int, columns: int) -> None:
    fcntl.ioctl(handle, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _until(handle: int, seen) -> str:
    """Read what is drawn until something can be seen."""
    text = ""
    while not seen(text):
        ready, _, _ = select.select([handle], [], [], _PATIENCE)
        assert ready, f"it was never seen: {text[-2000:]}"
        text += os.read(handle, 65_536).decode("utf-8", "replace")
    return text


# ---------------------------------------------------------------- what is drawn
def test_a_sparkline_is_as_wide_as_asked_and_shows_gaps():
    assert sparkline([0.0, 0.5, None, 1.0, 9.0], 6, 1.0) == " ▁▅ ██"
    assert sparkline([], 4, 1.0) == "    "


@pytest.mark.parametrize("width", [20, 60, 100, 250])
def test_no_line_is_wider_than_the_terminal(width):
    node = ClusterNode(
        name="plant-with-a-long-name-2", address="10.0.0.2", alive=False, cpus=8, cpus_used=0,
        memory_bytes=1, memory_used_bytes=0,
    )  # fmt: skip
    queue = Queue(queued=1, running=0, workers=0, at_once=2, failed=9)
    now_ = Platform(
        at=AT, version="1", queue=queue, cluster=Cluster(address="x", nodes=(node,))
    )
    found = lines(Snapshot(now_, None, (), (), None), ZoneInfo("Asia/Tokyo"), width, leave=True)
    assert all(one.cell_len <= width for one in found)
    assert any("lost" in one.plain for one in found) or width < 40
