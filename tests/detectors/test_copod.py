"""COPOD: like PyOD's, but of the training rows alone."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import catalog
from tests.detectors.machines import related


def test_term_by_term_it_is_both_tails_or_the_one_the_column_is_skewed_to() -> None:
    random = np.random.default_rng(0)
    X = np.column_stack([random.gamma(2.0, size=400), -random.gamma(2.0, size=400)])
    fitted = catalog.make("copod").fit(X)
    below = -np.log((X[:, None] <= X[None]).mean(axis=0))
    above = -np.log((X[:, None] >= X[None]).mean(axis=0))
    skewed = np.column_stack([above[:, 0], below[:, 1]])
    terms = np.maximum(skewed, (below + above) / 2)
    np.testing.assert_allclose(fitted.score(X), terms.sum(axis=1), rtol=0.03)
    shares = terms / terms.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.contributions(X), shares, atol=0.02)


def test_a_column_that_lies_evenly_counts_with_both_tails() -> None:
    X = np.arange(-50.0, 51.0)[:, None]
    scores = catalog.make("copod").fit(X).score(X)
    np.testing.assert_allclose(scores, scores[::-1], rtol=1e-6)
    np.testing.assert_allclose(scores[[0, -1]], np.log(101), rtol=1e-6)
    assert scores[50] == pytest.approx(2 * np.log(2), rel=0.05)


def test_what_is_rare_on_the_short_side_counts_half() -> None:
    X = np.random.default_rng(1).gamma(2.0, size=(999, 1))
    high, low = catalog.make("copod").fit(X).score([[1e6], [-1e6]])
    assert high == pytest.approx(np.log(1_000), rel=1e-5)
    assert low == pytest.approx(np.log(1_000) / 2, rel=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # PyOD's own
def test_it_scores_as_pyods() -> None:
    from pyod.models.copod import COPOD

    X = np.random.default_rng(1).gamma(2.0, size=(2_000, 5))
    ours = catalog.make("copod").fit(X).score(X)
    np.testing.assert_allclose(ours, COPOD().fit(X).decision_scores_, rtol=0.03, atol=0.05)


def test_a_state_is_restored_to_the_same_scores() -> None:
    X = related(np.random.default_rng(2), 300)
    detector = catalog.make("copod").fit(X)
    again = type(detector).from_state(detector.state(), detector.get_params())
    np.testing.assert_array_equal(again.score(X), detector.score(X))
