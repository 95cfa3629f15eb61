"""The names of a fleet's assets: exact whatever is written, each file looked at once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from appliance.core.errors import StorageError
from appliance.lake import layout
from tests.appliance.lake.conftest import BOTH, START


@pytest.fixture
def looked_at(monkeypatch) -> Counter[str]:
    """Count how often a file is asked for its assets, or read."""
    counted: Counter[str] = Counter()
    for name in ("assets", "read"):
        real = getattr(layout, name)

        def counting(files, *more, real=real, **named):
            counted.update(files)
            return real(files, *more, **named)

        monkeypatch.setattr(layout, name, counting)
    return counted


@pytest.fixture
def fleet(lake, make_readings):
    """Readings of a hundred assets in January and February."""
    readings = lake.readings("pumps")
    names = [f"A-{number:02d}" for number in range(100)]
    for day in (0, 20):
        readings.write(make_readings(names, 2, day * 24 * 60, temp=1.0), batch=str(day))
    return readings


@BOTH
def test_the_names_between_the_first_and_the_last_of_a_file(lake, make_readings):
    names = [f"machine {number} é/漢" for number in range(50)]
    lake.readings("pumps").write(make_readings(names, 1, temp=1.0), batch="a")
    assert lake.readings("pumps").assets() == sorted(names)


@pytest.mark.slow
def test_a_file_is_looked_at_once(lake, fleet, make_readings, looked_at):
    names = [f"A-{number:02d}" for number in range(100)]
    assert fleet.assets() == names
    assert set(looked_at) <= set(fleet.files())
    assert set(looked_at.values()) == {1}
    known = set(looked_at)
    looked_at.clear()
    assert lake.readings("pumps").assets() == names
    fleet.write(make_readings(["A-07", "B"], 1, 60 * 24 * 60, temp=1.0), batch="more")
    looked_at.clear()
    assert fleet.assets() == [*names, "B"]
    assert not set(looked_at) & known
    assert set(looked_at) <= set(fleet.files())


@pytest.mark.slow
def test_what_goes_and_what_comes_late(lake, fleet, make_readings):
    fleet.write(make_readings(["gone", "A-50"], 1, temp=1.0), batch="b")
    assert "gone" in fleet.assets()
    lake.drop_before("pumps", START + timedelta(days=1), run="drop")
    assert "gone" not in fleet.assets()
    assert len(fleet.assets()) == 100
    fleet.write(make_readings(["late", "A-51"], 1, -90 * 24 * 60, temp=1.0), batch="c")
    assert fleet.assets()[-1] == "late"
    lake.compact("pumps", run="compact")
    assert len(fleet.assets()) == 101


@pytest.mark.slow
def test_files_whose_footer_names_no_asset(lake, make_readings, monkeypatch):
    readings, names = lake.readings("pumps"), [f"A-{number:03d}" for number in range(200)]
    monkeypatch.setattr(layout, "_NAMED", 5)
    readings.write(make_readings(names, 1, temp=1.0), batch="a")
    assert readings.assets() == names


@pytest.mark.slow
def test_files_that_another_program_wrote_again(lake, make_readings):
    readings, names = lake.readings("pumps"), [f"A-{number:03d}" for number in range(200)]
    readings.write(make_readings(names, 1, temp=1.0), batch="a")
    for path in readings.files():
        pl.read_parquet(path, hive_partitioning=False).write_parquet(path)
    assert readings.assets() == names


def test_a_file_that_is_gone_is_told(fleet):
    for path in fleet.files():
        Path(path).write_text("PAR1")
    with pytest.raises(StorageError):
        fleet.assets()
