"""Own pipelines on a fleet: its readings as a table, Kizashi's own pipelines as steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.core.errors import Forbidden, InvalidRequest
from tests.appliance.pipelines.sites import FLEET, bring, open_site, plant
from tests.appliance.steps.conftest import Made

MODULE = '''
import polars as pl
import appliance as kizashi

@kizashi.step
def widest(table: pl.DataFrame, sensor: str) -> str:
    """The machine whose sensor varies most."""
    return table.group_by("asset").agg(pl.col(sensor).std()).sort(sensor)["asset"][-1]
'''
WEEKLY = """
name: weekly
parameters: {fleet: , sensor: s1}
steps:
  rows: {pipeline: readings, with: {sensors: ["${parameters.sensor}"], assets: [P-1, P-2]}}
  widest: {use: "wide:widest", with: {table: "${rows.table}", sensor: "${parameters.sensor}"}}
  train: {pipeline: train, with: {recipe: mahalanobis}, needs: [widest]}
  promote: {pipeline: promote, with: {version: 1}, needs: [train]}
"""


@pytest.fixture
def learning(tmp_path: Path) -> Iterator[Made]:
    """Open a site that can keep models."""
    site = open_site(tmp_path / "home")
    yield Made(site, tmp_path)
    site.close()


@pytest.mark.slow
def test_readings_are_given_and_models_are_made(learning: Made):
    made = learning
    bring(made.site, plant(), "training")
    made.module(MODULE, "wide")
    assert made.pipeline(WEEKLY).rights == ("promote", "read", "train")
    run = made.run("weekly", fleet=FLEET)
    assert run.parameters == {"fleet": FLEET, "sensor": "s1"}
    assert run.outputs["rows"].values["rows"] > 1_000
    assert run.outputs["widest"].values["result"] in ("P-1", "P-2")
    assert run.outputs["train"].values["result"]["version"] == 1
    assert made.site.registry.champion(FLEET).version == 1
    again = made.run("weekly", fleet=FLEET)  # the same job, begun again: nothing is done twice
    assert again.outputs == run.outputs
    assert len(made.site.registry.versions(FLEET)) == 1


def test_steps_keep_to_the_fleet_of_the_job(made: Made):
    text = "name: other\nsteps: {rows: {pipeline: readings, with: {fleet: fans}}}"
    made.pipeline(text)
    with pytest.raises(Forbidden, match="step rows: the job works on pumps alone, not on fans"):
        made.run("other", fleet="pumps")
    made.pipeline("name: bare\nsteps: {rows: {pipeline: readings}}")
    with pytest.raises(InvalidRequest, match="step rows: whose readings is not said"):
        made.run("bare")
    with pytest.raises(InvalidRequest, match="there is no pipeline 'run'"):
        made.pipeline("name: self\nsteps: {it: {pipeline: run}}")
    with pytest.raises(InvalidRequest, match="with: there is no input 'recipes'"):
        made.pipeline("name: no\nsteps: {it: {pipeline: train, with: {recipes: forest}}}")
