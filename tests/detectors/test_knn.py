"""Nearest neighbours: exact, and what the parameters do."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import catalog
from tests.detectors.machines import related, separation


@pytest.mark.parametrize(("method", "k"), [("mean", 5), ("largest", 5), ("mean", 1)])
def test_scores_are_the_distances_of_brute_force(method: str, k: int) -> None:
    rng = np.random.default_rng(0)
    X, Y = related(rng, 700), related(rng, 200)
    fitted = catalog.make("knn", k=k, method=method).fit(X)
    centre, spread = fitted.state()["centre"], fitted.state()["spread"]
    A, B = (X - centre) / spread, (Y - centre) / spread
    distances = np.sort(np.sqrt(((B[:, None] - A[None]) ** 2).sum(axis=2)), axis=1)[:, :k]
    slow = distances.mean(axis=1) if method == "mean" else distances[:, -1]
    np.testing.assert_allclose(fitted.score(Y), slow, rtol=1e-4)


@pytest.mark.filterwarnings("ignore")  # PyOD's own
@pytest.mark.parametrize("method", ["mean", "largest"])
def test_like_pyods(method: str) -> None:
    from pyod.models.knn import KNN

    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(500, 4)), rng.normal(size=(100, 4))
    ours = catalog.make("knn", method=method).fit(X)
    scale = ours.state()
    theirs = KNN(n_neighbors=5, method=method)
    theirs.fit((X - scale["centre"]) / scale["spread"])
    expected = theirs.decision_function((Y - scale["centre"]) / scale["spread"])
    np.testing.assert_allclose(ours.score(Y), expected, rtol=1e-4)


def test_any_number_of_modes_is_normal_and_between_them_is_not() -> None:
    rng = np.random.default_rng(2)
    modes = rng.choice([-10.0, 0.0, 10.0], size=(3_000, 1)) + rng.normal(size=(3_000, 3))
    fitted = catalog.make("knn").fit(modes[:2_000])
    between = np.full((50, 3), 5.0) + 0.3 * rng.normal(size=(50, 3))
    assert separation(fitted.score(modes[2_000:]), fitted.score(between)) > 0.97


def test_more_rows_than_references_are_sampled() -> None:
    X = related(np.random.default_rng(3), 3_000)
    small = catalog.make("knn", n_references=300, seed=1).fit(X)
    assert small.state()["references"].shape == (300, 6)
    other = catalog.make("knn", n_references=300, seed=2).fit(X)
    assert not np.array_equal(small.score(X), other.score(X))


def test_a_group_of_faults_hides_only_behind_more_neighbours_than_it_has() -> None:
    rng = np.random.default_rng(4)
    X = related(rng, 1_000)
    X[:6, 0] += 40 * X[:, 0].std()
    hidden = catalog.make("knn", k=5).fit(X).score(X[:6])
    seen = catalog.make("knn", k=20).fit(X).score(X[:6])
    assert seen.min() > 3 * hidden.max()
