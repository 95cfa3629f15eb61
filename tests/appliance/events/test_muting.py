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
