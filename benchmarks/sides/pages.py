"""A site for the pages: one machine with a long past, and a park of many machines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from appliance.access import shell
from appliance.access.roles import DEFAULT_PROJECT
from appliance.core.settings import Settings
from appliance.pipelines.ingest import ingest
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.access import Role
from benchmarks.harness.plant import Size, asset_frame, fleet_frame

LINE, PARK = "line", "park"
PARK_SENSORS = 4
_PASSWORD = "a long enough passphrase 42"  # noqa: S105 - of a site that is thrown away
_RECIPE = TrainOptions(recipe="mahalanobis")
_ME = shell("benchmark")


@dataclass(frozen=True)
class Pages:
    """A home for the pages.

    Attributes
    ----------
    machine
        The one with a long past, of fleet `LINE`.
    start, end
        Its first and last reading, in seconds.
    secrets
        A session of each analyst.
    events
        Some events of the park.
    readings
        File of the machine's readings.
    """

    home: Path
    machine: str
    start: int
    end: int
    secrets: tuple[str, ...]
    events: tuple[str, ...]
    readings: Path


def make(folder: Path, machine: Size, park: Size, analysts: int) -> Pages:
    """Bring in, learn and score both fleets; let analysts log in."""
    home = folder / "home"
    site = Site(Settings(home=home, engine="local"))
    long = asset_frame(0, machine)
    readings = _bring(site, LINE, long, folder)
    _bring(site, PARK, fleet_frame(park), folder)
    start, end = (long["time"].dt.epoch("s")[place] for place in (0, -1))
    found = site.events.list(PARK, limit=20)
    pages = Pages(
        home=home,
        machine=str(long["asset"][0]),
        start=int(start),
        end=int(end),
        secrets=tuple(_enter(site, f"analyst-{number}") for number in range(analysts)),
        events=tuple(event.id for event in found),
        readings=readings,
    )
    site.close()
    return pages


def _bring(site: Site, fleet: str, frame: pl.DataFrame, folder: Path) -> Path:
    file = folder / f"{fleet}.parquet"
    frame.write_parquet(file)
    ingest(site, [file], fleet)
    train(site, fleet, _RECIPE)
    score(site, fleet)
    return file


def _enter(site: Site, name: str) -> str:
    site.access.users.add(_ME, name, _PASSWORD)
    site.access.users.grant(_ME, name, DEFAULT_PROJECT, Role.ANALYST)
    return site.access.login(name, _PASSWORD).secret
