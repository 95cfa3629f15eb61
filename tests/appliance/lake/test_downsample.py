"""Charts of long series: no spike is lost, gaps stay gaps, rows stay few."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.lake.downsample import downsample, extremes
from appliance.lake.layout import TIME

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def series(times, **columns) -> pl.DataFrame:
    moments = pl.Series("time", times).cast(pl.Int64)
    return pl.DataFrame({"time": moments.cast(TIME), **columns})


@st.composite
def frames(draw):
    """Return rows at uneven distances, some values missing, some columns without any."""
    count = draw(st.integers(1, 400))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([1.0, 3.0, 1e6]))
    steps = np.maximum(random.exponential(scale, count), 1).astype(np.int64)
    columns = {}
    for number in range(draw(st.integers(1, 3))):
        values = random.normal(0, draw(st.sampled_from([1e-9, 1.0, 1e12])), count)
        missing = random.random(count) < draw(st.sampled_from([0.0, 0.3, 1.0]))
        columns[f"s{number}"] = pl.Series(np.where(missing, np.nan, values), nan_to_null=True)
    return series(np.cumsum(steps), **columns)


@pytest.mark.slow
@given(frames(), st.integers(1, 60))
def test_the_extremes_of_every_stretch_survive(frame, width):
    shown = downsample(frame, width, "minmax")
    first, last = frame["time"][0], frame["time"][-1]
    step = (last - first) // timedelta(microseconds=1) // width + 1
    stretch = (pl.col("time") - first).dt.total_microseconds() // step
    for name in frame.columns[1:]:
        ends = [pl.col(name).min().alias("low"), pl.col(name).max().alias("high")]
        known = pl.col(name).is_not_null()
        before, after = (
            one.filter(known).group_by(stretch.alias("at")).agg(ends).sort("at")
            for one in (frame, shown)
        )
        assert before.equals(after)


@pytest.mark.slow
@given(frames(), st.integers(1, 60), st.sampled_from(["minmax", "lttb"]))
def test_what_is_shown_is_short_in_order_and_within(frame, width, method):
    shown = downsample(frame, width, method)
    assert shown.columns == frame.columns
    assert shown["time"].is_sorted()
    assert shown["time"].n_unique() == shown.height
    empty = shown.filter(pl.all_horizontal(pl.col(shown.columns[1:]).is_null()))
    assert shown.height <= 2 * (2 * width if method == "minmax" else max(width, 2))
    assert shown.height - empty.height <= (2 * width if method == "minmax" else max(width, 1))
    assert (shown["time"][0], shown["time"][-1]) in [
        (frame["time"][0], frame["time"][-1]),
        (frame["time"][0], frame["time"][0]),  # a single point
    ]


@pytest.mark.slow
@given(frames(), st.integers(3, 60))
def test_lttb_shows_rows_that_there_are(frame, width):
    shown = downsample(frame, width, "lttb")
    known = shown.filter(pl.any_horizontal(pl.col(shown.columns[1:]).is_not_null()))
    assert (
        known.join(frame, on=frame.columns, how="semi", nulls_equal=True).height == known.height
    )


def test_one_spike_in_a_year_is_seen():
    values = np.zeros(525_600)
    values[300_001] = 9.0
    frame = series(np.arange(525_600) * 60_000_000, a=values)
    for method in ("minmax", "lttb"):
        assert downsample(frame, 800, method)["a"].max() == 9.0


def test_a_gap_breaks_the_line_and_single_missing_rows_do_not():
    minutes = [*range(100), *range(103, 200), *range(300, 400)]
    frame = series([m * 60_000_000 for m in minutes], a=[1.0] * len(minutes))
    for method, width in (("minmax", 20), ("lttb", 40), ("minmax", 1_000)):
        shown = downsample(frame, width, method)
        (gap,) = shown.filter(pl.col("a").is_null())["time"].to_list()
        assert 199 < gap.timestamp() / 60 < 300


def test_a_sensor_without_values_for_long_is_a_gap_in_its_own_line_only():
    a = [1.0] * 1_000
    b = [*a[:400], *[None] * 200, *a[600:]]
    shown = downsample(series(np.arange(1_000) * 1_000_000, a=a, b=b), 50, "minmax")
    assert shown["a"].null_count() == 0
    nothing = shown.filter(pl.col("b").is_null())["time"].to_list()
    assert 399 < nothing[0].timestamp() < nothing[-1].timestamp() < 601


def test_few_rows_stay_as_they_are():
    frame = series([0, 1, 5], a=[1.0, None, 3.0])
    for method in ("minmax", "lttb", "none"):
        assert downsample(frame, 10, method).equals(frame)
        assert downsample(frame.clear(), 10, method).is_empty()


@pytest.mark.slow
@given(frames(), st.integers(1, 60))
def test_extremes_are_true_rows(frame, width):
    shown = extremes(frame, "s0", width)
    assert shown.height <= 2 * width
    assert (
        shown.join(frame, on=frame.columns, how="semi", nulls_equal=True).height == shown.height
    )
    assert shown["s0"].max() == frame["s0"].max()
    assert shown["s0"].min() == frame["s0"].min()


@pytest.mark.parametrize("method", ["minmax", "lttb"])
def test_times_beyond_what_floats_hold_stay_apart(method):
    times = 2**53 + np.arange(1_000)
    shown = downsample(series(times, a=np.arange(1_000.0)), 100, method)
    assert shown["time"].to_physical()[0] == 2**53
    assert shown["time"].n_unique() == shown.height
