"""Trainings go by what people said: recipes of projects, the sensor that tells of running."""

from __future__ import annotations

import polars as pl
import pytest

from appliance.access.person import shell
from appliance.core.errors import InvalidRequest
from appliance.pipelines.recipes import save_recipe
from appliance.pipelines.score import score
from appliance.pipelines.sensors import edit_sensor
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.recipe import Recipe, RunState
from appliance.schemas.score import Judgement
from appliance.schemas.sensor import RunValues, SensorEdit
from tests.appliance.pipelines.sites import FLEET, bring, plant, scores_of

ME = shell("test")


@pytest.mark.slow
def test_a_recipe_is_found_by_its_name_in_the_fleets_project(site):
    bring(site, plant(), "training")
    recipe = Recipe(detector="mahalanobis", parameters={"support": 0.8})
    site.access.projects.add(ME, "hall2")
    save_recipe(site, ME, "default", "gentle", recipe)
    save_recipe(site, ME, "hall2", "other", recipe)
    version = train(site, FLEET, TrainOptions(recipe="gentle", budget=2.0))
    made = version.lineage.recipe
    assert (made.name, made.parameters) == ("gentle", {"support": 0.8})
    assert made.threshold.false_alarms_per_month == 2.0
    with pytest.raises(InvalidRequest, match="no recipe or detector 'other'"):
        train(site, FLEET, TrainOptions(recipe="other"))


@pytest.mark.slow
def test_a_sensor_tells_whether_the_machine_runs(site):
    frame = plant()
    stopped = pl.col("time").dt.hour() < 6
    frame = frame.with_columns(speed=pl.when(stopped).then(0.0).otherwise(1500.0))
    bring(site, frame, "training")
    edit = SensorEdit(role="context", run_state=RunValues(minimum=100.0))
    edit_sensor(site, ME, FLEET, "speed", edit)
    version = train(site, FLEET, TrainOptions(recipe="mahalanobis"))
    assert version.lineage.recipe.cleaning.run_state == RunState(column="speed", minimum=100.0)
    score(site, FLEET)
    idle = scores_of(site).filter(stopped)
    assert set(idle["state"]) == {Judgement.NOT_RUNNING.value}
    running = scores_of(site).filter(~stopped)
    assert Judgement.NOT_RUNNING.value not in set(running["state"])


@pytest.mark.slow
def test_a_recipe_that_says_when_the_machine_runs_wins(site):
    frame = plant().with_columns(speed=1500.0)
    bring(site, frame, "training")
    edit_sensor(site, ME, FLEET, "speed", SensorEdit(run_state=RunValues(minimum=100.0)))
    own = RunState(column="s0", minimum=-1e9)
    recipe = Recipe(detector="mahalanobis", cleaning={"run_state": own.model_dump()})
    version = train(site, FLEET, TrainOptions(recipe=recipe))
    assert version.lineage.recipe.cleaning.run_state == own
