"""The plant's files, ingested as they lie there: the readings are those generated."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from appliance.core.db import open_database
from appliance.core.settings import Settings
from appliance.demo import plant
from appliance.demo.config import PlantConfig
from appliance.demo.files import write_plant
from appliance.intake import IngestOptions, Intake
from appliance.lake import Lake
from appliance.schemas.progress import Silent
from tests.appliance.databases import fresh_home

SMALL = PlantConfig(days=3, training_days=2, scale=0.01, interval_seconds=300)


@pytest.mark.slow
@pytest.mark.parametrize("fleet", plant.FLEETS)
def test_ingested_the_readings_are_those_generated(tmp_path, fleet):
    chosen = Settings(home=fresh_home(tmp_path / "home"))
    database, lake = open_database(chosen.database), Lake(chosen.lake_root)
    files = next(f for f in write_plant(SMALL, tmp_path / "plant").fleets if f.fleet == fleet)
    intake = Intake(lake, database, chosen)
    options = IngestOptions(
        context=files.context, timezone=files.timezone, layout="auto", units=files.units
    )
    report = intake.ingest(files.files, fleet, options, Silent())
    assert report.quarantined == 0
    assert report.assets == 2
    told = {s.name: (s.unit, s.role.value) for s in intake.sensors(fleet)}
    assert {name for name, (_, role) in told.items() if role == "context"} == set(files.context)
    assert {name: unit for name, (unit, _) in told.items()} == dict(files.units)
    readings = lake.readings(fleet).read()
    database.close()
    for asset, wanted in plant.generate_fleet(SMALL, fleet):
        found = readings.filter(pl.col("asset") == asset).select(wanted.columns)
        everything = pl.any_horizontal(pl.exclude("time").is_not_null())
        assert_frame_equal(
            found.with_columns(pl.exclude("time").cast(pl.Float32)),
            wanted.filter(everything),
            rel_tol=1e-6,
        )
