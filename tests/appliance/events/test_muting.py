"""Muted events: out of what waits for a while, told of again once they are graver."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appliance.access import shell
from appliance.access.seen import EVERYTHING
from appliance.access.store.audit import AuditLog
from appliance.core.clock import now
from appliance.core.db import open_database
from appliance.core.errors import Conflict
from appliance.events.muting import is_muted
from appliance.events.store import EventStore, Search, listing, muting
from appliance.events.store.counts import EventCounts
from appliance.schemas.event import EventState, Muting, SensorShare, Severity
from tests.appliance.events.drafts import DAY, draft, fault, span

WEEK = timedelta(days=7)


@pytest.fixture
def database(database_url: str):
    made = open_database(database_url)
    yield made
    made.close()


@pytest.fixture
def store(database):
    return EventStore(database)


def revise(store, *drafts, batch="b1", spans=DAY):
    found = store.revise("pumps", drafts, spans, model_version=1, score_batch=batch)
    return sorted(found, key=lambda event: event.start)


def wanted(until=WEEK, **facts):
    end = None if until is None else now() + until
    return Muting(until=end, reason="The seal comes on Friday.", **facts)


def ids(store, **search):
    return {event.id for event in store.look(Search(**search))}


def changes(store, event):
    return [(one.change.value, one.by) for one in store.history(event)]


def test_a_muted_event_waits_for_nobody(store, database):
    loud, quiet = revise(store, draft(10, 20), draft(60, 70))
    muted = store.mute(quiet.id, "aki", wanted())
    assert (muted.state, muted.revision) == (EventState.OPEN, 2)
    assert (muted.mute.by, muted.mute.reason) == ("aki", "The seal comes on Friday.")
    assert is_muted(muted, now())
    assert not is_muted(muted, now() + WEEK)
    assert not is_muted(loud, now())
    assert ids(store) == {loud.id, quiet.id}
    for more in ({}, {"states": (EventState.OPEN,)}, {"fleet": "pumps"}):
        assert ids(store, muted=False, **more) == {loud.id}
        assert ids(store, muted=True, **more) == {quiet.id}
    counts = EventCounts(database)
    assert counts.by_fleet(["pumps"]) == {"pumps": 1}
    assert counts.by_asset("pumps", ["P-1"]) == {"P-1": 1}
    assert sum(counts.by_rank(EVERYTHING).values()) == 1
    assert counts.muted(EVERYTHING) == 1
    assert counts.worst(["pumps"])["pumps", "P-1"][2] == 1


def test_it_waits_again_when_the_time_is_over(store, database, monkeypatch):
    (event,) = revise(store, draft(10, 20))
    store.mute(event.id, "aki", wanted(timedelta(hours=1)))
    later = now() + timedelta(hours=2)
    for module in (muting, listing):
        monkeypatch.setattr(module, "now", lambda: later)
    assert ids(store, muted=False) == {event.id}
    assert EventCounts(database).by_fleet(["pumps"]) == {"pumps": 1}
    with pytest.raises(Conflict, match="not muted"):
        store.unmute(event.id, "aki")


def test_muting_is_in_the_history_and_in_the_audit_log(store, database):
    (event,) = revise(store, draft(10, 20))
    store.mute(event.id, "aki", wanted())
    store.acknowledge(event.id, "ken")
    store.unmute(event.id, "ken")
    assert changes(store, event.id) == [
        ("opened", "kizashi"),
        ("muted", "aki"),
        ("acknowledged", "ken"),
        ("unmuted", "ken"),
    ]
    assert [one.mute is None for one in store.history(event.id)] == [True, False, False, True]
    log = AuditLog(database).list(shell("test"), what=f"event:{event.id}")
    told = {one.action: one for one in log}
    assert told["event.muted"].after["mute"]["reason"] == "The seal comes on Friday."
    assert told["event.unmuted"].after["mute"] is None
    assert "mute" not in told["event.acknowledged"].after


def test_an_event_that_becomes_graver_calls_through(store):
    (event,) = revise(store, draft(10, 20))
    store.mute(event.id, "aki", wanted())
    (longer,) = revise(store, draft(10, 40), batch="b2")
    assert is_muted(longer, now())
    (graver,) = revise(store, draft(10, 60, severity=Severity.ACT), batch="b3")
    assert graver.mute is None
    assert changes(store, event.id)[-2:] == [("revised", "kizashi"), ("unmuted", "kizashi")]
    assert ids(store, muted=False) == {event.id}


def test_what_begins_meanwhile_is_muted_too_and_calls_again_with_it(store):
    (first,) = revise(store, draft(10, 20))
    store.mute(first.id, "aki", wanted())
    both = [draft(10, 20), draft(60, 70)]
    (second,) = revise(store, *both, batch="b2")
    assert second.mute.event == first.id
    assert changes(store, second.id) == [("opened", "kizashi"), ("muted", "kizashi")]
    assert store.history(second.id)[-1].note == first.id
    (grave,) = revise(store, *both, draft(90, 95, severity=Severity.ACT), batch="b3")
    assert grave.mute is None
    other_asset = draft(60, 70, asset="P-2")
    (elsewhere,) = revise(store, other_asset, batch="b4", spans=span(0, 99, "P-2"))
    (broken,) = revise(store, *both, draft(90, 95, severity=Severity.ACT), fault(1, 5))
    assert (elsewhere.mute, broken.mute) == (None, None)
    store.unmute(second.id, "ken")
    assert store.get(first.id).mute is None
    assert changes(store, first.id)[-1] == ("unmuted", "ken")


@pytest.mark.parametrize(("sensor", "muted"), [("flow", True), ("heat", False)])
def test_a_mute_may_be_for_one_sensor_alone(store, sensor, muted):
    (first,) = revise(store, draft(10, 20))
    store.mute(first.id, "aki", wanted(only_sensor=True))
    later = draft(60, 70, sensors=(SensorShare(name=sensor, share=1.0),))
    (second,) = revise(store, draft(10, 20), later, batch="b2")
    assert (second.mute is not None) is muted


def test_until_it_is_closed_means_this_event_alone_and_ends_with_it(store):
    (first,) = revise(store, draft(10, 20))
    muted = store.mute(first.id, "aki", wanted(None))
    assert is_muted(muted, now() + timedelta(days=9999))
    (second,) = revise(store, draft(10, 20), draft(60, 70), batch="b2")
    assert second.mute is None
    assert store.close(first.id, "aki", "true").mute is None
    assert store.reopen(first.id, "aki").mute is None


def test_what_cannot_be_muted_is_said(store):
    (event,) = revise(store, draft(10, 20))
    with pytest.raises(Conflict, match="is over"):
        store.mute(event.id, "aki", wanted(-WEEK))
    with pytest.raises(Conflict, match="is not muted"):
        store.unmute(event.id, "aki")
    store.close(event.id, "aki", "true")
    with pytest.raises(Conflict, match="cannot be muted"):
        store.mute(event.id, "aki", wanted())


# ---------------------------------------------------------------- one more of what was false
def judged(store, verdict="false", **facts):
    """Return an event that was closed with a verdict on the first of two days."""
    (event,) = revise(store, draft(10, 20, **facts))
    return store.close(event.id, "aki", verdict)


def next_one(store, *drafts, batch="b2"):
    return revise(store, *drafts, batch=batch, spans=span(1000, 1300))


def test_one_more_of_what_was_called_false_is_muted_and_says_of_which(store):
    false = judged(store)
    (like,) = next_one(store, draft(1010, 1022, 7.0))
    assert is_muted(like, now())
    assert (like.mute.by, like.mute.event, like.mute.until) == ("kizashi", false.id, None)
    assert false.id in like.mute.reason
    assert ids(store, muted=True) == {like.id}
    assert changes(store, like.id) == [("opened", "kizashi"), ("muted", "kizashi")]
    assert store.history(like.id)[-1].note == false.id


@pytest.mark.parametrize(
    "facts",
    [
        {"peak": 8.0},
        {"last": 1040},
        {"severity": Severity.PLAN},
        {"sensors": (SensorShare(name="speed", share=1.0),)},
        {"asset": "P-2"},
    ],
    ids=["farther", "longer", "graver", "other sensor", "other machine"],
)
def test_what_is_graver_or_another_calls(store, facts):
    judged(store)
    other = {"last": 1020, "peak": 6.0} | facts
    new = draft(1010, other.pop("last"), other.pop("peak"), **other)
    (event,) = revise(store, new, batch="b2", spans=span(1000, 1300, new.asset))
    assert event.mute is None


def test_it_calls_once_it_outgrows_the_false_one_and_is_not_muted_again(store):
    judged(store)
    (like,) = next_one(store, draft(1010, 1020))
    assert is_muted(like, now())
    (longer,) = next_one(store, draft(1010, 1031), batch="b3")
    assert longer.mute is None
    assert changes(store, like.id)[-1] == ("unmuted", "kizashi")
    (longest,) = next_one(store, draft(1010, 1033), batch="b4")
    assert longest.mute is None


def test_one_that_was_called_true_speaks_against_it(store):
    judged(store)
    (true,) = revise(store, draft(110, 120), batch="b1", spans=span(100, 200))
    store.unmute(true.id, "aki")
    store.close(true.id, "aki", "true")
    both = (SensorShare(name="flow", share=0.8), SensorShare(name="speed", share=0.2))
    (faulty,) = revise(store, draft(210, 220, 20.0, sensors=both), spans=span(200, 300))
    store.close(faulty.id, "aki", "true")
    (new,) = next_one(store, draft(1010, 1020, sensors=both))
    assert new.mute is None


def test_people_let_it_call_and_it_calls_when_the_verdict_is_taken_back(store):
    false = judged(store)
    first, second = next_one(store, draft(1010, 1020), draft(1060, 1070))
    assert is_muted(first, now())
    assert is_muted(second, now())
    store.reopen(false.id, "ken")
    assert {one.mute is None for one in store.look(Search())} == {True}
    assert changes(store, first.id)[-1] == ("unmuted", "kizashi")


@pytest.mark.slow
def test_a_fault_of_a_sensor_is_told_every_time(store):
    (event,) = revise(store, fault(10, 20))
    store.close(event.id, "aki", "false")
    (again,) = next_one(store, fault(1010, 1020))
    assert again.mute is None
