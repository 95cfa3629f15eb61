"""A year of days: commits and questions late against early, and compacted against not."""

from __future__ import annotations

import json

import pytest

from benchmarks import lake
from benchmarks.harness.lines import COLUMNS
from benchmarks.sides.daily import Plant
from tests.benchmarks.test_scale import here


@pytest.mark.slow
def test_a_lake_is_asked_early_late_and_compacted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lake, "run", here)
    assert lake.main(["--quick", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(list(line)[: len(COLUMNS)] == list(COLUMNS) for line in lines)
    cases = [line["case"] for line in lines]
    assert cases[0] == "commit a day, days 32 to 59, against those to 31"
    assert sum(case.endswith("after 59 days, against after 31") for case in cases) == 6
    compacted = [line for line in lines if line["case"].endswith("compacted, against before")]
    assert len(compacted) == 7
    assert all(line["before"] > line["after"] for line in compacted)
    assert cases[-1] == "commit a day, the week after compaction, against the first 7"
    # A week more than the days that were looked at, of eight assets, six rows each.
    assert lines[-1]["rows"] == (59 + 7) * 8 * 6


def test_a_day_is_the_same_every_time_and_follows_the_one_before() -> None:
    plant = Plant(assets=3, days=2, minutes=60, sensors=2)
    first, second = plant.day(0), plant.day(1)
    assert first.equals(plant.day(0))
    assert first.shape == (3 * 24, 4)
    assert (second["time"].min() - first["time"].max()).total_seconds() == 3_600
