"""Principal components of windows: the definition, and what rows alone cannot show."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import catalog
from tests.detectors.machines import separation


def lagging(rng, rows):
    """Two sensors, one of which follows the other five rows later."""
    first = np.convolve(rng.normal(size=rows + 24), np.ones(20) / 20, "valid")
    both = np.stack([first[5:], first[:-5]], axis=1)
    return both + 0.02 * rng.normal(size=both.shape)


def test_the_score_is_t2_and_q_of_the_window_in_units_of_their_training_quantiles() -> None:
    rng = np.random.default_rng(1)
    X, Y = lagging(rng, 1_000), lagging(rng, 80)
    fitted = catalog.make("window_pca", window=6).fit(X)
    s = fitted.state()
    Z = (Y - s["centre"]) / s["spread"] - s["location"]
    windows = np.stack([Z[i - 5 : i + 1].ravel() for i in range(5, len(Z))])
    along = windows @ s["components"].T
    t2 = (along**2 / s["variances"]).sum(axis=1)
    q = ((windows - along @ s["components"]) ** 2).sum(axis=1)
    expected = np.sqrt((t2 / s["units"][0] + q / s["units"][1]) / 2)
    np.testing.assert_allclose(fitted.score(Y)[5:], expected, rtol=1e-9)


def test_components_are_those_of_the_windows_covariance() -> None:
    X = lagging(np.random.default_rng(2), 900)
    s = catalog.make("window_pca", window=4, variance=0.8).fit(X).state()
    Z = np.clip((X - s["centre"]) / s["spread"], -5, 5) - s["location"]
    windows = np.stack([Z[i - 3 : i + 1].ravel() for i in range(3, len(Z))])
    axes = np.linalg.svd(windows, full_matrices=False)[2][: len(s["components"])]
    np.testing.assert_allclose(np.abs(np.sum(axes * s["components"], axis=1)), 1, atol=1e-9)


def test_a_sensor_that_follows_later_than_it_should_is_seen() -> None:
    rng = np.random.default_rng(3)
    X, normal, slow = lagging(rng, 4_000), lagging(rng, 1_000), lagging(rng, 1_000)
    slow[:, 1] = np.roll(slow[:, 1], 3)
    found = {}
    for name in ("pca", "window_pca"):
        fitted = catalog.make(name).fit(X)
        found[name] = separation(fitted.score(normal)[40:], fitted.score(slow)[40:])
    assert found["window_pca"] > 0.95
    assert found["window_pca"] > found["pca"] + 0.2


@pytest.mark.parametrize("columns", [40, 1_100])
def test_windows_of_many_values_are_thinned(columns: int) -> None:
    X = np.random.default_rng(4).normal(size=(200, columns))
    fitted = catalog.make("window_pca").fit(X)
    kept = fitted.state()["components"].shape[1] // columns
    assert kept == (16 if columns == 40 else 1)
    assert np.isfinite(fitted.score(X[:50])).all()
