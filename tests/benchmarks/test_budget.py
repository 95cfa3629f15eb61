"""The benchmark of false events: how many come in normal running, beside how many may."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality import budget, clean, loaders, renewed


@pytest.mark.slow
def test_false_events_of_healthy_plants_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--fleets", "gearboxes", "--seeds", "1,2", "--days", "9", "--scale", "0.1"]
    assert budget.main(["--json", "--live", *options]) == 0
    *plants, together = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [plant["seeds"] for plant in plants] == [[1], [2]]
    assert together["seeds"] == [1, 2]
    for key in ("events", "live", "either"):
        assert together[key] == sum(plant[key] for plant in plants)
    assert together["either"] <= together["events"] + together["live"]
    # Two machines, three of nine days.
    assert together["asset_months"] == pytest.approx(2 * 2 * 3 / 30)
    assert together["budget"] == 1.0


def test_a_count_of_false_events_is_told_with_what_chance_makes_of_it() -> None:
    assert clean.counted(0) == pytest.approx((0.0, 3.689), abs=1e-3)
    assert clean.counted(10) == pytest.approx((4.795, 18.390), abs=1e-3)


def test_an_unknown_set_has_no_budget(capsys: pytest.CaptureFixture[str]) -> None:
    assert budget.main(["--sets", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.data
def test_the_promise_is_held_against_normal_running(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--json", "--sets", "asd", "--budgets", "1", "--data", str(data_dir)]
    assert budget.main(options) == 0
    forward, backward = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert (forward["way"], backward["way"]) == clean.WAYS
    assert forward["series"] == backward["series"] == 6
    both = (forward["events"] + backward["events"]) / (
        forward["promised"] + backward["promised"]
    )
    assert 0.5 < both < 2


@pytest.mark.parametrize("recent", [0, 1])
def test_a_step_is_told_once_and_never_learned_while_nobody_answers(recent: int) -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=(2_000, 1)) + random.normal(size=(2_000, 3))
    values[1_400:, 1] += 12.0
    plan = renewed.Plan([0.3, 1.0], "mahalanobis", 4, recent)
    found = renewed.runs(values, plan)
    assert sorted(found) == [0.3, 1.0]
    run = found[0.3]
    assert run.begun == (0, 1, 0, 0)
    assert (run.kept.events, run.first.events) == (1, 1)
    assert (run.kept.raised, run.first.raised) == (1, 1)
    assert run.kept.rows == run.first.rows == 800
    assert run.kept.promised == pytest.approx(0.3 * 0.8)
    # The event goes on through versions that have not learned it.
    assert run.kept.alarmed == pytest.approx(600, abs=5)
    assert run.promoted >= 1


def test_a_step_that_comes_back_is_raised_again_and_told_once() -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=(2_000, 1)) + random.normal(size=(2_000, 3))
    for start in (1_300, 1_500, 1_800):
        values[start : start + 40, 1] += 12.0
    plan = renewed.Plan([0.3, 5.0], "mahalanobis", 4, 1)
    found = renewed.runs(values, plan)
    once, often = found[0.3], found[5.0]
    assert (once.kept.raised, once.kept.events, once.begun) == (3, 1, (1, 0, 0, 0))
    assert (once.first.raised, once.first.events) == (3, 1)
    # Of five promised in 1,000 rows one is due in 200.
    assert often.kept.events >= 2
    assert sum(often.begun) == often.kept.events <= often.kept.raised


def test_a_slow_drift_is_told_to_later_versions() -> None:
    random = np.random.default_rng(2)
    values = random.normal(size=(2_400, 1)) + random.normal(size=(2_400, 3))
    moved = values + [0, 1, 0] * np.maximum(np.arange(2_400) - 1_440, 0)[:, None] / 240
    plan = renewed.Plan([0.1], "mahalanobis", 4, 0)
    (steady,) = renewed.runs(values, plan).values()
    (drifting,) = renewed.runs(moved, plan).values()
    assert (steady.drifted, drifting.drifted) == (False, True)
    assert drifting.kept.alarmed > steady.kept.alarmed


@pytest.mark.slow
@pytest.mark.data
def test_the_promise_is_counted_where_models_are_learned_anew(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--json", "--sets", "asd,tep", "--budgets", "1", "--data", str(data_dir)]
    anew = ["--retrain", "2", "--recent", "0", "--recipe", "mahalanobis"]
    assert budget.main([*options, *anew]) == 0
    *ways, together = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [one["way"] for one in ways] == list(clean.WAYS)
    assert (together["set"], together["series"]) == ("all", 12)
    for key in ("events", "raised", "rows", "promoted"):
        assert together[key] == sum(one[key] for one in ways)
    assert together["promoted"] <= 12
    assert together["events"] <= together["raised"]
    assert sum(together["begun"]) == together["events"]


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "count"),
    [("3w", 4), ("asd", 6), ("nab", 58), ("skab", 1), ("smap", 21), ("smd", 3), ("tep", 12)],
)
def test_normal_running_is_read_by_machine(data_dir: Path, name: str, count: int) -> None:
    found = list(loaders.normal(name, data_dir))
    assert len(found) == count
    assert all(values.ndim == 2 and len(values) for values in found)
