"""One network of a whole fleet: each worker's own part, kept epochs, killed workers."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import polars as pl
import pytest

from appliance.core.errors import ArtifactCorrupt, Cancelled, InvalidRequest
from appliance.core.settings import Settings
from appliance.engine.joint import Board, Member
from appliance.engine.local import LocalEngine
from appliance.engine.meter import Meter, metered
from appliance.engine.ray import RayEngine
from appliance.engine.stop import Stop, stoppable
from appliance.fleet import FleetModel, Layout, fit_fleet, resolve
from appliance.fleet.artifact import Artifact
from appliance.fleet.chunks import Columns
from appliance.fleet.pooling import Lesson, learn_pool, own_chunks
from appliance.lake import Lake
from tests.appliance.fleet.plants import SENSORS, readings

ASSETS = tuple(f"P-{n}" for n in range(6))
LAYOUT = Layout("asset", "time", "time", SENSORS)
CELLS = 2 * 400 * 7
SMALL = {"window": 8, "width": 16, "code": 4, "batch": 64}


class Notes:
    """Progress that is kept, and acted upon."""

    def __init__(self, act=lambda text: None) -> None:
        self.notes: list[str] = []
        self.done = 0
        self.act = act

    def step(self, name: str, total: int | None = None) -> None:
        pass

    def advance(self, units: int = 1) -> None:
        self.done += units

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.act(text)


class Killing:
    """Kills a worker as soon as an epoch is kept, from a thread: progress is told too late."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.killed = 0

    def __enter__(self) -> Killing:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.005):
            used = next(self._place.glob("used/*.json"), None)
            if used is not None and (self._place / "kept").exists():
                self.killed = int(used.stem.rpartition("-")[2])
                os.kill(self.killed, signal.SIGKILL)
                return


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    lake = Lake(str(tmp_path_factory.mktemp("pools") / "lake"))
    lake.readings("pumps").write(readings(ASSETS, 400), batch="one")
    return lake


def lesson(lake: Lake, epochs: int = 3, least_steps: int = 60) -> Lesson:
    parameters = {**SMALL, "epochs": epochs, "least_steps": least_steps}
    data = {"name": "one", "detector": "autoencoder", "parameters": parameters, "pooled": True}
    recipe = resolve(data)
    chunks = lake.readings("pumps").chunks(cells=CELLS)
    return Lesson(chunks, Columns.of(recipe, SENSORS, ()), recipe)


@pytest.fixture(scope="module")
def model(lake, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pooled")
    told, notes = lesson(lake), Notes()
    pool = learn_pool(told, str(folder / "pool"), LocalEngine(2), 4, notes)
    assert pool.facts.workers == 1
    assert (pool.facts.stretches, pool.facts.epochs, notes.done) == (6, 3, 3)
    assert notes.notes[0].startswith("1 worker learns together (of 4 asked for")
    assert not (folder / "pool").exists()
    place = folder / "model"
    fit_fleet(told.chunks, told.recipe, LAYOUT, place, LocalEngine(2), pool=pool)
    return place


@pytest.mark.slow
def test_the_network_stands_once_and_each_machine_keeps_its_own_scale(model):
    artifact = Artifact(model)
    assert sorted(artifact.manifest.assets) == list(ASSETS)
    assert all(one.pooled for one in artifact.manifest.assets.values())
    first, second = artifact.arrays("P-0"), artifact.arrays("P-1")
    name = "detector/network_weight_0"
    assert first[name] is second[name]
    assert (first["detector/centre"] != second["detector/centre"]).any()
    own = sum(file.stat().st_size for file in model.glob("part-0000[0-2]*"))
    assert own < sum(array.nbytes for array in first.values()) * len(ASSETS)
    faulty = readings(ASSETS, 400, seed=1, faults={"P-3": (1, 300, 340)})
    scores = FleetModel(model).score(faulty)
    means = {a: own["surprise"][300:340].mean() for (a,), own in scores.group_by("asset")}
    assert max(means, key=means.get) == "P-3"


@pytest.mark.slow
def test_a_changed_network_is_refused(model, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in model.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    place = Artifact(copy).manifest
    part = copy / place.parts[place.network.part].name
    content = bytearray(part.read_bytes())
    content[-1] ^= 1
    part.write_bytes(content)
    with pytest.raises(ArtifactCorrupt, match=r"the network of .* was changed"):
        Artifact(copy).arrays("P-0")


@pytest.mark.slow
def test_a_training_that_was_stopped_goes_on_where_it_was(lake, tmp_path):
    stop, place = Stop(), tmp_path / "pool"
    notes = Notes(lambda text: stop.ask("enough") if text.startswith("epoch 2") else None)
    with stoppable(stop), pytest.raises(Cancelled, match="enough"):
        learn_pool(lesson(lake, epochs=4), str(place), LocalEngine(1), 1, notes)
    assert place.exists()
    again = Notes()
    done = learn_pool(lesson(lake, epochs=4), str(place), LocalEngine(1), 1, again)
    told = [text.split(":")[0] for text in again.notes if text.startswith("epoch")]
    assert told == ["epoch 3 of 4", "epoch 4 of 4"]
    whole = learn_pool(lesson(lake, epochs=4), str(tmp_path / "new"), LocalEngine(1), 1)
    same = whole.network.state()
    assert all((array == same[name]).all() for name, array in done.network.state().items())


def test_a_detector_of_single_machines_teaches_no_network(lake, tmp_path):
    told = lesson(lake)
    other = Lesson(told.chunks, told.columns, resolve("knn"))
    with pytest.raises(InvalidRequest, match="knn learns each machine alone"):
        learn_pool(other, str(tmp_path / "pool"), LocalEngine(1), 2)


def test_every_part_is_one_members_and_they_have_about_as_many_rows():
    rows = [500, 100, 100, 300, 0, 250, 250]
    parts = [own_chunks(rows, rank, 3) for rank in range(3)]
    assert sorted(number for part in parts for number in part) == list(range(7))
    assert max(sum(rows[n] for n in part) for part in parts) == 500


def test_what_members_keep_is_the_first_ones(tmp_path):
    place = str(tmp_path / "joint")
    board = Board(place)
    board.begin()
    first, second = Member(0, 2, place), Member(1, 2, place)
    assert first.kept() is None
    first.keep(1, "half", b"mine\nall of it")
    second.keep(1, "other", b"theirs")
    assert second.kept() == (1, b"mine\nall of it")
    news = board.news()
    assert (news.step, news.note, news.size, news.went_on) == (1, "half", 2, 0)
    assert board.news() is None
    board.stop()
    with pytest.raises(Cancelled):
        first.keep(2, "whole", b"")
    board.discard()
    assert not Path(place).exists()


@pytest.mark.timeout(900)  # two processes load PyTorch, twice, on however busy a machine
@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.xdist_group("ray")
def test_a_worker_killed_in_the_middle_costs_no_epoch_that_was_kept(lake, tmp_path):
    place = tmp_path / "pool"
    killing = Killing(place)
    notes, meter = Notes(), Meter()
    told = lesson(lake, epochs=10, least_steps=1_000)
    with killing, metered(meter), RayEngine(Settings(workers=2)) as engine:
        pool = learn_pool(told, str(place), engine, 2, notes)
    assert killing.killed
    assert (pool.facts.epochs, pool.facts.workers, notes.done) == (10, 2, 10)
    [began] = [text for text in notes.notes if "going on after epoch" in text]
    assert began.startswith("2 workers learn together, going on after epoch")
    assert int(began.rpartition(" ")[2]) >= 1
    assert not place.exists()
    used = meter.used()
    assert used.tasks >= 3
    assert used.cpu_seconds > 0
    folder = tmp_path / "model"
    fit_fleet(told.chunks, told.recipe, LAYOUT, folder, LocalEngine(2), pool=pool)
    scores = FleetModel(folder).score(readings(ASSETS, 100, seed=3))
    assert scores.filter(pl.col("surprise").is_not_null()).height > 0
