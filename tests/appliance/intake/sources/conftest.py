"""A site whose worker is the test itself, and sources of every kind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pytest

from appliance.access.person import shell
from appliance.core.clock import now
from appliance.core.settings import Settings
from appliance.intake import feeds
from appliance.intake.sources.live import Live
from appliance.intake.store.holding import Held
from appliance.jobs.store.workers import WorkerStore
from appliance.pipelines.site import Site
from appliance.pipelines.sources import look, open_source
from appliance.schemas.source import Source, SourceDraft
from tests.appliance import broker as brokers
from tests.appliance.broker import Broker
from tests.appliance.databases import fresh_home
from tests.appliance.intake.sources import kinds
from tests.appliance.intake.sources.kinds import FolderKind, Kind, MqttKind, SqlKind
from tests.conftest import skip_or_fail

ME = shell("test")
WORKER = "w.1"
FLEET = "pumps"
_POLLS = 500
_BETWEEN = 0.02


@dataclass
class Plant:
    """A site, with one worker that is known to live."""

    site: Site

    def add(self, origin: dict[str, Any], name: str = "line2", **more: Any) -> Source:
        told = {"name": name, "fleet": FLEET, "origin": origin, "every": 1, **more}
        return self.site.sources.add(SourceDraft.model_validate(told), ME)

    def held(self, name: str = "line2") -> Held:
        """Return a source as the worker runs it."""
        store = self.site.sources.holding
        for source in store.hold(WORKER):
            held = store.open(source, WORKER)
            if held is not None and held.draft.name == name:
                return held
        raise AssertionError(f"{name} is not held")

    @contextmanager
    def open(self, name: str = "line2") -> Iterator[Live]:
        """Open a source as a worker does."""
        live = open_source(self.site, self.held(name))
        try:
            yield live
        finally:
            live.close()

    def drain(self, live: Live, name: str = "line2") -> None:
        """Look until nothing more is there."""
        more = True
        while more:
            _, more = look(self.site, self.held(name), live)

    def until(self, live: Live, rows: int, name: str = "line2") -> None:
        """Look until so many readings are there."""
        for _ in range(_POLLS):
            self.drain(live, name)
            if self.count() >= rows:
                return
            time.sleep(_BETWEEN)
        raise AssertionError(f"{self.count()} of {rows} readings came")

    def told(self, name: str = "line2") -> Source:
        return self.site.sources.get(name)

    def count(self) -> int:
        lake = self.site.lake.readings(FLEET)
        return lake.row_count() if lake.exists() else 0

    def readings(self) -> pl.DataFrame:
        return self.site.lake.readings(FLEET).read()

    def same(self, frame: pl.DataFrame) -> bool:
        """Whether the lake holds these readings, each once, and no other."""
        wanted = frame.rename({"machine": "asset"}).sort("asset", "time")
        found = self.readings().select(wanted.columns).sort("asset", "time")
        return bool(found.equals(wanted.select(found.columns).cast(dict(found.schema))))


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    site = Site(Settings(home=fresh_home(tmp_path / "home"), engine="local", workers=1))
    WorkerStore(site.database).enter(WORKER, "w", 1, now())
    yield Plant(site)
    site.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    program = brokers.program()
    if program is None:
        skip_or_fail("Mosquitto is not installed (package mosquitto)")
    folder = tmp_path / "broker"
    folder.mkdir()
    with brokers.serve(folder, program) as made:
        yield made


def _folder(request: pytest.FixtureRequest) -> Kind:
    plant: Plant = request.getfixturevalue("plant")
    return FolderKind(plant.site.settings.home / "import" / "box")


def _sql(request: pytest.FixtureRequest) -> Kind:
    server = request.getfixturevalue("postgresql")
    database = f"s{uuid4().hex}"
    server.make(database)
    return SqlKind(server, database)


def _mqtt(request: pytest.FixtureRequest) -> Kind:
    return MqttKind(request.getfixturevalue("broker"))


def _feed(request: pytest.FixtureRequest) -> Kind:
    entry = EntryPoint("lines", f"{kinds.__name__}:Lines", feeds.GROUP)
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    patch.setattr(feeds, "feeds", lambda: {"lines": entry})
    folder: Path = request.getfixturevalue("tmp_path")
    return kinds.FeedKind(folder / "lines.jsonl")


_MAKE: dict[str, Callable[[pytest.FixtureRequest], Kind]] = {
    "folder": _folder,
    "sql": _sql,
    "mqtt": _mqtt,
    "feed": _feed,
}
_SQL = [pytest.mark.slow, pytest.mark.xdist_group("postgresql")]


@pytest.fixture(params=["folder", pytest.param("sql", marks=_SQL), "mqtt", "feed"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Return each kind of source in turn."""
    return _MAKE[request.param](request)


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Kind:
    return _folder(request)


@pytest.fixture
def sql(request: pytest.FixtureRequest) -> Kind:
    return _sql(request)


@pytest.fixture
def mqtt(request: pytest.FixtureRequest) -> Kind:
    return _mqtt(request)
