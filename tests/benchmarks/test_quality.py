"""The quality benchmark: what counts for and against a recipe, and the sets' splits."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.harness.processes import ROOT
from benchmarks.quality import (
    alarms,
    bearings,
    figures,
    loaders,
    onsets,
    rivals,
)
from benchmarks.quality.calls import Stream, called
from benchmarks.quality.judging import HOURLY, QUANTILE, complete, judge
from benchmarks.quality.loaders import Series
from benchmarks.quality.run import lines, main

NAN = float("nan")


def _series(rows: int = 800, fault: slice = slice(600, 630)) -> Series:
    rng = np.random.default_rng(0)
    values = np.sin(np.arange(1_800)[:, None] / [5.0, 9.0]) + 0.1 * rng.normal(size=(1_800, 2))
    labels = np.zeros(1_800, bool)
    labels[1_000 + fault.start : 1_000 + fault.stop] = True
    values[labels, 0] += 1.5
    return Series(
        "made up", values[:1_000], values[1_000 : 1_000 + rows], labels[1_000:][:rows]
    )


# ---------------------------------------------------------------- judging
def test_a_found_fault_counts_and_every_row_is_counted_once() -> None:
    series = _series()
    outcome = judge("auto", series, flags=True)
    assert outcome.vus_pr > 0.8
    assert outcome.hit
    assert not outcome.refused
    for way in (QUANTILE, HOURLY):
        right, false, missed, quiet = outcome.flagged[way]
        assert right + missed == series.labels.sum()
        assert right + false + missed + quiet == len(series.labels)
    assert outcome.flagged[HOURLY][1] <= outcome.flagged[QUANTILE][1]


def test_a_recipe_that_refuses_is_worth_what_equal_scores_are() -> None:
    whole = _series()
    series = Series("short", whole.train[:12], whole.test, whole.labels)
    outcome = judge("auto", series, flags=True)
    assert outcome.refused
    assert not outcome.hit
    assert outcome.vus_pr < 0.3
    assert outcome.flagged[QUANTILE] == (0, 0, 30, 770)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*(one for one in rivals.NAMES if ":" in one), "auto"])
def test_rivals_rank_a_plain_fault_above_chance(name: str) -> None:
    """Those of single rows too: the fault here is as far out as it lasts."""
    series = _series()
    train, test = series.train.copy(), series.test.copy()
    test[series.labels] += 4.0
    outcome = judge(name, Series("plain", train, test, series.labels))
    assert outcome.vus_pr > (0.15 if name == rivals.RIVER else 0.5)
    assert outcome.vus_pr_rows > 2 * series.labels.mean()
    assert outcome.alarms.faults == 1


NEEDS = {"Convolutional": "torch", "PatchEmbeddings": "torch", "Pretrained": "fracast"}


@pytest.mark.slow
@pytest.mark.parametrize("name", rivals.FAMILIES)
def test_families_rank_a_plain_fault_above_chance(name: str) -> None:
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    series = _series()
    train, test = series.train.copy(), series.test.copy()
    test[series.labels] += 4.0
    plain = Series("plain", train, test, series.labels)
    outcome = judge(rivals.FAMILY + name, plain, ranking=True)
    assert outcome.vus_pr > 5 * series.labels.mean()
    assert outcome.seconds > 0
    single = Series("single", train[:, :1], test[:, :1], series.labels)
    assert judge(rivals.FAMILY + name, single, ranking=True).vus_pr > 5 * series.labels.mean()


@pytest.mark.slow
def test_ranking_alone_ranks_as_the_whole_judgement_does() -> None:
    whole, alone = (judge("mahalanobis", _series(), ranking=only) for only in (False, True))
    assert (whole.vus_pr, whole.vus_pr_rows) == (alone.vus_pr, alone.vus_pr_rows)
    assert (alone.alarms, alone.vus_pr_live) == (None, None)


def test_gaps_are_filled_for_those_who_need_it() -> None:
    values = np.array([[NAN, 1.0], [2.0, NAN], [NAN, NAN]])
    train = np.array([[4.0, 5.0], [6.0, NAN], [8.0, 7.0]])
    np.testing.assert_array_equal(complete(values, train), [[6, 1], [2, 1], [2, 1]])
    outcome = judge("mahalanobis", Series("gaps", *_with_gaps()))
    assert np.isfinite(outcome.vus_pr)


def _with_gaps() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    series = _series()
    train, test = series.train.copy(), series.test.copy()
    train[::7, 1] = test[::5, 0] = NAN
    return train, test, series.labels


def test_alarms_at_the_own_level_are_judged() -> None:
    found = judge("auto", _series()).alarms
    assert (found.faults, found.false) == (1, 0)
    assert found.events == found.near == 1
    assert found.affiliation > 0.8
    # A fault of 30 rows, a row a minute, and 770 others.
    assert 0 < found.leads[0] <= 29 / 60
    assert found.months == pytest.approx(770 / 43_200)


def test_silence_finds_nothing_and_says_nothing_false() -> None:
    series = _series()
    quiet = alarms.silence(series.labels, 60)
    assert (quiet.affiliation, quiet.events, quiet.leads, quiet.false) == (0, 0, (), 0)
    both = alarms.together([quiet, judge("auto", series).alarms])
    assert both[figures.FOUND] == 0.5
    assert both[figures.EVENTS] == pytest.approx(0.5)


@pytest.mark.slow
def test_the_pump_loops_rows_are_told_as_its_leaderboard_tells_them(tmp_path: Path) -> None:
    """One run whose fault is seen in 60 of 80 rows; 20 others look like it."""
    rng = np.random.default_rng(0)
    faulty, seen = np.zeros(800, bool), np.zeros(800, bool)
    faulty[500:580], seen[520:600] = True, True
    frame = pl.DataFrame(
        {
            "datetime": [str(row) for row in range(800)],
            "flow": rng.normal(size=800) + 30 * seen,
            "anomaly": faulty.astype(float),
            "changepoint": np.zeros(800),
        }
    )
    (tmp_path / "skab" / "data" / "valve1").mkdir(parents=True)
    frame.write_csv(tmp_path / "skab" / "data" / "valve1" / "0.csv", separator=";")
    found = {line["metric"]: line for line in lines("mahalanobis", ["skab"], tmp_path)}
    for missed in (figures.MISSED, figures.MISSED_HOURLY):
        assert found[missed]["value"] == pytest.approx(100 * 20 / 80, abs=2.5)
    assert found[figures.FALSE_ALARMS_HOURLY]["value"] == pytest.approx(100 * 20 / 320, abs=1)
    assert found[figures.MISSED]["rivals"]["IForest"] == 82.9


def _bearings(folder: Path, fails: float) -> None:
    """Four bearings over 800 snapshots; the first one's features rise in the last 60."""
    rng = np.random.default_rng(1)
    start = datetime(2004, 2, 12, tzinfo=UTC)
    times = [start + row * timedelta(minutes=10) for row in range(802)]
    columns: dict[str, list[str] | np.ndarray] = {
        "timestamp": [f"{time:%Y-%m-%d %H:%M:%S}" for time in times]
    }
    for number in range(1, 5):
        for name in ("rms", "kurt"):
            columns[f"b{number}_{name}"] = rng.normal(size=802)
    columns["b1_rms"][740:] += fails
    (folder / "ims_bearing").mkdir()
    path = folder / "ims_bearing" / "ims_test2_features_derived.csv"
    pl.DataFrame(columns).write_csv(path)


@pytest.mark.slow
def test_a_bearing_that_fails_is_told_of_before(tmp_path: Path) -> None:
    _bearings(tmp_path, fails=30.0)
    found = {line["metric"]: line for line in lines("mahalanobis", ["ims"], tmp_path)}
    # 60 of the snapshots that count, the last of which is the end; events need three rows.
    assert found[figures.LEAD]["value"] == pytest.approx(59 / 6, abs=0.2)
    assert found[bearings.OTHERS_LEAD]["value"] == 0
    assert found[figures.FALSE]["value"] == 0
    assert found[figures.VUS_PR]["value"] > 0.4
    assert {line["series"] for line in found.values()} == {4}


# ---------------------------------------------------------------- command
def test_an_unknown_set_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--sets", "skab,nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_every_goal_has_the_rivals_beside_it() -> None:
    assert set(figures.GOALS) <= set(figures.RIVALS)
    assert {name for name, _ in figures.GOALS} == {*loaders.SETS, "mean", "nab-stream"}


def test_an_event_is_called_at_its_first_row_and_in_no_other() -> None:
    noise = np.random.default_rng(0).normal(size=(6_000, 2))
    noise[5_000:5_040, 1] += 12
    found = called("auto", Stream(noise, 4_000, [(4_990, 5_050)]), 600.0)
    assert found.events.scores[:4_000].max() == found.scores.scores[:4_000].max() == 0
    at = np.flatnonzero(found.events.scores)
    assert ((at >= 5_000) & (at < 5_040)).any()
    assert (np.diff(at) > 1).all()
    first = int(found.begun.scores.argmax())
    assert 5_000 <= first < 5_005
    assert found.begun.scores[first] > found.begun.scores[first + 1 : 5_040].max()
    assert found.begun.scores[:4_000].max() == 0
    (refused,) = called("auto", Stream(noise[:50], 10, []), 600.0).events.scores[None]
    assert not refused.any()


@pytest.mark.slow
@pytest.mark.data
def test_series_of_a_leaderboard_are_judged_beside_each_of_its_methods(data_dir: Path) -> None:
    found = {line["metric"]: line for line in lines("auto", ["tsbad-m"], data_dir, 4)}
    ranked = found[figures.VUS_PR]
    assert ranked["series"] == 4
    assert ranked["published"] == max(ranked["rivals"].values())
    assert ranked["goal"] == pytest.approx(1.1 * ranked["published"], abs=1e-4)
    assert ranked["value"] > ranked["goal"]


@pytest.mark.slow
@pytest.mark.data
def test_streams_are_judged_by_nab_with_the_published_scores_beside(data_dir: Path) -> None:
    both = list(lines("auto", ["nab-stream"], data_dir, 15))
    assert [line["recipe"] for line in both] == ["auto"] * 9 + ["onset"] * 9
    found, onset = ({line["metric"]: line for line in part} for part in (both[:9], both[9:]))
    assert {line["series"] for line in found.values()} == {4}
    assert found["NAB standard"]["goal"] == 77
    assert found["NAB standard"]["rivals"]["ARTime"] == 74.9
    assert found["NAB low FP"]["value"] <= found["NAB low FN"]["value"]
    assert onset["NAB standard"]["value"] > found["NAB standard"]["value"]


@pytest.mark.slow
@pytest.mark.data
def test_a_line_holds_set_metric_value_goal_and_rivals(data_dir: Path) -> None:
    options = ("--sets", "asd", "--recipe", "ecod", "--every", "3", "--data", str(data_dir))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "quality", "--json", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    line, *others = [json.loads(text) for text in done.stdout.splitlines()]
    assert [other["metric"] for other in others] == [
        figures.VUS_PR_ROWS,
        figures.VUS_PR_LIVE,
        figures.VUS_PR_HALF,
        figures.VUS_ROC,
        figures.AUC_PR,
        figures.AFFILIATION,
        figures.EVENTS,
        figures.EVENTS_NEAR,
        figures.FOUND,
        figures.LEAD,
        figures.FALSE,
    ]
    assert (line["set"], line["metric"], line["recipe"]) == ("asd", "VUS-PR", "ecod")
    assert (line["series"], line["refused"], line["goal"]) == (2, 0, 0.705)
    assert 0 < line["value"] < 1
    assert line["rivals"]["windowed kNN"] == 0.393


# ---------------------------------------------------------------- the sets
@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "count", "columns"),
    [
        ("3w", 31, 8),
        ("asd", 6, 19),
        ("msl", 6, 55),
        ("nab", 52, 1),
        ("skab", 34, 8),
        ("smap", 21, 25),
        ("smd", 3, 38),
        ("tep", 10, 52),
        ("ucr", 62, 1),
    ],
)
def test_a_set_is_read_whole(data_dir: Path, name: str, count: int, columns: int) -> None:
    found = list(loaders.load(name, data_dir))
    assert len(found) == count
    assert len({series.name for series in found}) == count
    for series in found:
        assert series.train.shape[1] == series.test.shape[1] == columns
        assert len(series.labels) == len(series.test)
        assert 0 < series.labels.mean() < 1


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "every", "least", "live", "half"),
    [("skab", 4, 0.88, 0.86, 0.87), ("asd", 2, 0.69, 0.61, 0.68), ("msl", 1, 0.73, 0.59, 0.72)],
)
def test_auto_is_as_good_as_documented(
    data_dir: Path, name: str, every: int, least: float, live: float, half: float
) -> None:
    found = {line["metric"]: line["value"] for line in lines("auto", [name], data_dir, every)}
    assert found[figures.VUS_PR] > least
    assert found[figures.VUS_PR_LIVE] > live
    assert found[figures.VUS_PR_HALF] > half


def test_simulated_onsets_are_the_same_each_time_and_lie_after_what_is_learned(
    tmp_path,
) -> None:
    streams = list(onsets.simulated(tmp_path))
    again = next(onsets.simulated(tmp_path))
    np.testing.assert_array_equal(streams[0].values, again.values)
    assert len(streams) == 12 * len(onsets.KINDS)
    for values, learned, windows in streams:
        edges = [edge for window in windows for edge in window]
        assert np.isfinite(values).all()
        assert edges == sorted(set(edges))
        assert all(learned <= edge < len(values) for edge in edges)
    assert sum(not stream.windows for stream in streams) > len(onsets.KINDS)
