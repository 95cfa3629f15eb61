"""Judged in pieces, as they came or as tasks can hold them, readings come to the same end."""

from __future__ import annotations

import shutil

import polars as pl
import pytest

from appliance.fleet import Artifact
from appliance.pipelines import stretches
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.event import EventKind
from tests.appliance.pipelines.sites import (
    ASSETS,
    DAY,
    FLEET,
    LEARNED,
    bring,
    moment,
    next_day,
    open_site,
    plant,
    same_scores,
    scores_of,
    standing,
)


@pytest.mark.slow
def test_a_past_that_no_task_could_hold_is_judged_piece_by_piece_to_the_same_end(
    site, tmp_path, monkeypatch
):
    monkeypatch.setattr(stretches, "_REREAD", 1)
    bring(site, plant(), "training")
    train(site, FLEET, TrainOptions(recipe="mahalanobis"))
    site.close()
    place = pl.int_range(pl.len()).over("asset")
    day = next_day()
    frozen = pl.when((pl.col("asset") == "P-3") & place.is_between(20, 130)).then(0.25)
    day = day.with_columns(s3=frozen.otherwise("s3").cast(pl.Float32))
    ends = []
    for name, cells in (("whole", 12_000_000), ("cut", 1_000)):
        shutil.copytree(site.settings.home, tmp_path / name)
        judging = open_site(tmp_path / name, chunk_cells=cells)
        bring(judging, day, f"day-{name}")
        assert score(judging, FLEET).batches == 2
        # The time of a fault's highest surprise says nothing: it has none.
        events = [
            {**fact, "peak_time": fact["peak"] and fact["peak_time"]}
            for fact in standing(judging)
        ]
        ends.append((scores_of(judging), events))
        spans = {asset: [(moment(0), moment(LEARNED + DAY - 1))] for asset in ASSETS}
        pieces = stretches.cut(
            Artifact(judging.registry.champion(FLEET).path).manifest, spans, cells
        )
        assert (len(pieces["P-3"]) > 3) == (name == "cut")
        judging.close()
    same_scores(ends[0][0], ends[1][0])
    assert ends[0][1] == ends[1][1]
    assert {fact["kind"] for fact in ends[0][1]} == {EventKind.ANOMALY, EventKind.SENSOR_FAULT}


@pytest.mark.slow
def test_in_pieces_and_out_of_order_the_end_is_that_of_one_go(
    learned, learned_home, tmp_path, make_site
):
    shutil.copytree(learned_home, tmp_path / "other")
    other, day = make_site("other"), next_day()
    bring(other, day, "whole")
    score(other, FLEET)
    place = pl.int_range(pl.len()).over("asset")
    for name, part in (("b", place.is_between(50, 99)), ("a", place < 50), ("c", place > 99)):
        bring(learned, day.filter(part), name)
        score(learned, FLEET)
    same_scores(scores_of(learned), scores_of(other))
    assert standing(learned) == standing(other)
