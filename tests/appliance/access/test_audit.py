"""The audit log: whole, in one chain, and every tampering with it is found and named."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from appliance.access import chain
from appliance.access.chain import GENESIS, Link, check, sealed
from appliance.access.store.audit import append
from appliance.core.errors import Conflict, InvalidRequest, StorageError
from appliance.schemas.access import Role
from tests.appliance.access.conftest import SHELL, WORDS
from tests.appliance.access.test_users import as_user

ROOT = Path(__file__).resolve().parents[3]
START = datetime(2026, 3, 1, tzinfo=UTC)


# ---------------------------------------------------------------- what it tells
def test_a_change_is_told_by_who_when_what_where_before_and_after(plant, clock):
    chief = plant.authenticate(plant.login("chief", WORDS).secret, "10.0.0.7\nforged: line")
    clock.pass_by(minutes=3)
    plant.users.grant(chief, "victor", "default", Role.ANALYST)
    entry = plant.audit.list(chief, limit=1)[0]
    assert (entry.by, entry.at, entry.action, entry.object, entry.origin) == (
        "chief",
        clock.at,
        "role.granted",
        "user:victor",
        "10.0.0.7\\nforged: line",
    )
    assert entry.before == {"project": "default", "role": "viewer"}
    assert entry.after == {"project": "default", "role": "analyst"}


def test_every_change_is_told(plant):
    chief = as_user(plant, "chief")
    made = plant.tokens.create(chief, "chief", "x", ["read"])
    plant.tokens.revoke(chief, made.token.id)
    plant.users.revoke(chief, "victor", "default")
    plant.users.set_password(chief, "victor", "another horse battery")
    plant.users.disable(chief, "victor")
    plant.sessions.end_all(chief, "erika")
    plant.sessions.end(chief, chief.credential)
    assert {entry.action for entry in plant.audit.list(SHELL)} == {
        "user.added",
        "user.changed",
        "user.password_set",
        "project.added",
        "fleet.assigned",
        "role.granted",
        "role.revoked",
        "session.opened",
        "session.ended",
        "token.created",
        "token.revoked",
    }
    assert plant.audit.verify().whole


def test_a_change_that_fails_leaves_no_entry_and_no_change(plant):
    before = plant.audit.verify()
    with pytest.raises(Conflict):
        plant.users.disable(SHELL, "chief")

    def half():
        with plant.audit.change(SHELL) as change:
            change.note("model.promoted", "fleet:pumps")
            change.note("model.promoted", "fleet:fans", None, {"peak": float("nan")})

    with pytest.raises(ValueError, match="JSON"):
        half()
    assert plant.audit.verify() == before
    assert not plant.users.get(SHELL, "chief").disabled


def test_the_log_is_read_in_pages_by_person_and_object(plant):
    for number in range(5):
        plant.audit.note(SHELL, "model.promoted", "fleet:pumps", None, {"version": number})
    page = plant.audit.list(SHELL, what="fleet:pumps", limit=2)
    rest = plant.audit.list(SHELL, what="fleet:pumps", before=page[-1].number)
    assert [entry.after["version"] for entry in page + rest] == [4, 3, 2, 1, 0]
    assert plant.audit.list(SHELL, who="eve\x00") == []
    assert plant.audit.list(SHELL, who="shell:root", limit=1)[0].number == page[0].number


def test_other_rooms_write_within_their_own_transaction(plant, database):
    with database.session() as session:
        append(session, SHELL, START, "event.closed", "event:evt_1", None, {"verdict": "true"})
    assert plant.audit.list(SHELL, limit=1)[0].action == "event.closed"
    assert plant.audit.verify().whole


# ---------------------------------------------------------------- tampering
COPIED = (
    "INSERT INTO audit SELECT number + 100, at, by, action, object, origin, before, after,"
    " previous, digest FROM audit WHERE number = 1"
)


def _free(session):
    """Take away what keeps people from changing the log by mistake."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("DROP TRIGGER audit_keeps_update"))
        session.execute(text("DROP TRIGGER audit_keeps_delete"))
    else:
        session.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_keeps"))


@pytest.mark.parametrize("act", ["UPDATE audit SET by = 'eve'", "DELETE FROM audit"])
def test_the_database_itself_refuses_changes(plant, database, act):
    with pytest.raises((DBAPIError, StorageError)), database.session() as session:
        session.execute(text(act))
    assert plant.audit.verify().whole


@pytest.mark.parametrize(
    ("act", "broken", "reason"),
    [
        ("UPDATE audit SET by = 'eve' WHERE number = 3", 3, "edited"),
        ("UPDATE audit SET after = after || ' ' WHERE number = 1", 1, "edited"),
        ("UPDATE audit SET before = '{}' WHERE number = 1", 1, "edited"),
        ("UPDATE audit SET at = '2020-01-01T00:00:00.000000+00:00' WHERE number = 4", 4, "edi"),
        ("UPDATE audit SET origin = '' WHERE number = 4", 4, "edited"),
        ("UPDATE audit SET object = x'00ff' WHERE number = 2", 2, "edited"),
        ("UPDATE audit SET digest = previous WHERE number = 4", 4, "edited"),
        ("UPDATE audit SET previous = digest WHERE number = 4", 4, "before it"),
        ("DELETE FROM audit WHERE number = 1", 1, "removed"),
        ("DELETE FROM audit WHERE number = 4", 4, "removed"),
        ("DELETE FROM audit WHERE number >= 6", 6, "last entries were removed"),
        ("DELETE FROM audit", 1, "last entries were removed"),
        ("UPDATE audit SET number = 99 WHERE number = 3", 3, "removed"),
        ("UPDATE audit SET number = 0 WHERE number = 3", 1, "removed"),
        (COPIED, 7, "removed"),
        ("UPDATE audit_head SET number = 3", 4, "head was changed"),
        ("UPDATE audit_head SET digest = '0'", 7, "head was changed"),
    ],
)
def test_tampering_is_found_and_named(plant, database, act, broken, reason):
    with database.session() as session:
        assert session.execute(text("SELECT count(*) FROM audit")).scalar_one() > 6
        _free(session)
        session.execute(text("DELETE FROM audit WHERE number > 6"))
        session.execute(
            text(
                "UPDATE audit_head SET number = 6,"
                " digest = (SELECT digest FROM audit WHERE number = 6)"
            )
        )
    assert plant.audit.verify().entries == 6
    with database.session() as session:
        session.execute(text(act))
    found = plant.audit.verify()
    assert (found.whole, found.broken) == (False, broken)
    assert reason in found.reason


@pytest.mark.parametrize("edit", ["before = '{'", "after = '[1]'", "at = 'once'"])
def test_an_entry_that_cannot_be_read_is_said_and_found(plant, database, edit):
    with database.session() as session:
        _free(session)
        session.execute(text(f"UPDATE audit SET {edit} WHERE number = 2"))
    with pytest.raises(StorageError, match="entry 2 of the audit log"):
        plant.audit.list(SHELL)
    assert plant.audit.verify().broken == 2


def test_swapped_entries_are_found(plant, database):
    with database.session() as session:
        _free(session)
        for old, new in ((2, 99), (3, 2), (99, 3)):
            session.execute(text(f"UPDATE audit SET number = {new} WHERE number = {old}"))
    assert plant.audit.verify().broken == 2


def test_a_removed_head_is_said(plant, database):
    with database.session() as session:
        session.execute(text("DELETE FROM audit_head"))
    for call in (plant.audit.verify, lambda: plant.users.unlock(SHELL, "erika")):
        with pytest.raises(StorageError, match="head was removed"):
            call()


def test_a_log_written_anew_as_a_whole_is_found_by_a_head_noted_elsewhere(plant, database):
    noted = plant.audit.verify().head
    plant.users.unlock(SHELL, "erika")
    assert plant.audit.verify(noted).whole
    with database.session() as session:
        _free(session)
        session.execute(text("DELETE FROM audit"))
        session.execute(text(f"UPDATE audit_head SET number = 0, digest = '{GENESIS}'"))
    assert plant.audit.verify().whole
    short = plant.audit.verify(noted)
    assert (short.whole, short.broken) == (False, 1)
    for _ in range(20):
        plant.audit.note(SHELL, "nothing.happened", "site:here")
    anew = plant.audit.verify(noted)
    assert (anew.whole, anew.broken) == (False, int(noted.partition(":")[0]))
    assert "noted" in anew.reason


@pytest.mark.parametrize("text", ["", "x", "1", "1:", ":", "-1:" + "0" * 64, "1:" + "0" * 63])
def test_what_is_no_head_is_refused(text):
    with pytest.raises(InvalidRequest, match="no head"):
        chain.read_head(text)


# ---------------------------------------------------------------- the chain alone
_TEXTS = st.text(max_size=20)


@st.composite
def chains(draw):
    links, previous = [], GENESIS
    for number in range(1, draw(st.integers(1, 6)) + 1):
        sides = [draw(st.none() | st.dictionaries(_TEXTS, _TEXTS, max_size=2)) for _ in "ab"]
        link = sealed(
            Link(
                number,
                chain.moment(START + timedelta(seconds=number)),
                *(draw(_TEXTS) for _ in range(4)),
                *(None if side is None else chain.canonical(side) for side in sides),
                previous,
            )
        )
        links.append(link)
        previous = link.digest
    return links


def _head(links):
    return links[-1].number, links[-1].digest


@pytest.mark.slow
@given(chains())
def test_a_chain_as_written_is_whole(links):
    found = check(links, _head(links), anchor=_head(links))
    assert found.whole
    assert found.head == chain.head_text(*_head(links))


@pytest.mark.slow
@given(chains(), st.data())
def test_any_edit_is_found_at_its_entry_or_the_next(links, data):
    place = data.draw(st.integers(0, len(links) - 1))
    part = data.draw(st.sampled_from([field.name for field in fields(Link)]))
    old = getattr(links[place], part)
    new = data.draw(st.integers() if part == "number" else _TEXTS)
    forged = list(links)
    forged[place] = replace(links[place], **{part: new})
    if new == old:
        return
    found = check(forged, _head(links))
    assert not found.whole
    assert found.broken in (place + 1, place + 2)
    # Sealing it anew moves the break to the next entry, or the head: it does not heal it.
    forged[place] = sealed(forged[place])
    if part != "digest":
        assert not check(forged, _head(links)).whole


@pytest.mark.slow
@given(chains(), st.data())
def test_any_removed_or_moved_entry_is_found(links, data):
    place = data.draw(st.integers(0, len(links) - 1))
    without = links[:place] + links[place + 1 :]
    assert check(without, _head(links)).broken == place + 1
    order = data.draw(st.permutations(links))
    assert check(order, _head(links)).whole == (order == links)


# ---------------------------------------------------------------- many at once
_WRITER = """
import sys
from appliance.access import Access, shell
from appliance.core.db import open_database

database = open_database(sys.argv[1])
access = Access(database, bytes(32))
print("ready", flush=True)
sys.stdin.readline()
for number in range(25):
    access.audit.note(shell(sys.argv[2]), "thing.done", f"thing:{number}")
database.close()
"""


@pytest.mark.slow
def test_two_processes_append_to_one_chain(database_url, access):
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, database_url, name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for process in running:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    found = access.audit.verify()
    assert (found.whole, found.entries) == (True, 50)
    for name in ("one", "two"):
        own = access.audit.list(SHELL, who=f"shell:{name}")
        assert [entry.object for entry in reversed(own)] == [f"thing:{n}" for n in range(25)]
