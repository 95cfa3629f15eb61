"""A new machine is judged by its fleet's shared model at once, by its own when it is better."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from appliance.fleet import Artifact
from appliance.fleet.model import FleetModel
from appliance.pipelines.backtest import BacktestOptions, backtest
from appliance.pipelines.health import health
from appliance.pipelines.models import assets
from appliance.pipelines.overview import asset as asset_now
from appliance.pipelines.promote import promote
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.score import Judgement
from tests.appliance.fleet.plants import SENSORS
from tests.appliance.pipelines.sites import (
    ASSETS,
    DAY,
    FLEET,
    LEARNED,
    bring,
    moment,
    plant,
)

RECIPE = TrainOptions(recipe="mahalanobis")
NEW = "P-9"


def told_of(site, version, asset=NEW, **more):
    [one] = [one for one in assets(site, FLEET, version, **more) if one.asset == asset]
    return one


@pytest.fixture
def joined(grown):
    """Open a site whose fleet got another machine, which has a fault on its first day."""
    day = plant(DAY, first=LEARNED, seed=2, assets=(*ASSETS, NEW), faults={NEW: (1, 60, 90)})
    return grown(day=day)


@pytest.mark.slow
def test_its_first_day_is_judged_and_its_fault_is_found_with_the_sensor(joined):
    scores = joined.lake.scores(FLEET).read([NEW], model_version=1)
    assert scores["surprise"].null_count() == 0
    [event] = joined.events.list(FLEET, assets=[NEW])
    assert (event.sensors[0].name, event.sensors[0].direction) == ("s1", 1)
    assert abs(event.start - moment(LEARNED + 60)) < 5 * (moment(1) - moment(0))
    health_ = health(joined, FLEET, NEW, None)
    assert (health_.borrowed, health_.version) == (True, 1)
    assert not health(joined, FLEET, "P-1", None).borrowed
    assert asset_now(joined, FLEET, NEW).threshold == health_.threshold


def test_a_version_says_by_what_it_judges_a_machine_that_came_later(joined):
    told = told_of(joined, 1)
    assert told.borrowed
    assert told.trial is None
    assert "learned from 4 machines (P-1, P-2, P-3, P-4)" in told.reasons[0]
    assert "4 台" in told_of(joined, 1, language="ja").reasons[0]
    assert told_of(joined, 1, "P-1").borrowed == ""


def with_a_week(site, factor, sensors=SENSORS):
    """Bring eight days of the fleet and of a machine some sensors of which are multiplied."""
    week = plant(8 * DAY, first=LEARNED, seed=5, assets=(*ASSETS, NEW))
    own = pl.col("asset") == NEW
    other = [
        pl.when(own).then(factor * pl.col(name)).otherwise(name).alias(name) for name in sensors
    ]
    bring(site, week.with_columns(other), "week")
    return site


@pytest.mark.slow
def test_after_three_days_what_is_usual_for_it_no_longer_alarms_and_a_fault_does(learned):
    days = plant(4 * DAY, first=LEARNED, seed=5, assets=(*ASSETS, NEW))
    unlike = pl.when(pl.col("asset") == NEW).then(pl.col("s1") + 20).otherwise("s1")
    before = days.filter(pl.col("time") < moment(LEARNED + 3 * DAY))
    bring(learned, before.with_columns(unlike.alias("s1")), "days")
    made = train(learned, FLEET, RECIPE)
    assert told_of(learned, made.version).borrowed
    assert "3 days of its own readings" in " ".join(told_of(learned, made.version).reasons)
    assert "3 日分" in " ".join(told_of(learned, made.version, language="ja").reasons)
    promote(learned, FLEET, made.version, "mori")
    faulty = (pl.col("asset") == NEW) & pl.col("time").is_between(
        moment(LEARNED + 3 * DAY + 40), moment(LEARNED + 3 * DAY + 70)
    )
    last = days.filter(pl.col("time") >= moment(LEARNED + 3 * DAY)).with_columns(
        unlike.alias("s1")
    )
    bring(
        learned,
        last.with_columns(s2=pl.when(faulty).then(pl.col("s2") + 8).otherwise("s2")),
        "last",
    )
    score(learned, FLEET)
    new = learned.lake.scores(FLEET).read([NEW], model_version=made.version)
    assert new.filter(~faulty)["alarm"].mean() < 0.05
    sisters = FleetModel(Path(learned.registry.get(FLEET, 1).path))
    assert sisters.score(last.filter(pl.col("asset") == NEW))["alarm"].mean() > 0.9
    [event] = learned.events.list(FLEET, assets=[NEW])
    assert abs(event.start - moment(LEARNED + 3 * DAY + 40)) < 5 * (moment(1) - moment(0))
    assert (event.sensors[0].name, event.sensors[0].direction) == ("s2", 1)


@pytest.fixture
def contrary(learned):
    """Open a site whose fleet got a machine whose sensors belong together otherwise."""
    return with_a_week(learned, -1.0, SENSORS[::2])


@pytest.mark.slow
def test_its_own_takes_over_with_evidence_when_it_is_better(contrary):
    made = train(contrary, FLEET, RECIPE)
    told = told_of(contrary, made.version)
    assert told.trial is not None
    assert told.trial.days == pytest.approx(8, abs=0.1)
    assert told.trial.own_found > told.trial.shared_found
    assert (told.trial.better, told.borrowed) == (True, "")
    assert "took over" in told.reasons[0]
    assert "切り替わりました" in told_of(contrary, made.version, language="ja").reasons[0]
    assert NEW not in made.lineage.failures
    # Once it has its own, it is not tried again.
    promote(contrary, FLEET, made.version, "mori")
    again = train(contrary, FLEET, RECIPE)
    assert told_of(contrary, again.version).trial is None


@pytest.mark.slow
def test_what_is_not_learned_anew_leaves_the_shared_model_as_it_is(contrary):
    made = train(contrary, FLEET, TrainOptions(recipe="mahalanobis", assets=("P-1",)))
    [before, after] = [
        Artifact(Path(contrary.registry.get(FLEET, number).path))
        for number in (1, made.version)
    ]
    assert after.manifest.shared.donors == before.manifest.shared.donors == ASSETS
    assert after.manifest.shared.checksum == before.manifest.shared.checksum
    assert told_of(contrary, made.version).borrowed


@pytest.mark.slow
def test_its_own_waits_while_it_is_no_better(learned):
    site = with_a_week(learned, 0.3)
    made = train(site, FLEET, RECIPE)
    told = told_of(site, made.version)
    assert told.trial is not None
    assert told.trial.own_found < told.trial.shared_found
    assert not told.trial.better
    assert "still judges it" in told.reasons[0]
    assert told.borrowed == made.lineage.failures[NEW] == told.reasons[0]
    promote(site, FLEET, made.version, "mori")
    score(site, FLEET)
    scores = site.lake.scores(FLEET).read([NEW], model_version=made.version)
    assert scores["surprise"].null_count() == 0


@pytest.mark.slow
def test_its_own_is_not_tried_before_a_week_has_passed(joined):
    made = train(joined, FLEET, RECIPE)
    told = told_of(joined, made.version)
    assert told.trial is None
    assert told.borrowed == "known for 1.0 days, its own is tried from 7 on"


@pytest.mark.slow
def test_too_few_readings_are_no_own_model_either(joined):
    made = train(joined, FLEET, TrainOptions(recipe="mahalanobis", end=moment(LEARNED + 50)))
    told = told_of(joined, made.version)
    assert told.trial is None
    assert "clean rows" in told.borrowed


def test_a_backtest_judges_it_as_the_version_would(joined):
    period = BacktestOptions(start=moment(LEARNED), end=moment(LEARNED + DAY))
    made = backtest(joined, FLEET, period)
    assert (made.candidate.assets, made.candidate.unknown) == (5, ())


@pytest.mark.slow
def test_a_lone_machine_has_nothing_to_share(site):
    bring(site, plant(assets=("P-1",)), "one")
    train(site, FLEET, RECIPE)
    bring(site, plant(DAY, first=LEARNED, assets=("P-1", NEW)), "day")
    assert score(site, FLEET).unknown == (NEW,)
    scores = site.lake.scores(FLEET).read([NEW], model_version=1)
    assert scores["state"].unique().to_list() == [Judgement.NO_MODEL]
    assert scores.filter(pl.col("alarm")).is_empty()
    assert [one.asset for one in assets(site, FLEET, 1)] == ["P-1"]
    period = BacktestOptions(start=moment(LEARNED), end=moment(LEARNED + DAY))
    assert backtest(site, FLEET, period).candidate.unknown == (NEW,)
