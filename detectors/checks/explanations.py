"""Whether contributions are shares, and point at the sensor that is to blame."""

from __future__ import annotations

import numpy as np

from detectors.base import Detector
from detectors.checks.data import planted, training, unseen


def check_shares(detector: Detector) -> None:
    """Contributions are not negative and add up to 1 in every row."""
    X, Y = training(detector), unseen(detector)
    fitted = detector.clone().fit(X)
    for data in (Y, X[:40], np.zeros_like(Y[:5])):
        shares = fitted.contributions(data)
        assert shares.shape == data.shape
        assert shares.dtype == np.float64
        assert (shares >= 0).all()
        assert np.allclose(shares.sum(axis=1), 1.0, atol=1e-9)


def check_blame(detector: Detector) -> None:
    """The sensor with a gross fault has the largest share of its rows' score."""
    fault = planted(detector)
    X, Y = training(detector), fault.readings
    columns = np.arange(X.shape[1])
    for order in (columns, columns[::-1]):
        fitted = detector.clone().fit(X[:, order])
        rows = slice(fault.start, fault.stop)
        data = Y[:, order]
        weight = fitted.score(data)[rows]
        weight = weight - weight.min() + 1e-9
        shares = np.average(fitted.contributions(data)[rows], axis=0, weights=weight)
        assert order[shares.argmax()] == fault.column, f"shares {shares} miss the fault"


def check_score_and_explain(detector: Detector) -> None:
    """Scores and shares found in one go are those found one after the other."""
    Y, rows = unseen(detector), np.array([3, 40, 4, len(unseen(detector)) - 1])
    fitted = detector.clone().fit(training(detector))
    scores, explain = fitted.score_and_explain(Y)
    assert np.array_equal(scores, fitted.score(Y))
    assert np.array_equal(explain(rows), fitted.contributions(Y)[rows])
