"""From files to events that stand: new, late, corrected and strange readings, new models."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from appliance.core.errors import Conflict, InvalidRequest, NotFound, TryAgain
from appliance.fleet import Artifact
from appliance.intake import IngestOptions, Intake
from appliance.lake import Readings
from appliance.pipelines import stretches
from appliance.pipelines.ingest import ingest
from appliance.pipelines.promote import promote, rollback
from appliance.pipelines.score import Revised, score
from appliance.pipelines.train import TrainOptions, train
from appliance.registry import Registry
from appliance.schemas.event import EventChange, EventKind, EventState
from appliance.schemas.score import Judgement
from tests.appliance.pipelines.sites import (
    ASSETS,
    DAY,
    FLEET,
    LEARNED,
    bring,
    in_order,
    moment,
    next_day,
    plant,
    same_scores,
    scores_of,
    standing,
    withdrawn,
)

FAULT = LEARNED + 40, LEARNED + 80


def anomalies(site, asset="P-2"):
    return site.events.list(FLEET, assets=[asset], kind=EventKind.ANOMALY)


def faults(site, asset="P-2"):
    return site.events.list(FLEET, assets=[asset], kind=EventKind.SENSOR_FAULT)


def new_day(site) -> pl.DataFrame:
    return scores_of(site).filter(pl.col("time") >= moment(LEARNED))


# ---------------------------------------------------------------- exactly once
@pytest.mark.slow
def test_new_readings_are_scored_once_and_a_second_run_writes_nothing(learned):
    assert score(learned, FLEET).rows == 0
    bring(learned, next_day(), "day")
    done = score(learned, FLEET)
    assert done.batches == 1
    assert new_day(learned).height == 4 * DAY
    [event] = anomalies(learned)
    assert event.sensors[0].name == "s1"
    assert event.sensors[0].direction == 1
    assert sum(share.share for share in event.sensors) == pytest.approx(1.0)
    assert moment(FAULT[0]) <= event.start <= event.end <= moment(FAULT[1])
    table, version = scores_of(learned), learned.lake.scores(FLEET).version()
    again = score(learned, FLEET)
    assert (again.rows, again.batches, again.events) == (0, 0, None)
    assert learned.lake.scores(FLEET).version() == version
    same_scores(scores_of(learned), table)
    assert learned.events.get(event.id).revision == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("owner", "name"), [(Readings, "version"), (Intake, "spans_since"), (Registry, "covered")]
)
def test_what_comes_while_a_run_is_planned_is_scored_by_it_or_the_next(
    learned, monkeypatch, owner, name
):
    real, day = getattr(owner, name), next_day()
    bring(learned, day.filter(pl.col("asset") == "P-1"), "early")

    def overtaken(self, *given):
        found = real(self, *given)
        monkeypatch.setattr(owner, name, real)
        bring(learned, day.filter(pl.col("asset") != "P-1"), "meanwhile")
        return found

    monkeypatch.setattr(owner, name, overtaken)
    score(learned, FLEET)
    assert len(learned.intake.batches(FLEET)) == 3
    score(learned, FLEET)
    assert new_day(learned).height == 4 * DAY
    assert len(anomalies(learned)) == 1


@pytest.mark.slow
def test_every_score_names_what_it_was_made_from(learned):
    bring(learned, next_day(), "day")
    score(learned, FLEET)
    [event] = anomalies(learned)
    batch = {b.id: b for b in learned.registry.score_batches(FLEET)}[event.score_batch]
    assert batch.model_version == event.model_version == 1
    ingested = {b.id: b for b in learned.intake.batches(FLEET)}
    assert [ingested[b].path.rsplit("/", 1)[1] for b in batch.batches] == ["day.csv"]
    lineage = learned.registry.get(FLEET, 1).lineage
    assert [ingested[b].path.rsplit("/", 1)[1] for b in lineage.batches] == ["training.csv"]
    assert (lineage.rows, lineage.data_start) == (4 * LEARNED, moment(0))


# ---------------------------------------------------------------- late and corrected
@pytest.mark.slow
def test_late_rows_rescore_their_own_stretch_and_revise_the_event(learned, make_site):
    day = next_day()
    late = (pl.col("asset") == "P-2") & pl.col("time").is_between(
        moment(FAULT[0] + 20), moment(FAULT[1] + 10)
    )
    bring(learned, day.filter(~late), "day")
    score(learned, FLEET)
    [before] = anomalies(learned)
    table = scores_of(learned)
    bring(learned, day.filter(late), "late")
    done = score(learned, FLEET)
    assert done.events == Revised(0, 1, 0)
    [event] = anomalies(learned)
    assert (event.id, event.revision) == (before.id, 2)
    assert event.start == before.start
    assert event.end > before.end
    history = learned.events.history(event.id)
    assert [change.change for change in history] == [EventChange.OPENED, EventChange.REVISED]

    manifest_asset = _manifest(learned).assets["P-2"]
    warm, after = stretches.reach(manifest_asset)
    touched = (pl.col("asset") == "P-2") & pl.col("time").is_between(
        moment(FAULT[0] + 20) - after, moment(FAULT[1] + 10) + warm
    )
    assert done.rows <= scores_of(learned).filter(touched).height
    same_scores(scores_of(learned).filter(~touched), table.filter(~touched))


def _manifest(site):
    return Artifact(Path(site.registry.champion(FLEET).path)).manifest


@pytest.mark.slow
def test_a_correction_withdraws_the_event_and_keeps_its_history(learned):
    bring(learned, next_day(), "wrong")
    score(learned, FLEET)
    [event] = anomalies(learned)
    right = next_day(faults=None)
    bring(learned, right.filter(pl.col("asset") == "P-2"), "right")
    done = score(learned, FLEET)
    assert done.events.withdrawn == 1
    assert anomalies(learned) == []
    assert [gone.id for gone in withdrawn(learned)] == [event.id]
    changes = [change.change for change in learned.events.history(event.id)]
    assert changes == [EventChange.OPENED, EventChange.WITHDRAWN]


@pytest.mark.slow
def test_what_a_person_said_outlives_a_revision(learned):
    day = next_day()
    place = pl.int_range(pl.len()).over("asset")
    bring(learned, day.filter(place < 60), "a")
    score(learned, FLEET)
    [event] = anomalies(learned)
    assert event.ongoing
    learned.events.acknowledge(event.id, "mori")
    learned.events.comment(event.id, "mori", "seal is worn")
    bring(learned, day.filter(place >= 60), "b")
    score(learned, FLEET)
    [after] = anomalies(learned)
    assert (after.id, after.state, after.ongoing) == (event.id, EventState.ACKNOWLEDGED, False)
    assert after.end > event.end
    assert [said.text for said in learned.events.comments(event.id)] == ["seal is worn"]


# ---------------------------------------------------------------- models
@pytest.mark.slow
def test_a_challenger_is_scored_in_the_shadow_and_promotion_renews_the_events(learned):
    bring(learned, next_day(), "day")
    score(learned, FLEET)
    before, table = standing(learned), scores_of(learned)
    second = train(learned, FLEET, TrainOptions(recipe="pca", end=moment(LEARNED)))
    assert second.aliases == ("challenger",)
    shadow = score(learned, FLEET, version=2)
    assert (shadow.events, shadow.model_version) == (None, 2)
    assert scores_of(learned, 2).height == 4 * (LEARNED + DAY)
    assert standing(learned) == before
    same_scores(scores_of(learned), table)
    assert score(learned, FLEET, version=2).rows == 0

    assert promote(learned, FLEET, 2, "mori").aliases == ("champion",)
    renewed = score(learned, FLEET)
    assert (renewed.rows, renewed.model_version) == (0, 2)
    assert {event.model_version for event in anomalies(learned)} == {2}
    assert score(learned, FLEET).events is None

    assert rollback(learned, FLEET, "mori").version == 1
    score(learned, FLEET)
    assert standing(learned) == before
    with pytest.raises(Conflict, match="nothing to roll back"):
        rollback(learned, FLEET, "mori")


@pytest.mark.slow
def test_what_is_scored_in_the_shadow_meanwhile_does_not_put_off_the_renewal(learned):
    train(learned, FLEET, TrainOptions(recipe="pca", end=moment(LEARNED)))
    score(learned, FLEET, version=2)
    bring(learned, next_day(), "day")
    score(learned, FLEET)
    assert {event.model_version for event in anomalies(learned)} == {1}
    score(learned, FLEET, version=2)
    train(learned, FLEET, TrainOptions(recipe="forest", end=moment(LEARNED)))
    promote(learned, FLEET, 2, "mori")
    score(learned, FLEET, version=3)
    score(learned, FLEET)
    assert {event.model_version for event in anomalies(learned)} == {2}
    assert score(learned, FLEET).events is None


def test_without_readings_or_model_the_next_step_is_named(site, learned_home):
    for work in (train, score):
        with pytest.raises(NotFound, match="kizashi ingest"):
            work(site, FLEET)
    bring(site, plant(20), "few")
    with pytest.raises(NotFound, match="kizashi train"):
        score(site, FLEET)


def test_the_same_work_on_one_fleet_is_done_by_one_process(learned):
    with learned.alone("score", FLEET), pytest.raises(TryAgain, match="score pumps"):
        score(learned, FLEET)
    with learned.alone("train", FLEET), pytest.raises(TryAgain, match="train pumps"):
        train(learned, FLEET)
    assert score(learned, FLEET).rows == 0


# ---------------------------------------------------------------- strange readings
@pytest.mark.slow
def test_a_missing_column_leaves_the_rest_scored_and_is_a_sensor_fault(learned):
    bring(learned, next_day().drop("s4"), "day")
    score(learned, FLEET)
    seen = new_day(learned)
    assert seen["surprise"].null_count() == 0
    assert seen["coverage"].unique().to_list() == pytest.approx([0.8])
    [event] = anomalies(learned)
    assert event.sensors[0].name == "s1"
    assert "s4" not in {share.name for share in event.sensors}
    [fault] = faults(learned)
    assert (fault.sensors[0].name, fault.sensors[0].note) == ("s4", "missing")
    assert (fault.start, fault.end) == (moment(LEARNED), moment(LEARNED + DAY - 1))
    assert fault.ongoing


@pytest.mark.slow
def test_a_frozen_sensor_stands_until_it_moves_again(learned):
    day = next_day(faults=None)
    place = pl.int_range(pl.len()).over("asset")
    frozen = pl.when((pl.col("asset") == "P-2") & place.is_between(30, 119)).then(0.25)
    day = day.with_columns(s3=frozen.otherwise("s3").cast(pl.Float32))
    bring(learned, day.filter(place < 100), "a")
    score(learned, FLEET)
    [fault] = faults(learned)
    assert (fault.sensors[0].name, fault.sensors[0].note) == ("s3", "frozen")
    assert (fault.start, fault.end) == (moment(LEARNED + 30), moment(LEARNED + 99))
    assert fault.ongoing
    bring(learned, day.filter(place >= 100), "b")
    score(learned, FLEET)
    [after] = faults(learned)
    assert (after.id, after.ongoing) == (fault.id, False)
    assert (after.start, after.end) == (fault.start, moment(LEARNED + 119))
    assert anomalies(learned) == []
    assert new_day(learned)["surprise"].null_count() == 0


@pytest.mark.slow
def test_what_the_model_does_not_know_is_judged_by_the_fleets_and_an_extra_sensor_is_no_matter(
    learned,
):
    day = next_day(assets=(*ASSETS, "P-9")).with_columns(extra=pl.lit(1.5))
    bring(learned, day, "day")
    done = score(learned, FLEET)
    assert done.unknown == ()
    seen = new_day(learned)
    assert seen.filter(pl.col("asset") == "P-9").height == DAY
    assert seen["surprise"].null_count() == 0
    assert len(anomalies(learned)) == 1


@pytest.mark.slow
def test_readings_that_cannot_be_judged_say_why(learned):
    day = next_day()
    place, own = pl.int_range(pl.len()).over("asset"), pl.col("asset") == "P-3"
    blind = own & place.is_between(30, 60)
    dark = [pl.when(blind).then(None).otherwise(n).alias(n) for n in ("s0", "s1", "s2", "s3")]
    bring(learned, day.with_columns(dark), "day")
    score(learned, FLEET)
    seen = new_day(learned).filter(own).with_columns(place=place)
    blind = seen.filter(pl.col("place").is_between(36, 54))
    assert blind["state"].unique().to_list() == [Judgement.TOO_FEW_SENSORS]
    assert blind["surprise"].null_count() == blind.height
    assert blind["coverage"].to_list() == pytest.approx([0.2] * blind.height)
    rest = seen.filter(~pl.col("place").is_between(30, 60))
    assert rest["surprise"].null_count() == 0
    assert {f.sensors[0].name for f in faults(learned, "P-3")} == {"s0", "s1", "s2", "s3"}


@pytest.mark.slow
def test_a_load_never_seen_is_not_judged(site):
    load = pl.Series("load", [float(50 + row % 40) for row in range(LEARNED)] * 2)
    frame = plant(assets=ASSETS[:2]).with_columns(load)
    bring(site, frame, "training", context=("load",))
    train(site, FLEET, TrainOptions(recipe="mahalanobis"))
    later = plant(60, first=LEARNED, seed=3, assets=ASSETS[:2])
    place = pl.int_range(pl.len()).over("asset")
    beyond = pl.when(place < 30).then(400.0).otherwise(70.0)
    bring(site, later.with_columns(load=beyond), "day", context=("load",))
    score(site, FLEET)
    states = new_day(site)["state"].to_list()
    assert states == ([Judgement.UNSEEN_MODE] * 30 + [Judgement.FINAL] * 30) * 2


@pytest.mark.slow
def test_constant_sensors_and_an_asset_of_one_row_do_not_stop_the_fleet(site):
    frame = plant(assets=ASSETS[:3]).with_columns(
        s2=pl.when(pl.col("asset") == "P-1").then(4.0).otherwise("s2").cast(pl.Float32)
    )
    dead = frame.filter(pl.col("asset") == "P-3").with_columns(
        pl.lit("P-5").alias("asset"),
        *(pl.lit(1.0, pl.Float32).alias(f"s{i}") for i in range(5)),
    )
    one = plant(1, assets=("P-4",))
    bring(site, pl.concat([frame, one, dead]), "training")
    version = train(site, FLEET, TrainOptions(recipe="mahalanobis"))
    assert version.lineage.assets == 3
    assert sorted(version.lineage.failures) == ["P-4", "P-5"]
    assert all(version.lineage.failures.values())
    done = score(site, FLEET)
    assert done.unknown == ()
    dead = scores_of(site).filter(pl.col("asset") == "P-5")
    assert dead["surprise"].null_count() == dead.height
    seen = scores_of(site).filter(pl.col("asset") == "P-1")
    assert seen["surprise"].null_count() == 0


def test_the_whole_fleet_unusable_is_one_clear_error(site):
    bring(site, plant(1, assets=ASSETS[:2]), "training")
    with pytest.raises(InvalidRequest, match=r"P-1|asset"):
        train(site, FLEET)
    assert site.registry.versions(FLEET) == []


def test_a_refused_file_changes_nothing_that_was_there(learned, tmp_path):
    before = learned.lake.readings(FLEET).version()
    empty, garbage = tmp_path / "empty.csv", tmp_path / "garbage.csv"
    empty.write_bytes(b"")
    garbage.write_bytes(bytes(range(256)) * 20)
    report = ingest(learned, [empty, garbage], FLEET, IngestOptions())
    assert [file.status for file in report.files] == ["rejected"] * 2
    assert all(file.reason for file in report.files)
    assert learned.lake.readings(FLEET).version() == before
    assert score(learned, FLEET).rows == 0


def test_stored_scores_keep_their_types_and_order(learned):
    table = scores_of(learned)
    assert_frame_equal(table, table.sort("asset", "time"))
    assert isinstance(table["time"][0], datetime)
    assert in_order(learned.events.list(FLEET)) is not None


@pytest.mark.slow
def test_training_clears_away_what_is_old_and_leaves_what_is_young(learned):
    folder = Path(learned.lake.readings(FLEET).files()[0]).parent
    old, young = folder / "left-by-a-killed-run.parquet", folder / "being-written.parquet"
    for path in (old, young):
        path.write_bytes(b"half")
    last_month = time.time() - 30 * 86_400
    os.utime(old, (last_month, last_month))
    train(learned, FLEET, TrainOptions(recipe="mahalanobis"))
    assert not old.exists()
    assert young.exists()
