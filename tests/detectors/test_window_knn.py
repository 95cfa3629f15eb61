"""Nearest windows: exact, of all sensors together, of what was kept of the training rows."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import catalog
from tests.detectors.machines import separation


def rhythm(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Return two sensors of which one repeats the other a quarter of a turn later."""
    time = np.arange(rows) + rng.uniform(0, 100)
    noise = 0.1 * rng.normal(size=(rows, 2))
    return np.column_stack([np.sin(time / 5), np.cos(time / 5)]) + noise


@pytest.mark.filterwarnings("ignore")  # PyOD's own
def test_like_pyods_on_windows_cut_out() -> None:
    from pyod.models.knn import KNN

    rng = np.random.default_rng(0)
    X, Y = rhythm(rng, 700), rhythm(rng, 120)
    fitted = catalog.make("window_knn", window=12, k=3).fit(X)
    scale = fitted.state()

    def cut(rows: np.ndarray) -> np.ndarray:
        views = np.lib.stride_tricks.sliding_window_view(rows, 12, axis=0)
        return views.reshape(len(views), -1)

    theirs = KNN(n_neighbors=3, method="mean").fit(
        np.concatenate([cut(part) for part in scale["references"]])
    )
    expected = theirs.decision_function(cut((Y - scale["centre"]) / scale["spread"]))
    np.testing.assert_allclose(fitted.score(Y)[11:], expected, rtol=1e-4)


def test_what_no_single_row_shows_is_seen() -> None:
    rng = np.random.default_rng(1)
    X, normal, slow = rhythm(rng, 3_000), rhythm(rng, 600), rhythm(rng, 1_200)
    slow = np.repeat(slow, 2, axis=0)[:600]  # half as quick
    found = {}
    for name in ("knn", "window_knn"):
        fitted = catalog.make(name).fit(X)
        found[name] = separation(fitted.score(normal)[31:], fitted.score(slow)[31:])
    assert found["window_knn"] > 0.99 > found["knn"]


@pytest.mark.parametrize(
    ("rows", "references", "shape"),
    [
        (9_000, 2_000, (8, 281)),
        (9_000, 200, (1, 231)),
        (1_000, 2_000, (3, 150)),
        (40, 2_000, (1, 32)),
    ],
)
def test_stretches_of_the_training_rows_are_kept(
    rows: int, references: int, shape: tuple[int, int]
) -> None:
    X = rhythm(np.random.default_rng(2), rows)
    fitted = catalog.make("window_knn", n_references=references).fit(X)
    assert fitted.state()["references"].shape == (*shape, 2)
    assert np.isfinite(fitted.score(X[:5])).all()


def test_half_of_the_rows_are_left_to_calibrate_with() -> None:
    rng = np.random.default_rng(4)
    X, Y = rhythm(rng, 1_000), rhythm(rng, 1_000)
    fitted = catalog.make("window_knn").fit(X)
    known = fitted.calibration_scores(X)
    assert np.isfinite(known).mean() > 0.9
    assert 0.4 < separation(known[np.isfinite(known)], fitted.score(Y)[31:]) < 0.6


def test_the_sensor_at_fault_is_named_and_wild_readings_are_judged() -> None:
    X = rhythm(np.random.default_rng(3), 2_000)
    fitted = catalog.make("window_knn").fit(X[:1_500])
    faulty = X[1_500:].copy()
    faulty[200:260, 1] = 0.0
    assert set(fitted.contributions(faulty)[210:260].argmax(axis=1)) == {1}
    faulty[200, 0] = 1e300
    scores = fitted.score(faulty)
    assert np.isfinite(scores).all()
    assert scores[100] < scores[200]
