"""Windows alike: as the slow way finds them, whatever level, size, gaps and length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.similar import alike, likeness

FLAT = 1e-6
"""Share of a series' range, below which a deviation is no shape."""


def ranges_of(series):
    return np.quantile(series, 0.99, axis=0) - np.quantile(series, 0.01, axis=0)


def slow(series, pattern):
    """Return the mean correlation of each window, one by one."""
    window = len(pattern)
    least = FLAT * ranges_of(series)
    out = []
    for start in range(len(series) - window + 1):
        found = []
        for column in range(series.shape[1]):
            one, other = series[start : start + window, column], pattern[:, column]
            if np.std(other) >= least[column]:
                shaped = np.std(one) >= least[column]
                found.append(np.corrcoef(one, other)[0, 1] if shaped else 0.0)
        out.append(np.mean(found) if found else np.nan)
    return np.array(out)


def doubt(series, window):
    """Return how far the likeness of each window may be off.

    A window's variance is a difference of sums over the series, which keep 1e-14 of its
    range squared.  Of a window that varies little that leaves few digits, and about where its
    shape begins none.
    """
    views = np.lib.stride_tricks.sliding_window_view(series / ranges_of(series), window, axis=0)
    least = views.std(axis=-1).min(axis=1)
    return np.where(least < 2 * FLAT, 2.0, 1e-9 + 1e-14 / np.maximum(least, FLAT) ** 2)


@pytest.mark.slow
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(2, 30), st.integers(30, 120))
@example(3, 1, 2, 112)
@settings(max_examples=60)
def test_it_is_the_mean_correlation(seed, sensors, window, rows):
    random = np.random.default_rng(seed)
    series = random.normal(random.uniform(-1e4, 1e4), random.uniform(0.1, 50), (rows, sensors))
    pattern = random.normal(size=(window, sensors))
    found, expected = likeness(series, pattern), slow(series, pattern)
    assert (np.isnan(found) == np.isnan(expected)).all()
    assert not (np.abs(found - expected) > doubt(series, window)).any()


def course(seed=1, rows=4000, sensors=3):
    return np.random.default_rng(seed).normal(size=(rows, sensors)).cumsum(axis=0)


def test_what_was_there_before_is_found_at_another_level_and_size():
    series = course()
    series[2500:2600] = series[700:800] * [3.0, 0.2, 1.0] + [50.0, -9.0, 0.0]
    found = likeness(series, series[700:800])
    assert alike(found, 100, 1, [(700, 800)]) == [2500]
    assert found[2500] == pytest.approx(1.0, abs=1e-6)


def test_windows_do_not_lie_over_each_other_nor_over_what_is_taken():
    series = course(2)
    starts = alike(likeness(series, series[100:180]), 80, 5, [(100, 180)])
    assert len(starts) == 5
    edges = sorted([*starts, 100])
    assert min(np.diff(edges)) >= 80


def test_a_jump_leaves_no_lasting_error():
    series = course(3)
    series[1000:1010] += 1e7
    pattern = series[3000:3064].copy()
    assert likeness(series, pattern)[3000] == pytest.approx(1.0, abs=1e-3)


def test_gaps_are_bridged_but_not_made_up():
    series = course(4)
    pattern = series[500:600].copy()
    series[3000:3100] = pattern
    series[3010:3015] = np.nan
    series[2000:2090] = np.nan
    found = likeness(series, pattern)
    assert found[3000] > 0.95
    assert np.isnan(found[2000])
    assert alike(found, 100, 1, [(500, 600)]) == [3000]


def test_sensors_without_a_shape_do_not_count():
    series = course(5, sensors=2)
    pattern = series[100:150].copy()
    pattern[:, 1] = 7.0
    assert likeness(series, pattern)[100] == pytest.approx(1.0, abs=1e-6)
    assert np.isnan(likeness(series, np.full((50, 2), 3.0))).all()
    assert alike(np.full(100, np.nan), 10, 3) == []
    empty = np.full((100, 1), np.nan)
    assert np.isnan(likeness(empty, np.arange(10.0)[:, None])).all()


def test_shapes_must_fit():
    for series, pattern in (((50, 2), (10, 3)), ((5, 2), (10, 2)), ((50, 2), (1, 2))):
        with pytest.raises(InvalidInput):
            likeness(np.zeros(series), np.zeros(pattern))
