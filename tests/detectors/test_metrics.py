"""Metrics of alarms: as in papers, as reference programs have them, and by definition."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erfc

from detectors.errors import InvalidInput
from detectors.metrics import (
    NAB_PROFILES,
    NabProfile,
    NabSeries,
    affiliation,
    event_f1,
    false_alarms_per_month,
    lead_rows,
    nab_best,
    nab_normal,
    nab_score,
    probation_rows,
)

STANDARD = NAB_PROFILES["standard"]


def _flags(rows: int, *stretches: tuple[int, int]) -> np.ndarray:
    flags = np.zeros(rows, bool)
    for start, stop in stretches:
        flags[start:stop] = True
    return flags


some_flags = st.lists(st.booleans(), min_size=30, max_size=30).map(np.array)
some_labels = some_flags.filter(np.any)


# ---------------------------------------------------------------- affiliation
def test_affiliation_is_that_of_the_paper() -> None:
    """The second event of its example, a row a minute, from the authors' program's tests.

    https://github.com/ahstat/affiliation-metrics-py, tests/test_metrics.py, test_paper.
    """
    found = affiliation(_flags(90, (20, 40)), _flags(90, (10, 30), (85, 90)))
    assert found.precision == pytest.approx(0.672222222)
    assert found.recall == pytest.approx(0.944444444)


def test_the_events_of_the_paper_together() -> None:
    labels = _flags(180, (0, 10), (50, 70), (170, 175))
    events = ((5, 6), (7, 10), (11, 12), (40, 60), (115, 130), (135, 140), (165, 170))
    found = affiliation(labels, _flags(180, *events))
    assert found[:2] == pytest.approx(_by_definition(labels, _flags(180, *events)), abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(some_labels, some_flags.filter(np.any))
def test_affiliation_is_what_its_definition_says(labels: np.ndarray, told: np.ndarray) -> None:
    assert affiliation(labels, told)[:2] == pytest.approx(
        _by_definition(labels, told), abs=0.01
    )


def _by_definition(
    labels: np.ndarray, told: np.ndarray, parts: int = 40
) -> tuple[float, float]:
    """Compare every moment, parts of a row, with every moment of its zone."""
    moments = (np.arange(len(labels) * parts) + 0.5) / parts
    truth, alarm = np.repeat(labels, parts), np.repeat(told, parts)
    starts = np.flatnonzero(np.diff(np.r_[0, labels.astype(int)]) == 1)
    stops = np.flatnonzero(np.diff(np.r_[labels.astype(int), 0]) == -1) + 1
    edges = np.r_[0, (stops[:-1] + starts[1:]) / 2, len(labels)]
    precisions, recalls = [], []
    for start, stop, low, high in zip(starts, stops, edges[:-1], edges[1:], strict=True):
        zone = (moments > low) & (moments < high)
        x, under, event = moments[zone], alarm[zone], truth[zone]
        away = np.maximum(np.maximum(start - x, x - stop), 0)
        if not under.any():
            recalls.append(0.0)
            continue
        far = np.sort(away)
        chance = 1 - np.searchsorted(far, away, side="left") / len(far)
        precisions.append(chance[under].mean())
        near = np.abs(x[event][:, None] - x[under][None, :]).min(axis=1)
        reached = np.minimum(x[event] + near, high) - np.maximum(x[event] - near, low)
        recalls.append(float(np.mean(1 - reached / (high - low))))
    return float(np.mean(precisions)), float(np.mean(recalls))


@pytest.mark.slow
@given(some_labels)
def test_perfect_alarms_are_worth_1(labels: np.ndarray) -> None:
    assert affiliation(labels, labels) == pytest.approx((1, 1, 1))
    assert event_f1(labels, labels) == (1, 1, 1)


def test_random_alarms_are_near_chance_and_none_find_nothing() -> None:
    labels = _flags(20_000, (9_990, 10_010))
    rng = np.random.default_rng(0)
    one = [affiliation(labels, np.arange(20_000) == rng.integers(20_000)) for _ in range(300)]
    assert np.mean([found.precision for found in one]) == pytest.approx(0.5, abs=0.05)
    for metric in (affiliation, event_f1):
        precision, recall, f1 = metric(labels, np.zeros(20_000, bool))
        assert np.isnan(precision)
        assert (recall, f1) == (0, 0)


def test_the_farther_alarms_are_moved_the_less_they_are_worth() -> None:
    labels = _flags(1_000, (400, 450))
    found = [affiliation(labels, np.roll(labels, shift)).f1 for shift in (0, 20, 60, 200, 400)]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == len(found)


# ---------------------------------------------------------------- events
def test_events_count_once_however_long() -> None:
    labels = _flags(100, (10, 40), (60, 61), (80, 90))
    told = _flags(100, (12, 13), (20, 30), (50, 55), (58, 59), (95, 100))
    precision, recall, f1 = event_f1(labels, told)
    assert (precision, recall) == pytest.approx((1 / 4, 1 / 3))
    assert f1 == pytest.approx(2 * precision * recall / (precision + recall))
    assert event_f1(labels, told, tolerance=2)[:2] == pytest.approx((2 / 4, 2 / 3))
    assert event_f1(labels, told, tolerance=6)[:2] == pytest.approx((1, 1))


@pytest.mark.parametrize(
    ("labels", "told", "right", "false", "missed"),
    [
        pytest.param(
            [(2149, 2349), (4536, 4844), (3539, 3779)],
            [(2130, 2349), (3540, 3679), (4520, 4589), (3190, 3329)],
            *(3, 1, 0),
            id="P-1",
        ),
        pytest.param(
            [(5610, 6141), (5000, 5050)],
            [(5010, 5149), (5570, 5709), (5850, 5919), (5990, 6594), (1775, 2008)],
            *(2, 1, 0),
            id="E-12",
        ),
        pytest.param(
            [(5309, 5410), (5600, 5640), (6449, 6569)],
            [(5570, 5709), (6480, 6549)],
            *(2, 0, 1),
            id="E-13",
        ),
        pytest.param([(4770, 4890)], [(5990, 6129)], *(0, 1, 1), id="G-1"),
        pytest.param(
            [(2399, 3898), (6550, 6585)],
            [(2560, 2979), (3960, 4029), (6620, 6689)],
            *(1, 2, 1),
            id="T-1",
        ),
        pytest.param(
            [(4940, 7641)],
            [(5010, 5359), (5430, 5639), (5710, 5849)],
            *(1, 0, 0),
            id="D-7",
        ),
        pytest.param(
            [(1250, 1450), (2670, 2790), (3325, 3425)],
            [(1322, 1576), (2700, 2839), (1967, 2206)],
            *(2, 1, 1),
            id="F-7",
        ),
        pytest.param([(690, 790), (1900, 2050)], [], *(0, 0, 2), id="T-13"),
    ],
)
def test_events_are_counted_as_by_the_program_of_the_paper(
    labels: list[tuple[int, int]],
    told: list[tuple[int, int]],
    right: int,
    false: int,
    missed: int,
) -> None:
    """Counts that telemanom's authors published of these channels, first and last rows.

    https://github.com/khundman/telemanom, results/2018-05-19_15.00.10.csv.
    """
    truth, flags = (_flags(9_000, *((a, b + 1) for a, b in one)) for one in (labels, told))
    precision, recall, _ = event_f1(truth, flags)
    assert recall == pytest.approx(right / (right + missed))
    if told:
        assert precision == pytest.approx(right / (right + false))
    assert false_alarms_per_month(truth, flags, (~truth).sum()) == pytest.approx(false)


def test_false_alarms_are_counted_a_month_of_calm_rows() -> None:
    labels, told = _flags(110, (0, 10)), _flags(110, (5, 12), (50, 51), (70, 75))
    assert false_alarms_per_month(labels, told, 50) == pytest.approx(2 * 50 / 100)
    with pytest.raises(InvalidInput, match="unlabelled"):
        false_alarms_per_month(np.ones(3), np.ones(3), 50)


def test_lead_is_from_the_first_alarm_to_the_end() -> None:
    labels = _flags(100, (10, 40), (60, 61), (80, 90))
    found = lead_rows(labels, _flags(100, (5, 12), (60, 61), (92, 99)))
    np.testing.assert_array_equal(found, [29, 0, np.nan])


def test_alarms_that_cannot_be_judged_are_refused() -> None:
    with pytest.raises(InvalidInput, match="one length"):
        event_f1(np.ones(3), np.ones(4))
    with pytest.raises(InvalidInput, match="no row is labelled"):
        affiliation(np.zeros(3), np.ones(3))
    with pytest.raises(InvalidInput, match="tolerance"):
        event_f1(np.ones(3), np.ones(3), tolerance=-1)


# ---------------------------------------------------------------- NAB
def test_a_score_is_that_of_the_benchmarks_own_test() -> None:
    """https://github.com/numenta/NAB, tests/integration/scorer_test.py, testScoringAllMetrics.

    Two windows of 5 rows, a detection in the first row of one and in the next, another 7 rows
    after its first: -0.9540 with all costs 1.
    """
    scores = np.zeros(100)
    scores[[30, 31, 37]] = 1
    corpus = [NabSeries(scores, [(30, 34), (70, 74)])]
    profile = NabProfile(1.0, 1.0, 1.0)
    expected = nab_normal(-0.9540, 2, profile)
    assert nab_score(corpus, profile, 0.5) == pytest.approx(expected, abs=0.003)


@pytest.mark.parametrize(
    ("profile", "total", "score"),
    [
        ("standard", 57.66075157860638, 74.9),
        ("low FP", 35.1572804170157, 65.2),
        ("low FN", 47.66075157860638, 80.4),
    ],
)
def test_sums_are_put_where_the_leaderboard_has_them(
    profile: str, total: float, score: float
) -> None:
    """ARTime: sums of the benchmark's config/thresholds.json, scores of its leaderboard."""
    assert nab_normal(total, 116, NAB_PROFILES[profile]) == pytest.approx(score, abs=0.06)


def test_the_probation_is_that_of_the_benchmark() -> None:
    assert [probation_rows(n) for n in (100, 4_032, 5_000, 22_695)] == [15, 604, 750, 750]


@pytest.mark.parametrize("profile", NAB_PROFILES.values(), ids=NAB_PROFILES)
def test_silence_is_0_and_perfection_100(profile: NabProfile) -> None:
    scores = np.zeros(1_000)
    scores[[300, 700]] = 1
    corpus = [NabSeries(scores, [(300, 399), (700, 799)]), NabSeries(np.zeros(1_000), [])]
    assert nab_score(corpus, profile, 2.0) == pytest.approx(0)
    assert nab_best(corpus, profile) == pytest.approx((100, 1.0))
    late = [NabSeries(np.roll(scores, 60), corpus[0].windows), corpus[1]]
    assert 50 < nab_best(late, profile).score < 100


def test_the_best_threshold_is_the_best_of_all() -> None:
    rng = np.random.default_rng(1)
    windows = [(200, 260), (400, 420)]
    corpus = [NabSeries(rng.integers(0, 30, 600) / 30 + 0.0, windows) for _ in range(3)]
    levels = [*np.unique(corpus[0].scores), np.inf]
    for profile in NAB_PROFILES.values():
        best = nab_best(corpus, profile)
        found = [nab_score(corpus, profile, level) for level in levels]
        assert best.score == pytest.approx(max(found))
        assert nab_score(corpus, profile, best.threshold) == pytest.approx(best.score)


@pytest.mark.slow
@pytest.mark.data
def test_the_windowed_gaussian_scores_as_published(data_dir: Path) -> None:
    """The benchmark's own detector of that name, run here: results/final_results.json.

    Its files held 12 digits, so that all that is closer to 1 counts as 1.
    """
    root = data_dir / "nab"
    windows = json.loads((root / "labels" / "combined_windows.json").read_text())
    corpus = [_gaussian(root / "data" / name, windows[name]) for name in sorted(windows)]
    published = json.loads((root / "results" / "final_results.json").read_text())
    for key, profile in zip(
        ("standard", "reward_low_FP_rate", "reward_low_FN_rate"),
        NAB_PROFILES.values(),
        strict=True,
    ):
        expected = published["windowedGaussian"][key]
        assert nab_best(corpus, profile).score == pytest.approx(expected, abs=1e-6)


def _gaussian(path: Path, windows: list[list[str]]) -> NabSeries:
    frame = pl.read_csv(path)
    times = frame["timestamp"].to_list()
    limits = [(times.index(a[:19]), times.index(b[:19])) for a, b in windows]
    return NabSeries(_gaussian_scores(frame["value"].to_numpy().astype(float)), limits)


def _gaussian_scores(values: np.ndarray, size: int = 6_400, step: int = 100) -> np.ndarray:
    """Return how far a value is off the mean of up to 6,400 before, moved by 100 at a time."""
    scores = np.zeros(len(values))
    for i in range(1, len(values)):
        first = 0 if i <= size else (i - size) // step * step
        known = values[first : min(i, first + size)]
        off = abs(values[i] - known.mean()) / (known.std() or 1e-6)
        scores[i] = 1 - 0.5 * erfc(off / 1.4142)
    return np.round(scores, 12)
