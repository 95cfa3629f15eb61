"""Remaining life: near the truth, in bounds that hold, and independent of order and future."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.errors import InvalidInput, NotFitted, StateCorrupt, TooLittleData
from detectors.prognostics import RemainingLife
from tests.detectors.prognostics.fleets import SHORT, cut, lives


@pytest.fixture(scope="module")
def model():
    return RemainingLife(folds=4).fit(lives(18, rows=SHORT))


@pytest.fixture(scope="module")
def others():
    return cut(lives(60, seed=9, rows=SHORT), seed=9)


def rmse(told, left):
    return np.sqrt(np.mean((told - left) ** 2))


@pytest.mark.slow
def test_it_is_better_than_the_mean(model, others):
    courses, left = others
    truth = np.minimum(left, model.cap_)
    told = model.predict(courses)
    assert rmse(told.rul, truth) < 0.5 * truth.std()
    assert rmse(told.rul, truth) < 1.5 * model.cv_rmse_


def test_the_interval_holds_the_truth_as_often_as_said(model, others):
    courses, left = others
    truth = np.minimum(left, model.cap_)
    told = model.predict(courses)
    held = np.mean((told.low <= truth) & (truth <= told.high))
    assert held >= 0.8
    assert np.mean(told.high - told.low) < 0.8 * model.cap_


def test_wear_is_told_where_there_is_some(model):
    worn = model.predict([one[:-5] for one in lives(12, seed=7)])
    assert worn.wear.all()
    random = np.random.default_rng(7)
    new = model.predict([0.15 * random.normal(size=(80, 5)) for _ in range(40)])
    assert new.wear.mean() <= 0.1


def test_bounds(model, others):
    told = model.predict(others[0])
    assert (told.low >= 0).all()
    assert (told.low <= told.rul).all()
    assert (told.rul <= told.high).all()
    assert (told.high <= model.cap_).all()


@pytest.mark.slow
def test_the_order_of_machines_does_not_matter(model, others):
    machines = lives(6, rows=SHORT)
    one, again = (RemainingLife(folds=3).fit(some) for some in (machines, machines[::-1]))
    assert np.array_equal(again.predict(others[0]).rul, one.predict(others[0]).rul)
    turned = model.predict(others[0][::-1])
    assert turned.low[::-1] == pytest.approx(model.predict(others[0]).low)


def test_a_course_knows_no_future(model):
    (machine,) = lives(1, seed=5)
    rul, low, _ = model.course(machine)
    for rows in (40, len(machine) - 7):
        known = model.predict([machine[:rows]])
        assert rul[rows - 1] == pytest.approx(known.rul[0])
        assert low[rows - 1] == pytest.approx(known.low[0])


def test_what_is_left_becomes_less(model):
    ends = [model.course(one)[0] for one in lives(12, seed=6)]
    assert np.mean([rul[-1] for rul in ends]) < 8
    assert all(np.nanmax(rul[:60]) > rul[-1] for rul in ends)


def test_a_short_course_is_not_judged(model):
    assert np.isnan(model.predict([lives(1)[0][:10]]).rul).all()


@pytest.mark.slow
def test_gaps_and_units_hardly_matter(others):
    machines, (courses, _) = lives(8, rows=SHORT), others
    plain = RemainingLife(folds=3).fit(machines).predict(courses).rul
    scale = np.array([1e-3, 1.0, 50.0, 1e4, 1.0])
    scaled = RemainingLife(folds=3).fit([7 + one * scale for one in machines])
    assert scaled.predict([7 + one * scale for one in courses]).rul == pytest.approx(
        plain, abs=0.5
    )
    holed = [np.where(np.arange(len(one))[:, None] % 9 == 3, np.nan, one) for one in machines]
    assert np.isfinite(RemainingLife(folds=3).fit(holed).predict(courses).rul).all()


@pytest.mark.slow
def test_long_lives_are_cut_into_steps():
    machines = [np.repeat(one, 6, axis=0) for one in lives(6, rows=SHORT)]
    model = RemainingLife(folds=3).fit(machines)
    assert model.step_ > 1
    told = model.predict([machines[0][:-120]])
    assert abs(told.rul[0] - 120) < 80


@pytest.mark.slow
def test_six_conditions_are_no_wear():
    random = np.random.default_rng(8)
    shown, contexts, levels = [], [], random.normal(size=(6, 5))
    for one in lives(9, rows=SHORT, sensors=5, noise=0.1):
        mode = random.integers(0, 6, len(one))
        contexts.append(
            np.column_stack([10.0 * mode, mode % 2]) + 0.001 * random.normal(size=(len(one), 2))
        )
        shown.append(one + 10.0 * levels[mode])
    with_them = RemainingLife(folds=4).fit(shown, contexts)
    without = RemainingLife(folds=4).fit(shown)
    assert with_them.cv_rmse_ < 0.6 * without.cv_rmse_


@pytest.mark.slow
def test_few_lives_promise_nothing():
    model = RemainingLife(folds=3).fit(lives(6))
    told = model.predict([lives(1, seed=3)[0][:-20]])
    assert (told.low[0], told.high[0]) == (0.0, model.cap_)


@pytest.mark.slow
def test_it_comes_back_from_its_arrays(model, others):
    state = model.state()
    assert all(array.dtype.kind in "biuf" for array in state.values())
    again = RemainingLife.from_state(state, model.get_params())
    assert np.array_equal(again.predict(others[0]).high, model.predict(others[0]).high)
    assert again.cap_ == model.cap_
    with pytest.raises(StateCorrupt):
        RemainingLife.from_state({k: v for k, v in state.items() if k != "choice"})


def test_what_cannot_be_used_is_refused(model):
    with pytest.raises(NotFitted):
        RemainingLife().predict([])
    with pytest.raises(TooLittleData, match="too few"):
        RemainingLife().fit(lives(5))
    with pytest.raises(TooLittleData, match="shortest"):
        RemainingLife().fit([*lives(6), np.zeros((12, 5))])
    with pytest.raises(InvalidInput):
        model.predict([np.zeros((50, 4))])
    with pytest.raises(InvalidInput):
        RemainingLife(coverage=1.0).fit(lives(6))
    with pytest.raises(InvalidInput):
        RemainingLife().fit(lives(6), [np.zeros((3, 1))] * 6)
