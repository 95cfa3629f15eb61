"""What faults among the training rows, and verdicts on events, make of a model."""

from __future__ import annotations

import json

import numpy as np
import pytest

from appliance.core.settings import load_settings
from appliance.engine import make
from benchmarks.quality import changes, coldstart, contamination, drift, feedback, retrain
from benchmarks.quality.loaders import Series

pytestmark = pytest.mark.slow


def _series() -> Series:
    """Return correlated noise with two faults of 200 rows, one in each half judged."""
    random = np.random.default_rng(0)
    values = random.normal(size=(3000, 1)) + random.normal(size=(3000, 4))
    labels = np.zeros(3000, bool)
    for start in (1600, 2400):
        labels[start : start + 200] = True
        values[start : start + 200, 1] += 8
    return Series("two faults", values[:1000], values[1000:], labels[1000:])


def test_what_looks_like_a_fault_among_the_training_rows_costs_less_left_out() -> None:
    clean, mixed = (contamination.judged(_series(), share, 0.1) for share in (0.0, 0.1))
    assert clean[0] == 0.0
    assert mixed[0] == pytest.approx(0.1, abs=0.001)
    assert min(clean[1:]) > 0.9
    all_learned, protected, _ = mixed[1:]
    assert protected > all_learned + 0.1


def test_verdicts_leave_true_faults_found() -> None:
    with make("local", load_settings()) as engine:
        (seen,) = feedback.by_verdicts(_series(), [5], engine)
    assert len(seen) == len(feedback.WAYS)
    assert {one.faults for one in seen} == {1}
    told, muted, going_on, planned = seen[2:]
    assert [one.found for one in seen[2:]] == [1, 1, 1, 1]
    assert going_on.false <= muted.false <= told.false
    # Of 200 rows that are 8 deviations away: from the first on, as windows look ahead.
    assert all(one.after == (0,) for one in (told, muted, going_on, planned))


def test_an_unknown_set_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    asked = {contamination: "--sets", feedback: "--sets", retrain: "--fleets"}
    for benchmark, option in asked.items():
        assert benchmark.main([option, "nonsense"]) == 2
        assert "nonsense" in capsys.readouterr().err


def test_a_drift_is_learned_without_the_rule_and_told_with_it() -> None:
    [line] = drift.paces([0.5], [4], [2])
    assert (line["told"], line["after_days"]) == (1, 28.0)
    assert line["with"] > 0.9 > 0.1 > line["without"]


def test_a_new_machine_is_judged_by_others_at_its_level_and_by_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    small = ["--days", "12", "--interval", "1800", "--machines", "3", "--after", "3,6"]
    told = ["--fleets", "pumps", "--recipe", "mahalanobis", "--json"]
    assert coldstart.main([*small, *told]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    pumps = {line["judge"]: line for line in lines if line["fleet"] == "pumps"}
    levelled = {f"shared, its level, {days} days" for days in (3, 6)}
    chosen = {f"as chosen, {days} days" for days in (3, 6)}
    assert {"shared", "own, 6 days", *levelled, *chosen} <= set(pumps)
    assert (pumps["shared"]["machines"], pumps["shared"]["own"]) == (3, 0)
    assert pumps["own, 6 days"]["own"] == pumps["own, 6 days"]["machines"]


def test_each_version_is_counted_for_the_week_after_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    small = ["--fleets", "simulated", "--machines", "2", "--weeks", "3", "--first", "21"]
    assert retrain.main([*small, "--recipe", "mahalanobis", "--json"]) == 0
    *weeks, together = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["week"] for line in weeks] == [1, 2, 3]
    versions = [line["versions"][0] for line in weeks]
    assert versions[0] == 1
    assert versions == sorted(versions)
    assert together["versions"] == [versions[-1]]
    for key in ("events", "first_version"):
        assert together[key] == sum(line[key] for line in weeks)
    # Two machines, three weeks of a month of 30 days.
    assert together["asset_months"] == pytest.approx(2 * 3 * 7 / 30)
    # As long as the first version is champion the two are the same.
    assert weeks[0]["events"] == weeks[0]["first_version"]


def test_a_step_is_a_change_a_new_recipe_is_unseen_and_a_growing_fault_is_neither(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kinds = ("calendar, then a step", "only the new product, told", "grows by 2 a day")
    found = {
        kind: line
        for kind in kinds
        for name in changes.SCENARIOS
        if kind in name
        for line in changes.lines([name], 1)
    }
    step, product, fault = (found[kind] for kind in kinds)
    assert (step["event"], step["change"], step["right"]) == (1, 1, 1)
    assert (product["unseen"], product["unseen_days"], product["event"]) == (1, 1.0, 0)
    assert (fault["event"], fault["change"]) == (1, 0)
    assert changes.main(["--only", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err
