"""A table is opened once a version, and whatever changes it is seen at once."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from appliance.lake import Lake
from appliance.lake.table import Table
from appliance.objects import shelf
from tests.appliance.lake.conftest import BOTH

_WRITE = """
import sys
from datetime import UTC, datetime
import polars as pl
from appliance.lake import Lake
frame = pl.DataFrame({"asset": ["B"], "time": [datetime(2026, 1, 1, tzinfo=UTC)], "x": [1.0]})
Lake(sys.argv[1]).readings("pumps").write(frame, batch="other")
"""


@pytest.fixture
def opened(monkeypatch):
    """Counts how often a version is opened."""
    count: list[int | None] = []
    true = Table.opened

    def counted(self, version=None):
        count.append(version)
        return true(self, version)

    monkeypatch.setattr(Table, "opened", counted)
    return count


@BOTH
def test_reads_open_a_version_once(lake, make_readings, opened):
    readings = lake.readings("pumps")
    readings.write(make_readings(["A"], 10, x=1.0), batch="a")
    opened.clear()
    for _ in range(3):
        assert lake.readings("pumps").assets() == ["A"]
        assert readings.read().height == 10
    assert len(opened) == 1


@pytest.mark.slow
@BOTH
def test_what_this_and_other_processes_write_is_seen_at_once(root, make_readings):
    lake = Lake(root)
    readings = lake.readings("pumps")
    for number in range(3):
        readings.write(make_readings([f"A-{number}"], 5, x=1.0), batch=str(number))
        assert len(readings.assets()) == number + 1
    subprocess.run([sys.executable, "-c", _WRITE, root], check=True, timeout=120)
    assert readings.assets() == ["A-0", "A-1", "A-2", "B"]


def test_a_table_that_was_put_back_or_taken_away_is_seen(lake, make_readings, tmp_path):
    readings = lake.readings("pumps")
    readings.write(make_readings(["A"], 5, x=1.0), batch="a")
    folder = readings._table.place.path
    shutil.copytree(folder, tmp_path / "kept")
    readings.write(make_readings(["B"], 5, x=1.0), batch="b")
    assert readings.assets() == ["A", "B"]
    shutil.rmtree(folder)
    assert not readings.exists()
    assert readings.assets() == []
    shutil.copytree(tmp_path / "kept", folder)
    assert readings.assets() == ["A"]


@pytest.mark.xdist_group("s3")
@pytest.mark.parametrize("root", ["s3"], indirect=True)
def test_a_table_in_s3_that_was_made_anew_is_seen(lake, root, make_readings):
    readings = lake.readings("pumps")
    readings.write(make_readings(["A"], 5, x=1.0), batch="a")
    assert readings.assets() == ["A"]
    held = shelf(root)
    held.delete([entry.key for entry in held.entries()])
    assert readings.assets() == []
    readings.write(make_readings(["B"], 5, x=1.0), batch="b")
    assert readings.assets() == ["B"]
