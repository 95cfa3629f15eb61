"""Intervals from errors on machines that were left out."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.prognostics.intervals import LeftOut

CAP = 100.0


def learned(machines: int, cuts: int = 30, members: int = 5, seed: int = 0):
    """Return errors of members that share half of their variance, and draws of new machines."""
    rng = np.random.default_rng(seed)

    def told(count: int):
        truth = rng.uniform(20, 80, (count, cuts))
        shared = 3 * rng.normal(size=(count, cuts, 1))
        own = 3 * rng.normal(size=(count, cuts, members))
        return truth, truth[..., None] + shared + own

    truth, said = told(machines)
    names = np.repeat(np.arange(machines), cuts)
    errors = LeftOut.learn(said[..., 0].ravel(), truth.ravel(), names, CAP)
    new_truth, new_said = told(200)
    return errors, new_truth.ravel(), new_said.reshape(-1, members)


def held(errors: LeftOut, truth, said, coverage: float = 0.9) -> float:
    low, high = errors.bounds(said, coverage)
    return float(np.mean((low <= truth) & (truth <= high)))


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
def test_the_mean_is_told_closer_than_its_members(coverage):
    errors, truth, said = learned(machines=60)
    assert held(errors, truth, said, coverage) == pytest.approx(coverage, abs=0.05)
    low, high = errors.bounds(said, coverage)
    one_low, one_high = errors.bounds(said[:, :1], coverage)
    assert (high - low).mean() < 0.9 * (one_high - one_low).mean()


def test_members_that_are_far_apart_are_told_no_closer_than_half():
    errors, _, _ = learned(machines=60)
    alike, apart = errors.bounds(np.array([[50.0, 50.0], [20.0, 80.0]]), 0.9)[1] - 50.0
    assert apart == pytest.approx(alike / 2)


def test_few_machines_promise_nothing_and_bounds_stay_between_nought_and_the_cap():
    errors, truth, said = learned(machines=8)
    low, high = errors.bounds(said, 0.9)
    assert (low == 0).all()
    assert (high == CAP).all()
    many, truth, said = learned(machines=9)
    low, high = many.bounds(said, 0.9)
    assert (high - low).mean() < CAP
    assert held(many, truth, said) > 0.85


def test_a_machine_counts_once_however_often_it_is_cut():
    truth = np.full(12, 50.0)
    names = np.arange(12)
    off = np.linspace(1, 12, 12)
    once = LeftOut.learn(truth + off, truth, names, CAP)
    more = np.r_[np.zeros(40, int), names[1:]]
    often = LeftOut.learn(50 + off[more], np.full(len(more), 50.0), more, CAP)
    said = np.array([[40.0, 41.0], [70.0, 70.0]])
    assert np.allclose(once.bounds(said, 0.9), often.bounds(said, 0.9))
