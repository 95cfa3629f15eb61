"""Whether scores are finite, repeatable, and higher where something is wrong."""

from __future__ import annotations

import numpy as np

from detectors.base import Detector
from detectors.checks.data import planted, training, unseen
from detectors.errors import InvalidInput
from detectors.learning import LearningDetector
from detectors.validation import FloatVector


def check_scores(detector: Detector) -> None:
    """A score a row, finite, as float64."""
    X, Y = training(detector), unseen(detector)
    fitted = detector.clone().fit(X)
    for data in (X, Y):
        scores = fitted.score(data)
        assert scores.shape == (len(data),)
        assert scores.dtype == np.float64
        assert np.isfinite(scores).all()
    assert fitted.n_features_in_ == X.shape[1]


def check_sign(detector: Detector) -> None:
    """A gross fault scores above nearly everything normal."""
    fault = planted(detector)
    fitted = detector.clone().fit(training(detector))
    scores = fitted.score(fault.readings)
    before, after = fitted.reach()
    near = np.zeros(len(scores), bool)
    near[max(fault.start - after, 0) : fault.stop + before] = True
    normal = scores[~near] if (~near).any() else fitted.score(unseen(detector))
    top = scores[fault.start : fault.stop].max()
    assert top > np.quantile(normal, 0.97), "a gross fault does not stand out"


def check_deterministic(detector: Detector) -> None:
    """Fitting again, and a clone, give the same scores; earlier data is forgotten."""
    X, Y = training(detector), unseen(detector)
    first = detector.clone().fit(X)
    again = detector.clone().fit(unseen(detector, max(len(Y), detector.tags.min_rows)))
    again.fit(X)
    for other in (again, first.clone().fit(X)):
        assert np.array_equal(other.score(Y), first.score(Y))
    assert np.array_equal(first.score(Y), first.score(Y)), "scoring twice differs"


def check_constant_column(detector: Detector) -> None:
    """A column that never changes in training is no obstacle, even when it moves later."""
    X, Y = training(detector), unseen(detector)
    X[:, 0] = 7.25
    still = Y.copy()
    still[:, 0] = 7.25
    if X.shape[1] == 1:
        check_constant_readings(detector)
        return
    fitted = detector.clone().fit(X)
    for data in (still, Y):
        assert np.isfinite(fitted.score(data)).all()
        assert np.isfinite(fitted.contributions(data)).all()


def check_constant_readings(detector: Detector) -> None:
    """Nothing but constants gives finite scores, or is refused in so many words."""
    X = np.full_like(training(detector), 3.5)
    try:
        fitted = detector.clone().fit(X)
    except InvalidInput:
        return
    assert np.isfinite(fitted.score(X)).all()
    assert np.isfinite(fitted.score(unseen(detector))).all()
    assert np.isfinite(fitted.contributions(unseen(detector))).all()


def check_extreme_values(detector: Detector) -> None:
    """Very large, very small and very distant numbers give finite scores."""
    X, Y = training(detector), unseen(detector)
    for factor, offset in ((1e12, 0.0), (1e-12, 0.0), (1.0, 1e7)):
        fitted = detector.clone().fit(X * factor + offset)
        assert np.isfinite(fitted.score(Y * factor + offset)).all()
    fitted = detector.clone().fit(X)
    for wild in (1e30, -1e300):
        broken = Y.copy()
        broken[7, -1] = wild
        assert np.isfinite(fitted.score(broken)).all(), f"a reading of {wild}"
        assert np.isfinite(fitted.contributions(broken)).all(), f"a reading of {wild}"


def check_duplicates(detector: Detector) -> None:
    """Rows that repeat are rows."""
    X = np.repeat(training(detector), 3, axis=0)
    assert np.isfinite(detector.clone().fit(X).score(X[:90])).all()


def check_scale_invariance(detector: Detector) -> None:
    """Where claimed: the unit of a sensor does not matter."""
    if not detector.tags.scale_invariant:
        return
    X, Y = training(detector), unseen(detector)
    factors = np.array([1024.0, 2.0**-12, 1.0])[: X.shape[1]]
    expected = detector.clone().fit(X).score(Y)
    scores = detector.clone().fit(X * factors).score(Y * factors)
    assert np.allclose(scores, expected, rtol=1e-5, atol=1e-8)


def check_column_order(detector: Detector) -> None:
    """The order of the sensors hardly matters."""
    X, Y = training(detector), planted(detector).readings
    order = np.arange(X.shape[1])[::-1]
    expected = detector.clone().fit(X).score(Y)
    scores = detector.clone().fit(X[:, order]).score(Y[:, order])
    assert _rank_correlation(scores, expected) > 0.7


def check_reach(detector: Detector) -> None:
    """A row's score depends on no row beyond what `reach` says, unless it learns them."""
    if isinstance(detector, LearningDetector):
        return
    fitted = detector.clone().fit(training(detector))
    before, after = fitted.reach()
    Y = unseen(detector)
    rows = max(len(Y), 4 * (before + after) + 40)
    Y = np.resize(Y, (rows, Y.shape[1]))
    row = min(2 * before + 10, rows - after - 1)
    changed = Y.copy()
    changed[: row - before] += 3.0
    changed[row + after + 1 :] -= 2.0
    first, second = fitted.score(Y)[row], fitted.score(changed)[row]
    assert np.isclose(first, second, rtol=1e-5, atol=1e-8), (
        f"rows outside of the reach of {before} before and {after} after change a score from "
        f"{first} to {second}"
    )


def check_rows_alone(detector: Detector) -> None:
    """Where order means nothing, a row scores the same whatever it is scored with."""
    if detector.tags.ordered:
        return
    fitted = detector.clone().fit(training(detector))
    Y = planted(detector).readings
    expected = fitted.score(Y)
    for rows in (slice(None, None, -1), slice(100, 150), slice(0, 1)):
        assert np.allclose(fitted.score(Y[rows]), expected[rows], rtol=1e-4, atol=1e-7)


def check_calibration_scores(detector: Detector) -> None:
    """Scores of the training rows come as if they had not been trained on."""
    X = training(detector)
    fitted = detector.clone().fit(X)
    before = fitted.score(unseen(detector))
    scores = fitted.calibration_scores(X)
    assert scores.shape == (len(X),)
    assert np.isfinite(scores).mean() >= 0.5, "most training rows are left without a score"
    assert not np.isinf(scores).any()
    assert np.array_equal(before, fitted.score(unseen(detector))), "it changed the detector"


def check_calibration_is_honest(detector: Detector) -> None:
    """Scores of the training rows look like those of unseen normal rows."""
    X = training(detector)
    fitted = detector.clone().fit(X)
    known = fitted.calibration_scores(X)
    known = np.sort(known[np.isfinite(known)])
    fresh = fitted.score(unseen(detector))
    higher = (np.searchsorted(known, fresh) + np.searchsorted(known, fresh, "right")) / 2
    chance = float(higher.mean()) / len(known)
    assert 0.25 < chance < 0.75, f"unseen normal rows score higher with chance {chance:.2f}"


def _rank_correlation(a: FloatVector, b: FloatVector) -> float:
    ranks = [np.argsort(np.argsort(x, kind="stable"), kind="stable") for x in (a, b)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
