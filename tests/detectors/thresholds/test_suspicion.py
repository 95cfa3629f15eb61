"""Faults inside training data: found when gross, not invented when there are none."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.errors import InvalidInput
from detectors.thresholds import suspicious_stretches
from tests.detectors.thresholds.processes import NORMAL, distance, spoiled, windowed


def flagged(scores) -> np.ndarray:
    out = np.zeros(len(scores), bool)
    for start, stop in suspicious_stretches(scores):
        out[start:stop] = True
    return out


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1_000, 15_000])
def test_clean_data_is_left_alone(rows):
    found = [
        flagged(make(np.random.default_rng(seed), rows))
        for make in NORMAL.values()
        for seed in range(20)
    ]
    assert np.mean([mask.any() for mask in found]) < 0.15
    assert np.mean(found) < 0.01


@pytest.mark.parametrize("name", ["gaussian", "distance", "windowed"])
@pytest.mark.parametrize(("share", "faults"), [(0.01, 1), (0.05, 5), (0.1, 3)])
def test_gross_faults_are_found_and_little_else(name, share, faults):
    hit, lost = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        scores, truth = spoiled(rng, NORMAL[name](rng, 15_000), share, faults)
        found = flagged(scores)
        hit.append(found[truth].mean())
        lost.append(found[~truth].mean())
    assert np.mean(hit) > 0.9
    assert np.mean(lost) < 0.01


def test_a_gross_fault_in_a_short_smooth_series_is_found_every_time():
    """Windows of 32 rows leave some ten independent excesses of a thousand rows."""
    rng = np.random.default_rng(7)
    for _ in range(20):
        noise = np.convolve(rng.chisquare(5, 1_031), np.ones(32) / 32, "valid")
        scores = np.sqrt(noise)
        middle, spread = np.median(scores), np.std(scores)
        scores[900:940] = middle + 20 * spread
        [(start, stop)] = suspicious_stretches(scores)
        assert start <= 900 < 940 <= stop


def test_never_more_than_fifteen_in_a_hundred():
    rng = np.random.default_rng(0)
    scores, _ = spoiled(rng, distance(rng, 5_000), 0.3, 2)
    assert flagged(scores).mean() <= 0.15


def test_what_comes_back_every_day_is_normal():
    rng = np.random.default_rng(1)
    scores = windowed(rng, 20 * 1_440)
    for day in range(20):
        start = day * 1_440 + 480 + int(rng.integers(0, 20))
        scores[start : start + 15] += 5.0
    assert suspicious_stretches(scores) == []


def test_what_comes_back_often_is_normal_however_unevenly():
    rng = np.random.default_rng(3)
    scores = windowed(rng, 40 * 1_440)
    for start in 120 * rng.permutation(480)[:30]:
        scores[start : start + 60] += 5.0
    assert suspicious_stretches(scores) == []


def test_a_fault_that_flares_up_many_times_in_one_week_is_found():
    rng = np.random.default_rng(4)
    scores = windowed(rng, 40 * 1_440)
    truth = np.zeros(len(scores), bool)
    for start in rng.integers(22 * 1_440, 29 * 1_440, 20):
        scores[start : start + 30] += 8.0
        truth[start : start + 30] = True
    assert flagged(scores)[truth].mean() > 0.9


def test_a_gross_fault_among_frequent_starts_is_found():
    rng = np.random.default_rng(5)
    scores = windowed(rng, 40 * 1_440)
    for start in 120 * rng.permutation(480)[:40]:
        scores[start : start + 60] += 4.0
    scores[30_000:30_400] += 40.0
    found = flagged(scores)
    assert found[30_000:30_400].mean() > 0.9
    assert found.sum() < 800


def test_rows_without_a_score_do_not_shift_the_stretch():
    rng = np.random.default_rng(2)
    scores = distance(rng, 4_000)
    scores[2_000:2_100] = 60.0
    scores[100:600] = np.nan
    (start, stop), *rest = suspicious_stretches(scores)
    assert rest == []
    assert start <= 2_000
    assert stop >= 2_100
    assert stop - start < 150


def test_too_few_rows_or_equal_scores_give_nothing():
    assert suspicious_stretches(np.r_[np.zeros(90), 100.0]) == []
    assert suspicious_stretches(np.full(1_000, 3.0)) == []
    assert suspicious_stretches(np.full(1_000, np.nan)) == []
    with pytest.raises(InvalidInput):
        suspicious_stretches(np.zeros((200, 2)))
