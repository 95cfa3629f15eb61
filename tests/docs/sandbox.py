"""A small plant to try the commands of the pages on.

Three pumps at one minute.  ``history`` holds four days of each as CSV, ``new`` the day after,
in which the bearing of P-2 wears for four hours; ``november`` holds the same day as Parquet.
The home knows the fleet ``pumps`` already: ingested, trained, and scored with one event.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from appliance.core.settings import load_settings
from appliance.intake import IngestOptions
from appliance.pipelines.ingest import ingest
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 10, 1, tzinfo=UTC)
DAYS = 4
PUMPS = ("P-1", "P-2", "P-3")
_DAY = 1440
_FAULT = slice(DAYS * _DAY + 600, DAYS * _DAY + 840)
_CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:washing@plant
SUMMARY:Washing
DTSTART:20261003T060000Z
DURATION:PT30M
RRULE:FREQ=WEEKLY;BYDAY=SA
END:VEVENT
END:VCALENDAR
"""

_LARGE = """name = "large"
detector = "autoencoder"
pooled = true
parameters = { window = 8, width = 16, epochs = 1 }
"""


def _pump(number: int) -> pl.DataFrame:
    rng = np.random.default_rng(number)
    rows = (DAYS + 1) * _DAY
    minutes = np.arange(rows)
    load = 70 + 15 * np.sin(2 * np.pi * minutes / _DAY) + rng.normal(0, 1.5, rows)
    vibration = 1.8 + 0.012 * load + rng.normal(0, 0.08, rows)
    temperature = 38 + 0.2 * load + rng.normal(0, 0.3, rows)
    pressure = 6.0 - 0.01 * load + rng.normal(0, 0.05, rows)
    if PUMPS[number] == "P-2":
        vibration[_FAULT] += 2.5
        temperature[_FAULT] += 6.0
    columns = {
        "load": load,
        "vibration": vibration,
        "bearing_temperature": temperature,
        "pressure": pressure,
    }
    times = pl.datetime_range(
        START, START + timedelta(minutes=rows - 1), "1m", eager=True, time_unit="us"
    )
    return pl.DataFrame({"time": times, **columns}).with_columns(pl.exclude("time").round(4))


def lay_out(folder: Path) -> None:
    """Write the plant's files."""
    for name in ("history", "new", "november"):
        (folder / name).mkdir()
    for number, name in enumerate(PUMPS):
        frame = _pump(number)
        past, today = frame.head(DAYS * _DAY), frame.tail(_DAY)
        for part, where in ((past, "history"), (today, "new")):
            text = part.with_columns(pl.col("time").dt.strftime("%Y-%m-%d %H:%M"))
            text.write_csv(folder / where / f"{name}.csv")
        today.insert_column(0, pl.lit(name).alias("asset")).write_parquet(
            folder / "november" / f"{name}.parquet"
        )
    lines = (folder / "new" / "P-3.csv").read_text("utf-8").splitlines()[:60]
    lines[10] = lines[10].rpartition(",")[0] + ",broken"
    (folder / "P-9.csv").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "plant.ics").write_text(_CALENDAR, "utf-8")
    (folder / "large.toml").write_text(_LARGE, "utf-8")
    page = (ROOT / "docs" / "how-to" / "own-pipeline.md").read_text("utf-8")
    weekly = page.partition("```yaml\n")[2].partition("```")[0]
    (folder / "weekly.yaml").write_text(weekly, "utf-8")
    (folder / "loads.toml").write_text('name = "loads"\ndetector = "forest"\n', "utf-8")


def furnish(home: Path, folder: Path) -> None:
    """Bring the plant's fleet to where a running site has it."""
    site = Site(load_settings(home))
    options = IngestOptions(context=("load",))
    ingest(site, [folder / "history"], "pumps", options)
    train(site, "pumps", TrainOptions(recipe="forest"))
    ingest(site, [folder / "new"], "pumps", options)
    score(site, "pumps")
    site.close()
