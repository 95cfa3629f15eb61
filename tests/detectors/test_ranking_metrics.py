"""Metrics of ranking: perfect is best, noise is chance, others compute the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from detectors import metrics


@st.composite
def ranked(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Labels with one or two stretches, and scores with ties."""
    rows = draw(st.integers(20, 200))
    start = draw(st.integers(1, rows - 3))
    labels = np.zeros(rows, bool)
    labels[start : start + draw(st.integers(1, rows - start - 1))] = True
    seed = draw(st.integers(0, 2**16))
    scores = np.random.default_rng(seed).integers(0, 12, rows).astype(float)
    return labels, scores


@pytest.mark.slow
@given(case=ranked())
def test_areas_are_those_of_scikit_learn(case):
    labels, scores = case
    assert metrics.auc_roc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    expected = average_precision_score(labels, scores)
    assert metrics.auc_pr(labels, scores) == pytest.approx(expected)


@pytest.mark.slow
@given(case=ranked(), window=st.integers(0, 20))
def test_volumes_lie_between_nothing_and_one_and_only_order_counts(case, window):
    labels, scores = case
    found = metrics.volume_under_surface(labels, scores, window)
    assert 0 <= found.pr <= 1
    assert 0 <= found.roc <= 1
    stretched = metrics.volume_under_surface(labels, np.expm1(scores), window)
    assert stretched == pytest.approx(found)
    assert metrics.vus_pr(labels, scores, window) == found.pr
    assert metrics.vus_roc(labels, scores, window) == found.roc


@given(case=ranked())
def test_a_perfect_order_is_worth_more_than_any_other(case):
    labels, scores = case
    perfect = metrics.volume_under_surface(labels, labels.astype(float), 0)
    other = metrics.volume_under_surface(labels, scores, 0)
    assert perfect.pr == pytest.approx(1, abs=0.05)
    assert other.pr <= perfect.pr + 1e-9
    assert other.roc <= perfect.roc + 1e-9


def test_noise_is_worth_the_share_of_labels() -> None:
    rng = np.random.default_rng(0)
    labels = np.zeros(20_000, bool)
    for start in range(500, 20_000, 2_000):
        labels[start : start + 200] = True
    noise = metrics.volume_under_surface(labels, rng.normal(size=20_000), 50)
    assert noise.pr == pytest.approx(labels.mean(), abs=0.04)
    assert noise.roc == pytest.approx(0.5, abs=0.05)  # soft edges add a little


def test_a_score_that_comes_a_little_late_is_worth_less_but_not_nothing() -> None:
    labels = np.zeros(5_000, bool)
    labels[2_000:2_100] = True
    worth = [
        metrics.vus_pr(labels, np.roll(labels, late).astype(float), 100)
        for late in (0, 20, 60, 400)
    ]
    assert worth == sorted(worth, reverse=True)
    assert worth[1] > 0.5 > worth[3]


@pytest.mark.parametrize(
    ("peak", "hits"), [(1_950, True), (2_200, True), (1_899, False), (2_201, False)]
)
def test_the_peak_hits_within_a_hundred_rows(peak: int, hits: bool) -> None:
    labels, scores = np.zeros(4_000, bool), np.zeros(4_000)
    labels[2_000:2_101] = True
    scores[peak] = 1
    assert metrics.peak_hits(labels, scores) is hits


@pytest.mark.parametrize(
    ("tolerance", "hits"), [(3, slice(2, 11)), (5, slice(0, 13))], ids=["length", "5"]
)
def test_hits_are_those_of_another_program_for_the_archive(tolerance: int, hits: slice) -> None:
    """What the tests of dtaianomaly's `UCRScore` expect of a peak in each of 14 rows.

    https://github.com/ML-KULeuven/dtaianomaly; its tolerance is the length of the stretch
    where none is given.
    """
    labels = np.zeros(14, bool)
    labels[5:8] = True
    scores = np.array([1, 3, 1, 2, 4, 2, 3, 1, 2, 1, 0, 1, 1, 0]) / 10
    found = [
        metrics.peak_hits(labels, np.where(np.arange(14) == row, 0.9, scores), tolerance)
        for row in range(14)
    ]
    assert np.flatnonzero(found).tolist() == list(range(14))[hits]


STRETCHES = {
    "one": [(1200, 1290)],
    "several": [(100, 130), (900, 1000), (1040, 1045), (2500, 2504)],
    "ends": [(0, 40), (2950, 3000)],
    "half": [(1500, 3000)],
}


@pytest.mark.parametrize(
    ("where", "window", "roc", "pr"),
    [
        ("one", 0, 0.84071210, 0.22824664),
        ("one", 10, 0.84484152, 0.23006971),
        ("one", 77, 0.86447446, 0.24066315),
        ("several", 0, 0.76865826, 0.16954712),
        ("several", 10, 0.78337513, 0.17549947),
        ("several", 77, 0.84643011, 0.22653935),
        ("ends", 0, 0.83290187, 0.23758473),
        ("ends", 10, 0.84328901, 0.24315403),
        ("ends", 77, 0.87217206, 0.25469417),
        ("half", 0, 0.89370178, 0.89037815),
        ("half", 10, 0.89474265, 0.89137067),
        ("half", 77, 0.89744523, 0.89361575),
    ],
)
def test_volumes_are_those_of_the_program_of_tsb_ad(
    where: str, window: int, roc: float, pr: float
) -> None:
    """What version 1.5 of TSB-AD, `generate_curve`, gives for the same labels and scores."""
    time = np.arange(3000)
    labels = np.zeros(3000, bool)
    for start, stop in STRETCHES[where]:
        labels[start:stop] = True
    scores = np.abs(np.sin(time * 0.37) * np.cos(time * 0.011)) + time * 7919 % 1000 / 2500
    scores += 0.6 * np.convolve(labels, np.ones(25) / 25, "same")
    found = metrics.volume_under_surface(labels, scores, window)
    assert found == pytest.approx((roc, pr), abs=2e-8)
