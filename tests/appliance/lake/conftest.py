"""Tables of a fresh lake, and frames to fill them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from appliance.lake import Lake
from appliance.lake.layout import TIME
from appliance.lake.place import LOG
from appliance.lake.places import place
from appliance.lake.staged import FIXED
from tests.s3 import s3, s3_place

__all__ = ["s3", "s3_place"]
BOTH = pytest.mark.parametrize(
    "root", ["folder", pytest.param("s3", marks=pytest.mark.xdist_group("s3"))], indirect=True
)
"""A test that is run on a lake in a folder, and on one in S3."""

START = datetime(2026, 1, 20, tzinfo=UTC)
Frames = Callable[..., pl.DataFrame]


def data_files(root: str) -> set[str]:
    """Return where the data files of a lake's tables are, those of the logs left out."""
    lake = place(root)
    return {lake.located(key) for key in lake.parquet() if f"/{LOG}/" not in f"/{key}"}


@pytest.fixture
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for a lake: a folder, or one on S3 where a test is marked `BOTH`."""
    if getattr(request, "param", "folder") == "folder":
        return str(tmp_path)
    return str(request.getfixturevalue("s3_place"))


@pytest.fixture
def lake(root: str) -> Lake:
    return Lake(root)


@pytest.fixture
def make_readings() -> Frames:
    """Readings of some assets, minute after minute from 20 January 2026."""

    def make(assets: list[str], rows: int, first: int = 0, **sensors: float) -> pl.DataFrame:
        times = [START + timedelta(minutes=first + i) for i in range(rows)]
        return pl.concat(
            pl.DataFrame(
                {
                    "asset": [asset] * rows,
                    "time": times,
                    **{
                        name: [value + i for i in range(rows)]
                        for name, value in sensors.items()
                    },
                },
                schema_overrides={"asset": pl.String, "time": TIME},
            )
            for asset in assets
        )

    return make


@pytest.fixture
def make_scores(make_readings: Frames) -> Frames:
    """Scores of the same assets and times, with one share a sensor."""

    def make(
        assets: list[str], rows: int, first: int = 0, surprise: float = 1.0, **shares: float
    ) -> pl.DataFrame:
        return make_readings(assets, rows, first).with_columns(
            pl.lit(surprise, FIXED["surprise"]).alias("surprise"),
            pl.lit(value=False).alias("alarm"),
            pl.lit(0, FIXED["state"]).alias("state"),
            pl.lit(1.0, FIXED["coverage"]).alias("coverage"),
            *(pl.lit(value, pl.Float64).alias(name) for name, value in shares.items()),
        )

    return make
