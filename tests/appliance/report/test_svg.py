"""Charts: round ticks, no spike lost, names that fit."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.report.model import HeatRow, Trace
from appliance.report.svg import (
    envelope,
    heat_map,
    level,
    nice_ticks,
    short_number,
    shortened,
    stacked,
    time_ticks,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")


@settings(max_examples=100, deadline=None)
@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9), st.integers(1, 8))
def test_ticks_are_within_and_not_too_many(low, span, count):
    high = low + span
    ticks = nice_ticks(low, high, count)
    slack = 1e-6 * max(abs(low), abs(high), span)
    assert all(low - slack <= tick <= high + slack for tick in ticks)
    assert len(ticks) <= count + 2


def test_ticks_of_nothing():
    assert nice_ticks(3.0, 3.0) == [3.0]
    assert nice_ticks(float("nan"), 1.0) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(10, 60), st.integers(200, 2000), st.integers(0, 2**32 - 1))
def test_thinning_keeps_the_extremes_of_every_column(pixels, rows, seed):
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, 1e6, rows))
    values = np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows))
    thin_times, thin = envelope(times, values, pixels)
    assert len(thin) <= 2 * pixels
    assert (np.diff(thin_times) >= 0).all()
    assert thin.max() == np.nanmax(values)
    assert thin.min() == np.nanmin(values)


@pytest.mark.parametrize(
    ("span", "step"),
    [
        (timedelta(minutes=3), timedelta(seconds=30)),
        (timedelta(hours=6), timedelta(hours=1)),
        (timedelta(days=5), timedelta(days=1)),
        (timedelta(days=400), timedelta(days=90)),
    ],
)
def test_time_ticks_are_at_round_local_times(span, step):
    ticks = time_ticks(START, START + span, TOKYO)
    assert 2 <= len(ticks) <= 8
    assert {b[0] - a[0] for a, b in pairwise(ticks)} == {step}
    assert all(START <= moment <= START + span for moment, _ in ticks)
    if step >= timedelta(days=1):
        assert {moment.astimezone(TOKYO).hour for moment, _ in ticks} == {0}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (12.34567, "12.35"),
        (-0.00012, "-1.2e-04"),
        (1.2e7, "1.2e+07"),
        (99999, "1e+05"),
    ],
)
def test_numbers_are_short(value, text):
    assert short_number(value) == text


def test_names_are_cut_to_the_place_they_have():
    assert shortened("discharge_pressure") == "discharge_pressure"
    assert shortened("vibration_drive_end") == "vibration_drive_e…"
    assert shortened("軸受温度") == "軸受温度"
    assert shortened("非駆動側軸受の温度計") == "非駆動側軸受の温…"


def test_colours_step_up_with_the_peak():
    levels = [level(peak) for peak in (0.0, 0.5, 0.79, 0.8, 1.0, 1.49, 1.5, 9.0)]
    assert levels == [0, 1, 1, 2, 3, 3, 4, 4]


def test_a_heat_map_has_a_cell_for_every_machine_and_bin():
    rows = [HeatRow("P-1", np.array([0.1, np.nan, 2.0]), 1), HeatRow("P-2", np.zeros(3), 0)]
    bins = [START + timedelta(days=n) for n in range(3)]
    picture = heat_map(rows, bins, TOKYO, "what it shows")
    assert re.findall(r'rect class="(\w+)"', picture) == [
        *("level0", "none", "level4"),
        *("level0", "level0", "level0"),
    ]


def test_long_holes_break_a_trace():
    times = START.timestamp() + 60.0 * np.r_[0:100, 500:600]
    trace = Trace("flow", "l/s", times, np.sin(times), share=0.5)
    window = (START, START + timedelta(minutes=600))
    picture = stacked([trace], window, window, TOKYO, "what it shows")
    (path,) = re.findall(r'path class="trace driver" d="([^"]+)"', picture)
    assert path.count("M") == 2


def test_the_last_time_is_not_cut_off():
    window = (START, START + timedelta(hours=6))
    trace = Trace("flow", "", np.array([START.timestamp()]), np.array([1.0]))
    picture = stacked([trace], window, window, TOKYO, "what it shows", width=760)
    for anchor, x in re.findall(r'text-anchor="(\w+)" x="([\d.]+)" y="90', picture):
        assert float(x) + (24 if anchor == "middle" else 0) <= 760
