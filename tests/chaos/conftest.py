"""One plant's files, and how it looks when nothing happened."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from appliance.intake import IngestOptions
from appliance.pipelines.ingest import ingest
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train
from tests.appliance.pipelines.sites import (
    FLEET,
    new_home,
    next_day,
    open_site,
    plant,
    scores_of,
    standing,
)

ASSETS = tuple(f"P-{number}" for number in range(1, 9))
RECIPE = TrainOptions(recipe="forest")
_FILES = 10


@dataclass(frozen=True)
class Undisturbed:
    """A home at each stage, and what is to be compared.

    Attributes
    ----------
    homes
        By stage: ``ingested``, ``trained`` (with another day brought in), ``scored``.
    """

    files: list[Path]
    homes: dict[str, Path]
    readings: pl.DataFrame
    quality: list[Any]
    batches: dict[str, tuple[int, int]]
    digest: str
    scores: pl.DataFrame
    events: list[dict[str, Any]]


def write_files(folder: Path) -> list[Path]:
    """Write training as several files, with one bad value in each."""
    folder.mkdir(parents=True)
    frame = plant(600, assets=ASSETS)
    place = pl.int_range(pl.len()).over("asset") * _FILES // 600
    paths = []
    for number in range(_FILES):
        part = frame.filter(place == number).cast({"s0": pl.String})
        bad = pl.when(pl.int_range(pl.len()) == number).then(pl.lit("broken")).otherwise("s0")
        paths.append(folder / f"part-{number}.csv")
        part.with_columns(s0=bad).write_csv(paths[-1])
    return paths


def batches_of(site: Site) -> dict[str, tuple[int, int]]:
    """Return what each file brought."""
    return {Path(b.path).name: (b.rows, b.quarantined) for b in site.intake.batches(FLEET)}


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Run every stage once, in this process, and keep a copy of the home after each."""
    root = tmp_path_factory.mktemp("undisturbed")
    files, home = write_files(root / "files"), root / "home"
    homes = {stage: root / stage for stage in ("ingested", "trained", "scored")}

    def keep(stage: str) -> None:
        shutil.copytree(home, homes[stage])

    site = open_site(home)
    ingest(site, files, FLEET, IngestOptions())
    readings, quality = site.lake.readings(FLEET).read(), site.intake.quality(FLEET)
    batches = batches_of(site)
    site.close()
    keep("ingested")
    site = open_site(home)
    digest = train(site, FLEET, RECIPE).digest
    day = root / "files" / "day.csv"
    next_day(assets=ASSETS).with_columns(s4=pl.lit(2.5)).write_csv(day)
    ingest(site, [day], FLEET, IngestOptions())
    site.close()
    keep("trained")
    site = open_site(home)
    score(site, FLEET)
    scores, events = scores_of(site), standing(site)
    site.close()
    keep("scored")
    return Undisturbed(files, homes, readings, quality, batches, digest, scores, events)


@pytest.fixture
def home_at(undisturbed: Undisturbed, tmp_path: Path) -> Callable[[str], Path]:
    """Copy a home as it was at a stage; ``new`` for an empty one."""

    def copy(stage: str) -> Path:
        home = tmp_path / "home"
        shutil.rmtree(home, ignore_errors=True)
        if stage == "new":
            return new_home(home)
        shutil.copytree(undisturbed.homes[stage], home)
        return home

    return copy


@pytest.fixture
def opened() -> Iterator[Callable[..., Site]]:
    """Open homes in this process, and close them after the test."""
    sites: list[Site] = []

    def make(home: Path, **settings: object) -> Site:
        sites.append(open_site(home, **settings))
        return sites[-1]

    yield make
    for site in sites:
        site.close()
