"""Events in the store: revised by data, dealt with by people, never lost."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.core.db import open_database
from appliance.core.errors import Conflict, InvalidRequest, NotFound
from appliance.events.store import EventStore
from appliance.schemas.event import EventChange, EventKind, EventState, Severity
from tests.appliance.events.drafts import DAY, draft, fault, minute, span

ROOT = Path(__file__).resolve().parents[3]
EVERY = tuple(EventState)


@pytest.fixture
def store(database_url: str):
    database = open_database(database_url)
    yield EventStore(database)
    database.close()


def revise(store, drafts, spans=DAY, *, batch="b1", version=1, fleet="pumps", **more):
    source = {"model_version": version, "score_batch": batch}
    return store.revise(fleet, drafts, spans, **source, **more)


def changes(store, event):
    return [revision.change.value for revision in store.history(event)]


# ---------------------------------------------------------------- by data
def test_a_finding_becomes_an_open_event_with_its_lineage(store):
    (made,) = revise(store, [draft(10, 20)], batch="run_7", version=3)
    assert store.get(made.id) == made
    assert (
        made.model_dump(include=set(type(draft(0, 1)).model_fields))
        == draft(10, 20).model_dump()
    )
    assert (made.state, made.revision) == (EventState.OPEN, 1)
    assert (made.model_version, made.score_batch) == (3, "run_7")
    assert made.created.utcoffset() == timedelta()


@pytest.mark.slow
def test_the_same_call_twice_changes_nothing(store):
    drafts = [draft(10, 20), fault(15, 40), fault(15, 40, sensor="heat")]
    revise(store, drafts)
    before = store.list("pumps", states=EVERY)
    assert revise(store, drafts) == []
    assert revise(store, drafts, batch="b2", version=2) == []
    assert store.list("pumps", states=EVERY) == before
    assert len(before) == 3


def test_new_facts_keep_the_identity_and_what_people_did(store):
    (first,) = revise(store, [draft(10, 20)])
    store.acknowledge(first.id, "aki")
    store.assign(first.id, "ken", "aki")
    store.comment(first.id, "aki", "bearing?")
    (after,) = revise(store, [draft(10, 60, 8.0)], batch="b2", version=2)
    assert (after.id, after.state, after.owner) == (first.id, EventState.ACKNOWLEDGED, "ken")
    assert (after.end, after.peak, after.model_version) == (minute(60), 8.0, 2)
    history = store.history(first.id)
    assert [h.revision for h in history] == [1, 2, 3, 4]
    assert [h.change.value for h in history] == [
        "opened",
        "acknowledged",
        "assigned",
        "revised",
    ]
    assert history[0].facts == draft(10, 20)
    assert (history[0].score_batch, history[-1].score_batch) == ("b1", "b2")
    assert [h.by for h in history] == ["kizashi", "aki", "aki", "kizashi"]
    assert [c.text for c in store.comments(first.id)] == ["bearing?"]


def test_an_open_event_that_vanishes_is_withdrawn_and_may_come_back(store):
    (made,) = revise(store, [draft(10, 20)])
    (gone,) = revise(store, [], batch="b2")
    assert gone.state is EventState.WITHDRAWN
    assert store.list("pumps") == []
    assert revise(store, [], batch="b2") == []
    (back,) = revise(store, [draft(10, 20)], batch="b3")
    assert (back.id, back.state) == (made.id, EventState.OPEN)
    assert changes(store, made.id) == ["opened", "withdrawn", "returned"]


@pytest.mark.parametrize("end", ["acknowledge", "close"])
def test_what_people_dealt_with_stays_in_sight(store, end):
    (made,) = revise(store, [draft(10, 20)])
    if end == "close":
        store.close(made.id, "aki", "true")
    else:
        store.acknowledge(made.id, "aki")
    state = store.get(made.id).state
    (gone,) = revise(store, [], batch="b2")
    assert gone.state is state
    assert [e.id for e in store.list("pumps")] == [made.id]
    assert revise(store, [], batch="b2") == []
    revise(store, [draft(10, 20)], batch="b3")
    assert store.get(made.id).state is state
    assert changes(store, made.id)[2:] == ["vanished", "returned"]


def test_late_data_bridge_two_events(store):
    first, second = sorted(revise(store, [draft(10, 20), draft(60, 70)]), key=lambda e: e.start)
    store.acknowledge(second.id, "aki")
    store.assign(second.id, "ken", "aki")
    revise(store, [draft(10, 70)], batch="b2")
    (kept,) = store.list("pumps")
    assert (kept.id, kept.state, kept.owner) == (first.id, EventState.ACKNOWLEDGED, "ken")
    assert store.get(second.id).state is EventState.WITHDRAWN
    last = store.history(second.id)[-1]
    assert (last.change, last.note) == (EventChange.MERGED, first.id)
    assert revise(store, [draft(10, 70)], batch="b2") == []


def test_an_open_event_is_not_hidden_in_a_closed_one(store):
    first, second = sorted(revise(store, [draft(10, 20), draft(60, 70)]), key=lambda e: e.start)
    store.close(first.id, "aki", "planned")
    revise(store, [draft(10, 70)], batch="b2")
    (kept,) = store.list("pumps", states=[EventState.OPEN])
    assert (kept.id, kept.verdict) == (first.id, None)
    assert store.get(second.id).state is EventState.WITHDRAWN


def test_an_event_falls_apart(store):
    (made,) = revise(store, [draft(10, 70)])
    store.acknowledge(made.id, "aki")
    revise(store, [draft(10, 20), draft(60, 70)], batch="b2")
    later, earlier = store.list("pumps")
    assert (earlier.id, earlier.state) == (made.id, EventState.ACKNOWLEDGED)
    assert (later.state, later.revision) == (EventState.OPEN, 1)
    assert revise(store, [draft(10, 20), draft(60, 70)], batch="b2") == []


def test_a_closed_event_calls_again_only_when_it_becomes_graver(store):
    (made,) = revise(store, [draft(10, 20)])
    store.close(made.id, "aki", "planned")
    (longer,) = revise(store, [draft(10, 40)], batch="b2")
    assert (longer.state, longer.verdict) == (EventState.CLOSED, "planned")
    (graver,) = revise(store, [draft(10, 60, severity=Severity.ACT)], batch="b3")
    assert (graver.state, graver.verdict) == (EventState.OPEN, None)
    assert changes(store, made.id) == ["opened", "closed", "revised", "reopened"]
    assert store.history(made.id)[1].verdict == "planned"


def test_a_new_champion_revises_what_the_old_one_found(store):
    (old,) = revise(store, [draft(10, 20)], version=1)
    revise(store, [draft(12, 25), draft(100, 110)], batch="b2", version=2)
    found = {e.id: e for e in store.list("pumps")}
    assert len(found) == 2
    assert found[old.id].model_version == 2


def test_which_versions_showed_an_event_is_told_from_its_history(store):
    (one,) = revise(store, [draft(10, 20)], version=1)
    (two,) = revise(store, [draft(10, 20), draft(40, 50)], version=1)
    store.close(two.id, "mori", "false")
    revise(store, [draft(10, 25)], version=2)
    assert store.shown_by("pumps") == {one.id: {1, 2}, two.id: {1}}
    revise(store, [], version=1)
    store.reopen(two.id, "mori")
    assert store.shown_by("pumps") == {one.id: {2}, two.id: {1}}
    revise(store, [draft(40, 50)], version=3)
    assert store.shown_by("pumps")[two.id] == {1, 3}
    assert store.shown_by("fans") == {}


def test_a_plan_says_what_a_revision_does_and_writes_nothing(store):
    (one, two) = revise(store, [draft(10, 20), draft(40, 50)])
    before = store.list("pumps", states=EVERY)
    plan = store.planned("pumps", [draft(10, 25), draft(70, 80)], DAY)
    assert [(event.id, facts.end) for event, facts in plan.revised] == [
        (one.id, draft(10, 25).end)
    ]
    assert [event.id for event in plan.vanished] == [two.id]
    assert plan.opened == (draft(70, 80),)
    assert store.list("pumps", states=EVERY) == before
    assert store.planned("pumps", [draft(10, 25)], {}).opened == ()


def test_only_the_kinds_that_are_spoken_of_change(store):
    revise(store, [draft(10, 20), fault(10, 20)])
    revise(store, [], batch="b2", kinds=[EventKind.ANOMALY])
    assert [e.kind for e in store.list("pumps")] == [EventKind.SENSOR_FAULT]


def test_other_fleets_assets_and_times_stay(store):
    everywhere = {**DAY, "P-2": DAY["P-1"]}
    revise(store, [draft(10, 20), draft(500, 510), draft(10, 20, asset="P-2")], everywhere)
    revise(store, [draft(10, 20)], fleet="fans")
    assert revise(store, [], span(400, 600), batch="b2") != []
    assert revise(store, [], {}, batch="b3") == []
    assert len(store.list("pumps")) == 2
    assert len(store.list("fans")) == 1


def test_a_running_event_grows_batch_by_batch(store):
    near = timedelta(minutes=30)
    revise(store, [draft(50, 60, ongoing=True)], span(0, 60), near=near)
    wide = store.around("pumps", span(61, 120), near=near)
    assert wide == span(50, 120)
    (grown,) = revise(store, [draft(50, 80)], wide, batch="b2", near=near)
    assert (grown.revision, grown.ongoing, grown.end) == (2, False, minute(80))


def test_around_reaches_back_to_what_still_stood_and_no_further(store):
    revise(store, [draft(0, 5), draft(50, 60, ongoing=True), draft(100, 105)])
    assert store.around("pumps", span(900, 950)) == span(50, 950)
    assert store.around("pumps", span(102, 110)) == span(50, 110)
    assert store.around("pumps", span(0, 1, "P-2")) == span(0, 1, "P-2")
    assert store.around("pumps", {}) == {}


# ---------------------------------------------------------------- by people
def test_acknowledge_close_and_reopen(store):
    (made,) = revise(store, [draft(10, 20)])
    assert store.acknowledge(made.id, "aki", revision=1).state is EventState.ACKNOWLEDGED
    closed = store.close(made.id, "aki", "false", revision=2)
    assert (closed.state, closed.verdict, closed.revision) == (EventState.CLOSED, "false", 3)
    opened = store.reopen(made.id, "ken")
    assert (opened.state, opened.verdict) == (EventState.OPEN, None)
    assert changes(store, made.id) == ["opened", "acknowledged", "closed", "reopened"]


def test_what_changed_meanwhile_is_not_overwritten(store):
    (made,) = revise(store, [draft(10, 20)])
    revise(store, [draft(10, 30)], batch="b2")
    with pytest.raises(Conflict, match="revision 1"):
        store.acknowledge(made.id, "aki", revision=1)
    assert store.get(made.id).state is EventState.OPEN
    assert changes(store, made.id) == ["opened", "revised"]


def test_transitions_that_are_not_allowed(store):
    (made,) = revise(store, [draft(10, 20)])
    with pytest.raises(Conflict, match="open"):
        store.reopen(made.id, "aki")
    store.close(made.id, "aki", "true")
    for act in (
        lambda: store.acknowledge(made.id, "aki"),
        lambda: store.close(made.id, "aki", "true"),
    ):
        with pytest.raises(Conflict, match="closed"):
            act()
    with pytest.raises(InvalidRequest, match="verdict"):
        store.close(made.id, "aki", "perhaps")
    with pytest.raises(InvalidRequest, match="empty"):
        store.comment(made.id, "aki", "  ")


def test_a_withdrawn_event_is_not_for_people(store):
    (made,) = revise(store, [draft(10, 20)])
    revise(store, [], batch="b2")
    for act in (store.acknowledge, store.reopen):
        with pytest.raises(Conflict, match="withdrawn"):
            act(made.id, "aki")
    with pytest.raises(Conflict, match="withdrawn"):
        store.assign(made.id, "ken", "aki")


@pytest.mark.parametrize(
    "act",
    [
        lambda s: s.get("evt_0"),
        lambda s: s.history("evt_0"),
        lambda s: s.comments("evt_0"),
        lambda s: s.acknowledge("evt_0", "aki"),
        lambda s: s.close("evt_0", "aki", "true"),
        lambda s: s.reopen("evt_0", "aki"),
        lambda s: s.assign("evt_0", None, "aki"),
        lambda s: s.comment("evt_0", "aki", "hello"),
    ],
)
def test_an_event_that_does_not_exist(store, act):
    with pytest.raises(NotFound, match="evt_0"):
        act(store)


# ---------------------------------------------------------------- reading
def test_lists_by_place_state_kind_and_time(store):
    everywhere = {**DAY, "P-2": DAY["P-1"]}
    revise(
        store,
        [draft(10, 20), draft(100, 120), draft(50, 60, asset="P-2"), fault(200, 210)],
        everywhere,
    )
    assert [e.start for e in store.list("pumps")] == [minute(n) for n in (200, 100, 50, 10)]
    assert len(store.list("pumps", limit=2)) == 2
    assert [e.asset for e in store.list("pumps", assets=["P-2"])] == ["P-2"]
    assert store.list("pumps", assets=[]) == []
    assert len(store.list("pumps", kind=EventKind.ANOMALY)) == 3
    tokyo = ZoneInfo("Asia/Tokyo")
    inside = store.list(
        "pumps", since=minute(60).astimezone(tokyo), until=minute(100).astimezone(tokyo)
    )
    assert [e.start for e in inside] == [minute(100), minute(50)]
    store.close(inside[0].id, "aki", "true")
    assert len(store.list("pumps", states=[EventState.OPEN])) == 3
    assert store.list("none") == []


# ---------------------------------------------------------------- processes and databases
_PROGRAM = """
import sys
from appliance.core.db import open_database
from appliance.events.store import EventStore
from tests.appliance.events.drafts import DAY, draft
store = EventStore(open_database(sys.argv[1]))
sys.stdin.readline()
for n in range(40):
    drafts = [draft(10 * k, 10 * k + 2 + n % 4) for k in range(n + 1)]
    store.revise("pumps", drafts, DAY, model_version=1, score_batch=f"{sys.argv[2]}-{n}")
"""


@pytest.mark.slow
def test_two_processes_give_every_event_one_identity(store, database_url):
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, database_url, name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b")
    ]
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    found = store.list("pumps")
    assert sorted(e.start for e in found) == [minute(10 * k) for k in range(40)]
    for event in found:
        revisions = [h.revision for h in store.history(event.id)]
        assert revisions == list(range(1, event.revision + 1))
