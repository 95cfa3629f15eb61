"""Which readings of a life tell of wear."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from appliance.calendar.masks import Masks
from appliance.fleet.life_rows import Usable
from appliance.schemas.recipe import Limits, RunState

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def readings(**columns):
    count = len(next(iter(columns.values())))
    times = [START + MINUTE * number for number in range(count)]
    return pl.DataFrame({"asset": "P-1", "time": times, **columns}).with_columns(
        pl.col("time").cast(pl.Datetime("us", "UTC"))
    )


def test_what_the_calendar_takes_out_and_standstill_are_left_out():
    masks = Masks(((START + MINUTE, START + 2 * MINUTE),))
    state = RunState(column="speed", minimum=1.0)
    some = readings(heat=[1.0, 2.0, 3.0, 4.0], speed=[5.0, 5.0, 0.0, 5.0])
    assert Usable(masks, state).of(some, 0)["heat"].to_list() == [1.0, 4.0]
    assert Usable(Masks()).of(some, 0).equals(some)


def test_what_could_not_be_measured_is_missing():
    some = readings(heat=[1.0, -5.0, 300.0, float("nan"), None])
    usable = Usable(Masks(), limits={"heat": Limits(lower=0.0, upper=200.0)})
    assert usable.of(some, 0)["heat"].to_list() == [1.0, None, None, None, None]


def test_of_each_stretch_the_first_values_are_kept():
    some = readings(heat=[None, 2.0, 3.0, 4.0, 5.0], flow=[1.0, 1.0, None, None, 2.0])
    kept = Usable(Masks()).of(some, 2 * 60_000_000)
    assert kept["time"].to_list() == [START, START + 2 * MINUTE, START + 4 * MINUTE]
    assert kept["heat"].to_list() == [2.0, 3.0, 5.0]
    assert kept["flow"].to_list() == [1.0, None, 2.0]
    assert kept.columns == some.columns
