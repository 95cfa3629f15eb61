"""A machine that goes away from normal little by little is told, and not learned."""

from __future__ import annotations

import shutil
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from appliance.pipelines.health import health
from appliance.pipelines.models import assets
from appliance.pipelines.promote import promote
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.calendar import WindowDraft, WindowKind
from tests.appliance.fleet.plants import SENSORS, START
from tests.appliance.pipelines.sites import FLEET, bring, open_site

DAY = 24
NORMAL = 20
RECIPE = TrainOptions(recipe="mahalanobis")


def day(number):
    return START + timedelta(days=number)


def readings(first, last, moves):
    """Return three machines by the hour; the second sensor of P-2 moves by days since 20."""
    frames = []
    for number in range(3):
        rows = (last - first) * DAY
        random = np.random.default_rng([first, number])
        values = random.normal(size=rows) + random.normal(size=(len(SENSORS), rows))
        if number == 1:
            values[1] += moves(first + np.arange(rows) / DAY - NORMAL)
        frames.append(
            pl.DataFrame(
                {
                    "asset": [f"P-{number + 1}"] * rows,
                    "time": [day(first) + timedelta(hours=row) for row in range(rows)],
                    **dict(zip(SENSORS, values, strict=True)),
                }
            )
        )
    return pl.concat(frames)


@pytest.fixture(scope="module")
def drifted_home(tmp_path_factory):
    """Make a home whose P-2 has drifted for 30 days; its champion knows 20 sound ones."""
    home = tmp_path_factory.mktemp("drifted") / "home"
    made = open_site(home)
    bring(made, readings(0, NORMAL, lambda _: 0), "sound")
    train(made, FLEET, RECIPE)
    bring(made, readings(NORMAL, 50, lambda since: 0.15 * since), "drift")
    train(made, FLEET, RECIPE)
    made.close()
    return home


@pytest.fixture
def drifted(drifted_home, tmp_path, make_site):
    """Open a copy of that home, with what was learned after the drift as champion."""
    shutil.copytree(drifted_home, tmp_path / "drifted")
    site = make_site("drifted")
    promote(site, FLEET, 2, "mori")
    return site


@pytest.mark.slow
def test_it_is_told_and_the_days_since_are_not_learned(drifted):
    made = drifted.registry.get(FLEET, 2)
    [note] = made.lineage.drifted
    assert (note.asset, [one.name for one in note.sensors]) == ("P-2", [SENSORS[1]])
    assert abs((note.since - day(NORMAL)).days) <= 6
    [held] = made.lineage.held
    assert (held.reason, held.events) == ("drift", ())
    assert held.rows == (day(50) - note.since) / timedelta(hours=1)
    assert made.lineage.normal["P-2"].end < day(NORMAL)

    [told] = [one for one in assets(drifted, FLEET, made.version) if one.asset == "P-2"]
    assert told.drifted == (note,)
    assert "little by little" in told.reasons[-1]
    score(drifted, FLEET)
    assert health(drifted, FLEET, "P-2", None).drifted == note
    assert health(drifted, FLEET, "P-1", None).drifted is None
    last = drifted.lake.scores(FLEET).read(["P-2"], day(46), model_version=made.version)
    assert last["alarm"].mean() > 0.5


@pytest.mark.slow
def test_it_is_told_however_often_it_is_trained(drifted):
    made = train(drifted, FLEET, RECIPE)
    assert [note.asset for note in made.lineage.drifted] == ["P-2"]


@pytest.mark.slow
def test_a_window_of_the_calendar_says_that_it_is_normal_now(drifted):
    window = WindowDraft(
        fleet=FLEET, asset="P-2", kind=WindowKind.NORMAL, start=day(30), end=day(50)
    )
    drifted.calendar.add(window, "mori")
    made = train(drifted, FLEET, RECIPE).lineage
    assert (made.drifted, made.held, made.masked, made.windows) == ((), (), 0, ())
    assert made.normal["P-2"].start == day(30)
    assert made.rows == 3 * 50 * DAY


@pytest.mark.slow
def test_what_is_as_before_again_is_said_and_what_lies_between_stays_out(drifted):
    first = drifted.registry.champion(FLEET)
    bring(drifted, readings(50, 64, lambda _: 0), "repaired")
    made = train(drifted, FLEET, RECIPE).lineage
    [note] = made.drifted
    assert note.over
    assert note.since == first.lineage.drifted[0].since
    assert note.until >= day(50)
    [held] = made.held
    assert 30 * DAY <= held.rows <= 45 * DAY
    assert health(drifted, FLEET, "P-2", None).drifted is None
    promote(drifted, FLEET, first.version + 1, "mori")
    assert train(drifted, FLEET, RECIPE).lineage.drifted == made.drifted


def test_machines_that_are_not_learned_keep_what_was_told(drifted):
    first = drifted.registry.champion(FLEET)
    made = train(drifted, FLEET, TrainOptions(recipe="mahalanobis", assets=("P-1",)))
    assert made.lineage.drifted == first.lineage.drifted
    assert made.lineage.normal == first.lineage.normal
