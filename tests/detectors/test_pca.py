"""Principal components: T² within, Q beside, exact parts, faults in training."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import catalog
from tests.detectors.machines import related, separation


def test_a_broken_relation_shows_in_q_and_a_far_load_in_t2() -> None:
    rng = np.random.default_rng(0)
    fitted = catalog.make("pca", variance=0.8).fit(related(rng, 2_000))
    state = fitted.state()
    assert state["components"].shape == (2, 6)
    centre = state["centre"] + state["spread"] * state["location"]
    far = centre + 9 * np.sqrt(state["variances"][0]) * state["components"][0] * state["spread"]
    across = np.linalg.svd(state["components"])[2][-1]
    broken = centre + 9 * across * state["spread"]
    normal = np.quantile(fitted.score(related(rng, 2_000)), 0.99)
    assert fitted.score([far])[0] > 2 * normal
    assert fitted.score([broken])[0] > 2 * normal


def test_the_score_is_t2_and_q_in_units_of_their_training_quantiles() -> None:
    rng = np.random.default_rng(1)
    X, Y = related(rng, 1_000), related(rng, 50)
    fitted = catalog.make("pca").fit(X)
    s = fitted.state()
    Z = (Y - s["centre"]) / s["spread"] - s["location"]
    along = Z @ s["components"].T
    t2 = (along**2 / s["variances"]).sum(axis=1)
    q = ((Z - along @ s["components"]) ** 2).sum(axis=1)
    expected = np.sqrt((t2 / s["units"][0] + q / s["units"][1]) / 2)
    np.testing.assert_allclose(fitted.score(Y), expected, rtol=1e-9)


def test_without_robustness_the_components_are_those_of_the_covariance() -> None:
    X = related(np.random.default_rng(2), 3_000)
    s = catalog.make("pca", variance=0.8, trim=0.0).fit(X).state()
    Z = np.clip((X - s["centre"]) / s["spread"], -5, 5)
    axes = np.linalg.svd(Z - Z.mean(axis=0), full_matrices=False)[2][:2]
    np.testing.assert_allclose(np.abs(np.sum(axes * s["components"], axis=1)), 1, atol=1e-9)


@pytest.mark.parametrize("share", [0.02, 0.05])
def test_faults_in_training_hardly_turn_it(share: float) -> None:
    rng = np.random.default_rng(3)
    X, Y = related(rng, 2_000), related(rng, 500)
    faulty = related(rng, 500)
    faulty[:, 2] += 6 * X[:, 2].std()
    clean = catalog.make("pca").fit(X)
    X[: int(share * 2_000), 2] += 6 * X[:, 2].std()
    spoiled = catalog.make("pca").fit(X)
    for fitted in (clean, spoiled):
        assert separation(fitted.score(Y), fitted.score(faulty)) > 0.99


def test_one_direction_is_always_left_to_q() -> None:
    X = np.random.default_rng(4).normal(size=(500, 3))
    assert catalog.make("pca", variance=0.999999).fit(X).state()["components"].shape[0] == 2
