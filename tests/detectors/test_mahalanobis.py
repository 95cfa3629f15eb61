"""Robust Mahalanobis distance: a minority of faults moves neither centre nor shape."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import catalog
from tests.detectors.machines import related, separation


def test_on_clean_rows_it_is_the_classical_distance() -> None:
    X = np.random.default_rng(0).normal(size=(20_000, 3)) @ [
        [1, 0.5, 0],
        [0, 1, 0.5],
        [0, 0, 1],
    ]
    centred = X - X.mean(axis=0)
    classical = np.sqrt(np.sum(centred @ np.linalg.inv(np.cov(X.T)) * centred, axis=1))
    np.testing.assert_allclose(catalog.make("mahalanobis").fit(X).score(X), classical, rtol=0.1)


@pytest.mark.parametrize("kind", ["far", "near", "broken"])
def test_a_fifth_of_faulty_training_rows_does_not_move_it(kind: str) -> None:
    rng = np.random.default_rng(1)
    X, Y = related(rng, 2_000), related(rng, 1_000)
    clean = catalog.make("mahalanobis").fit(X).score(Y)
    faults = related(rng, 400)
    if kind == "broken":
        faults = faults[:, ::-1] * X.std(axis=0) / X.std(axis=0)[::-1]
    else:
        faults[:, 1] += (50 if kind == "far" else 5) * X[:, 1].std()
    spoiled = catalog.make("mahalanobis").fit(np.vstack([X[:1_600], faults]))
    np.testing.assert_allclose(np.median(spoiled.score(Y)), np.median(clean), rtol=0.15)
    assert np.corrcoef(spoiled.score(Y), clean)[0, 1] > 0.95
    assert separation(spoiled.score(Y), spoiled.score(faults)) > 0.98


def test_a_broken_relation_within_every_range_is_seen() -> None:
    rng = np.random.default_rng(2)
    fitted = catalog.make("mahalanobis").fit(related(rng, 2_000))
    shuffled = rng.permuted(related(rng, 500), axis=0)
    assert separation(fitted.score(related(rng, 500)), fitted.score(shuffled)) > 0.95


def test_collinear_constant_and_too_many_columns_are_no_obstacle() -> None:
    rng = np.random.default_rng(3)
    X = related(rng, 60)
    wide = np.hstack([X, 2 * X, X[:, :1] * 0 + 5, rng.normal(size=(60, 80))])
    scores = catalog.make("mahalanobis").fit(wide).score(wide)
    assert np.isfinite(scores).all()


def test_the_squared_parts_add_up_to_the_squared_distance() -> None:
    rng = np.random.default_rng(4)
    X = related(rng, 1_000)
    fitted = catalog.make("mahalanobis").fit(X)
    s = fitted.state()
    Z = (X - s["centre"]) / s["spread"] - s["location"]
    parts = (Z @ s["transform"].T) ** 2
    np.testing.assert_allclose(fitted.score(X) ** 2, parts.sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(
        fitted.contributions(X), parts / parts.sum(axis=1, keepdims=True), atol=1e-9
    )
