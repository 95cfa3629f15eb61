"""A place to ingest into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from appliance.core.db import open_database
from appliance.core.settings import Settings
from appliance.intake import IngestOptions, Intake
from appliance.lake import Lake
from appliance.schemas.ingest import FileReport, IngestReport
from tests.appliance.databases import fresh_home


@dataclass
class Plant:
    """An intake, its lake, and a folder for files."""

    intake: Intake
    lake: Lake
    folder: Path
    fleet: str = "pumps"

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def take(self, *paths: Path | str, fleet: str = "", **options: Any) -> IngestReport:
        return self.intake.ingest(paths, fleet or self.fleet, IngestOptions(**options))

    def text(self, name: str, content: str | bytes, **options: Any) -> FileReport:
        return self.take(self.file(name, content), **options).files[0]

    def readings(self, *columns: str) -> pl.DataFrame:
        return self.lake.readings(self.fleet).read(columns=columns or None)

    def refused(self) -> list[tuple[int, str, str, str]]:
        frame = self.lake.quarantine(self.fleet).read()
        return frame.select("row", "column", "value", "reason").rows()

    def column(self, name: str) -> list[Any]:
        return self.readings()[name].to_list()

    def times(self) -> list[str]:
        return self.readings()["time"].dt.strftime("%Y-%m-%d %H:%M:%S").to_list()


@pytest.fixture
def make_plant(tmp_path: Path) -> Iterator[Callable[..., Plant]]:
    opened = []

    def make(name: str = "home", **settings: Any) -> Plant:
        chosen = Settings(home=tmp_path / name, **settings)
        fresh_home(chosen.home)
        database = open_database(chosen.database)
        opened.append(database)
        lake = Lake(chosen.lake_root)
        folder = tmp_path / f"{name}-files"
        folder.mkdir(exist_ok=True)
        return Plant(Intake(lake, database, chosen), lake, folder)

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def plant(make_plant: Callable[..., Plant]) -> Plant:
    return make_plant()


@pytest.fixture
def plant_of_each_database(make_plant: Callable[..., Plant], database_url: str) -> Plant:
    return make_plant(database_url=database_url)
