"""The scorecard of a fleet whose champion changed and whose readings lie in windows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appliance.core.errors import NotFound
from appliance.pipelines.promote import promote
from appliance.pipelines.score import score
from appliance.pipelines.scorecard import scorecard
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.calendar import WindowDraft, WindowKind
from appliance.schemas.event import EventDraft, EventKind
from tests.appliance.pipelines.sites import DAY, FLEET, LEARNED, bring, moment, next_day, plant

MONTH = 30 * DAY


def window(first: int, last: int, **more) -> WindowDraft:
    return WindowDraft(**{"fleet": FLEET, "start": moment(first), "end": moment(last)} | more)


@pytest.mark.slow
def test_versions_keep_their_own_record_and_windows_are_no_time_judged(learned):
    bring(learned, next_day(), "day")
    score(learned, FLEET)
    [event] = learned.events.list(FLEET, kind=EventKind.ANOMALY)
    learned.events.close(event.id, "mori", "false")
    learned.calendar.add(window(0, DAY), "mori")
    score(learned, FLEET)
    card = scorecard(learned, FLEET)
    assert (card.total.false, card.total.precision.value) == (1, 0.0)
    assert card.total.asset_months == pytest.approx(4 * LEARNED / MONTH, rel=0.01)
    assert card.total.false_alarms.value == pytest.approx(1 / card.total.asset_months)
    assert card.total.budget == 1.0

    # The second version has no sensor that shows it: the first one's record stays.
    learned.calendar.add(window(LEARNED, LEARNED + DAY, asset="P-2"), "mori")
    train(learned, FLEET, TrainOptions(recipe="pca", end=moment(LEARNED), budget=0.5))
    promote(learned, FLEET, 2, "mori")
    score(learned, FLEET)
    after = scorecard(learned, FLEET)
    assert [(row.model_version, row.false) for row in after.versions] == [(1, 1), (2, 0)]
    assert [row.budget for row in after.versions] == [1.0, 0.5]
    assert (after.total.false, after.total.budget) == (1, 0.5)
    assert {row.month for row in after.rows} == {"2026-01"}


@pytest.mark.slow
def test_failures_of_the_fleet_are_failures_of_every_asset(learned):
    bring(learned, next_day(), "day")
    score(learned, FLEET)
    failed = window(LEARNED + 100, LEARNED + 110, kind=WindowKind.FAILURE, title="power")
    learned.calendar.add(failed, "mori")
    card = scorecard(learned, FLEET)
    assert (card.total.failures, card.total.missed) == (4, 3)
    assert {one.asset for one in card.missed} == {"P-1", "P-3", "P-4"}
    [event] = learned.events.list(FLEET, kind=EventKind.ANOMALY)
    lead = (moment(LEARNED + 100) - event.start) / timedelta(hours=1)
    assert card.total.lead_hours.median == pytest.approx(lead)
    short = scorecard(learned, FLEET, look_back=timedelta(hours=1))
    assert short.total.missed == 4
    before = scorecard(learned, FLEET, end=moment(LEARNED))
    assert (before.total.failures, before.total.events) == (0, 0)


@pytest.mark.slow
def test_repeats_are_part_of_the_alarm_that_they_repeat(learned):
    bring(learned, next_day(), "day")
    score(learned, FLEET)
    [event] = learned.events.list(FLEET, kind=EventKind.ANOMALY)
    later = 2 * (event.end - event.start)
    moved = {name: getattr(event, name) + later for name in ("start", "end", "peak_time")}
    facts = event.model_dump(include=set(EventDraft.model_fields))
    again = EventDraft.model_validate(facts | moved)
    span = {event.asset: (again.start, again.end)}
    source = {"model_version": 1, "score_batch": "b", "again": timedelta(days=30)}
    [repeat] = learned.events.revise(FLEET, [again], span, **source)
    assert repeat.repeats == event.id
    learned.events.close(event.id, "mori", "false")
    assert learned.events.get(repeat.id).verdict == "false"
    total = scorecard(learned, FLEET).total
    assert (total.events, total.false, total.unreviewed) == (1, 1, 0)


def test_without_a_model_the_next_step_is_named(site):
    with pytest.raises(NotFound, match="kizashi ingest"):
        scorecard(site, FLEET)
    bring(site, plant(20), "few")
    with pytest.raises(NotFound, match="kizashi train"):
        scorecard(site, FLEET)
