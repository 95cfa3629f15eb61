"""Workers run sources: each source one worker, taken over when that one is gone."""

from __future__ import annotations

import signal

import polars as pl
import pytest

from appliance.intake import SourceStore
from appliance.intake.store.tables import SourceRow
from appliance.lake import Lake
from appliance.schemas.source import Source, SourceDraft, SourceState
from tests.appliance.intake.sources.kinds import FolderKind, readings
from tests.appliance.worker.conftest import KEY, SHELL, Plant

pytestmark = pytest.mark.slow
TOYS = "tests.appliance.worker.toys"


class Sources:
    """The sources of a home with workers."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.store = SourceStore(plant.database, KEY)
        self.folder = FolderKind(plant.home / "import" / "box")

    def add(self, name: str = "box", **more: object) -> Source:
        told = {"name": name, "fleet": name, "origin": self.folder.origin(), "every": 1}
        return self.store.add(SourceDraft.model_validate(told | more), SHELL)

    def brought(self, rows: int, name: str = "box") -> None:
        """Wait until a source has brought so many readings."""
        self.plant.until(lambda: self.store.get(name).rows == rows)

    def holder(self, name: str = "box") -> str:
        with self.plant.database.session() as session:
            return (session.get_one(SourceRow, name).holder or "").split(".")[0]

    def lake(self, name: str = "box") -> pl.DataFrame:
        return Lake(str(self.plant.home / "lake")).readings(name).read()


def test_a_source_lives_while_it_is_not_paused_and_is_known_to_be_well(either_plant: Plant):
    sources = Sources(either_plant)
    sources.add()
    either_plant.work(module="appliance.worker")
    sources.folder.put(readings(0, 10))
    sources.brought(20)
    sources.store.turn("box", SHELL, paused=True)
    sources.folder.put(readings(10, 10))
    sources.add("other", origin={"kind": "folder", "path": "nowhere"})
    either_plant.until(lambda: sources.store.get("other").failures > 1)
    told = sources.store.get("other")
    assert told.state is SourceState.FAILING
    assert "no folder 'nowhere'" in told.error
    assert "import_folders" in told.remedy
    assert sources.store.get("box").rows == 20
    assert sources.store.get("box").state is SourceState.PAUSED
    sources.store.turn("box", SHELL, paused=False)
    sources.brought(40)
    sources.store.remove("box", SHELL)
    assert either_plant.end(0) == 0
    assert sources.lake().height == 40


def test_two_workers_run_each_source_once_and_one_takes_over(either_plant: Plant):
    either_plant.settings["TOY_PATIENCE"] = "2"
    sources = Sources(either_plant)
    either_plant.work("--name", "one", module=TOYS)
    either_plant.work("--name", "two", module=TOYS)
    names = [f"box-{number}" for number in range(4)]
    for name in names:
        sources.add(name)
    sources.folder.put(readings(0, 10))
    for name in names:
        sources.brought(20, name)
    holder = sources.holder("box-0")
    assert holder in {"one", "two"}
    either_plant.end(["one", "two"].index(holder), signal.SIGKILL)
    sources.folder.put(readings(10, 10))
    for name in names:
        sources.brought(40, name)
    assert {sources.holder(name) for name in names} == {"one", "two"} - {holder}
    assert sources.lake("box-3").height == 40


def test_a_worker_that_comes_back_goes_on_at_once(plant: Plant):
    sources = Sources(plant)
    sources.add()
    plant.work("--name", "one", module="appliance.worker")
    sources.folder.put(readings(0, 5))
    sources.brought(10)
    plant.end(0, signal.SIGKILL)
    sources.folder.put(readings(5, 5))
    plant.work("--name", "one", module="appliance.worker")
    sources.brought(20)


def test_a_secret_that_cannot_be_read_fails_nothing_else(plant: Plant):
    sources = Sources(plant)
    other = SourceStore(plant.database, b"o" * 32)
    origin = {
        "kind": "sql",
        "host": "127.0.0.1",
        "port": 1,
        "database": "x",
        "password": "sesame",
        "table": "x",
    }
    other.add(
        SourceDraft.model_validate({"name": "sealed", "fleet": "x", "origin": origin}), SHELL
    )
    sources.add()
    plant.work(module="appliance.worker")
    sources.folder.put(readings(0, 5))
    sources.brought(10)
    plant.until(lambda: bool(other.get("sealed").error))
    assert "another site's key" in other.get("sealed").error
