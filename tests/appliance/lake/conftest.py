"""Tables of a fresh lake, and frames to fill them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from appliance.lake import Lake
from appliance.lake.layout import TIME
from appliance.lake.staged import FIXED

START = datetime(2026, 1, 20, tzinfo=UTC)
Frames = Callable[..., pl.DataFrame]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


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
