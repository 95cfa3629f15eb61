"""Training and scoring whole fleets: out of the lake, on both engines, killed in between."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from appliance.core.errors import InvalidRequest, StorageError
from appliance.core.settings import Settings
from appliance.engine.local import LocalEngine
from appliance.engine.ray import RayEngine
from appliance.fleet import FleetModel, Layout, fit_fleet, resolve, score_fleet
from appliance.lake import Lake
from tests.appliance.fleet.plants import SENSORS, START, readings

ASSETS = tuple(f"P-{n}" for n in range(8))
LAYOUT = Layout("asset", "time", "time", SENSORS)
CELLS = 3 * 400 * 7
DAY = timedelta(days=1)


@dataclass(frozen=True)
class KillsOnce:
    """A chunk whose first reader is killed."""

    inner: object
    marker: str

    @property
    def rows(self) -> int:
        return self.inner.rows

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        marker = Path(self.marker)
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.inner.parts(columns)


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = Lake(str(tmp_path / "lake"))
    frame = readings(ASSETS, 400, faults={"P-3": (1, 300, 340)})
    lake.readings("pumps").write(frame, batch="one")
    return lake


@pytest.fixture(scope="module")
def ray_engine():
    with RayEngine(Settings(workers=2)) as engine:
        yield engine


def train(lake: Lake, folder: Path, engine, recipe: str = "forest"):
    chunks = lake.readings("pumps").chunks(cells=CELLS)
    assert len(chunks) > 1
    return fit_fleet(chunks, resolve(recipe), LAYOUT, folder, engine)


def score(lake: Lake, folder: Path, engine, *, chunks=None, spans=None, run="r1"):
    table = lake.scores("pumps")
    chunks = chunks or lake.readings("pumps").chunks(cells=CELLS)
    parts = score_fleet(chunks, folder, table, engine, model_version=1, spans=spans)
    done = []
    for part in parts:
        if part.staged is not None:
            table.commit([part.staged], run=run, part=part.index)
        done.append(part)
    return done


@pytest.mark.slow
def test_from_the_lake_to_scores_in_the_lake(lake, tmp_path):
    engine = LocalEngine(2)
    report = train(lake, tmp_path / "model", engine)
    assert (report.assets, report.failures, report.rows) == (8, {}, 3200)
    assert report.data_start == START
    parts = score(lake, tmp_path / "model", engine)
    assert sum(part.rows for part in parts) == 3200
    scores = lake.scores("pumps").read()
    assert scores.height == 3200
    assert set(SENSORS) <= set(scores.columns)
    hot = scores.filter(pl.col("asset") == "P-3")[300:340]
    assert hot["surprise"].mean() > scores["surprise"].mean() + 0.5
    notable = scores.filter(pl.col("surprise") >= 1.01).select(SENSORS).sum_horizontal()
    assert ((notable - 1).abs() < 1e-5).all()


@pytest.mark.ray
@pytest.mark.xdist_group("ray")
@pytest.mark.parametrize("recipe", ["forest", "auto"])
def test_both_engines_give_the_same_bytes(lake, tmp_path, ray_engine, recipe):
    local = train(lake, tmp_path / "local", LocalEngine(2), recipe)
    remote = train(lake, tmp_path / "ray", ray_engine, recipe)
    assert local.digest == remote.digest
    for path in sorted((tmp_path / "local").iterdir()):
        assert path.read_bytes() == (tmp_path / "ray" / path.name).read_bytes()
    score(lake, tmp_path / "local", LocalEngine(2), run="local")
    first = lake.scores("pumps").read()
    other = Lake(str(tmp_path / "other"))
    other.readings("pumps").write(lake.readings("pumps").read(), batch="one")
    score(other, tmp_path / "local", ray_engine, run="ray")
    assert_frame_equal(other.scores("pumps").read(), first)


@pytest.mark.ray
@pytest.mark.xdist_group("ray")
def test_a_killed_worker_costs_only_a_repetition(lake, tmp_path, ray_engine):
    whole = lake.readings("pumps").chunks(cells=CELLS)
    expected = train(lake, tmp_path / "expected", LocalEngine(2))
    killer = [KillsOnce(whole[0], str(tmp_path / "fit")), *whole[1:]]
    report = fit_fleet(killer, resolve("forest"), LAYOUT, tmp_path / "model", ray_engine)
    assert (tmp_path / "fit").exists()
    assert report.digest == expected.digest
    killer = [KillsOnce(whole[0], str(tmp_path / "score")), *whole[1:]]
    score(lake, tmp_path / "model", ray_engine, chunks=killer)
    assert (tmp_path / "score").exists()
    assert lake.scores("pumps").read().height == 3200


@pytest.mark.slow
def test_only_the_wanted_stretch_is_scored_and_gives_way(lake, tmp_path):
    engine = LocalEngine(2)
    train(lake, tmp_path / "model", engine, "mahalanobis")
    score(lake, tmp_path / "model", engine)
    before = lake.scores("pumps").read()
    low, high = START + timedelta(minutes=100), START + timedelta(minutes=199)
    late = (
        lake.readings("pumps")
        .read(["P-2"], low, high)
        .with_columns((pl.col(name) + 30).alias(name) for name in SENSORS[:2])
    )
    lake.readings("pumps").write(late, batch="two")
    chunks = lake.readings("pumps").chunks(cells=CELLS, assets=["P-2"])
    spans = {"P-2": (low, high)}
    (part,) = score(lake, tmp_path / "model", engine, chunks=chunks, spans=spans, run="r2")
    assert part.rows == 100
    after = lake.scores("pumps").read()
    assert after.height == before.height
    inside = (pl.col("asset") == "P-2") & pl.col("time").is_between(low, high)
    assert_frame_equal(after.filter(~inside), before.filter(~inside))
    assert after.filter(inside)["alarm"].mean() > before.filter(inside)["alarm"].mean()


def test_a_chunk_that_cannot_be_read_stops_the_job_and_leaves_nothing(lake, tmp_path):
    chunks = lake.readings("pumps").chunks(cells=CELLS)
    Path(chunks[-1].files[0]).write_bytes(b"rubbish")
    with pytest.raises(StorageError, match="parquet"):
        fit_fleet(chunks, resolve("forest"), LAYOUT, tmp_path / "model", LocalEngine(2))
    assert [path.name for path in tmp_path.iterdir()] == ["lake"]


def test_a_fleet_without_one_model_is_an_error(lake, tmp_path):
    recipe = resolve({"detector": "forest", "minimum_rows": 100_000})
    chunks = lake.readings("pumps").chunks(cells=CELLS)
    with pytest.raises(InvalidRequest, match="P-0"):
        fit_fleet(chunks, recipe, LAYOUT, tmp_path / "model", LocalEngine(2))
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
def test_an_asset_unknown_to_the_model_is_scored_as_not_judged(lake, tmp_path):
    engine = LocalEngine(2)
    train(lake, tmp_path / "model", engine)
    lake.readings("pumps").write(readings(("Z-1",), 20, seed=9), batch="two")
    parts = score(lake, tmp_path / "model", engine)
    assert [name for part in parts for name in part.unknown] == ["Z-1"]
    stranger = lake.scores("pumps").read(["Z-1"])
    assert stranger.height == 20
    assert stranger["surprise"].null_count() == 20


def test_a_sensor_called_like_a_score_column_is_kept_apart(tmp_path):
    frame = readings(("a",), 300).rename({"s0": "state"})
    layout = Layout("asset", "time", "time", ("state", *SENSORS[1:]))
    lake = Lake(str(tmp_path / "lake"))
    lake.readings("pumps").write(frame, batch="one")
    chunks = lake.readings("pumps").chunks(cells=10**6)
    fit_fleet(chunks, resolve("forest"), layout, tmp_path / "model", LocalEngine(1))
    score(lake, tmp_path / "model", LocalEngine(1), chunks=chunks)
    assert "state (sensor)" in lake.scores("pumps").read().columns


@pytest.mark.slow
def test_warm_up_makes_a_stretch_score_as_the_whole(lake, tmp_path):
    train(lake, tmp_path / "model", LocalEngine(2), "auto")
    model = FleetModel(tmp_path / "model")
    before, after = model.warm_up("P-3")
    frame = lake.readings("pumps").read(["P-3"])
    low, high = START + timedelta(minutes=200), START + timedelta(minutes=320)
    part = frame.filter(pl.col("time").is_between(low - before, high + after))
    inside = pl.col("time").is_between(low, high)
    whole = model.score(frame).filter(inside)
    assert_frame_equal(model.score(part).filter(inside), whole, rel_tol=1e-4, abs_tol=1e-4)
