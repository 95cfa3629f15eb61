"""The kernels and the whole score beside slow twins in plain numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors import catalog
from detectors.kernels.cuts import centred_windows, nested_windows, roughness
from detectors.kernels.shapes import GRID
from detectors.kernels.views import (
    GROUP,
    GROUPED_FROM,
    SIZE_FLOOR,
    nearest_views,
    references,
)
from detectors.models.auto_folds import folds_of, short_folds_of
from detectors.models.auto_judge import covering, spread
from detectors.models.auto_views import whole_windows
from tests.detectors.machines import rhythm

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Seen = Callable[[Matrix], Matrix]


def _level_free(windows: Matrix) -> Matrix:
    return np.asarray(windows - windows.mean(axis=1, keepdims=True))


def _shape(windows: Matrix) -> Matrix:
    rest = _level_free(windows)
    return np.asarray(rest / (rest.std(axis=1, keepdims=True) + SIZE_FLOOR))


SEEN: tuple[Seen, ...] = (np.asarray, _level_free, _shape)


def _windows(x: Vector, starts: NDArray[np.int64], width: int) -> Matrix:
    cut = np.lib.stride_tricks.sliding_window_view(np.asarray(x, np.float64), width)
    return cut[starts]


def _third_nearest(known: Matrix, queries: Matrix) -> Vector:
    gaps = ((queries[:, None] - known[None]) ** 2).mean(axis=2)
    if len(known) >= GROUPED_FROM:
        groups = -(-len(known) // GROUP)
        room = np.full((len(queries), groups * GROUP - len(known)), np.inf)
        gaps = np.hstack([gaps, room]).reshape(len(queries), GROUP, groups).min(axis=1)
    return np.asarray(np.sqrt(np.sort(gaps, axis=1)[:, min(3, len(known)) - 1]))


# ---------------------------------------------------------------- kernels
@pytest.mark.parametrize("width", [2, 7, 16, 33])
@pytest.mark.parametrize(("known", "queries"), [(1, 1), (2, 5), (50, 127), (301, 130)])
def test_nearest_views_are_those_of_brute_force(width: int, known: int, queries: int) -> None:
    rng = np.random.default_rng(width)
    x = rng.normal(size=600).astype(np.float32)
    own, other = (np.sort(rng.integers(0, 560, size=n)) for n in (known, queries))
    even = np.full(width, 1 / width, np.float32)
    found = nearest_views(
        references(centred_windows(x[None], own, even)), centred_windows(x[None], other, even)
    )
    for view, seen in zip(found[:, 0], SEEN, strict=True):
        slow = _third_nearest(seen(_windows(x, own, width)), seen(_windows(x, other, width)))
        np.testing.assert_allclose(view, slow, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("widths", [(2, 4), (7, 12), (16, 32), (16, 33), (20, 20)])
@pytest.mark.parametrize("known", [3, 50, 256, 301])
def test_longer_windows_go_on_where_short_ones_end(widths: tuple[int, int], known: int) -> None:
    rng = np.random.default_rng(known)
    x = rng.normal(size=600).cumsum().astype(np.float32)
    own, other = (np.sort(rng.integers(0, 560, size=n)) for n in (known, 130))
    found = nearest_views(
        references(nested_windows(x[None], own, widths)), nested_windows(x[None], other, widths)
    )
    views = [(widths[0], seen) for seen in SEEN] + [(widths[1], seen) for seen in SEEN[1:]]
    for view, (width, seen) in zip(found[:, 0], views, strict=True):
        slow = _third_nearest(seen(_windows(x, own, width)), seen(_windows(x, other, width)))
        np.testing.assert_allclose(view, slow, rtol=2e-3, atol=2e-3)


@pytest.mark.slow
def test_the_third_nearest_group_is_seldom_farther_than_the_third_nearest_window() -> None:
    x = np.random.default_rng(5).normal(size=2_000).astype(np.float32)
    even = np.full(16, 1 / 16, np.float32)
    own, other = np.arange(0, 1_200), np.arange(1_300, 1_900)
    known = references(centred_windows(x[None], own, even))
    assert known.ranked == [len(own) / GROUP]
    found = nearest_views(known, centred_windows(x[None], other, even))[0, 0]
    gaps = _windows(x, other, 16)[:, None] - _windows(x, own, 16)[None]
    alone = np.sort(np.sqrt((gaps**2).mean(axis=2)), axis=1)
    assert (found > 1.0001 * alone[:, 2]).mean() < 0.02
    assert (found < 1.0001 * alone[:, 4]).all()


def test_a_sensor_is_compared_with_the_windows_that_it_has() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(3, 900)).astype(np.float32)
    own, other = np.arange(0, 600), np.arange(650, 800)
    has = rng.random((3, len(own))) < 0.1
    has[2] = False
    even = np.full(16, 1 / 16, np.float32)
    known = references(centred_windows(x, own, even), has)
    found = nearest_views(known, centred_windows(x, other, even))
    for sensor in range(2):
        gaps = _windows(x[sensor], other, 16)[:, None] - _windows(x[sensor], own, 16)[None]
        far = np.where(has[sensor], (gaps**2).mean(axis=2), np.inf)
        groups = np.sort(far.reshape(len(other), GROUP, -1).min(axis=1), axis=1)
        np.testing.assert_allclose(found[0, sensor], np.sqrt(groups[:, 2]), rtol=1e-4)
    assert np.isnan(found[:, 2]).all()


def test_windows_are_split_into_level_spread_and_the_rest() -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, size=200).astype(np.float32)
    starts = np.arange(0, 180, 7)
    weights = np.geomspace(1.0, 4.0, 12)
    weights = (weights / weights.sum()).astype(np.float32)
    cut = centred_windows(x[None], starts, weights)
    windows = _windows(x, starts, 12)
    level = windows @ weights
    spread_ = np.sqrt(((windows - level[:, None]) ** 2) @ weights)
    np.testing.assert_allclose(cut.level[0], level, rtol=1e-5)
    np.testing.assert_allclose(cut.spread[0], spread_, rtol=1e-5)
    rest = (windows - level[:, None]) * np.sqrt(weights)
    np.testing.assert_allclose(cut.taps[0], rest, atol=1e-5)


def test_roughness_is_the_mean_step() -> None:
    x = np.random.default_rng(1).normal(size=100).astype(np.float32)
    starts = np.arange(80)
    slow = np.abs(np.diff(_windows(x, starts, 16), axis=1)).mean(axis=1)
    np.testing.assert_allclose(roughness(x[None], starts, 16)[0], slow, rtol=1e-5)


def test_a_query_is_judged_the_same_beside_any_others() -> None:
    x = np.random.default_rng(2).normal(size=900).astype(np.float32)
    even = np.full(16, 1 / 16, np.float32)
    known = references(centred_windows(x[None], np.arange(0, 400, 3), even))
    whole = nearest_views(known, centred_windows(x[None], np.arange(500, 880), even))
    for first, end in ((0, 1), (5, 130), (200, 380)):
        starts = np.arange(500 + first, 500 + end)
        part = nearest_views(known, centred_windows(x[None], starts, even))
        np.testing.assert_array_equal(part, whole[:, :, first:end])


# ---------------------------------------------------------------- rows, gaps, folds
def test_every_row_is_given_the_windows_that_cover_it() -> None:
    values = np.random.default_rng(3).normal(size=(2, 30))
    out = spread(values, 7)
    counts = covering(np.arange(36), 36, 7)
    for row in range(36):
        over = [start for start in range(30) if start <= row < start + 7]
        assert counts[row] == len(over)
        np.testing.assert_allclose(out[:, row], values[:, over].sum(axis=1))


def test_whole_windows_miss_nothing() -> None:
    missing = np.random.default_rng(4).random((3, 60)) < 0.1
    cut = np.lib.stride_tricks.sliding_window_view(missing, 9, axis=1)
    np.testing.assert_array_equal(whole_windows(missing, 9), ~cut.any(axis=2))


@pytest.mark.parametrize("count", [50, 500, 5_000])
def test_folds_cover_all_windows_once_and_share_no_row_with_the_others(count: int) -> None:
    folds = folds_of(count, gap=16)
    np.testing.assert_array_equal(np.concatenate([f.own for f in folds]), np.arange(count))
    for fold in folds:
        assert len(fold.others) >= 20
        if count > 50:
            away = np.abs(fold.others[:, None] - fold.own[None]).min(axis=1)
            assert away.min() >= 16


@pytest.mark.parametrize("count", [50, 500, 5_000])
def test_short_folds_stay_an_eighth_of_all_windows_away(count: int) -> None:
    folds = short_folds_of(count, gap=16)
    np.testing.assert_array_equal(np.concatenate([f.own for f in folds]), np.arange(count))
    assert len(folds) == 16
    for fold in folds if count > 50 else ():
        away = np.minimum(np.abs(fold.others - fold.low), np.abs(fold.others - fold.high + 1))
        assert away.min() >= max(16, count // 8)


# ---------------------------------------------------------------- the whole score
def test_the_score_is_the_root_mean_square_over_windows_views_and_sensors() -> None:
    X = rhythm(np.random.default_rng(0), 700, noise=0.1)
    Y = rhythm(np.random.default_rng(1), 120, noise=0.1)
    Y[60:70, 1] += 2.0
    detector = catalog.make("auto", joint_weight=0.0).fit(X)
    state = detector.state()
    columns = (Y - state["mean"]) / state["deviation"]
    rows, sensors = np.zeros((len(Y), 3)), range(3)
    for sensor in sensors:
        usual = detector.usual_[:, sensor]
        distances = _slow_views(state, sensor, columns[:, sensor])
        for view, found in enumerate(distances):
            squares = np.log1p(found / usual[view]) ** 2
            rows[:, sensor] += _mean_over_covering(squares, len(Y))
    slow = np.sqrt(rows.sum(axis=1) / (6 * 3))
    np.testing.assert_allclose(detector.score(Y), slow, rtol=5e-3)
    shares = rows / rows.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(detector.contributions(Y), shares, atol=5e-3)


def test_a_single_sensor_is_compared_in_shape_with_every_window() -> None:
    X = rhythm(np.random.default_rng(0), 700, noise=0.1)[:, :1]
    Y = rhythm(np.random.default_rng(1), 150, noise=0.1)[:, :1]
    Y[60:70] += 2.0
    detector = catalog.make("auto").fit(X)
    state = detector.state()
    new = ((Y - state["mean"]) / state["deviation"])[:, 0]
    allowed = np.flatnonzero(state["shape_starts"])
    series = state["shape_series"] / GRID
    short, long = (int(width) for width in state["widths"])
    rows, widths = np.zeros(len(Y)), (short // 2, short, long, short // 4)
    for usual, width in zip(state["usual_shapes"], widths, strict=True):
        own = _shape(_windows(series, allowed, width))
        others = _shape(_windows(new, np.arange(len(new) - width + 1), width))
        gaps = np.sqrt(((others[:, None] - own[None]) ** 2).mean(axis=2).min(axis=1))
        rows += 1.5 * _mean_over_covering(np.log1p(gaps / usual) ** 2, len(Y))
    for view, found in enumerate(_slow_views(state, 0, new)):
        if view not in (2, 5):
            squares = np.log1p(found / detector.usual_[view, 0]) ** 2
            rows += _mean_over_covering(squares, len(Y))
    slow = np.sqrt(rows / (4 + 4 * 1.5))
    np.testing.assert_allclose(detector.score(Y), slow, rtol=5e-3)


@pytest.mark.parametrize(("window", "widths"), [(23, 3), (24, 4), (64, 4)])
def test_a_quarter_of_the_window_is_compared_if_it_is_not_too_short(
    window: int, widths: int
) -> None:
    X = rhythm(np.random.default_rng(0), 900, noise=0.1)[:, :1]
    detector = catalog.make("auto", window=window).fit(X)
    assert len(detector.state()["usual_shapes"]) == widths


def test_shapes_so_short_that_none_repeats_are_not_compared() -> None:
    X = np.random.default_rng(0).normal(size=(900, 1))
    detector = catalog.make("auto", window=64).fit(X)
    assert len(detector.state()["usual_shapes"]) == 3
    restored = type(detector).from_state(detector.state(), detector.get_params())
    np.testing.assert_array_equal(restored.score(X), detector.score(X))


def test_a_model_from_before_a_quarter_was_compared_goes_on_without() -> None:
    X = rhythm(np.random.default_rng(0), 700, noise=0.1)[:, :1]
    Y = rhythm(np.random.default_rng(1), 150, noise=0.1)[:, :1]
    detector = catalog.make("auto").fit(X)
    state = detector.state()
    state["usual_shapes"] = state["usual_shapes"][:3]
    before = type(detector).from_state(state, detector.get_params())
    assert np.isfinite(before.score(Y)).all()
    assert not np.array_equal(before.score(Y), detector.score(Y))


def _slow_views(state: dict[str, NDArray[np.generic]], sensor: int, x: Vector) -> list[Vector]:
    """Return the six views' distances of all windows of a series."""
    series = state["series"][sensor].astype(np.float64)
    starts = state["starts"].astype(np.int64)
    short, long = (int(width) for width in state["widths"])
    found = []
    for width in (short, long):
        own, new = (
            _windows(series, starts, width),
            _windows(x, np.arange(len(x) - width + 1), width),
        )
        found.append([_third_nearest(seen(own), seen(new)) for seen in SEEN])
    own, new = (
        _windows(series, starts, short),
        _windows(x, np.arange(len(x) - short + 1), short),
    )
    a, b = _summary(own), _summary(new)
    inverse = np.linalg.inv(np.cov(a.T) + 0.01 * np.eye(3))
    gap = b - np.median(a, axis=0)
    summary = np.sqrt(np.einsum("ij,jk,ik->i", gap, inverse, gap))
    return [*found[0], summary, *found[1][1:]]


def _summary(windows: Matrix) -> Matrix:
    steps = np.abs(np.diff(windows, axis=1)).mean(axis=1)
    features = (windows.mean(axis=1), np.log(windows.std(axis=1) + 0.05), np.log(steps + 0.02))
    return np.stack(features, axis=1)


def _mean_over_covering(squares: Vector, rows: int) -> Vector:
    width = rows - len(squares) + 1
    return np.array(
        [
            squares[max(r - width + 1, 0) : min(r, len(squares) - 1) + 1].mean()
            for r in range(rows)
        ]
    )
