"""Auto: what is found, which sensor is named, and what does not matter."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors import catalog
from detectors.base import Detector
from detectors.errors import TooLittleData
from detectors.thresholds import suspicious_stretches
from tests.detectors.machines import rhythm, separation

Matrix = NDArray[np.float64]

KINDS = ["spike", "frozen", "shift", "noise", "phase", "drift"]
FAULT = slice(300, 340)


def _normal(rows: int, seed: int) -> Matrix:
    return rhythm(np.random.default_rng(seed), rows, noise=0.1)


def _faulty(kind: str, sensor: int) -> Matrix:
    """Unseen readings with one fault in one sensor, rows 300 to 340 at most."""
    X = _normal(600, seed=1)
    size = FAULT.stop - FAULT.start
    broken = {
        "spike": X[FAULT, sensor] + 4.0 * (np.arange(size) == 10),
        "frozen": np.full(size, X[FAULT.start, sensor]),
        "shift": X[FAULT, sensor] + 1.0,
        "noise": X[FAULT, sensor] + 0.5 * np.random.default_rng(5).normal(size=size),
        "phase": X[FAULT.start - 16 : FAULT.stop - 16, sensor],
        "drift": X[FAULT, sensor] + np.linspace(0.0, 2.0, size),
    }
    X[FAULT, sensor] = broken[kind]
    return X


@pytest.fixture(scope="module")
def fitted() -> Detector:
    return catalog.make("auto").fit(_normal(1_600, seed=0))


def _stands_out(detector: Detector, X: Matrix) -> bool:
    """Whether the highest score is at the fault, above all that is not near it."""
    before, after = detector.reach()
    scores = detector.score(X)
    far = np.r_[0 : FAULT.start - after, FAULT.stop + before : len(X)]
    inside = FAULT.start - after <= scores.argmax() < FAULT.stop + before
    return bool(inside and scores.max() > 1.3 * scores[far].max())


# ---------------------------------------------------------------- what is found
@pytest.mark.parametrize("sensor", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_faults_of_every_kind_stand_out_and_their_sensor_is_named(
    fitted: Detector, kind: str, sensor: int
) -> None:
    X = _faulty(kind, sensor)
    assert _stands_out(fitted, X)
    shares = fitted.contributions(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-9)
    top = fitted.score(X).argmax()
    assert shares[top].argmax() == sensor
    assert shares[top, sensor] > 0.5


def test_a_broken_relation_of_healthy_looking_sensors_is_found() -> None:
    rng = np.random.default_rng(2)
    load = np.repeat(rng.uniform(0, 1, 60), 40)[:, None]
    X = load * [1.0, 5.0, -2.0] + 0.02 * rng.normal(size=(2_400, 3)) * [1.0, 5.0, 2.0]
    X[2_200:2_240, 1] = 5.0 * (1.0 - load[2_200:2_240, 0])
    apart = catalog.make("auto", joint_weight=0.0).fit(X[:1_800]).score(X[1_800:])
    joint = catalog.make("auto").fit(X[:1_800]).score(X[1_800:])
    far, near = np.r_[0:360, 480:600], slice(400, 440)
    assert separation(joint[far], joint[near]) > 0.99
    assert separation(joint[far], joint[near]) >= separation(apart[far], apart[near])


def test_faults_inside_the_training_data_are_seen_there_and_hide_no_others() -> None:
    X = _normal(1_600, seed=0)
    X[700:760, 2] += 1.5
    X[1_200:1_230, 0] = X[1_200, 0]
    detector = catalog.make("auto").fit(X)
    found = suspicious_stretches(detector.calibration_scores(X))
    before, after = detector.reach()
    for start, stop in ((700, 760), (1_200, 1_230)):
        assert any(a < stop and b > start for a, b in found)
    healthy = np.ones(len(X), bool)
    healthy[700 - after : 760 + before] = healthy[1_200 - after : 1_230 + before] = False
    assert sum(healthy[a:b].sum() for a, b in found) < 0.02 * len(X)
    for kind in KINDS:
        assert _stands_out(detector, _faulty(kind, 1)), kind


# ---------------------------------------------------------------- calibration
@pytest.mark.slow
@pytest.mark.parametrize("sensors", [1, 3])
@pytest.mark.parametrize("rows", [1_000, 5_000])
def test_left_out_scores_come_as_those_of_new_rows(rows: int, sensors: int) -> None:
    X, Y = _normal(rows, seed=3)[:, :sensors], _normal(4_000, seed=4)[:, :sensors]
    detector = catalog.make("auto").fit(X)
    known = detector.calibration_scores(X)
    for share in (0.5, 0.9):
        above = (detector.score(Y) > np.quantile(known, share)).mean()
        assert 0.4 < above / (1 - share) < 2.5


def test_a_row_that_nothing_judges_scores_as_usual_rows_do(fitted: Detector) -> None:
    X = _normal(600, seed=1)
    usual = np.median(fitted.score(X))
    X[200:500] = np.nan
    scores = fitted.score(X)
    np.testing.assert_array_equal(scores[260:440], fitted.usual_score_)
    assert fitted.usual_score_ == pytest.approx(usual, rel=0.3)


# ---------------------------------------------------------------- any number of rows, sensors
def test_twenty_rows_are_enough_and_fewer_are_refused() -> None:
    X = _normal(40, seed=0)
    detector = catalog.make("auto").fit(X[:20])
    assert np.isfinite(detector.score(X)).all()
    broken = X.copy()
    broken[30, 1] += 30.0
    assert abs(detector.score(broken).argmax() - 30) < sum(detector.reach())
    with pytest.raises(TooLittleData, match="19"):
        catalog.make("auto").fit(X[:19])


def test_fewer_rows_than_a_window_can_be_scored(fitted: Detector) -> None:
    X = _faulty("shift", 1)[310:330]
    for rows in (1, 2, 15, 20):
        assert np.isfinite(fitted.score(X[:rows])).all()
    assert fitted.score(X).min() > fitted.usual_score_


def test_one_sensor_is_seen_through_windows_of_its_period() -> None:
    time = np.arange(6_000)
    noise = np.random.default_rng(0).normal(size=len(time))
    X = (np.sin(2 * np.pi * time / 60) ** 3 + 0.05 * noise)[:, None]
    detector = catalog.make("auto").fit(X[:4_000])
    short, long, _ = detector.widths_
    # The cube of a sine repeats itself after each half, mirrored.
    assert 55 <= short <= 65
    assert long == 2 * short
    X[5_000:5_030] = -X[5_000:5_030]
    assert abs(detector.score(X[4_000:]).argmax() - 1_015) < 60


@pytest.mark.slow
def test_two_hundred_sensors_of_which_one_is_ill() -> None:
    rng = np.random.default_rng(3)
    loads = np.sin(2 * np.pi * np.arange(900)[:, None] / [20.0, 31.0, 47.0, 90.0])
    X = loads @ rng.normal(size=(4, 200)) + 0.5 * rng.normal(size=(900, 200))
    detector = catalog.make("auto").fit(X[:600])
    X[800:820, 137] += np.where(np.arange(20) % 2, 25.0, -25.0)
    scores = detector.score(X[600:])
    assert 180 < scores.argmax() < 240
    assert detector.contributions(X[600:])[205:215].argmax(axis=1).tolist() == [137] * 10


def test_more_reference_windows_than_rows_is_no_obstacle() -> None:
    X = _normal(300, seed=0)
    many = catalog.make("auto", n_references=100_000).fit(X)
    np.testing.assert_array_equal(many.score(X), catalog.make("auto").fit(X).score(X))


# ---------------------------------------------------------------- columns that are not judged
def test_switches_are_left_out_however_they_move() -> None:
    X, Y = _normal(1_200, seed=0), _normal(400, seed=1)
    switch = (np.arange(1_600) // 90 % 2)[:, None].astype(float)
    detector = catalog.make("auto").fit(np.hstack([X, switch[:1_200]]))
    moved = np.hstack([Y, 1.0 - switch[1_200:]])
    usual = np.hstack([Y, switch[1_200:]])
    np.testing.assert_array_equal(detector.score(moved), detector.score(usual))
    np.testing.assert_array_equal(detector.score(moved), catalog.make("auto").fit(X).score(Y))
    assert (detector.contributions(moved)[:, 3] == 0).all()


def test_nothing_but_switches_is_judged_all_the_same() -> None:
    switch = (np.arange(1_200) // 40 % 2)[:, None].astype(float)
    detector = catalog.make("auto").fit(switch[:800])
    switch[1_000:1_120] = 1.0
    assert 180 < detector.score(switch[800:]).argmax() < 340


def test_a_sensor_that_was_constant_is_named_when_it_moves() -> None:
    X, Y = _normal(1_200, seed=0), _normal(400, seed=1)
    X[:, 1] = Y[:, 1] = 7.25
    detector = catalog.make("auto").fit(X)
    Y[200:240, 1] += 1.0
    top = detector.score(Y).argmax()
    assert 180 < top < 260
    assert detector.contributions(Y)[top].argmax() == 1


def test_a_column_without_readings_takes_no_part() -> None:
    X, Y = _normal(1_200, seed=0), _normal(400, seed=1)
    expected = catalog.make("auto").fit(X[:, :2]).score(Y[:, :2])
    X[:, 2] = np.nan
    detector = catalog.make("auto").fit(X)
    np.testing.assert_array_equal(detector.score(Y), expected)
    with pytest.raises(TooLittleData, match="nothing to learn"):
        catalog.make("auto").fit(np.full((100, 2), np.nan))


def test_a_sensor_that_falls_silent_does_not_hide_a_fault_in_another(
    fitted: Detector,
) -> None:
    X = _faulty("shift", 2)
    X[100:, 0] = np.nan
    assert _stands_out(fitted, X)
    top = fitted.score(X).argmax()
    assert fitted.contributions(X)[top].argmax() == 2
    assert fitted.contributions(X)[top, 0] == 0


# ---------------------------------------------------------------- what does not matter
def test_units_and_zero_points_do_not_matter(fitted: Detector) -> None:
    X, Y = _normal(1_600, seed=0), _faulty("drift", 1)
    factor, offset = np.array([1e-4, 9 / 5, 6_894.0]), np.array([0.0, 32.0, 1e5])
    other = catalog.make("auto").fit(X * factor + offset)
    scores = other.score(Y * factor + offset)
    np.testing.assert_allclose(scores, fitted.score(Y), rtol=1e-3)


def test_the_same_data_and_seed_give_the_same_scores_and_another_seed_nearly(
    fitted: Detector,
) -> None:
    X, Y = _normal(1_600, seed=0), _faulty("noise", 1)
    np.testing.assert_array_equal(catalog.make("auto").fit(X).score(Y), fitted.score(Y))
    other = catalog.make("auto", seed=1).fit(X).score(Y)
    assert not np.array_equal(other, fitted.score(Y))
    np.testing.assert_allclose(other, fitted.score(Y), rtol=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("sensors", [1, 3])
def test_rows_beyond_the_reach_change_no_bit(fitted: Detector, sensors: int) -> None:
    if sensors == 1:
        fitted = catalog.make("auto").fit(_normal(2_000, seed=0)[:, :1])
    X = _normal(10_000, seed=1)[:, :sensors]
    whole = fitted.score(X)
    before, after = fitted.reach()
    for low, high in ((0, 500), (4_000, 4_300), (9_500, 10_000)):
        first, end = max(low - before, 0), min(high + after, len(X))
        part = fitted.score(X[first:end])
        np.testing.assert_array_equal(part[low - first : high - first], whole[low:high])
    later = X.copy()
    later[5_000 + after :] += 100.0
    np.testing.assert_array_equal(fitted.score(later)[:5_000], whole[:5_000])
