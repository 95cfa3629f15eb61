"""Rows find their cells, gaps split, bridges hold."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.fleet.cleaning import bridge
from appliance.fleet.series import MICRO, Rows, even, pieces, runs, sampling_interval

NONE = np.zeros((0, 0))


def rows(times, values=None, running=None) -> Rows:
    times = np.asarray(times, np.int64)
    values = np.arange(len(times), dtype=float)[None, :] if values is None else values
    return Rows(times, values, np.zeros((0, len(times))), running)


@settings(max_examples=25)
@given(
    steps=st.lists(st.integers(0, 4_000_000), min_size=1, max_size=60), fill=st.integers(0, 5)
)
def test_every_row_has_a_cell_within_half_an_interval(steps, fill):
    times = np.cumsum(steps)
    series = even(rows(times), MICRO, fill)
    cells = np.arange(len(times)) if series.cell_of_row is None else series.cell_of_row
    for time, cell in zip(times, cells, strict=True):
        assert abs(series.time_of(int(cell)) - time) <= MICRO // 2
    assert (np.diff(cells) >= 0).all()
    assert series.bounds[-1] == series.cells
    # Memory follows the readings, not the calendar.
    assert series.cells <= len(times) * (fill + 2)


def test_an_even_series_is_not_copied():
    values = np.ones((2, 100), np.float32)
    given_rows = rows(np.arange(100) * MICRO, values)
    series = even(given_rows, MICRO, 5)
    assert series.sensors is values
    assert series.cell_of_row is None


def test_rows_that_share_a_cell_are_averaged_and_missing_ones_do_not_count():
    values = np.array([[1.0, 3.0, np.nan, 7.0]])
    series = even(rows([0, 100_000, 200_000, 2 * MICRO], values), MICRO, 5)
    np.testing.assert_array_equal(series.sensors, [[2.0, np.nan, 7.0]])


def test_a_long_gap_begins_a_new_stretch_at_its_own_time():
    times = np.r_[0:5, 1000:1005] * MICRO + np.r_[[0] * 5, [300_000] * 5]
    series = even(rows(times), MICRO, 5)
    np.testing.assert_array_equal(series.bounds, [0, 5, 10])
    assert series.time_of(5) == 1000 * MICRO + 300_000


def test_rows_when_the_machine_is_off_have_no_cell():
    running = np.array([True, True, False, False, True])
    series = even(rows(np.arange(5) * MICRO, running=running), MICRO, 0)
    np.testing.assert_array_equal(series.cell_of_row, [0, 1, -1, -1, 2])
    out = series.to_rows(np.array([10.0, 11.0, 14.0]), np.nan)
    np.testing.assert_array_equal(out, [10, 11, np.nan, np.nan, 14])


def test_the_interval_is_exact_where_clocks_jitter():
    rng = np.random.default_rng(0)
    times = np.arange(2000) * 60 * MICRO + rng.integers(-5 * MICRO, 5 * MICRO, 2000)
    assert sampling_interval(times) == 60 * MICRO
    assert sampling_interval(np.arange(100) * 125_000) == 125_000
    assert sampling_interval(np.array([7, 7, 7])) == 0
    assert sampling_interval(np.array([7])) == 0


@settings(max_examples=25)
@given(
    unusable=st.lists(st.booleans(), min_size=1, max_size=60),
    border=st.integers(0, 60),
    gap=st.integers(0, 4),
)
def test_pieces_are_usable_at_their_ends_and_bridge_short_runs(unusable, border, gap):
    mask = np.array(unusable)
    bounds = np.unique([0, min(border, len(mask)), len(mask)])
    found = pieces(bounds, mask, gap)
    covered = np.zeros(len(mask), bool)
    for start, stop in found:
        assert not mask[start]
        assert not mask[stop - 1]
        assert not any(start < bound < stop for bound in bounds)
        assert all(b - a <= gap for a, b in runs(mask[start:stop]))
        assert not covered[start:stop].any()
        covered[start:stop] = True
    assert covered[~mask].all()


def slow_bridge(values, bounds, fill_rows):
    out = values.copy()
    for row in out:
        for low, high in itertools.pairwise(bounds):
            part = row[low:high]
            gone = np.isnan(part)
            if gone.all():
                continue
            known = np.flatnonzero(~gone)
            line = np.interp(np.arange(len(part)), known, part[known])
            for a, b in runs(gone):
                if b - a <= fill_rows:
                    part[a:b] = line[a:b]
    return out


@settings(max_examples=25)
@given(
    cells=st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=2, max_size=50),
    border=st.integers(1, 49),
    fill=st.integers(0, 6),
)
def test_bridges_equal_straight_lines(cells, border, fill):
    values = np.array([[np.nan if c is None else float(c) for c in cells]])
    bounds = np.unique([0, min(border, len(cells)), len(cells)])
    expected = slow_bridge(values, bounds, fill)
    np.testing.assert_allclose(bridge(values, bounds, fill), expected)
