"""A read touches the files it must, and no other; small files do not pile up."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from appliance.lake import layout
from appliance.lake.layout import BUCKETS, bucket_of
from appliance.lake.selection import Selection

START = datetime(2026, 1, 20, tzinfo=UTC)


@pytest.fixture
def touched(monkeypatch) -> Counter[str]:
    """Count how often each file is opened."""
    counted: Counter[str] = Counter()
    real = layout.read

    def counting(files, columns, *, where=None):
        counted.update(files)
        return real(files, columns, where=where)

    monkeypatch.setattr(layout, "read", counting)
    return counted


@pytest.fixture
def fleet(lake, make_readings):
    """A thousand assets with two rows in each of three months."""
    days = [0, 5, 12, 20, 45, 50]
    assets = [f"A-{i:04d}" for i in range(1_000)]
    frame = pl.concat(make_readings(assets, 1, day * 24 * 60, temp=1.0) for day in days)
    readings = lake.readings("pumps")
    readings.write(frame, batch="a")
    return readings


@pytest.mark.slow
def test_one_assets_month_of_a_thousand_assets(fleet, touched):
    assert len(fleet.files()) == BUCKETS * 3
    month = (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))
    got = fleet.read(["A-0042"], *month)
    assert got.height == 2
    (path,) = touched
    assert f"bucket={bucket_of('A-0042')}/month=2026-02" in path


@pytest.mark.slow
def test_a_late_row_of_one_asset_reads_and_writes_only_its_file(fleet, make_readings, touched):
    before = set(fleet.files())
    fleet.write(make_readings(["A-0042"], 1, temp=5.0), batch="fix")
    after = set(fleet.files())
    (old,), (new,) = before - after, after - before
    assert set(touched) == {old}
    assert Path(new).parent == Path(old).parent
    assert fleet.read(["A-0042"])["temp"].to_list()[0] == 5.0
    assert fleet.row_count() == 6_000


@pytest.mark.slow
def test_chunks_open_each_file_once(fleet, touched):
    chunks = fleet.chunks(cells=1_000)
    assert not touched
    frames = [chunk.read(["temp"]) for chunk in chunks]
    assert set(touched) == set(fleet.files())
    assert set(touched.values()) == {1}
    assert sum(frame.height for frame in frames) == 6_000
    assert sum(chunk.rows for chunk in chunks) == 6_000
    assert all(frame.equals(frame.sort("asset", "time")) for frame in frames)


@pytest.mark.slow
def test_chunks_of_some_assets_and_days(fleet, touched):
    assets = ["A-0001", "A-0500", "nobody"]
    chunks = fleet.chunks(cells=10**6, assets=assets, start=START + timedelta(days=12))
    got = pl.concat(chunk.read() for chunk in chunks)
    assert got["asset"].unique().sort().to_list() == assets[:2]
    assert got.height == 8
    assert len(touched) <= 4
    assert set(touched) == set(fleet.files(assets, START + timedelta(days=12)))


def test_the_assets_of_files_with_one_asset_need_no_reading(lake, make_readings, touched):
    readings = lake.readings("pumps")
    assets = [f"A-{bucket}" for bucket in range(3)]
    for asset in assets:
        readings.write(make_readings([asset], 5, temp=1.0), batch=asset)
    assert readings.assets() == assets
    assert not touched


def test_versions_keep_their_files_and_columns(lake, make_readings):
    readings = lake.readings("pumps")
    readings.write(make_readings(["P-1"], 5, temp=1.0), batch="a")
    version, first = readings.version(), readings.read()
    readings.write(make_readings(["P-1", "P-2"], 9, temp=7.0, flow=1.0), batch="b")
    assert readings.read(version=version).equals(first)
    assert len(readings.files(version=version)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("late", [False, True])
def test_small_appends_do_not_pile_up(lake, make_readings, late):
    readings = lake.readings("pumps")
    order = range(60, 0, -1) if late else range(60)
    for minute in order:
        readings.write(make_readings(["P-1"], 1, minute, temp=float(minute)), batch=str(minute))
    assert len(readings.files()) <= 8
    assert readings.read()["temp"].to_list() == [float(minute) for minute in sorted(order)]
    readings.clean(older_than_hours=0)
    root = Path(readings.files()[0]).parents[2]
    assert set(map(str, root.glob("bucket=*/*/*.parquet"))) == set(readings.files())


@pytest.mark.slow
def test_a_large_file_is_not_written_again_for_a_small_one(lake, make_readings):
    readings = lake.readings("pumps")
    readings.write(make_readings(["P-1"], 5_000, temp=1.0), batch="large")
    (large,) = readings.files()
    for minute in range(20):
        readings.write(make_readings(["P-1"], 1, 5_000 + minute, temp=0.0), batch=str(minute))
    assert large in readings.files()
    assert readings.row_count() == 5_020


def test_a_selection_excludes_by_bucket_asset_and_time(lake, make_readings):
    readings = lake.readings("pumps")
    readings.write(make_readings(["P-1"], 10, temp=1.0), batch="a")
    last = START + timedelta(minutes=9)
    assert len(readings.files(["P-1"], START, last)) == 1
    assert readings.files(start=last + timedelta(minutes=1)) == []
    assert readings.files(end=START) == []
    assert readings.files(["P-2"]) == []
    assert readings.files([]) == []
    assert readings.read([]).is_empty()
    assert readings.read(end=START).schema == readings.read().schema
    assert Selection().where is None
