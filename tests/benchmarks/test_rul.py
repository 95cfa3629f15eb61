"""The benchmark of remaining life: rivals that run, and the figures on the real engines."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.rul import health
from benchmarks.rul.days import LEARNED, health_by_days
from benchmarks.rul.rivals import RIVALS
from benchmarks.rul.run import COVERAGE, FALSE_LEAD, LEAD, LEAD_HOURS, ORDER, RMSE, lines
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


def test_machines_that_wear_alike_have_no_spread_and_others_have():
    falling = [np.linspace(100, 0, 101), np.linspace(100, 0, 201)]
    found = health.worth(falling)
    assert found.order == pytest.approx([-1, -1])
    assert found.end < 0.03
    assert found.prognosability > 0.95
    # Sick from the middle on, which 10 rows must agree on.
    assert found.leads.tolist() == [40, 90]
    other = health.worth([falling[0], 60 + 0.4 * falling[0]])
    # Ten rows before the ends: 9 and 63.6 points, 91 and 36.4 below the beginnings.
    assert (other.fall, other.end) == pytest.approx((63.7, 27.3 / 63.7))
    assert other.prognosability < 0.7
    assert other.leads[1] == 0


@pytest.mark.parametrize("name", health.INDICES)
def test_every_index_falls_with_wear_and_stays_without(name):
    rng = np.random.default_rng(3)
    good = [rng.normal(size=(300, 4)) for _ in range(2)]
    worn = [one + np.linspace(0, 1, 300)[:, None] ** 2 * [8.0, -8.0, 0.0, 8.0] for one in good]
    found = health.worth(health.INDICES[name](worn))
    assert (found.order < -0.7).all()
    assert (found.leads > 0).all()
    if name != health.FIRST_AXIS:
        assert (health.worth(health.INDICES[name](good)).leads == 0).all()


@pytest.mark.slow
def test_days_are_told_when_they_are_over():
    rng = np.random.default_rng(4)
    life = rng.normal(size=(LEARNED + 60, 3))
    life[LEARNED + 20 :] += 9.0
    (told,) = health_by_days([life])
    assert np.isnan(told[:23]).all()
    assert told[47] == told[70] == 100
    # Of the day from 72 on two thirds are worn, and live scores do not know it earlier.
    assert told[94] > 50 > told[95]
    assert told[-1] == 0


@pytest.mark.data
@pytest.mark.slow
def test_turbofans_and_the_bearing(data_dir):
    found = {
        (line["set"], line["metric"]): line["value"]
        for line in lines(data_dir, ["cmapss", "ims"], rivals=False)
        if line["recipe"] != "health by days"
    }
    assert found["cmapss-fd001", RMSE] <= 12.0
    assert 86 <= found["cmapss-fd001", COVERAGE] <= 94
    assert found["cmapss-fd001", ORDER] < -0.95
    assert found["cmapss-fd001", LEAD] > 60
    assert found["cmapss-fd001", FALSE_LEAD] <= 5
    assert found["ims-bearing-1", LEAD_HOURS] > 48
