"""Whether live scores know nothing of what comes after, where a detector has them."""

from __future__ import annotations

import numpy as np

from detectors.base import Detector
from detectors.checks.data import training, unseen
from detectors.errors import InvalidInput
from detectors.learning import LearningDetector


def _with_live_form(detector: Detector) -> Detector | None:
    """Return it fitted; None where it has no live form and says so when asked."""
    fitted = detector.clone().fit(training(detector))
    if fitted.has_live_form():
        return fitted
    refused = False
    try:
        fitted.score_live(unseen(detector))
    except InvalidInput:
        refused = True
    assert refused, "it says that it has no live form and gives live scores"
    return None


def check_live_scores(detector: Detector) -> None:
    """A live score a row, finite; with all rows that `reach` names it is the final one."""
    fitted = _with_live_form(detector)
    if fitted is None:
        return
    Y = unseen(detector)
    _, after = fitted.reach()
    for later in {0, after // 4, after}:
        scores = fitted.score_live(Y, later)
        assert scores.shape == (len(Y),)
        assert np.isfinite(scores).all()
    assert np.array_equal(fitted.score_live(Y, after), fitted.score(Y))
    shares = fitted.live_contributions(Y)
    assert shares.shape == Y.shape
    assert np.allclose(shares.sum(axis=1), 1.0)


def check_live_scores_are_causal(detector: Detector) -> None:
    """Rows that come later change no bit of a live score, missing or other."""
    fitted = _with_live_form(detector)
    if fitted is None:
        return
    Y = unseen(detector)
    row = len(Y) // 2
    expected = fitted.score_live(Y)[: row + 1]
    other = Y.copy()
    other[row + 1 :] = other[row + 1 :][::-1] + 3.0
    for changed in (Y[: row + 1], other):
        assert np.array_equal(fitted.score_live(changed)[: row + 1], expected)
    before = fitted.live_reach()
    alone = fitted.score_live(Y[max(row - before, 0) : row + 1])[-1]
    assert np.isclose(alone, expected[row], rtol=1e-5, atol=1e-8)


def check_goes_on_learning(detector: Detector) -> None:
    """Where it goes on learning: rows learned part by part score as the whole does."""
    if not isinstance(detector, LearningDetector):
        return
    fitted, Y = detector.clone().fit(training(detector)), unseen(detector)
    whole, again = fitted.score_live(Y), fitted.score_live(Y)
    assert np.array_equal(whole, again), "scoring changed what was learned"
    parts = []
    for rows in np.split(Y, [1, 2, 40, 41, len(Y) // 2]):
        parts.append(fitted.score_live(rows))
        fitted.partial_fit(rows)
    assert np.array_equal(np.concatenate(parts), whole), "parts score unlike the whole"


def check_live_calibration_is_honest(detector: Detector) -> None:
    """Live scores of the training rows look like those of unseen normal rows."""
    fitted = _with_live_form(detector)
    if fitted is None:
        return
    known = fitted.live_calibration_scores(training(detector))
    assert np.isfinite(known).mean() >= 0.5, "most training rows are left without a score"
    known = np.sort(known[np.isfinite(known)])
    fresh = fitted.score_live(unseen(detector))
    higher = (np.searchsorted(known, fresh) + np.searchsorted(known, fresh, "right")) / 2
    chance = float(higher.mean()) / len(known)
    assert 0.25 < chance < 0.75, f"unseen normal rows score higher with chance {chance:.2f}"
