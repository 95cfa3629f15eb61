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
