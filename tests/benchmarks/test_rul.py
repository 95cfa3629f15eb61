"""The benchmark of remaining life: rivals that run, and the figures on the real engines."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.rul.rivals import RIVALS
from benchmarks.rul.run import COVERAGE, RMSE, lines
from detectors import metrics
from tests.detectors.prognostics.fleets import SHORT, cut, lives


@pytest.mark.slow
@pytest.mark.parametrize("name", RIVALS)
def test_rivals_are_better_than_the_mean(name):
    courses, left = cut(lives(20, seed=2, rows=SHORT))
    told = RIVALS[name](lives(12, rows=SHORT), courses, 80)
    truth = np.minimum(left, 80)
    assert metrics.life_rmse(truth, told) < truth.std()


def test_too_late_costs_more_than_too_early():
    assert metrics.life_score([100], [110]) > metrics.life_score([100], [90]) > 0
    assert metrics.life_score([30, 40], [30, 40]) == 0


def test_the_challenge_score_is_that_of_another_program():
    """What the tests of rul-adapt expect of ten predictions half a cycle off.

    https://github.com/tilman151/rul-adapt, the score of PHM 2008.
    """
    assert metrics.life_score([1.0] * 10, [0.5] * 10) == pytest.approx(0.3921, abs=1e-5)
    assert metrics.life_score([1.0] * 10, [1.5] * 10) == pytest.approx(0.51271, abs=1e-5)


def test_coverage_counts_bounds_as_within():
    assert metrics.life_coverage([1, 2, 3, 4], [1, 0, 0, 5], [2, 2, 2, 6]) == 0.5


@pytest.mark.data
@pytest.mark.slow
def test_turbofans_and_the_bearing(data_dir):
    found = {
        (line["set"], line["metric"]): line["value"]
        for line in lines(data_dir, ["cmapss", "ims"], rivals=False)
    }
    assert found["cmapss-fd001", RMSE] <= 12.0
    assert 86 <= found["cmapss-fd001", COVERAGE] <= 94
    assert found["ims-bearing-1", "lead h, health < 50"] > 48
