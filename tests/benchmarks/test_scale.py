"""Cost by size: lines against a size of reference, and what a plant needs, added up."""

from __future__ import annotations

import importlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks.harness.lines import COLUMNS
from benchmarks.harness.processes import Measured
from benchmarks.scale import run as scale
from benchmarks.sizing import check, costs, needs
from benchmarks.sizing import run as sizing


def here(side: str, **given: Any) -> Measured:
    """Run a side in this process: what it measures is of no interest."""
    module, _, function = side.partition(":")
    facts = getattr(importlib.import_module(f"benchmarks.sides.{module}"), function)(**given)
    names = ("seconds", "start_seconds", "cpu_seconds")
    wall, start, cpu = (facts.pop(name, 0.0) for name in names)
    return Measured(wall, start, cpu, 1.0, facts)


@pytest.mark.slow
def test_each_size_is_set_against_one_of_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scale, "run", here)
    assert scale.main(["--quick", "--json", "--parts", "assets"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["stage"], line["assets"]) for line in lines] == [
        ("fit", 6),
        ("fit", 12),
        ("score", 6),
        ("score", 12),
    ]
    for line in lines:
        assert list(line)[: len(COLUMNS)] == list(COLUMNS)
        assert line["ratio"] > 0
        assert line["unit"] == "µs/asset"
    assert lines[1]["ratio"] == lines[3]["ratio"] == 1
    for line in lines[:2]:
        assert line["open_ms_asset"] >= 0
        assert line["process_mb"] > 50
        assert line["reading_bytes"] > 8
    assert all(line["score_bytes"] > 1 for line in lines[2:])


# ---------------------------------------------------------------- sizing
COSTS = costs.Costs(
    ingest_row_us=1.0,
    ingest_cell_us=0.1,
    fit_run_ms=300.0,
    fit_asset_ms=5.0,
    fit_row_us=2.0,
    fit_cell_us=0.2,
    score_run_ms=100.0,
    score_asset_ms=3.0,
    score_row_us=1.5,
    score_cell_us=0.05,
    plan_asset_ms=0.5,
    plan_row_us=0.01,
    commit_ms=20.0,
    reading_bytes=2.0,
    value_bytes=4.0,
    score_bytes=10.0,
    share_bytes=0.5,
    model_kb=100.0,
    entry_kb=10.0,
    event_ms=2.0,
    event_kb=1.5,
    process_gb=0.5,
    chunk_gb=0.25,
)
PLANT = needs.Plant(
    assets=100,
    sensors=10,
    interval_seconds=86.4,
    learn_days=60,
    retrain_days=30,
    keep_days=100,
    runs_a_day=10,
    versions=5,
)


def test_costs_add_up_as_one_would_by_hand() -> None:
    # 1,000 rows a machine and day, so 100,000 rows and a million values.
    assert PLANT.rows_a_day == pytest.approx(100_000)
    ingest, score, opened = 0.1 + 0.1, 0.15 + 0.05, 10 * (0.1 + 100 * 0.003)
    fit = 200_000 * 4e-6 + (0.3 + 100 * 0.005) / 30
    assert needs.processor_seconds(PLANT, COSTS) == pytest.approx(ingest + score + opened + fit)
    readings = 100_000 * 100 * (2 + 40 + 10 + 5)
    events = 100 / 30 * 100 * 1_500
    assert needs.disk_gb(PLANT, COSTS) == pytest.approx(
        (readings + 5 * 100 * 1e5 + events) / 1e9
    )
    machine = needs.Machine(cores=4, memory_gb=8, disk_gb=100, busy=0.5)
    memory = 5 * (0.5 + 0.001) + 4 * 0.25
    found = needs.needs(PLANT, machine, COSTS)
    assert found["database"] == pytest.approx(100 / 30 * 0.002 / 86_400)
    assert found["memory"] == pytest.approx(memory / 8)
    run = 100 * 0.0005 + 16 * 0.02
    assert found["one process"] == pytest.approx((10 * run + run / 30) / 86_400)
    # Small chunks: each bucket is cut, and for that all of its rows are looked through.
    cut = needs.Machine(cores=4, memory_gb=8, disk_gb=100, busy=0.5, chunk_cells=1e5)
    learning = 100 * 0.0005 + 600 * 0.02 + 6e6 * 1e-8
    assert needs.serial_seconds(PLANT, cut, COSTS) == pytest.approx(10 * run + learning / 30)
    assert found["processor"] == pytest.approx(
        needs.processor_seconds(PLANT, COSTS) / (86_400 * 4 * 0.5)
    )


@pytest.mark.parametrize("what", ["assets", "sensors"])
def test_more_of_a_plant_needs_more_of_everything(what: str) -> None:
    machine = needs.Machine()
    small = needs.needs(PLANT, machine, COSTS)
    more = needs.Plant(**{**vars(PLANT), what: 10_000 * getattr(PLANT, what)})
    large = needs.needs(more, machine, COSTS)
    assert all(large[name] >= small[name] for name in small)
    assert needs.bottleneck(large)[1] > needs.bottleneck(small)[1]


def test_a_million_machines_are_told_what_gives_way_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert sizing.main(["--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["assets"] for line in lines] == list(sizing.SIZES)
    last = lines[-1]
    shares = {name: last[name] for name in needs.needs(PLANT, needs.Machine(), COSTS)}
    assert last["bottleneck"] == max(shares, key=lambda name: shares[name])
    assert shares[last["bottleneck"]] > 1
    assert sizing.main([]) == 0
    assert "1,000,000" in capsys.readouterr().out


def said(**more: Any) -> dict[str, Any]:
    """Return a line of ``scale`` as it is written."""
    return {"name": "scale", "engine": "local", **more}


SHAPES = ((100, 2_100, 3), (1_000, 2_100, 3), (50, 10_000, 4), (50, 10_000, 20))


def lines_of(true: costs.Costs) -> list[dict[str, Any]]:
    """Return the lines that a machine of such costs would write."""
    lines = []
    for assets, rows, sensors in SHAPES:
        row, cell = assets * rows / 1e6, assets * rows * sensors / 1e6
        shape = {"assets": assets, "rows": rows, "sensors": sensors}
        fit = true.fit_run_ms / 1e3 + assets * true.fit_asset_ms / 1e3
        fit += row * true.fit_row_us + cell * true.fit_cell_us
        score = true.score_run_ms / 1e3 + assets * true.score_asset_ms / 1e3
        score += row * true.score_row_us + cell * true.score_cell_us
        brought = row * true.ingest_row_us + cell * true.ingest_cell_us
        fitted = {
            "reading_bytes": true.reading_bytes + sensors * true.value_bytes,
            "model_kb_asset": true.model_kb,
            "chunk_mb": true.chunk_gb * 1e9 / 2**20,
            "process_mb": true.process_gb * 1e9 / 2**20,
            "open_ms_asset": true.plan_asset_ms,
            "held_kb_asset": true.entry_kb,
            "cut_us_row": true.plan_row_us,
            "event_ms": true.event_ms,
            "event_kb": true.event_kb,
        }
        judged = {
            "score_bytes": true.score_bytes + sensors * true.share_bytes,
            "commit_ms": true.commit_ms,
        }
        lines += [
            said(stage="fit", cpu_seconds=fit, **shape, **fitted),
            said(stage="score", cpu_seconds=score, **shape, **judged),
            said(stage="ingest", cpu_seconds=brought, **shape),
        ]
    return lines


def test_costs_are_reckoned_from_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines_of(COSTS)))
    found = costs.costs_of(costs.read(file))
    assert asdict(found) == pytest.approx(asdict(COSTS), rel=1e-6)
    assert sizing.main(["--from", str(file), "--costs"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["fit_asset_ms"] == pytest.approx(COSTS.fit_asset_ms, rel=1e-2)
    # What was measured twice, or by the other benchmarks, does no harm.
    last = lines_of(COSTS)[-3]
    more = [
        {**last, "name": "fleet_fit", "recipe": "auto", "cpu_seconds": 900.0},
        {**last, "name": "fleet_fit", "recipe": "forest", "engine": "ray", "cpu_seconds": 9.0},
        {"name": "quality", "value": 0.7},
    ]
    again = costs.costs_of([*lines_of(COSTS), *lines_of(COSTS), *more])
    assert asdict(again) == pytest.approx(asdict(COSTS), rel=1e-6)


def test_what_lines_do_not_tell_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lines.jsonl"
    kept = [line for line in lines_of(COSTS) if line["stage"] == "fit"]
    file.write_text("".join(json.dumps(line) + "\n" for line in kept))
    assert sizing.main(["--from", str(file)]) == 1
    told = capsys.readouterr().err
    for what in ("ingest of 2 or more sizes", "score of 4 or more sizes", "score_bytes"):
        assert what in told
    assert "model_kb_asset" not in told
    file.write_text("no JSON")
    assert sizing.main(["--from", str(file)]) == 1
    assert "holds no result lines" in capsys.readouterr().err


def test_what_grows_with_a_plant() -> None:
    grown = needs.growth(PLANT, needs.Machine(), COSTS)
    assert grown["assets_a_bucket"] == pytest.approx(100 / 32)
    assert grown["events_a_day"] == pytest.approx(100 / 30)
    # 100 million cells: a file of each bucket and month holds all that it is to hold.
    assert grown["reading_files"] == pytest.approx(32 * 100 / 30)
    assert grown["looking_seconds"] == 0
    million = needs.growth(needs.Plant(1_000_000), needs.Machine(), COSTS)
    assert million["assets_a_bucket"] == 31_250
    # An hour of a bucket is large enough to stay a file.
    assert million["reading_files"] == 32 * 24 * 365
    # 1,200 million cells an hour make 100 chunks of 12 million.
    assert million["commits_a_day"] == pytest.approx(24 + 24 * 100)


@pytest.mark.slow
def test_what_is_foretold_is_held_against_a_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "run", here)
    assert sizing.main(["--check", "--quick", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["what"] for line in lines] == [
        "fit, processor",
        "score, processor",
        "readings on the disk",
        "scores on the disk",
        "models on the disk",
    ]
    for line in lines:
        assert line["measured"] > 0
        assert line["ratio"] == pytest.approx(line["foretold"] / line["measured"], rel=1e-2)
