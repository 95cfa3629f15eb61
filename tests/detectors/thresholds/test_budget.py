"""The promise: so many events a month in normal running, no more."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from detectors.errors import InvalidInput, TooLittleData
from detectors.thresholds import (
    SurpriseScale,
    alarm_levels,
    alarm_threshold,
    find_stretches,
)
from detectors.thresholds.budget import LOWEST
from tests.detectors.thresholds.processes import NORMAL, distance, spoiled

MONTH = 30 * 1_440


@dataclass(frozen=True)
class Rule:
    release: float = 0.7
    merge_rows: int = 30
    minimum_rows: int = 3


def learn(scores, budget=1.0, rule=Rule()):
    scale = SurpriseScale().fit(scores)
    return scale, alarm_threshold(scale.surprise(scores), MONTH, budget, rule)


def events(scale, level, scores, rule=Rule()):
    found = find_stretches(
        scale.surprise(scores), level, rule.release, rule.merge_rows, rule.minimum_rows
    )
    return len(found)


def ratio(make, days, assets, *, budget=1.0, rule=Rule(), months=4):
    """Observed over promised events on new rows, mean over assets."""
    seen = []
    for seed in range(assets):
        rng = np.random.default_rng(seed)
        scale, alarm = learn(make(rng, int(days * 1_440)), budget, rule)
        seen.append(events(scale, alarm.level, make(rng, months * MONTH), rule) / months)
    return float(np.mean(seen)) / budget


@pytest.mark.slow
@pytest.mark.parametrize("days", [10, 20, 40])
def test_the_budget_holds_for_every_kind_of_normal_running(days):
    ratios = {name: ratio(make, days, 24) for name, make in NORMAL.items()}
    assert 0.5 < np.mean(list(ratios.values())) < 2
    assert all(0.4 < value < 2 for value in ratios.values()), ratios


@pytest.mark.slow
@pytest.mark.parametrize("budget", [0.2, 10.0])
def test_the_budget_holds_for_other_budgets(budget):
    assert 0.4 < ratio(distance, 30, 16, budget=budget, months=6) < 2


@pytest.mark.slow
def test_the_budget_holds_for_other_rules():
    rule = Rule(release=1.0, merge_rows=5, minimum_rows=1)
    assert 0.5 < ratio(distance, 15, 20, rule=rule) < 2


@pytest.mark.parametrize("faults", [1, 5])
def test_faults_in_training_do_not_lift_it(faults):
    rises = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        scores = distance(rng, 20 * 1_440)
        dirty, _ = spoiled(rng, scores, 0.05, faults)
        clean_scale, clean = learn(scores)
        scale, alarm = learn(dirty)
        ladder = np.linspace(scores.min(), 3 * scores.max(), 4_000)
        first = ladder[np.argmax(scale.surprise(ladder) >= alarm.level)]
        rises.append(float(clean_scale.surprise([first])[0]) - clean.level)
    assert np.mean(rises) < 0.3
    assert max(rises) < 1


def test_it_says_what_the_promise_rests_on():
    rng = np.random.default_rng(0)
    _, short = learn(distance(rng, 10 * 1_440))
    _, long = learn(distance(rng, 45 * 1_440))
    assert (short.basis, long.basis) == ("extrapolated", "observed")
    assert short.expected_per_month == long.expected_per_month == 1.0
    assert short.months == pytest.approx(1 / 3, rel=0.05)
    assert long.months == pytest.approx(1.5, rel=0.05)


def test_a_smaller_budget_asks_for_a_higher_level():
    scores = distance(np.random.default_rng(1), 30 * 1_440)
    levels = [learn(scores, budget)[1].level for budget in (0.1, 0.5, 1, 2, 5, 20, 100)]
    assert levels == sorted(levels, reverse=True)


def test_several_budgets_have_the_levels_that_each_has_alone():
    scores = distance(np.random.default_rng(1), 20 * 1_440)
    surprise = SurpriseScale().fit(scores).surprise(scores)
    budgets = (0.1, 1, 5, 1e4)
    together = alarm_levels(surprise, MONTH, budgets, Rule())
    assert together == [alarm_threshold(surprise, MONTH, budget, Rule()) for budget in budgets]


def test_events_that_were_taken_out_count_as_promised_ones():
    scores = distance(np.random.default_rng(2), 120 * 1_440)
    surprise = SurpriseScale().fit(scores).surprise(scores)
    budgets = (0.1, 1.0, 2.0)
    told = alarm_levels(surprise, MONTH, budgets, Rule(), (0.2, 2.0, 2.0))
    assert told[1].level == alarm_threshold(surprise, MONTH, 0.5, Rule()).level
    assert [one.expected_per_month for one in told] == list(budgets)
    many = alarm_levels(surprise, MONTH, budgets, Rule(), (50.0, 50.0, 50.0))
    one = alarm_threshold(surprise, MONTH, 0.25, Rule())
    assert [level.level for level in many[1:]] == [one.level] * 2
    alone = alarm_levels(surprise, MONTH, budgets, Rule())
    assert many[0] == alone[0]


def test_observed_levels_give_the_promised_number_on_the_training_data():
    scores = distance(np.random.default_rng(2), 60 * 1_440)
    scale, alarm = learn(scores, 5.0)
    assert 8 <= events(scale, alarm.level, scores) <= 11


def test_a_budget_without_limit_stops_at_the_lowest_level():
    _, alarm = learn(distance(np.random.default_rng(3), 20 * 1_440), 1e6)
    assert alarm.level == LOWEST
    assert alarm.expected_per_month < 1e6


@pytest.mark.parametrize("rows", [12, 60, 200])
def test_short_or_odd_training_data_still_give_a_level(rows):
    rng = np.random.default_rng(4)
    for scores in (rng.normal(size=rows), np.zeros(rows), np.arange(rows, dtype=float)):
        _, alarm = learn(scores)
        assert LOWEST <= alarm.level < 30
        assert alarm.basis == "extrapolated"


def test_rows_without_surprise_do_not_count_as_training_time():
    surprise = np.random.default_rng(5).exponential(size=MONTH) / np.log(10)
    surprise[::2] = np.nan
    assert alarm_threshold(surprise, MONTH, 1.0, Rule()).months == pytest.approx(0.5, rel=0.01)


def test_senseless_input_is_refused():
    surprise = np.ones(100)
    with pytest.raises(InvalidInput):
        alarm_threshold(surprise, MONTH, 0.0, Rule())
    with pytest.raises(InvalidInput):
        alarm_threshold(surprise, 0.0, 1.0, Rule())
    with pytest.raises(TooLittleData):
        alarm_threshold(np.full(100, np.nan), MONTH, 1.0, Rule())
    with pytest.raises(InvalidInput):
        alarm_threshold(surprise, MONTH, 1.0, replace(Rule(), release=2.0))
