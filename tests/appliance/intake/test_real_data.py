"""Public data sets as they are: SKAB, C-MAPSS, NAB, 3W, SMD."""

from __future__ import annotations

import polars as pl
import pytest

from appliance.schemas.ingest import FileStatus
from appliance.schemas.sensor import SensorRole

pytestmark = pytest.mark.data


@pytest.mark.slow
def test_skab(plant, data_dir):
    folder = data_dir / "skab" / "data"
    report = plant.take(folder / "valve2", folder / "anomaly-free")
    assert {f.status for f in report.files} == {FileStatus.ADDED}
    assert report.quarantined == 0
    assert report.assets == 5
    roles = {s.name: s.role for s in plant.intake.sensors("pumps")}
    assert [n for n, role in roles.items() if role is SensorRole.IGNORED] == [
        "anomaly",
        "changepoint",
    ]
    assert len(roles) == 10
    names = {"anomaly-free", *(f"valve2/{i}" for i in range(4))}
    assert set(plant.readings("Current")["asset"]) == names
    raw = pl.read_csv(folder / "valve2" / "0.csv", separator=";", try_parse_dates=True)
    read = plant.lake.readings("pumps").read(assets=["valve2/0"])
    for name in raw.columns[1:]:
        assert read[name].to_list() == raw.sort("datetime")[name].to_list()
    again = plant.take(folder / "valve2")
    assert {f.status for f in again.files} == {FileStatus.ALREADY_THERE}


def test_cmapss(plant, data_dir):
    report = plant.take(data_dir / "cmapss" / "train_FD001.txt")
    assert (report.rows, report.quarantined) == (20_631, 0)
    assert (report.assets, report.sensors) == (100, 24)
    assert plant.intake.time_kind("pumps") == "cycle"
    lives = plant.readings("column 3").group_by("asset").len()
    assert lives["len"].min() == 128
    assert lives["len"].max() == 362
    assert {a.interval_seconds for a in plant.intake.sampling("pumps")} == {3_600.0}


def test_nab(plant, data_dir):
    report = plant.take(data_dir / "nab" / "data" / "realKnownCause")
    assert {f.status for f in report.files} == {FileStatus.ADDED}
    assert report.assets == 7
    # Hours that were repeated when the clock went back, in files without a zone.
    repeated = sum(a.duplicates for a in report.sampling)
    assert report.rows == sum(a.rows for a in report.sampling) - repeated


def test_3w(plant, data_dir):
    report = plant.take(data_dir / "3w" / "8", data_dir / "3w" / "0" / "WELL-00002*.csv.gz")
    assert {f.status for f in report.files} == {FileStatus.ADDED}
    assert set(plant.readings("QGL")["asset"]) == {"WELL-00002", "WELL-00019", "WELL-00020"}
    roles = {s.name: s.role for s in plant.intake.sensors("pumps")}
    assert roles.pop("class") is SensorRole.IGNORED
    assert set(roles.values()) == {SensorRole.SENSOR}
    assert {q.sensor: q for q in report.quality}["T-JUS-CKGL"].missing_share == 1.0


def test_smd(plant, data_dir):
    report = plant.take(data_dir / "smd" / "test" / "machine-2-1.txt.gz")
    assert (report.rows, report.sensors, report.assets) == (23_694, 38, 1)
    assert plant.column("asset")[0] == "machine-2-1"
