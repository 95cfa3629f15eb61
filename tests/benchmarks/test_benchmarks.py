"""Every benchmark at a tiny size: both sides run, and the lines have their keys."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.__main__ import names
from benchmarks.harness import options
from benchmarks.harness.lines import COLUMNS, Line, Printer
from benchmarks.harness.plant import Size, asset_frame
from benchmarks.harness.processes import ROOT, Measured, SideFailed, run
from benchmarks.sides.stages import STAGES
from benchmarks.ui.browser import PROGRAMS, program
from tests.conftest import skip_or_fail


def _lines(*arguments: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _check(line: dict[str, object]) -> None:
    assert list(line)[: len(COLUMNS)] == list(COLUMNS)
    for key in ("ours", "rival", "ratio", "peak_mb", "rival_peak_mb", "cpus", "memory_gb"):
        value = line[key]
        assert isinstance(value, int | float), key
        assert value > 0, key


def test_the_benchmarks_there_are() -> None:
    assert set(names()) >= {
        "api",
        "batch_score",
        "fleet_fit",
        "gateway",
        "idle",
        "ingest",
        "jobs",
        "kernels",
        "memory",
        "metrics",
        "quality",
        "ui",
    }


def test_unknown_name_is_wrong_use() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "nothing"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "fleet_fit" in done.stderr


@pytest.mark.slow
def test_gateway() -> None:
    lines = _lines("gateway", "--quick", "--json")
    assert [one["unit"] for one in lines] == ["ms"] * len(lines)
    assert lines[-1]["case"] == "whole overview of 3 sites × 1,000 machines"


@pytest.mark.slow
def test_batch_score() -> None:
    lines = _lines("batch_score", "--quick", "--json", "--engine", "local")
    assert [str(line["case"]).split("against ")[-1] for line in lines] == [
        "PyOD",
        "reading and writing",
    ]
    for line in lines:
        _check(line)


@pytest.mark.slow
def test_a_rival_that_did_less_is_reckoned_and_says_so() -> None:
    (line,) = _lines(
        "fleet_fit", "--quick", "--json", "--engine", "local", "--rival-assets", "2"
    )
    _check(line)
    assert str(line["case"]).endswith("rival reckoned from 2")
    assert line["rival"] == pytest.approx(3 * float(str(line["rival_seconds"])), rel=1e-2)


def test_processor_time_is_compared_for_equal_work() -> None:
    ours = [Measured(2.0, 0.0, 3.0, 1.0, {}), Measured(2.5, 0.0, 2.0, 1.0, {})]
    rival = [Measured(1.0, 0.0, 4.0, 1.0, {})]
    found = options.times(ours, rival, times_done=5.0)
    assert found["cpu_ratio"] == 10.0
    assert (found["seconds"], found["rival_seconds"]) == (2.0, 1.0)


@pytest.mark.slow
def test_stages_tell_where_the_time_goes(tmp_path: Path) -> None:
    run("plant:lake_and_files", root=str(tmp_path), size=options.QUICK.data())
    facts = run("stages:fit", root=str(tmp_path)).facts
    assert facts["assets"] == options.QUICK.assets
    assert all(0 < facts[stage] <= facts["everything"] for stage in STAGES)


@pytest.mark.slow
def test_ingest() -> None:
    lines = _lines("ingest", "--quick", "--json")
    assert [str(line["case"]).split(", ")[-1] for line in lines] == ["csv", "parquet"]
    for line in lines:
        _check(line)


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.xdist_group("ray")
def test_memory_counts_the_workers_of_ray() -> None:
    local, ray = _lines("memory", "--quick", "--json")
    _check(local)
    _check(ray)
    assert float(str(ray["peak_mb"])) > float(str(local["peak_mb"]))


@pytest.mark.slow
def test_kernels() -> None:
    lines = _lines("kernels", "--quick", "--json", "--groups", "tails,fresh")
    assert [str(line["case"]).split(",")[0] for line in lines] == [
        "ECOD fit and training scores",
        "ECOD score",
        "COPOD fit and training scores",
        "COPOD score",
        "first scores in a fresh process",
    ]
    for line in lines:
        _check(line)
    for line in lines[:4]:
        assert float(str(line["rank_correlation"])) > 0.99
    assert lines[0]["threads"] == 1


@pytest.mark.slow
def test_metrics() -> None:
    lines = _lines("metrics", "--quick", "--json")
    assert len(lines) == 2
    for line in lines:
        assert line["goal"] == 0.99
        assert line["pairs"] == 4
        assert 0 < float(str(line["scrape_share"])) < 1


@pytest.mark.slow
def test_api() -> None:
    lines = _lines("api", "--quick", "--json")
    cases = [str(line["case"]) for line in lines]
    assert sum(case.endswith("made anew") for case in cases) == 7
    assert sum("latency at a large site" in case for case in cases) == 4
    for line in lines:
        _check(line)


@pytest.mark.slow
def test_jobs_and_that_none_is_lost() -> None:
    single, queued, killed = _lines("jobs", "--quick", "--json")
    _check(single)
    _check(queued)
    assert killed["ours"] == 0
    assert float(str(killed["kills"])) > 0


@pytest.mark.slow
def test_idle_measures_a_real_appliance_and_leaves_nothing(tmp_path: Path) -> None:
    lines = _lines("idle", "--quick", "--json", "--scratch", str(tmp_path))
    for line in lines:
        _check(line)
    cpu, memory, started = lines
    for line in (cpu, memory):
        by_role = line["by_role"]
        assert isinstance(by_role, dict)
        assert set(by_role) == {"supervisord", "web", "worker", "ray"}
        assert sum(by_role.values()) == pytest.approx(float(str(line["ours"])), rel=0.05)
    assert started["ready"]
    assert list(tmp_path.iterdir()) == []
    assert not [one for one in psutil.process_iter() if str(tmp_path) in _words(one)]


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@pytest.mark.slow
@pytest.mark.xdist_group("ui")
def test_ui() -> None:
    if program(*PROGRAMS) is None:
        skip_or_fail("Chromium is not installed: set KIZASHI_CHROMIUM")
    lines = _lines("ui", "--quick", "--json")
    overview, chart, zoom, crowd = lines
    for line in lines:
        _check(line)
        assert line["rival_painted"], line["case"]
    assert str(overview["case"]).startswith("overview of 20 machines")
    assert int(str(chart["count"])) == 2
    assert zoom["reruns"] == 0
    assert float(str(crowd["served_p95"])) > 0


@pytest.mark.slow
def test_a_side_that_fails_says_why() -> None:
    with pytest.raises(SideFailed, match="FileNotFound"):
        run("rivals:load", files="/nowhere/at/all.csv", out="/proc/none")


def test_plant_is_the_same_every_time() -> None:
    size = Size(assets=2, rows=600, sensors=3)
    assert asset_frame(1, size).equals(asset_frame(1, size))
    assert not asset_frame(0, size).equals(asset_frame(1, size))
    assert asset_frame(1, size).shape == (600, 5)


def test_table_shows_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    line = Line("fleet_fit", "one", 1.0, 12_345.0, "s", 12_345.0, None, 100.0, 200.0)
    Printer(as_json=False).show(line)
    head, row = capsys.readouterr().out.splitlines()
    assert head.split()[0] == "name"
    assert "12,340" in row


@pytest.mark.slow
def test_online() -> None:
    requests, latency = _lines("online", "--quick", "--json", "--rivals", "mlflow")
    _check(requests)
    assert (requests["unit"], requests["goal"]) == ("req/s", 10)
    assert str(requests["case"]).endswith("MLflow")
    assert (latency["unit"], latency["rival"]) == ("ms", 10)
    assert latency["ours"] == requests["half_p99_ms"]


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.xdist_group("ray")
def test_online_by_replicas_of_ray_serve() -> None:
    lines = _lines("online", "--quick", "--json", "--rivals", "", "--replicas", "1")
    served = lines[1:]
    assert [str(line["case"]).split(", ")[-1] for line in served] == [
        "ours in one process",
        "plain Ray Serve",
    ]
    for line in served:
        _check(line)
        assert float(str(line["cpu_ms"])) > 0
