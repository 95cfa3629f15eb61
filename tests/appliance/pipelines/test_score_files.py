"""Files scored aside: beside their rows, whole, and nothing of the site is changed."""

from __future__ import annotations

import polars as pl
import pytest

from appliance.core.errors import InvalidRequest, NotFound, StorageError
from appliance.pipelines.score import score
from appliance.pipelines.score_files import score_files
from appliance.schemas.score import Judgement
from tests.appliance.pipelines.sites import (
    ASSETS,
    DAY,
    FLEET,
    bring,
    next_day,
    scores_of,
)


@pytest.fixture
def day_file(tmp_path):
    path = tmp_path / "november.csv"
    next_day(assets=(*ASSETS, "P-9")).drop("s4").with_columns(extra=1.0).write_csv(path)
    return path


@pytest.mark.slow
def test_a_file_gets_the_scores_that_ingesting_it_would_give(learned, day_file, tmp_path):
    version = learned.lake.readings(FLEET).version()
    done = score_files(learned, FLEET, str(day_file), tmp_path / "out.parquet")
    found = pl.read_parquet(tmp_path / "out.parquet").sort("asset", "time")
    assert (done.rows, found.height) == (5 * DAY, 5 * DAY)
    assert done.alarms == found["alarm"].sum() > 0
    strange = found.filter(pl.col("asset") == "P-9")
    # The fleet's shared model judges a machine that nobody has learned from.
    assert strange["state"].unique().to_list() == [Judgement.FINAL.name.lower()]
    assert learned.lake.readings(FLEET).version() == version
    bring(learned, pl.read_csv(day_file, try_parse_dates=True), "day")
    score(learned, FLEET)
    same = scores_of(learned).join(found, on=["asset", "time"], suffix="_file")
    assert same.height == 5 * DAY
    assert same["surprise"].to_list() == pytest.approx(
        same["surprise_file"].to_list(), abs=1e-4, nan_ok=True
    )


def test_without_a_place_the_scores_stand_beside_the_file(learned, day_file):
    done = score_files(learned, FLEET, str(day_file))
    assert done.out == str(day_file.with_name("november.scores.csv"))
    assert pl.read_csv(done.out).height == done.rows


def test_places_and_files_that_cannot_be_are_named(learned, day_file, tmp_path):
    with pytest.raises(InvalidRequest, match=r"scores\.xls.*\.parquet"):
        score_files(learned, FLEET, str(day_file), tmp_path / "scores.xls")
    (tmp_path / "blocked").write_text("")
    with pytest.raises(StorageError, match=r"blocked.*cannot be written.*--out"):
        score_files(learned, FLEET, str(day_file), tmp_path / "blocked" / "scores.csv")
    with pytest.raises(InvalidRequest, match="--out FOLDER"):
        score_files(learned, FLEET, str(tmp_path))
    with pytest.raises(NotFound, match=r"nothing\.csv"):
        score_files(learned, FLEET, str(tmp_path / "nothing.csv"), tmp_path / "out")
    with pytest.raises(NotFound, match="version 7"):
        score_files(learned, FLEET, str(day_file), version=7)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.slow
def test_a_fault_that_reaches_the_end_of_a_frame_still_stands(learned, day_file):
    from pathlib import Path

    from appliance.fleet import FleetModel

    model = FleetModel(Path(learned.registry.champion(FLEET).path))
    frame = next_day().drop("s4")
    gone = pl.when(pl.int_range(pl.len()).over("asset") < 70).then(None).otherwise("s3")
    events = model.events(model.score(frame.with_columns(s3=gone)))
    told = events.filter(pl.col("kind") == "sensor_fault").explode("sensors").unnest("sensors")
    assert dict(told.select("name", "ongoing").iter_rows()) == {
        "s3": False,
        "s4": True,
    }
