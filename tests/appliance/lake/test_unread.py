"""What a read does not need is not read: whatever else its files hold may be ruined."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from appliance.core.errors import StorageError
from appliance.lake import layout
from appliance.lake.layout import bucket_of

START = datetime(2026, 1, 20, tzinfo=UTC)
_GROUP = 50
"""Rows a row group here: an asset has two."""
_ROWS = 100


@pytest.fixture
def assets() -> list[str]:
    """Six assets of one bucket, so that a file holds them all."""
    names = (f"A-{number}" for number in range(10_000))
    return sorted([name for name in names if bucket_of(name) == 0][:6])


@pytest.fixture
def readings(lake, make_readings, assets, monkeypatch):
    """Two sensors of six assets in one file of twelve row groups."""
    monkeypatch.setattr(layout, "ROW_GROUP", _GROUP)
    found = lake.readings("pumps")
    found.write(make_readings(assets, _ROWS, temp=1.0, flow=5.0), batch="a")
    (path,) = found.files()
    assert pq.ParquetFile(path).num_row_groups == 12
    return found


def ruin(path: str, needed: Callable[[int, str], bool]) -> int:
    """Overwrite the column chunks that are not needed, told row group and column."""
    told, ruined = pq.ParquetFile(path).metadata, 0
    with Path(path).open("r+b") as file:
        for group in range(told.num_row_groups):
            for number in range(told.num_columns):
                column = told.row_group(group).column(number)
                if needed(group, column.path_in_schema):
                    continue
                own = column.dictionary_page_offset, column.data_page_offset
                file.seek(min(offset for offset in own if offset))
                file.write(b"\xff" * column.total_compressed_size)
                ruined += 1
    return ruined


@pytest.mark.parametrize("column", ["asset", "time", "temp"])
def test_what_is_needed_and_ruined_is_noticed(readings, column):
    (path,) = readings.files()
    ruin(path, lambda group, name: (group, name) != (4, column))
    with pytest.raises(StorageError):
        readings.read(columns=["temp"])


def test_one_assets_hour_is_one_row_group_and_its_columns(readings, assets):
    (path,) = readings.files()
    span = START, START + timedelta(minutes=_GROUP)
    before = readings.read([assets[2]], *span, columns=["temp"])
    assert before.height == _GROUP
    ruined = ruin(path, lambda group, name: group == 4 and name in ("asset", "time", "temp"))
    assert ruined == 12 * 4 - 3
    assert readings.read([assets[2]], *span, columns=["temp"]).equals(before)


def test_a_sensor_that_is_not_asked_for(readings):
    (path,) = readings.files()
    before = readings.read(columns=["flow"])
    ruin(path, lambda _, name: name != "temp")
    assert readings.read(columns=["flow"]).equals(before)
    (chunk,) = readings.chunks(cells=10**6)
    (part,) = chunk.parts(["flow"])
    assert part.equals(before)


def test_a_piece_of_a_bucket_reads_its_own_row_groups(readings, assets):
    (path,) = readings.files()
    pieces = readings.chunks(cells=2 * 2 * _ROWS)  # two assets each
    before = [piece.read() for piece in pieces]
    assert [frame["asset"].n_unique() for frame in before] == [2, 2, 2]
    ruin(path, lambda group, _: group in range(4, 8))
    assert pieces[1].read().equals(before[1])
    for other in (pieces[0], pieces[2]):
        with pytest.raises(StorageError):
            other.read()


def test_what_is_said_of_the_assets_needs_no_row_group(readings, assets):
    (path,) = readings.files()
    ruin(path, lambda _, __: False)
    assert readings.assets() == assets
