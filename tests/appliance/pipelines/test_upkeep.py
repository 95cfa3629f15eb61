"""Retention never takes what something needs without saying so; compaction changes no row."""

from __future__ import annotations

from datetime import timedelta

import pytest
from polars.testing import assert_frame_equal

from appliance.core.errors import InvalidRequest, NotFound, TryAgain
from appliance.pipelines.calendar import preview
from appliance.pipelines.compact import compact
from appliance.pipelines.promote import promote
from appliance.pipelines.report import report
from appliance.pipelines.retention import RetentionOptions, retention
from appliance.pipelines.score import score
from appliance.pipelines.scorecard import scorecard
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.event import EventKind
from tests.appliance.pipelines.sites import DAY, FLEET, LEARNED, bring, moment, next_day, plant
from tests.appliance.pipelines.test_backtest import Recorder


@pytest.fixture
def faulty(grown):
    """Open a site with a day after training; P-2 has a fault in it."""
    return grown(day=next_day())


def anomaly(site):
    [event] = site.events.list(FLEET, kind=EventKind.ANOMALY)
    return event


def rows(site) -> tuple[int, int]:
    scores = site.lake.scores(FLEET).read(columns=["surprise"])
    return site.lake.readings(FLEET).row_count(), scores.height


def taken(site, **options):
    [done] = retention(site, FLEET, RetentionOptions(**options))
    return done


def test_without_an_age_everything_is_kept(faulty):
    before = rows(faulty)
    assert taken(faulty).readings == 0
    assert rows(faulty) == before


def test_what_the_champion_was_learned_from_is_kept_and_said(faulty):
    before = rows(faulty)
    done = taken(faulty, days=3)
    assert (done.readings, done.until, rows(faulty)) == (0, moment(0), before)
    [note] = done.notes
    assert "kept: the champion, version 1, was learned from" in note


@pytest.mark.slow
def test_what_is_needed_by_nobody_goes_and_later_work_goes_on(faulty):
    faulty.events.close(anomaly(faulty).id, "mori", "true")
    made = train(faulty, FLEET, TrainOptions(recipe="mahalanobis", start=moment(2 * DAY)))
    promote(faulty, FLEET, made.version, "mori")
    score(faulty, FLEET)
    event, before = anomaly(faulty), faulty.lake.readings(FLEET).read()
    scores = faulty.lake.scores(FLEET).read()
    told = taken(faulty, days=4, dry_run=True)
    assert_frame_equal(faulty.lake.readings(FLEET).read(), before)
    done = taken(faulty, days=4)
    assert done == told.model_copy(update={"dry_run": False})
    assert (done.until, done.readings) == (moment(2 * DAY), 4 * 2 * DAY)
    assert done.cutoff == moment(LEARNED + DAY - 1) - timedelta(days=4)
    kept = before["time"] >= moment(2 * DAY)
    assert_frame_equal(faulty.lake.readings(FLEET).read(), before.filter(kept))
    kept = scores["time"] >= moment(2 * DAY)
    assert_frame_equal(faulty.lake.scores(FLEET).read(), scores.filter(kept))
    [facts] = faulty.intake.assets.fleets()
    assert (facts.rows, facts.start) == (4 * (LEARNED - DAY), moment(2 * DAY))

    # What remains is worked with as ever; the past stays told.
    assert score(faulty, FLEET).rows == 0
    bring(faulty, plant(DAY, first=LEARNED + DAY, seed=4), "more")
    score(faulty, FLEET)
    third = train(faulty, FLEET, TrainOptions(recipe="mahalanobis"))
    assert third.lineage.data_start == moment(2 * DAY)
    promote(faulty, FLEET, third.version, "mori")
    score(faulty, FLEET)
    assert event.id in {e.id for e in faulty.events.list(FLEET, kind=EventKind.ANOMALY)}
    assert scorecard(faulty, FLEET).total.true == 1
    assert report(faulty, FLEET)
    assert preview(faulty, FLEET).assets == ()


@pytest.mark.slow
def test_open_events_and_what_led_to_them_are_kept_unless_that_is_wanted(faulty):
    made = train(faulty, FLEET, TrainOptions(recipe="mahalanobis", start=moment(LEARNED - DAY)))
    promote(faulty, FLEET, made.version, "mori")
    score(faulty, FLEET)
    event = anomaly(faulty)
    bring(faulty, plant(2 * DAY, first=LEARNED + DAY, seed=4), "more")
    score(faulty, FLEET)
    last = train(faulty, FLEET, TrainOptions(recipe="mahalanobis", start=moment(LEARNED + DAY)))
    promote(faulty, FLEET, last.version, "mori")
    done = taken(faulty, days=1)
    assert done.until == event.start - timedelta(days=1)
    assert f"kept: event {event.id} of P-2" in done.notes[0]
    assert "is open" in done.notes[0]
    done = taken(faulty, days=1, even_needed=True)
    assert done.until == done.cutoff
    assert f"went although needed: event {event.id}" in done.notes[0]
    assert anomaly(faulty).id == event.id


@pytest.mark.slow
def test_an_event_is_never_cut_in_two(faulty):
    event = anomaly(faulty)
    faulty.events.close(event.id, "mori", "true")
    made = train(faulty, FLEET, TrainOptions(recipe="mahalanobis", start=moment(LEARNED + 82)))
    promote(faulty, FLEET, made.version, "mori")
    middle = event.start + (event.end - event.start) / 2
    days = (moment(LEARNED + DAY - 1) - middle) / timedelta(days=1)
    done = taken(faulty, days=days)
    assert done.until == event.start
    assert "would be cut in two" in done.notes[0]


@pytest.mark.slow
def test_the_setting_holds_for_every_fleet(make_site):
    site = make_site("kept", retention_days=2)
    bring(site, plant(), "training")
    [done] = retention(site)
    assert (done.fleet, done.until) == (FLEET, moment(LEARNED - 1) - timedelta(days=2))
    assert done.readings == 4 * (LEARNED - 2 * DAY - 1)
    [own] = retention(site, FLEET, RetentionOptions(days=1))
    assert own.until == moment(LEARNED - 1) - timedelta(days=1)


def test_killed_after_any_step_it_goes_on(faulty):
    faulty.events.close(anomaly(faulty).id, "mori", "true")
    steps = Recorder(1)
    options = RetentionOptions(days=3, even_needed=True)
    with pytest.raises(KeyboardInterrupt):
        retention(faulty, FLEET, options, steps=steps)
    [done] = retention(faulty, FLEET, options, steps=steps.resumed())
    assert done.readings == 4 * (LEARNED + DAY - 3 * DAY - 1)
    assert rows(faulty) == (4 * (3 * DAY + 1),) * 2


def test_what_cannot_be_done_is_said(faulty):
    with pytest.raises(InvalidRequest, match="no age"):
        taken(faulty, days=0)
    with pytest.raises(NotFound, match="no fleet fans"):
        retention(faulty, "fans")
    with pytest.raises(NotFound, match="no fleet fans"):
        compact(faulty, "fans")
    with pytest.raises(InvalidRequest, match="too few"):
        compact(faulty, keep_hours=1)
    with faulty.alone("score", FLEET), pytest.raises(TryAgain):
        taken(faulty, days=1)


@pytest.mark.slow
def test_compaction_changes_no_row(faulty):
    for number in range(3):
        bring(faulty, plant(20, first=LEARNED + DAY + 20 * number, seed=number), f"p{number}")
        score(faulty, FLEET)
    before = faulty.lake.readings(FLEET).read(), faulty.lake.scores(FLEET).read()
    steps = Recorder()
    [done] = compact(faulty, steps=steps)
    assert (done.fleet, done.deleted) == (FLEET, 0)
    assert done.files_after < done.files_before
    assert steps.ran == ["begin", f"compact {FLEET}"]
    assert_frame_equal(faulty.lake.readings(FLEET).read(), before[0])
    assert_frame_equal(faulty.lake.scores(FLEET).read(), before[1])
    assert score(faulty, FLEET).rows == 0
