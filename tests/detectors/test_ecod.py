"""ECOD: like PyOD's, but of the training rows alone."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import catalog
from tests.detectors.machines import related


def test_term_by_term_it_is_the_rarer_tail() -> None:
    X = related(np.random.default_rng(0), 400)
    fitted = catalog.make("ecod").fit(X)
    below = (X[:, None] <= X[None]).mean(axis=0)
    above = (X[:, None] >= X[None]).mean(axis=0)
    terms = -np.log(np.minimum(below, above))
    np.testing.assert_allclose(fitted.score(X), terms.sum(axis=1), rtol=0.03)
    shares = terms / terms.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.contributions(X), shares, atol=0.02)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # PyOD's own
def test_it_ranks_as_pyods() -> None:
    from pyod.models.ecod import ECOD
    from scipy.stats import spearmanr

    X = np.random.default_rng(1).gamma(2.0, size=(2_000, 5))
    ours = catalog.make("ecod").fit(X).score(X)
    assert spearmanr(ours, ECOD().fit(X).decision_scores_).statistic > 0.99


def test_neither_level_nor_unit_nor_shape_of_a_column_matters() -> None:
    X = related(np.random.default_rng(2), 600)
    expected = catalog.make("ecod").fit(X).score(X)
    for changed in (X * 1e3 + 1e6, np.exp(X / X.std(axis=0)), np.cbrt(X)):
        scores = catalog.make("ecod").fit(changed).score(changed)
        np.testing.assert_allclose(scores, expected, rtol=0.02)


def test_the_state_is_small() -> None:
    X = related(np.random.default_rng(3), 20_000, columns=20)
    state = catalog.make("ecod").fit(X).state()
    assert sum(array.nbytes for array in state.values()) < 80_000
