"""Fleets with readings for the tests of the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from appliance.intake import IngestOptions
from appliance.pipelines.site import Site

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def rows(count: int, assets: tuple[str, ...] = ("P-1", "P-2"), seed: int = 1) -> pl.DataFrame:
    """Return minutes of some machines: flow and temperature."""
    random = np.random.default_rng(seed)
    return pl.concat(
        pl.DataFrame(
            {
                "time": [START + minute * MINUTE for minute in range(count)],
                "asset": [asset] * count,
                "flow": random.normal(10, 1, count),
                "temp": random.normal(60, 2, count),
            }
        )
        for asset in assets
    )


def bring(site: Site, fleet: str, frame: pl.DataFrame, folder: Path) -> None:
    """Ingest a frame as a file."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{fleet}-{frame.height}.csv"
    frame.write_csv(path)
    options = IngestOptions(asset="asset", time="time")
    report = site.intake.ingest([path], fleet, options)
    assert report.files[0].status == "added", report.files[0].reason
