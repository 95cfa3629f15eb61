"""Repeats: events like one that nobody has answered, of which nobody is told again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from appliance.access import shell
from appliance.access.seen import EVERYTHING
from appliance.access.store.audit import AuditLog
from appliance.core.clock import now
from appliance.core.db import open_database
from appliance.core.errors import Conflict
from appliance.events.likes import Earlier, exceeds, speaks_for, told_again_after
from appliance.events.muting import is_muted
from appliance.events.store import EventStore, Search
from appliance.events.store.counts import EventCounts
from appliance.events.store.people import closed
from appliance.schemas.event import Again, EventState, Muting, SensorShare, Severity
from tests.appliance.events.drafts import START, draft, fault, minute, span

HOUR = timedelta(hours=1)
WHOLE = span(0, 3000)
FLOW, SPEED = (SensorShare(name=name, share=1.0) for name in ("flow", "speed"))


@pytest.fixture
def database(database_url: str):
    made = open_database(database_url)
    yield made
    made.close()


@pytest.fixture
def store(database):
    return EventStore(database)


def revise(store, *drafts, again=HOUR, spans=WHOLE):
    store.revise("pumps", drafts, spans, model_version=1, score_batch="b1", again=again)
    found = store.look(Search(states=tuple(EventState)))
    return sorted(found, key=lambda event: event.start)


def changes(store, event):
    return [(one.change.value, one.by, one.note) for one in store.history(event)]


def repeats_of(store, event):
    return {one.start: one for one in store.look(Search(repeats=event))}


def test_what_nobody_answered_is_told_once(store, database):
    first, second, third = revise(store, draft(10, 20), draft(40, 50), draft(70, 80))
    assert (first.repeats, second.repeats, third.repeats) == (None, first.id, first.id)
    assert is_muted(second, now())
    assert (second.mute.by, second.mute.event, second.mute.until) == ("kizashi", first.id, None)
    assert first.id in second.mute.reason
    assert changes(store, second.id)[-1] == ("muted", "kizashi", first.id)
    counts = EventCounts(database)
    assert counts.by_fleet(["pumps"]) == {"pumps": 1}
    assert counts.muted(EVERYTHING) == 2
    assert first.again == store.get(first.id).again == Again(count=2, last=third.end)
    assert (second.again, third.again) == (None, None)
    assert revise(store, draft(10, 20), draft(40, 50), draft(70, 80)) == [first, second, third]


def test_it_is_told_again_when_as_much_time_is_over_as_one_is_promised_in(store):
    first, within, after, last = revise(
        store, draft(10, 20), draft(79, 90), draft(130, 140), draft(180, 190)
    )
    assert within.repeats == first.id
    assert (after.repeats, after.mute) == (None, None)
    assert last.repeats == after.id
    assert told_again_after(1.0) == timedelta(days=30)
    assert told_again_after(4.0) == timedelta(days=7.5)


@pytest.mark.parametrize(
    "facts",
    [
        {"peak": 8.0},
        {"last": 70},
        {"severity": Severity.PLAN},
        {"sensors": (SPEED,)},
        {"asset": "P-2"},
        {"sensors": (SensorShare(name="flow", share=1.0, direction=-1),)},
    ],
    ids=["farther", "longer", "graver", "other sensor", "other machine", "other way"],
)
def test_what_is_graver_or_another_is_told(store, facts):
    given = {"last": 50, "peak": 6.0} | facts
    other = draft(40, given.pop("last"), given.pop("peak"), **given)
    first = draft(10, 20, sensors=(SensorShare(name="flow", share=1.0, direction=1),))
    _, told = revise(store, first, other, spans=WHOLE | span(0, 3000, "P-2"))
    assert (told.repeats, told.mute) == (None, None)


def test_it_is_told_once_it_outgrows_the_first(store):
    first, second = revise(store, draft(10, 20), draft(40, 50))
    grown = revise(store, draft(10, 20), draft(40, 70))[1]
    assert (grown.id, grown.repeats, grown.mute) == (second.id, None, None)
    assert changes(store, second.id)[-1][0] == "unmuted"
    later = revise(store, draft(10, 20), draft(40, 70), draft(90, 118))[2]
    assert later.repeats == second.id
    assert first.repeats is None


def test_the_answer_is_that_of_its_repeats(store, database):
    first, second, third = revise(store, draft(10, 20), draft(40, 50), draft(70, 80))
    store.acknowledge(third.id, "ken")
    store.close(first.id, "aki", "false")
    answered = store.get(second.id)
    assert (answered.state, answered.verdict, answered.mute) == ("closed", "false", None)
    assert changes(store, second.id)[-1] == ("closed", "aki", first.id)
    # Somebody looks after that one by itself.
    assert store.get(third.id).state is EventState.ACKNOWLEDGED
    log = AuditLog(database).list(shell("test"), what=f"event:{second.id}")
    assert "event.closed" in {one.action for one in log}


def test_what_is_counted_is_what_was_told(store, database):
    begun, counts = now(), EventCounts(database)
    first, *_ = revise(store, draft(10, 20), draft(40, 50), draft(70, 80))
    assert counts.since(EVERYTHING, begun) == (1, 0)
    store.close(first.id, "aki", "true")
    assert counts.since(EVERYTHING, begun) == (1, 1)
    assert counts.called(EVERYTHING, "true", minute(0), minute(99)) == 1


def test_an_answer_taken_back_is_taken_back_of_its_repeats(store):
    first, second, third = revise(store, draft(10, 20), draft(40, 50), draft(70, 80))
    store.close(third.id, "ken", "true")
    store.close(first.id, "aki", "false")
    store.reopen(first.id, "aki")
    back = store.get(second.id)
    assert (back.state, back.verdict, back.repeats) == (EventState.OPEN, None, first.id)
    assert is_muted(back, now())
    assert store.get(third.id).verdict == "true"


def test_scores_that_change_it_do_not_make_it_an_answer_of_its_own(store):
    first, second = revise(store, draft(10, 20), draft(40, 50))
    store.close(first.id, "aki", "false")
    revise(store, draft(10, 20), draft(40, 51))
    store.reopen(first.id, "aki")
    assert store.get(second.id).state is EventState.OPEN
    assert is_muted(store.get(second.id), now())


def test_a_repeat_that_was_answered_may_have_an_answer_of_its_own(store):
    first, second, third = revise(store, draft(10, 20), draft(40, 50), draft(70, 80))
    for one in (first, second):
        store.close(one.id, "aki", "false")
    assert store.close(third.id, "aki", "true").verdict == "true"
    with pytest.raises(Conflict, match="is closed"):
        store.close(third.id, "aki", "false")
    store.reopen(first.id, "aki")
    assert {store.get(one.id).state for one in (second, third)} == {EventState.CLOSED}


def test_one_that_was_answered_speaks_for_nothing_later(store):
    (first,) = revise(store, draft(10, 20))
    store.close(first.id, "aki", "true")
    _, later = revise(store, draft(10, 20), draft(40, 50))
    assert (later.repeats, later.mute) == (None, None)


def test_whoever_lets_a_repeat_call_says_that_it_is_none(store):
    first, second, third = revise(store, draft(10, 20), draft(40, 50), draft(70, 80))
    let = store.unmute(second.id, "ken")
    assert (let.repeats, let.mute) == (None, None)
    assert store.get(third.id).repeats == first.id
    store.close(first.id, "ken", "false")
    assert store.get(second.id).state is EventState.OPEN


def test_repeats_of_what_scores_no_longer_show_speak_for_themselves(store):
    _, second, third = revise(store, draft(10, 20), draft(40, 50), draft(70, 80))
    _, told, still = revise(store, draft(40, 50), draft(70, 80))
    assert (told.id, told.repeats, told.mute) == (second.id, None, None)
    assert (still.id, still.repeats) == (third.id, second.id)
    assert is_muted(still, now())
    assert set(repeats_of(store, second.id)) == {third.start}


def test_repeats_of_what_became_part_of_another_are_repeats_of_that(store):
    other = draft(5, 9, 9.0, sensors=(SPEED,))
    before, first, later = revise(store, other, draft(12, 20), draft(40, 50))
    assert (first.repeats, later.repeats) == (None, first.id)
    whole, _, again = revise(store, draft(5, 20, 9.0), draft(40, 50))
    assert (whole.id, again.repeats) == (before.id, before.id)


def test_one_that_is_muted_till_it_is_closed_still_speaks_for_its_repeats(store):
    (first,) = revise(store, draft(10, 20))
    store.mute(first.id, "aki", Muting(reason="The seal comes on Friday."))
    _, second = revise(store, draft(10, 20), draft(40, 50))
    assert second.repeats == first.id


def test_a_fault_of_a_sensor_and_what_came_earlier_are_told(store):
    (late,) = revise(store, draft(40, 50))
    early, _ = revise(store, draft(10, 20), draft(40, 50))
    assert (early.repeats, late.repeats) == (None, None)
    faults = [
        one for one in revise(store, fault(1, 5), fault(200, 205)) if one.kind != "anomaly"
    ]
    assert [one.repeats for one in faults] == [None, None]


def test_what_is_withdrawn_did_not_come_again(store):
    first, _ = revise(store, draft(10, 20), draft(40, 50))
    revise(store, draft(10, 20))
    assert store.get(first.id).again is None


def test_what_was_found_long_after_it_ended_does_not_speak_for_what_is_news(store):
    """Of the former no alert told anybody."""
    today = (now() - START) / timedelta(minutes=1)
    days = (today - 14_400, today - 7_200, today - 60, today - 30)
    times = [draft(at, at + 10) for at in days]
    long = {"again": timedelta(days=30), "spans": span(0, today)}
    old, older, fresh, again = revise(store, *times, **long)
    assert (old.repeats, older.repeats) == (None, old.id)
    assert (fresh.repeats, again.repeats) == (None, fresh.id)


def test_without_a_time_nothing_is_a_repeat(store):
    assert {one.repeats for one in revise(store, draft(10, 20), draft(40, 50), again=None)} == {
        None
    }


def test_many_answered_at_once_hold_repeats_that_are_answered_already(store):
    every = revise(store, draft(10, 20), draft(40, 50), draft(70, 80))
    done = store.do_all([one.id for one in every], closed("planned"), "aki")
    assert {one.verdict for one in done.values()} == {"planned"}


@given(
    ends=some.lists(
        some.tuples(some.integers(0, 400), some.integers(1, 60), some.floats(4.0, 20.0)),
        min_size=1,
        max_size=12,
    ),
    hours=some.floats(0.1, 10.0),
)
@settings(deadline=None)
def test_nothing_is_a_repeat_of_a_smaller_or_a_later_one(ends, hours):
    again = timedelta(hours=hours)
    told: list[Earlier] = []
    for number, (first, length, peak) in enumerate(sorted(ends)):
        own = draft(first, first + length, peak)
        speaks = speaks_for(own, told, again)
        if speaks is None:
            told.append(Earlier(str(number), own, None))
            continue
        assert not exceeds(own, speaks.facts)
        assert speaks.facts.start <= own.start <= speaks.facts.end + again
    assert told
    assert told[0].facts.start >= minute(0)
