"""Sites for the tests of the flow, and what is compared between two of them."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from mlflow.tracking import MlflowClient
from polars.testing import assert_frame_equal

from appliance.core.settings import Settings
from appliance.intake import IngestOptions
from appliance.pipelines.ingest import ingest
from appliance.pipelines.site import Site
from appliance.schemas.event import Event, EventState
from tests.appliance.databases import new_database
from tests.appliance.fleet.plants import START, readings

FLEET = "pumps"
ASSETS = ("P-1", "P-2", "P-3", "P-4")
STEP = timedelta(minutes=10)
LEARNED = 864
DAY = 144
"""Rows a day."""


@cache
def empty_registry() -> Path:
    """Return MLflow's database before any model: making it takes longer than a training."""
    folder = Path(tempfile.mkdtemp(prefix="kizashi-registry-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    url = f"sqlite:///{folder / 'registry.db'}"
    MlflowClient(url, url).search_registered_models()
    return folder / "registry.db"


def new_home(home: Path) -> Path:
    """Make a home with an empty registry and database, if there is none."""
    if not home.exists():
        home.mkdir(mode=0o700, parents=True)
        shutil.copy(empty_registry(), home / "registry.db")
        new_database(home / "kizashi.db")
    return home


def open_site(home: Path, **settings: Any) -> Site:
    """Open a home that works on threads."""
    new_home(home)
    return Site(Settings(home=home, **{"engine": "local", "workers": 2} | settings))


def moment(row: int) -> datetime:
    """Return the time of a row, counted from the first of training."""
    return START + row * STEP


def plant(
    rows: int = LEARNED,
    *,
    first: int = 0,
    seed: int = 1,
    assets: Sequence[str] = ASSETS,
    **more: Any,
) -> pl.DataFrame:
    """Return readings at ten minutes, beginning at a row; see `plants.readings`."""
    frame = readings(assets, rows, seed=seed, **more)
    late = first * STEP
    return frame.with_columns(time=START + (pl.col("time") - START) * 10 + late)


def next_day(**more: Any) -> pl.DataFrame:
    """Return the day after training, with a fault on P-2's s1 from row 40 to 80."""
    return plant(DAY, first=LEARNED, seed=2, **{"faults": {"P-2": (1, 40, 80)}} | more)


def bring(site: Site, frame: pl.DataFrame, name: str, **options: Any) -> None:
    """Ingest a frame as a CSV file of that name."""
    path = site.settings.home.parent / f"{name}.csv"
    frame.write_csv(path)
    report = ingest(site, [path], FLEET, IngestOptions(asset="asset", time="time", **options))
    assert report.files[0].status == "added", report.files[0].reason


def scores_of(site: Site, version: int = 1) -> pl.DataFrame:
    """Return everything that a version has scored."""
    return site.lake.scores(FLEET).read(model_version=version)


def same_scores(one: pl.DataFrame, other: pl.DataFrame) -> None:
    """Assert that two tables of scores are the same to the bit, each row once."""
    assert one.select("asset", "time").is_duplicated().sum() == 0
    assert_frame_equal(one, other, check_exact=True)


def standing(site: Site) -> list[dict[str, Any]]:
    """Return what the events that stand say, without identity and life."""
    return [facts(event) for event in in_order(site.events.list(FLEET))]


def in_order(events: list[Event]) -> list[Event]:
    """Return events by asset, kind and start."""
    return sorted(events, key=lambda e: (e.asset, e.kind, e.start, e.sensors[0].name))


def facts(event: Event) -> dict[str, Any]:
    """Return what an event says, rounded below what a person could see."""
    told = event.model_dump(
        include={"asset", "kind", "start", "end", "peak", "peak_time", "severity", "ongoing"}
    )
    shares = [(s.name, round(s.share, 6), s.direction, s.note) for s in event.sensors]
    return {**told, "peak": round(event.peak, 5), "sensors": shares}


def withdrawn(site: Site) -> list[Event]:
    """Return the events that later data took back."""
    return site.events.list(FLEET, states=[EventState.WITHDRAWN])
