"""Detectors of series: matrix profile, spectral residual, forecast."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from detectors import catalog
from detectors.base import Detector
from detectors.errors import InvalidInput, TooLittleData
from tests.detectors.machines import related, rhythm


def _peak(detector: Detector, X: np.ndarray, Y: np.ndarray) -> tuple[int, int]:
    """Row of the highest score, and the sensor blamed for it."""
    fitted = detector.fit(X)
    row = int(fitted.score(Y).argmax())
    return row, int(fitted.contributions(Y)[row].argmax())


# ---------------------------------------------------------------- matrix profile
def test_profile_is_the_nearest_training_window_by_brute_force() -> None:
    rng = np.random.default_rng(0)
    X, Y = rhythm(rng, 300)[:, :1], rhythm(rng, 120)[:, :1]
    fitted = catalog.make("matrix_profile", window=24, covering="maximum").fit(X)

    def shapes(x: np.ndarray) -> np.ndarray:
        views = np.lib.stride_tricks.sliding_window_view(x[:, 0], 24)
        centred = views - views.mean(axis=1, keepdims=True)
        return centred / centred.std(axis=1, keepdims=True)

    gaps = shapes(Y)[:, None] - shapes(X)[None]
    nearest = np.sqrt((gaps**2).sum(axis=2)).min(axis=1) / np.sqrt(24)
    rows = [nearest[max(row - 23, 0) : row + 1].max() for row in range(120)]
    np.testing.assert_allclose(fitted.score(Y) * fitted.state()["unit"], rows, rtol=1e-4)


@pytest.mark.parametrize("covering", ["mean", "maximum"])
def test_a_new_shape_is_found_and_a_new_level_is_not(covering: str) -> None:
    rng = np.random.default_rng(1)
    X, Y = rhythm(rng, 1_500), rhythm(rng, 800)
    shifted = catalog.make("matrix_profile", covering=covering).fit(X).score(Y + 5)
    Y[400:416, 1] = Y[400, 1]
    row, sensor = _peak(catalog.make("matrix_profile", covering=covering), X, Y)
    assert 380 <= row <= 436
    assert sensor == 1
    assert shifted.max() < 1.5


def test_the_window_is_the_period_that_the_rows_allow() -> None:
    rng = np.random.default_rng(2)
    fitted = catalog.make("matrix_profile").fit(rhythm(rng, 1_500))
    assert abs(int(fitted.state()["window"]) - 32) <= 1
    few = catalog.make("matrix_profile").fit(rhythm(rng, 240))
    assert int(few.state()["window"]) <= 10
    with pytest.raises(TooLittleData, match="four windows of 80"):
        catalog.make("matrix_profile", window=80).fit(rhythm(rng, 300))
    with pytest.raises(InvalidInput, match="n_references"):
        catalog.make("matrix_profile", window=80, n_references=100)


def test_only_the_latest_rows_are_kept_and_earlier_ones_not_calibrated() -> None:
    X = rhythm(np.random.default_rng(3), 900)
    fitted = catalog.make("matrix_profile", window=20, n_references=500).fit(X)
    assert fitted.state()["training"].shape == (3, 500)
    known = fitted.calibration_scores(X)
    assert np.isnan(known[:400]).all()
    assert np.isfinite(known[400:]).all()


def test_fewer_rows_than_a_window_score_as_usual_rows() -> None:
    rng = np.random.default_rng(4)
    fitted = catalog.make("matrix_profile", window=32).fit(rhythm(rng, 1_000))
    usual = np.median(fitted.calibration_scores(rhythm(np.random.default_rng(4), 1_000)))
    np.testing.assert_allclose(fitted.score(rhythm(rng, 10)), usual, rtol=0.2)


# ---------------------------------------------------------------- spectral residual
@pytest.mark.parametrize("spike", [1.5, -1.5])
def test_a_spike_is_found_where_it_is(spike: float) -> None:
    rng = np.random.default_rng(5)
    X, Y = rhythm(rng, 1_000), rhythm(rng, 800)
    Y[500, 2] += spike
    assert _peak(catalog.make("spectral_residual"), X, Y) == (500, 2)


def test_a_slow_drift_is_none_of_its_business() -> None:
    rng = np.random.default_rng(6)
    X, Y = rhythm(rng, 1_000), rhythm(rng, 1_000)
    fitted = catalog.make("spectral_residual").fit(X)
    drifting = fitted.score(Y + np.linspace(0, 3, 1_000)[:, None])
    assert np.quantile(drifting, 0.95) < 2 * np.quantile(fitted.score(Y), 0.95)


# ---------------------------------------------------------------- forecast
def test_a_change_is_seen_when_it_happens_and_then_no_longer() -> None:
    rng = np.random.default_rng(7)
    slow = lfilter([1], [1, -0.98], rng.normal(size=(3_000, 3)), axis=0)
    X, Y = slow[:2_000], slow[2_000:].copy()
    Y[600:, 1] += 8
    fitted = catalog.make("forecast").fit(X)
    scores = fitted.score(Y)
    assert scores.argmax() == 600
    assert fitted.contributions(Y)[600].argmax() == 1
    assert np.median(scores[700:]) < scores[600] / 4


def test_the_coefficients_of_an_autoregression_are_found() -> None:
    rng = np.random.default_rng(8)
    x = np.zeros(20_000)
    noise = rng.normal(size=20_000)
    for row in range(2, len(x)):
        x[row] = 1.2 * x[row - 1] - 0.6 * x[row - 2] + noise[row]
    state = catalog.make("forecast", lags=2).fit(x[:, None]).state()
    np.testing.assert_allclose(state["own"][0], [-0.6, 1.2], atol=0.03)
    scale = state["spread"][0]
    assert float(state["residual_spread"][0]) * scale == pytest.approx(1.0, rel=0.05)


def test_what_follows_another_sensor_is_predicted_from_it() -> None:
    rng = np.random.default_rng(9)
    lead = rng.normal(size=3_000)
    follow = np.roll(lead, 1) + 0.05 * rng.normal(size=3_000)
    X = np.column_stack([lead, follow])
    fitted = catalog.make("forecast").fit(X[:2_000])
    Y = X[2_000:].copy()
    Y[500, 1] += 1.0  # well within its range
    assert int(fitted.score(Y).argmax()) == 500


def test_one_wild_reading_does_not_spoil_the_rows_after_it() -> None:
    rng = np.random.default_rng(10)
    X, Y = rhythm(rng, 2_000), rhythm(rng, 400)
    fitted = catalog.make("forecast").fit(X)
    Y[200] += 1e6
    scores = fitted.score(Y)
    assert scores[201:210].max() < scores[200] / 1e3


def test_many_sensors_are_joined_by_factors() -> None:
    X = related(np.random.default_rng(11), 500, columns=40)
    state = catalog.make("forecast", lags=2).fit(X).state()
    assert state["basis"].shape == (40, 24)
    assert state["cross"].shape == (48, 40)
