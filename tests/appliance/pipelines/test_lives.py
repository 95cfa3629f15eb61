"""Remaining life in the appliance: lives that the calendar tells of, learned and told by."""

from __future__ import annotations

import shutil
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from appliance.core.errors import ArtifactCorrupt, InvalidRequest, NotFound
from appliance.pipelines import remaining
from appliance.pipelines.life_models import (
    forget_lives,
    keep_life_model,
    learned_from,
    life_model,
)
from appliance.pipelines.lives import learn_lives, lives
from appliance.pipelines.remaining import remaining_life
from appliance.schemas.calendar import WindowKind
from appliance.schemas.history import Health
from appliance.schemas.life import LearnLivesArguments, LivesLearned
from benchmarks.rul import loaders
from detectors.prognostics import RemainingLife
from tests.appliance.people import ME
from tests.appliance.pipelines.failed import (
    FAILED,
    FIRST,
    HOUR,
    LEFT,
    NEW,
    OLD,
    REPAIR,
    YOUNG,
    at,
    fail,
    fill,
    rows,
)
from tests.appliance.pipelines.sites import FLEET, bring, open_site
from tests.appliance.pipelines.test_learning_jobs import ask
from tests.detectors.prognostics.fleets import lives as simulated

_EACH = 4
"""Of the turbofans one in so many is taken: learning from all takes minutes."""
CALM = 0.15 * np.random.default_rng(2).normal(size=(40, 5))
"""Readings of a machine without wear."""


@pytest.fixture
def failed(site):
    fill(site)
    return site


@pytest.fixture(scope="module")
def known_home(tmp_path_factory):
    """Make a home whose fleet's lives a job has learned."""
    home = tmp_path_factory.mktemp("lives") / "home"
    made = open_site(home)
    fill(made)
    told = ask(made, "learn_lives")
    assert LivesLearned.model_validate(told) == lives(made, FLEET).learned
    made.close()
    return home


@pytest.fixture
def known(known_home, tmp_path, make_site):
    shutil.copytree(known_home, tmp_path / "known")
    return make_site("known")


def worn(site, count, *others):
    """Bring machines in that failed once each, at their last reading, and others."""
    made = simulated(count, rows=(60, 61))
    parts = [rows(f"F-{number}", values) for number, values in enumerate(made)]
    bring(site, pl.concat([*parts, *others]), "worn")
    for number, values in enumerate(made):
        fail(site, f"F-{number}", at(len(values)))


# ---------------------------------------------------------------- which lives there are
def test_a_life_ends_at_a_failure_and_another_begins_when_it_is_over(failed):
    found = lives(failed, FLEET)
    mine = [one for one in found.ended if one.asset == FAILED[0]]
    assert [(one.number, one.failed) for one in mine] == [(1, True), (2, True)]
    assert mine[0].start == FIRST
    assert mine[1].start == mine[0].end + REPAIR * HOUR
    assert (len(found.ended), found.running, found.needed) == (12, 9, 6)
    assert found.learned is None


def test_what_names_no_machine_or_is_no_failure_ends_no_life(failed):
    before = lives(failed, FLEET)
    fail(failed, None, at(20))
    fail(failed, FAILED[0], at(20), kind=WindowKind.MAINTENANCE)
    assert lives(failed, FLEET) == before


def test_failures_that_touch_are_one_and_later_ones_may_have_no_readings(site):
    bring(site, rows("P-1", simulated(1)[0][:40]), "readings")
    fail(site, "P-1", at(20))
    fail(site, "P-1", at(23))
    fail(site, "P-1", at(40))
    found = lives(site, FLEET)
    spans = [(one.start, one.end) for one in found.ended]
    assert spans == [(at(0), at(20)), (at(28), at(40))]
    assert found.running == 0


# ---------------------------------------------------------------- too few
@pytest.mark.slow
def test_too_few_lives_are_refused_with_what_to_do(site):
    worn(site, 5)
    with pytest.raises(
        InvalidRequest, match="has 5 lives that ended in a failure; at least 6"
    ) as told:
        learn_lives(site, FLEET)
    assert "--kind failure" in told.value.remedy
    with pytest.raises(InvalidRequest, match="has 0 lives that began at a repair"):
        learn_lives(site, FLEET, LearnLivesArguments(from_repair=True))
    assert lives(site, FLEET).learned is None


@pytest.mark.slow
def test_lives_without_their_readings_are_set_aside_and_named(site):
    values = simulated(1)[0]
    worn(site, 4, rows("G-0", values[:60]), rows("G-1", values[:12]))
    fail(site, "G-0", at(100))  # nothing was read in its last 40 hours
    fail(site, "G-1", at(12))
    with pytest.raises(InvalidRequest) as told:
        learn_lives(site, FLEET)
    assert "of 6 lives of fleet pumps that ended, 2 cannot be learned from" in str(told.value)
    assert "G-0: its readings end 41 hours before the failure" in str(told.value)
    assert "G-1: it has 12 readings, and at least 40 are needed" in str(told.value)


def test_a_fleet_without_readings_has_no_lives(site):
    with pytest.raises(NotFound):
        lives(site, FLEET)
    with pytest.raises(NotFound):
        learn_lives(site, FLEET)
    with pytest.raises(NotFound):
        forget_lives(site, FLEET, ME)


# ---------------------------------------------------------------- learned
@pytest.mark.slow
def test_what_was_learned_says_from_what(known):
    told = lives(known, FLEET).learned
    assert (told.lives, told.machines, told.running, told.by) == (12, 6, 9, "mori")
    assert set(told.windows) == {one.window for one in lives(known, FLEET).ended}
    assert 0 < told.error_days < told.cap_days < told.longest_days
    assert 1 <= told.outlasted <= told.running
    assert told.aside == ()


@pytest.mark.slow
def test_machines_that_wear_are_told_by_those_that_failed(known):
    off = []
    for asset in (*FAILED, NEW):
        told = remaining_life(known, FLEET, asset, 0.0)
        assert (told.wear, told.method, told.lives) == (True, "lives", 12)
        assert told.low <= told.days
        off.append(told.days * 24 - LEFT)
        assert told.since == known.intake.assets.named(FLEET, [asset])[0].end
    assert sum(map(abs, off)) / len(off) < 10
    assert told.trend == "unknown"  # it was never scored: its health says nothing


@pytest.mark.slow
def test_a_machine_that_counts_as_new_gets_no_figure(known):
    bring(known, rows("P-9", CALM), "new")
    told = remaining_life(known, FLEET, "P-9", 0.0)
    assert (told.wear, told.method) == (False, "lives")
    assert told.days is told.low is told.high is told.since is None


@pytest.mark.slow
def test_as_far_off_as_can_be_seen_counts_as_new(known):
    told = learn_lives(known, FLEET, LearnLivesArguments(cap_days=LEFT / 3 / 24))
    assert told.cap_days == pytest.approx(LEFT / 3 / 24, abs=0.001)
    found = [remaining_life(known, FLEET, asset, 0.0) for asset in FAILED]
    new = [one for one in found if not one.wear]
    assert len(new) >= len(FAILED) / 2
    assert {(one.method, one.days, one.high) for one in new} == {("lives", None, None)}


@pytest.mark.slow
@pytest.mark.parametrize("asset", [YOUNG, OLD])
def test_of_a_machine_that_cannot_be_judged_by_others_its_health_tells(known, asset):
    told = remaining_life(known, FLEET, asset, 0.0)
    assert (told.wear, told.method, told.lives, told.days) == (None, "health", None, None)


@pytest.mark.slow
def test_a_recording_that_does_not_reach_back_tells_no_age(known):
    values = simulated(1, rows=(90, 91))[0]
    bring(known, rows("P-9", values[:10]), "before")
    fail(known, "P-9", at(10))
    assert remaining_life(known, FLEET, "P-9", 0.0).method == "health"  # it has not begun anew
    bring(known, rows("P-9", values[:60], first=60), "after")
    assert remaining_life(known, FLEET, "P-9", 0.0).method == "health"
    bring(known, rows("P-9", values[:45], first=15), "between")
    assert remaining_life(known, FLEET, "P-9", 0.0).method == "lives"


@pytest.mark.slow
def test_first_lives_may_be_said_not_to_have_begun_new(known):
    model = life_model(known, FLEET)
    facts = learned_from(model).model_copy(update={"from_repair": True})
    keep_life_model(known, model, facts)
    assert remaining_life(known, FLEET, NEW, 0.0).method == "health"
    assert remaining_life(known, FLEET, FAILED[0], 0.0).method == "lives"


@pytest.mark.slow
def test_a_health_that_falls_is_told_where_lives_see_no_wear(known, monkeypatch):
    bring(known, rows("P-9", CALM), "new")
    falling = Health(
        fleet=FLEET,
        asset="P-9",
        starts=tuple(FIRST + timedelta(days=day) for day in range(20)),
        values=tuple(100.0 - 3 * day for day in range(20)),
        trend="falling",
        trend_from=FIRST,
    )
    monkeypatch.setattr(remaining, "health", lambda *_: falling)
    told = remaining_life(known, FLEET, "P-9", 0.0)
    assert (told.wear, told.method, told.lives) == (True, "health", None)
    assert told.days == pytest.approx(14.3, abs=0.2)


@pytest.mark.slow
def test_what_was_learned_can_be_forgotten_and_a_damaged_file_is_refused(known):
    (path,) = (known.settings.home / "lives").iterdir()
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArtifactCorrupt):
        remaining_life(known, FLEET, NEW, 0.0)
    data[-9] ^= 1
    path.write_bytes(data)
    forget_lives(known, FLEET, ME)
    assert remaining_life(known, FLEET, NEW, 0.0).method == "health"
    assert not path.exists()


@pytest.mark.data
@pytest.mark.slow
def test_a_site_tells_of_turbofans_what_the_library_tells(site, data_dir):
    data = loaders.turbofans(data_dir)
    ended, running = data.lives[::_EACH], data.courses[::_EACH]
    parts = [rows(f"E-{number}", values) for number, values in enumerate(ended)]
    parts += [rows(f"T-{number}", values) for number, values in enumerate(running)]
    bring(site, pl.concat(parts), "turbofans")
    for number, values in enumerate(ended):
        fail(site, f"E-{number}", at(len(values)))
    facts = learn_lives(site, FLEET, LearnLivesArguments(cap_days=loaders.CAP / 24))
    assert (facts.lives, facts.running) == (len(ended), len(running))
    library = RemainingLife(cap=loaders.CAP).fit(ended).predict(running)
    told = [remaining_life(site, FLEET, f"T-{n}", 0.0) for n in range(len(running))]
    by_lives = [n for n, one in enumerate(told) if one.days is not None]
    off = [abs(told[n].days * 24 - library.rul[n]) for n in by_lives]
    assert max(off) < 0.2
    assert all(not library.wear[n] for n in range(len(told)) if n not in by_lives)


@pytest.mark.slow
def test_of_long_lives_a_part_is_read_and_few_lives_tell_no_bounds(site):
    random, parts, ends = np.random.default_rng(3), [], []
    for number in range(7):
        course = np.linspace(0, 1, 3_000 + 60 * number)[:, None] ** 3
        values = course * [1.0, -1.0] + 0.1 * random.normal(size=(len(course), 2))
        by_minute = FIRST + (pl.col("time") - FIRST) / 60
        parts.append(rows(f"L-{number}", values).with_columns(time=by_minute))
        ends.append(FIRST + timedelta(minutes=len(course)))
    bring(site, pl.concat([*parts[:-1], parts[-1].head(2_900)]), "long")
    for number in range(6):
        fail(site, f"L-{number}", ends[number])
    facts = learn_lives(site, FLEET)
    assert facts.lives == 6
    assert 60 < facts.every_seconds < 120
    told = remaining_life(site, FLEET, "L-6", 0.0)
    assert (told.wear, told.method) == (True, "lives")
    assert told.days == pytest.approx((ends[-1] - told.since) / timedelta(days=1), abs=0.25)
    assert (told.low, told.high) == (0.0, None)
