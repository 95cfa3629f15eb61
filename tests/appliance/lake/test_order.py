"""Rows put together and cut apart are the rows of a plain sort."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.lake import order
from appliance.lake.layout import TIME, bucket_of, month_of

START = datetime(2026, 1, 30, tzinfo=UTC)
SCHEMA = {"asset": pl.String(), "time": TIME, "x": pl.Int64()}

keys = st.tuples(st.sampled_from(["a", "b", "é", "B", ""]), st.integers(-40, 40))
tables = st.lists(keys, max_size=60)


def table(rows: list[tuple[str, int]], first: int = 0) -> pl.DataFrame:
    numbered = [(a, START + timedelta(days=d), first + i) for i, (a, d) in enumerate(rows)]
    return pl.DataFrame(numbered, schema=SCHEMA, orient="row")


@pytest.fixture(params=["runs", "sorting"], scope="class")
def way(request: pytest.FixtureRequest):
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "sorting":
            patch.setattr(order, "_FEW", 0)
            patch.setattr(order, "_ROWS_A_RUN", 10**9)
        yield request.param


@pytest.mark.slow
@pytest.mark.usefixtures("way")
@settings(max_examples=60, deadline=None)
@given(st.lists(tables, min_size=1, max_size=4))
def test_assembled_frames_equal_a_stable_sort(rows: list[list[tuple[str, int]]]) -> None:
    frames = [table(part, 1_000 * i) for i, part in enumerate(rows)]
    expected = pl.concat(frames).sort("asset", "time", maintain_order=True)
    assert order.assemble(frames).equals(expected)


@pytest.mark.slow
@pytest.mark.usefixtures("way")
@settings(max_examples=60, deadline=None)
@given(st.lists(st.sets(keys, max_size=30), min_size=1, max_size=4))
def test_pieces_in_order_equal_a_sort(pieces: list[set[tuple[str, int]]]) -> None:
    frames = [table(sorted(piece)) for piece in pieces]
    expected = pl.concat(frames).sort("asset", "time", maintain_order=True)
    assert order.assemble(frames).equals(expected)


@pytest.mark.slow
@pytest.mark.usefixtures("way")
@settings(max_examples=60, deadline=None)
@given(tables)
def test_runs_cover_a_frame_and_rise(rows: list[tuple[str, int]]) -> None:
    frame = table(rows)
    found = order.runs(frame)
    assert sum(run.rows for run in found) == frame.height
    for run in found:
        piece = frame.slice(run.first, run.rows)
        assert piece["asset"].unique().to_list() == [run.asset]
        assert piece["time"].is_sorted()
        assert piece["time"].is_unique().all()


@pytest.mark.slow
@pytest.mark.usefixtures("way")
@settings(max_examples=60, deadline=None)
@given(tables)
def test_arranging_tells_of_keys_that_occur_twice(rows: list[tuple[str, int]]) -> None:
    frame, found = order.arrange(table(rows))
    assert frame.sort("x").equals(table(rows))
    assert order.distinct(found) == frame.select("asset", "time").is_unique().all()


@pytest.mark.slow
@pytest.mark.usefixtures("way")
@settings(max_examples=60, deadline=None)
@given(st.sets(keys, max_size=60), st.randoms(use_true_random=False))
def test_partitions_hold_every_row_once_in_order(rows, random) -> None:
    shuffled = sorted(rows)
    random.shuffle(shuffled)
    frame, found = order.arrange(table(shuffled))
    parts = order.split(frame, found)
    for partition, part in parts.items():
        assert part.equals(part.sort("asset", "time"))
        for asset, time in part.select("asset", "time").iter_rows():
            assert dict(partition) == {"bucket": str(bucket_of(asset)), "month": month_of(time)}
    whole = pl.concat([table([]), *parts.values()])
    assert whole.sort("x").equals(frame.sort("x"))


def test_what_is_in_order_is_not_copied() -> None:
    frame = table([(a, d) for a in "ba" for d in range(500)])
    same, found = order.arrange(frame)
    assert same is frame
    assert [run.asset for run in found] == ["b", "a"]
    ordered = table([(a, d) for a in "ab" for d in range(500)])
    assert order.assemble([ordered]) is ordered


def test_months_are_cut_to_the_microsecond() -> None:
    border = datetime(2026, 2, 1, tzinfo=UTC)
    step = timedelta(microseconds=1)
    rows = [("a", border - step, 1), ("a", border, 2), ("a", border + step, 3)]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    parts = order.split(frame, order.runs(frame))
    got = {dict(key)["month"]: part["x"].to_list() for key, part in parts.items()}
    assert got == {"2026-01": [1], "2026-02": [2, 3]}


@pytest.mark.parametrize("year", [1900, 1969, 1970, 2999])
def test_any_year_has_its_months(year: int) -> None:
    rows = [("a", datetime(year, month, 1, tzinfo=UTC), month) for month in range(1, 13)]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    parts = order.split(frame, order.runs(frame))
    assert [dict(key)["month"] for key in parts] == [f"{year}-{m:02}" for m in range(1, 13)]
