"""Channels keep their secrets, deliveries are told once; on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from appliance.access.person import shell
from appliance.access.store.audit import AuditLog
from appliance.alerts import ChannelStore, DeliveryStore
from appliance.alerts.store.deliveries import CLAIM
from appliance.core.db import Database, open_database
from appliance.core.errors import Conflict, InvalidRequest, NotFound, Outdated, StorageError
from appliance.schemas.alert import DeliveryState, Email, Webhook
from appliance.schemas.event import Severity
from tests.appliance.alerts.channels import AT, HOOK, draft, event

ME = shell("test")
KEY = b"k" * 32
SECRET = "hunter two"
MAIL = {
    "kind": "email",
    "host": "mail.plant.example",
    "user": "kizashi",
    "password": SECRET,
    "sender": "kizashi@plant.example",
    "to": ["shift@plant.example"],
}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def channels(database: Database) -> ChannelStore:
    return ChannelStore(database, KEY)


@pytest.fixture
def deliveries(database: Database) -> DeliveryStore:
    return DeliveryStore(database)


# ---------------------------------------------------------------- channels
def test_a_channel_is_kept_without_its_secret_in_sight(channels, database):
    made = channels.add(draft(target=MAIL), ME)
    assert made.secrets == ("password",)
    assert isinstance(made.target, Email)
    assert made.target.password is None
    assert channels.get("shift") == made
    assert channels.list() == [made]
    target = channels.target("shift")
    assert isinstance(target, Email)
    assert target.password is not None
    assert target.password.get_secret_value() == SECRET
    with database.session() as session:
        kept = [repr(tuple(row)) for row in session.execute(text("SELECT * FROM channels"))]
        kept += [repr(tuple(row)) for row in session.execute(text("SELECT * FROM audit"))]
    assert not any(SECRET in row for row in kept)


def test_a_secret_stays_until_another_is_given_but_goes_nowhere_else(channels):
    channels.add(draft(target=MAIL), ME)
    without = {name: value for name, value in MAIL.items() if name != "password"}
    kept = channels.edit("shift", draft(target=without, severity="act"), ME)
    assert (kept.secrets, kept.revision) == (("password",), 2)
    changed = channels.edit("shift", draft(target={**MAIL, "password": "another"}), ME)
    assert changed.secrets == ("password",)
    told = channels.target("shift")
    assert told.password.get_secret_value() == "another"
    moved = channels.edit("shift", draft(target={**without, "host": "mail.evil.example"}), ME)
    assert moved.secrets == ()
    assert channels.target("shift").password is None


@pytest.mark.slow
def test_a_webhook_has_two_secrets(channels):
    hook = {**HOOK, "authorization": "Bearer x", "secret": "s"}
    assert channels.add(draft(target=hook), ME).secrets == ("authorization", "secret")
    told = channels.target("shift")
    assert isinstance(told, Webhook)
    assert told.authorization.get_secret_value() == "Bearer x"


def test_what_cannot_be_is_refused(channels):
    made = channels.add(draft(), ME)
    with pytest.raises(Conflict):
        channels.add(draft(), ME)
    with pytest.raises(Outdated):
        channels.edit("shift", draft(), ME, revision=7)
    with pytest.raises(InvalidRequest):
        channels.edit("shift", draft(name="other"), ME)
    with pytest.raises(NotFound):
        channels.get("other")
    channels.remove("shift", ME, revision=made.revision)
    with pytest.raises(NotFound):
        channels.remove("shift", ME)


def test_another_sites_key_opens_nothing(channels, database):
    channels.add(draft(target=MAIL), ME)
    with pytest.raises(StorageError, match="another site"):
        ChannelStore(database, b"o" * 32).target("shift")


def test_whoever_changes_a_channel_is_in_the_audit_log(channels, database):
    hook = {"kind": "webhook", "url": "https://chat.example/hooks/T0/secret-path"}
    channels.add(draft(target=hook), ME)
    channels.edit("shift", draft(target=hook, paused=True), ME)
    channels.remove("shift", ME)
    log = AuditLog(database).list(ME)
    assert [one.action for one in log] == [
        "channel.removed",
        "channel.edited",
        "channel.added",
    ]
    assert "secret-path" not in json.dumps([one.model_dump(mode="json") for one in log])


def test_what_happened_while_a_channel_was_paused_is_no_news(channels):
    first = channels.add(draft(paused=True), ME)
    assert channels.edit("shift", draft(paused=False), ME).since > first.since
    again = channels.edit("shift", draft(severity="act"), ME)
    assert again.since == channels.get("shift").since


# ---------------------------------------------------------------- deliveries
def test_what_is_noted_twice_is_told_once(deliveries):
    due = {"shift": AT, "mail": AT}
    assert len(deliveries.note(event(), due, AT)) == 2
    assert deliveries.note(event(), due, AT) == []
    assert deliveries.known(["evt_1", "evt_2"]) == {
        ("evt_1", "shift"): Severity.PLAN,
        ("evt_1", "mail"): Severity.PLAN,
    }
    deliveries.note(event(severity=Severity.ACT), {"mail": AT}, AT)
    assert deliveries.known(["evt_1"])["evt_1", "mail"] is Severity.ACT


@pytest.mark.slow
def test_it_is_known_of_any_number_of_events(deliveries):
    deliveries.note(event(id="evt_99999"), {"shift": AT}, AT)
    known = deliveries.known([f"evt_{number}" for number in range(100_000)])
    assert known == {("evt_99999", "shift"): Severity.PLAN}


def test_processes_that_note_and_claim_at_once_have_each_delivery_once(deliveries):
    def work(number: int) -> list[str]:
        for name in range(5):
            deliveries.note(event(id=f"evt_{name}"), {"shift": AT}, AT)
        claimed = deliveries.claim(AT + timedelta(milliseconds=number))
        return [one.id for one in claimed.deliveries] if claimed else []

    with ThreadPoolExecutor(4) as pool:
        found = [name for part in pool.map(work, range(4)) for name in part]
    rest = deliveries.claim(AT + timedelta(seconds=1))
    found += [one.id for one in rest.deliveries] if rest else []
    assert len(found) == len(set(found)) == 5
    assert deliveries.claim(AT + timedelta(seconds=2)) is None


def test_a_channels_deliveries_are_claimed_together_when_they_are_due(deliveries):
    later = AT + timedelta(hours=1)
    deliveries.note(event(), {"shift": AT, "mail": later}, AT)
    deliveries.note(event(id="evt_2"), {"shift": AT}, AT)
    claimed = deliveries.claim(AT)
    assert claimed is not None
    assert (claimed.channel, len(claimed.deliveries)) == ("shift", 2)
    assert deliveries.claim(AT) is None
    deliveries.sent(claimed, AT)
    assert {one.state for one in deliveries.list(channel="shift")} == {DeliveryState.SENT}
    second = deliveries.claim(later)
    assert second is not None
    assert second.channel == "mail"


def test_what_a_dead_process_claimed_is_sent_by_another(deliveries):
    deliveries.note(event(), {"shift": AT}, AT)
    dead = deliveries.claim(AT)
    after = AT + CLAIM + timedelta(seconds=1)
    taken = deliveries.claim(after)
    assert taken is not None
    assert taken.deliveries == dead.deliveries
    deliveries.later(dead, after, "too late to say so")
    deliveries.sent(taken, after)
    (one,) = deliveries.list(event="evt_1")
    assert (one.state, one.error, one.tries) == (DeliveryState.SENT, "", 1)


def test_what_is_not_taken_is_tried_for_a_day_at_longer_and_longer_pauses(deliveries):
    deliveries.note(event(), {"shift": AT}, AT)
    at, pauses = AT, []
    while claimed := deliveries.claim(at):
        deliveries.later(claimed, at, "no answer")
        (one,) = deliveries.list()
        if one.state is DeliveryState.FAILED:
            break
        pauses.append(one.due - at)
        at = one.due
    assert pauses[:3] == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2)]
    assert pauses == sorted(pauses)
    assert max(pauses) == timedelta(hours=1)
    assert one.error == "no answer"
    assert timedelta(days=1) < one.ended - AT < timedelta(days=1, hours=2)


def test_they_are_listed_in_pages_and_forgotten_in_time(deliveries):
    for number in range(5):
        deliveries.note(event(id=f"evt_{number}"), {"shift": AT}, AT)
    first = deliveries.list(limit=3)
    rest = deliveries.list(limit=3, after=first[-1].id)
    assert sorted(one.event for one in first + rest) == [f"evt_{n}" for n in range(5)]
    assert deliveries.list(states=[DeliveryState.SENT]) == []
    deliveries.sent(deliveries.claim(AT), AT)
    assert deliveries.forget(AT) == 0
    assert deliveries.forget(AT + timedelta(seconds=1)) == 5
    assert deliveries.known(["evt_1"]) == {}
