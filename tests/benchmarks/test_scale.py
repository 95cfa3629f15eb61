"""Cost by size: lines against a size of reference, and what a plant needs, added up."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest

from benchmarks import sizing
from benchmarks.harness.lines import COLUMNS
from benchmarks.harness.processes import Measured
from benchmarks.scale import run as scale


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


# ---------------------------------------------------------------- sizing
COSTS = sizing.Costs(
    ingest_row_us=1.0,
    ingest_cell_us=0.1,
    fit_asset_ms=5.0,
    fit_row_us=2.0,
    fit_cell_us=0.2,
    score_asset_ms=3.0,
    score_row_us=1.5,
    score_cell_us=0.05,
    plan_asset_ms=0.5,
    commit_ms=20.0,
    reading_bytes=2.0,
    value_bytes=4.0,
    score_bytes=10.0,
    model_kb=100.0,
    entry_kb=10.0,
    process_gb=0.5,
    chunk_gb=0.25,
)
PLANT = sizing.Plant(
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
    ingest, score, opened = 0.1 + 0.1, 0.15 + 0.05, 10 * 100 * 0.003
    fit = 200_000 * 4e-6 + 100 / 30 * 0.005
    assert sizing.processor_seconds(PLANT, COSTS) == pytest.approx(
        ingest + score + opened + fit
    )
    readings = 100_000 * 100 * (2 + 40 + 10)
    assert sizing.disk_gb(PLANT, COSTS) == pytest.approx((readings + 5 * 100 * 1e5) / 1e9)
    machine = sizing.Machine(cores=4, memory_gb=8, disk_gb=100, busy=0.5)
    memory = 5 * (0.5 + 0.001) + 4 * 0.25
    found = sizing.needs(PLANT, machine, COSTS)
    assert found["memory"] == pytest.approx(memory / 8)
    assert found["one process"] == pytest.approx((100 * 0.0005 + 16 * 0.02) * 10 / 86_400)
    assert found["processor"] == pytest.approx(
        sizing.processor_seconds(PLANT, COSTS) / (86_400 * 4 * 0.5)
    )


@pytest.mark.parametrize("what", ["assets", "sensors"])
def test_more_of_a_plant_needs_more_of_everything(what: str) -> None:
    machine = sizing.Machine()
    small = sizing.needs(PLANT, machine)
    more = sizing.Plant(**{**vars(PLANT), what: 10_000 * getattr(PLANT, what)})
    large = sizing.needs(more, machine)
    assert all(large[name] >= small[name] for name in small)
    assert sizing.bottleneck(large)[1] > sizing.bottleneck(small)[1]


def test_a_million_machines_are_told_what_gives_way_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert sizing.main(["--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["assets"] for line in lines] == list(sizing.SIZES)
    last = lines[-1]
    shares = {name: last[name] for name in ("processor", "one process", "memory", "disk")}
    assert last["bottleneck"] == max(shares, key=lambda name: shares[name])
    assert shares[last["bottleneck"]] > 1
    assert sizing.main([]) == 0
    assert "1,000,000" in capsys.readouterr().out
