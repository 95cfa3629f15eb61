"""A model is never in the way: budget, limits, names and recipe of a live fleet change."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.core.errors import InvalidRequest
from appliance.fleet import Artifact
from appliance.pipelines.adjust import adjust
from appliance.pipelines.promote import promote, rollback
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.event import EventKind
from appliance.schemas.sensor import Sensor, SensorRole
from tests.appliance.pipelines.sites import (
    DAY,
    FLEET,
    LEARNED,
    bring,
    moment,
    next_day,
    plant,
    scores_of,
)


@pytest.fixture
def faulty(grown):
    """Open a site whose P-2 has an anomaly."""
    return grown(day=next_day())


@pytest.mark.slow
def test_another_budget_is_another_version_without_learning(faulty):
    before = scores_of(faulty)
    made = adjust(faulty, FLEET, budget=5.0, by="mori")
    lineage, source = made.lineage, faulty.registry.get(FLEET, 1)
    assert (lineage.by, source.lineage.by) == ("mori", "kizashi")
    assert (made.version, made.aliases, lineage.derived_from) == (2, ("challenger",), 1)
    assert lineage.recipe.threshold.false_alarms_per_month == 5.0
    assert (lineage.rows, lineage.batches) == (source.lineage.rows, source.lineage.batches)
    promote(faulty, FLEET, 2, "mori")
    score(faulty, FLEET)
    after = scores_of(faulty, 2)
    assert after["surprise"].equals(before["surprise"])
    assert after["alarm"].sum() > before["alarm"].sum()
    assert scores_of(faulty).equals(before)
    rollback(faulty, FLEET, "mori")
    assert faulty.registry.champion(FLEET) == source.model_copy(
        update={"aliases": ("champion",)}
    )


@pytest.mark.slow
def test_the_levels_are_those_that_training_under_the_budget_gives(faulty):
    for budget in (0.1, 2.0):
        adjusted = adjust(faulty, FLEET, budget=budget, version=1)
        options = TrainOptions(recipe="mahalanobis", budget=budget, end=moment(LEARNED))
        trained = train(faulty, FLEET, options)
        ours, theirs = (
            {a: e.threshold for a, e in Artifact(_path(v)).manifest.assets.items()}
            for v in (adjusted, trained)
        )
        assert ours == pytest.approx(theirs, rel=1e-9)


def _path(version) -> Path:
    return Path(version.path)


@pytest.mark.slow
def test_a_budget_beyond_the_levels_asks_for_training(faulty):
    with pytest.raises(InvalidRequest, match="no alarm level for 500"):
        adjust(faulty, FLEET, budget=500)
    with pytest.raises(InvalidRequest, match="say what to change"):
        adjust(faulty, FLEET)
    assert [p.name for p in (faulty.settings.home / "models" / FLEET).iterdir()] == [
        v.lineage.run for v in faulty.registry.versions(FLEET)
    ]


@pytest.mark.slow
def test_limits_of_a_live_fleet_hold_for_a_model_that_stands(faulty):
    [event] = faulty.events.list(FLEET, kind=EventKind.ANOMALY)
    sensor = event.sensors[0].name
    faulty.intake.edit_sensor(FLEET, Sensor(name=sensor, unit="mm/s", upper=6.0))
    made = adjust(faulty, FLEET, limits=True)
    assert made.lineage.recipe.cleaning.limits[sensor].upper == 6.0
    promote(faulty, FLEET, made.version, "mori")
    score(faulty, FLEET)
    faults = faulty.events.list(FLEET, kind=EventKind.SENSOR_FAULT, assets=["P-2"])
    assert {(f.sensors[0].name, f.sensors[0].note) for f in faults} == {
        (sensor, "out of limits")
    }


@pytest.mark.slow
def test_sensors_contexts_and_recipe_change_and_earlier_results_stay(faulty):
    before, events = scores_of(faulty), faulty.events.list(FLEET)
    faulty.intake.edit_sensor(FLEET, Sensor(name="s0", unit="kW", role=SensorRole.CONTEXT))
    faulty.intake.edit_sensor(FLEET, Sensor(name="s3", role=SensorRole.IGNORED))
    bring(faulty, plant(DAY, first=LEARNED + DAY, seed=9), "more")
    score(faulty, FLEET)  # by the model that knows nothing of it yet
    assert {e.id for e in events} <= {e.id for e in faulty.events.list(FLEET)}
    made = train(faulty, FLEET, TrainOptions(recipe="pca"))
    manifest = Artifact(_path(made)).manifest
    assert (manifest.sensors, manifest.context) == (("s1", "s2", "s4"), ("s0",))
    promote(faulty, FLEET, made.version, "mori")
    score(faulty, FLEET)
    kept = scores_of(faulty).join(before, on=["asset", "time"], how="semi")
    assert kept["surprise"].equals(before["surprise"])
