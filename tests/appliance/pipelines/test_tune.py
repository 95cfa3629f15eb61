"""Recipes race without labels, and what wins can be trained; a fleet teaches one network."""

from __future__ import annotations

import pytest

from appliance.core.errors import Cancelled, InvalidRequest
from appliance.core.settings import Settings
from appliance.engine.local import LocalEngine
from appliance.engine.race import Standing, best_of, kept, rungs
from appliance.engine.ray import RayEngine
from appliance.engine.stop import Stop, stoppable
from appliance.fleet import Artifact, resolve
from appliance.fleet.tuning import alternatives, neighbours
from appliance.pipelines.recipes import recipe
from appliance.pipelines.train import TrainOptions, train
from appliance.pipelines.tune import TuneOptions, tune
from tests.appliance.fleet.test_pooling import Notes
from tests.appliance.pipelines.sites import FLEET

SMALL = {"window": 8, "width": 16, "code": 4, "batch": 64, "epochs": 2, "least_steps": 40}


@pytest.mark.slow
def test_the_recipe_that_finds_most_is_saved_and_can_be_trained(learned):
    progress = Notes()
    options = TuneOptions("mahalanobis", trials=4)
    done = tune(learned, FLEET, options, engine="local", by="user:ann", progress=progress)
    assert done.name == f"tuned_{FLEET}"
    assert len(done.tried) == 4
    assert {one.recipe.detector for one in done.tried} == {"mahalanobis"}
    assert done.tried[0].merit == max(
        o.merit for o in done.tried if o.machines == done.machines
    )
    assert done.words.startswith("mahalanobis")
    assert "found" in done.words
    assert any(text.startswith("mahalanobis: ") for text in progress.notes)
    (project,) = learned.access.projects.of([FLEET]).values()
    assert recipe(learned, project, done.name).recipe == done.recipe
    version = train(learned, FLEET, TrainOptions(recipe=done.name), engine="local")
    assert version.lineage.recipe.parameters == done.recipe.parameters


@pytest.mark.slow
def test_a_whole_fleet_teaches_one_network(learned):
    data = {"name": "net", "detector": "autoencoder", "parameters": SMALL}
    options = TrainOptions(recipe=data, workers=2)
    version = train(learned, FLEET, options, engine="local")
    place = learned.registry.place(FLEET, version.lineage.run)
    assert Artifact(place).manifest.network is not None
    assert version.lineage.recipe.pooled
    assert not list((learned.settings.home / "models").glob(".pools/*"))
    with pytest.raises(InvalidRequest, match="learns each machine alone"):
        train(learned, FLEET, TrainOptions(recipe="mahalanobis", workers=2), engine="local")


def test_alternatives_begin_with_what_is_asked_for():
    own = alternatives(resolve("pca"), 6, own_detector=True)
    assert own[0] == resolve("pca")
    assert {one.detector for one in own} == {"pca"}
    assert len({one.model_dump_json() for one in own}) == 6
    assert own == alternatives(resolve("pca"), 6, own_detector=True)
    every = alternatives(resolve("auto"), 30, own_detector=False)
    assert every[0].detector == "auto"
    assert {"knn", "autoencoder", "window_pca"} <= {one.detector for one in every}


@pytest.mark.parametrize(
    ("value", "near"),
    [
        (8, [4, 16]),
        (1, [2]),
        (0.25, [0.125, 0.5]),
        (0.99, [0.98, 0.995]),
        (True, []),
        ("x", []),
    ],
)
def test_neighbours_of_a_parameter(value, near):
    assert neighbours(value) == near


def lap(item: tuple[float, int], number: int) -> dict[str, float]:
    """Worth the first number, unless the second says in which lap it breaks."""
    if number == item[1]:
        raise ValueError("broken")
    return {"merit": item[0], "lap": float(number)}


ITEMS = [(0.1, 9), (0.9, 9), (0.2, 9), (0.5, 0), (0.8, 9), (0.3, 9)]


def test_those_that_fall_behind_are_given_up():
    told: list[Standing] = []
    found = LocalEngine(2).race(lap, ITEMS, laps=4, told=told.append)
    assert [one.laps for one in found] == [1, 4, 1, 0, 3, 1]
    assert found[1].figures == {"merit": 0.9, "lap": 1.5}
    assert found[3].error == "ValueError: broken"
    assert [one.number for one in best_of(found, 4)][:2] == [1, 4]
    assert best_of(found, 4)[-1].number == 3
    assert (rungs(1), rungs(4), rungs(9)) == ([1], [1, 3, 4], [1, 3, 9])
    assert [one.number for one in kept(found[:1])] == [0]
    assert len(told) == 6 + 2 + 1


def test_a_race_can_be_stopped():
    stop = Stop()
    stop.ask("enough")
    with stoppable(stop), pytest.raises(Cancelled, match="enough"):
        LocalEngine(1).race(lap, ITEMS, laps=4, told=lambda _: None)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.xdist_group("ray")
def test_a_race_on_ray_tune_comes_out_alike():
    told: list[Standing] = []
    with RayEngine(Settings(workers=2)) as engine:
        found = engine.race(lap, ITEMS[1:4], laps=4, told=told.append)
    first = best_of(found, 4)[0]
    assert (first.number, first.laps) == (0, 4)
    assert first.figures == {"merit": 0.9, "lap": 1.5}
    assert found[2].error == "ValueError: broken"
    assert sum(one.number == 0 for one in told) == 4
