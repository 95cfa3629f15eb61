"""3W: real oil wells with empty and frozen sensors, each learned from before its fault."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

import appliance as kizashi
from tests.flow.conftest import Tell

pytestmark = pytest.mark.data

_SHORT = "8/WELL-00020_20120410192326"
"""It begins three minutes before its fault: too little to learn from."""
_WELLS = (
    "1/WELL-00001_20140124213136",
    "1/WELL-00002_20140126200050",
    "2/WELL-00002_20131104014101",
    "2/WELL-00003_20141122214325",
    "5/WELL-00015_20170620160349",
    "5/WELL-00016_20180405020345",
    "8/WELL-00019_20170301182317",
    _SHORT,
)
_EVERY = 10
_RECIPE = {"name": "wells", "threshold": {"false_alarms_per_month": 100}}
"""Some hours of normal running cannot promise less than an alarm every seven hours."""


def _well(data_dir: Path, name: str) -> pl.DataFrame:
    raw = gzip.decompress((data_dir / "3w" / f"{name}.csv.gz").read_bytes())
    frame = pl.read_csv(raw, try_parse_dates=True, infer_schema_length=None)
    frame = frame.gather_every(_EVERY).with_columns(pl.lit(name).alias("well"))
    normal = (pl.col("class").fill_null(-1) == 0).cum_min()
    return frame.with_columns(
        pl.col("timestamp").cast(pl.Datetime("us")),
        pl.exclude("timestamp", "well").cast(pl.Float64),
        normal.alias("normal"),
    )


def test_what_cannot_be_judged_is_told_and_the_rest_is_judged(
    tell: Tell, data_dir: Path
) -> None:
    wells = pl.concat([_well(data_dir, name) for name in _WELLS], how="diagonal")
    readings = wells.drop("class", "normal")
    model = kizashi.fit(
        readings.filter(wells["normal"]),
        asset="well",
        time="timestamp",
        recipe=_RECIPE,
        engine="local",
    )
    assert list(model.failures) == [_SHORT]
    assert "clean rows to learn from" in model.failures[_SHORT]
    without_gas_lift = model.manifest.assets["8/WELL-00019_20170301182317"].left_out
    assert without_gas_lift["T-JUS-CKGL"] == "no value in training"

    scores = model.score(readings).with_columns(wells["class", "normal"])
    assert set(scores.filter(pl.col("well") == _SHORT)["state"]) == {"no_model"}
    judged = scores.filter(pl.col("well") != _SHORT)
    by_well = judged.group_by("well").agg(
        alarm=pl.col("alarm").filter(pl.col("class") > 0).mean(),
        false=pl.col("alarm").filter("normal").mean(),
    )
    found = by_well.filter(pl.col("alarm") > 0.5).height
    tell(
        f"3W: {found} of {by_well.height} wells stand above their alarm for most of the fault; "
        f"{by_well['false'].mean():.1%} of the normal readings do"
    )
    assert found >= 5
    assert by_well["false"].mean() <= 0.06


def test_frozen_sensors_are_told_as_sensor_faults(data_dir: Path) -> None:
    well = _well(data_dir, "2/WELL-00003_20141122214325")
    readings = well.drop("class", "normal")
    model = kizashi.fit(readings.filter(well["normal"]), time="timestamp", engine="local")
    stuck = readings.with_columns(
        pl.when(pl.int_range(pl.len()) >= 500)
        .then(pl.col("P-TPT").get(500))
        .otherwise("P-TPT")
        .alias("P-TPT")
    )
    faults = model.sensor_faults(stuck)
    assert ("P-TPT", "frozen") in faults.select("sensor", "kind").rows()
    assert model.score(stuck)["surprise"].null_count() < 0.1 * stuck.height
