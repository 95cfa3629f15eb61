"""Logins and sessions: one refusal for all, growing waits, ends by time and by people."""

from __future__ import annotations

import logging
from datetime import timedelta
from threading import Barrier, Thread

import pytest

from appliance.access import Access, lockout
from appliance.access.passwords import Passwords
from appliance.core.errors import Conflict, Forbidden, InvalidRequest, Unauthenticated
from appliance.schemas.access import Right
from tests.appliance.access.conftest import KEY, SHELL, WORDS, cheap
from tests.appliance.access.test_users import HOSTILE, as_user

OTHER = "another horse battery"


class Watched(Passwords):
    """Notes down what it is asked."""

    def __init__(self):
        super().__init__(time_cost=1, memory_kib=8, lanes=1)
        self.asked = []

    def verify(self, kept, password):
        self.asked.append(kept is not None)
        return super().verify(kept, password)


def fail(plant, name, times):
    for _ in range(times):
        with pytest.raises(Unauthenticated, match="name or the password is wrong"):
            plant.login(name, OTHER)


def test_the_right_password_opens_a_session(plant):
    opened = plant.login(" Erika ", WORDS, "10.0.0.7")
    person = plant.authenticate(opened.secret, "10.0.0.8")
    assert (person.name, person.admin, person.credential) == (
        "erika",
        False,
        opened.session.id,
    )
    assert person.origin == "10.0.0.8"
    assert opened.session.origin == "10.0.0.7"


def test_no_refusal_tells_which_was_wrong_and_all_take_the_same_way(database, plant, clock):
    watched = Watched()
    site = Access(database, KEY, passwords=watched, clock=clock)
    site.users.add(SHELL, "gateway", None)
    site.users.add(SHELL, "gone", WORDS)
    site.users.disable(SHELL, "gone")
    said = set()
    for name, password in (
        ("erika", OTHER),
        ("nobody", OTHER),
        ("gateway", ""),
        ("gone", WORDS),
        ("' OR 1=1 --", OTHER),
    ):
        before = site.audit.verify().entries
        with pytest.raises(Unauthenticated) as refused:
            site.login(name, password)
        said.add(str(refused.value))
        assert site.audit.verify().entries == before + 1
    assert len(said) == 1
    # Each password is held against a hash, whether there is one or not.
    assert watched.asked == [True, False, False, False, False]


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name[:20]))
def test_hostile_names_are_refused_as_any_other(plant, name):
    fail(plant, name, 1)
    assert plant.audit.list(SHELL, limit=1)[0].object == "user:?"
    assert plant.audit.verify().whole


@pytest.mark.slow
@pytest.mark.parametrize("name", ["erika", "nobody"])
def test_failures_lock_a_name_known_or_not_longer_each_time(plant, clock, name):
    fail(plant, name, lockout.FREE + 1)
    waits = []
    for _ in range(8):
        with pytest.raises(Unauthenticated, match="too many logins"):
            plant.login(name, WORDS)
        began = clock.at
        while True:
            clock.pass_by(seconds=15)
            try:
                plant.login(name, OTHER)
            except Unauthenticated as refused:
                if "too many" not in str(refused):
                    break
        waits.append(clock.at - began)
    assert waits == [timedelta(seconds=s) for s in (30, 60, 120, 240, 480, 900, 900, 900)]


def test_tries_while_locked_are_not_counted_nor_told(plant, clock):
    fail(plant, "erika", 5)
    before = plant.audit.verify().entries
    for _ in range(20):
        with pytest.raises(Unauthenticated, match="too many logins"):
            plant.login("erika", WORDS)
    assert plant.audit.verify().entries == before
    clock.pass_by(seconds=30)
    assert plant.login("erika", WORDS)


def test_a_success_or_a_day_forgets_failures(plant, clock):
    fail(plant, "erika", 4)
    plant.login("erika", WORDS)
    fail(plant, "erika", 4)
    clock.pass_by(days=1)
    fail(plant, "erika", 4)
    assert plant.users.get(SHELL, "erika").locked_until is None


def test_an_admin_sees_and_unlocks(plant, clock):
    fail(plant, "erika", 5)
    until = clock.at + lockout.FIRST
    assert plant.users.get(SHELL, "erika").locked_until == until
    assert {u.name: u.locked_until for u in plant.users.list(SHELL)}["erika"] == until
    assert plant.users.unlock(SHELL, "erika")
    assert not plant.users.unlock(SHELL, "erika")
    assert plant.login("erika", WORDS)


def test_many_tries_at_once_are_counted_one_by_one(plant):
    start, said = Barrier(8), []

    def attempt():
        start.wait()
        try:
            plant.login("erika", OTHER)
        except Unauthenticated as refused:
            said.append("too many" in str(refused))

    threads = [Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == [False] * 5 + [True] * 3
    assert plant.audit.verify().whole


def test_a_login_renews_an_outdated_hash(database, plant, clock):
    plant.login("erika", WORDS)
    stronger = Passwords(time_cost=2, memory_kib=16, lanes=1)
    site = Access(database, KEY, passwords=stronger, clock=clock)
    site.login("erika", WORDS)
    kept = site.sessions.password_of("erika")
    assert not stronger.outdated(kept)
    assert cheap().outdated(kept)
    assert site.login("erika", WORDS)


# ---------------------------------------------------------------- sessions
@pytest.mark.parametrize("secret", ["", "x", "ks_", "ks_" + "a" * 43, "kz_\x00", "\ud800", "é"])
def test_what_is_no_credential_is_refused(plant, secret):
    with pytest.raises(Unauthenticated, match="not good"):
        plant.authenticate(secret)


def test_a_session_ends_when_idle_and_at_the_latest_after_a_shift(plant, clock):
    idle, busy = plant.login("erika", WORDS).secret, plant.login("erika", WORDS).secret
    for _ in range(12):
        plant.authenticate(busy)
        clock.pass_by(minutes=59, seconds=59)
    plant.authenticate(busy)
    with pytest.raises(Unauthenticated):
        plant.authenticate(idle)
    assert len(plant.sessions.list(SHELL, "erika")) == 1
    clock.pass_by(seconds=12)
    with pytest.raises(Unauthenticated):
        plant.authenticate(busy)
    assert plant.sessions.list(SHELL, "erika") == []


def test_one_or_all_sessions_can_be_ended(plant):
    opened = [plant.login("erika", WORDS) for _ in range(3)]
    erika = plant.authenticate(opened[0].secret)
    plant.sessions.end(erika, opened[1].session.id)
    left = [s.id for s in plant.sessions.list(erika, "erika")]
    assert sorted(left) == sorted([opened[0].session.id, opened[2].session.id])
    assert plant.sessions.end_all(SHELL, "erika") == 2
    for one in opened:
        with pytest.raises(Unauthenticated):
            plant.authenticate(one.secret)


def test_nobody_ends_or_finds_the_session_of_another(plant):
    opened = plant.login("erika", WORDS)
    victor = as_user(plant, "victor")
    with pytest.raises(Exception, match="no session") as there:
        plant.sessions.end(victor, opened.session.id)
    with pytest.raises(Exception, match="no session") as nowhere:
        plant.sessions.end(victor, "ses_0")
    assert type(there.value) is type(nowhere.value)
    assert plant.authenticate(opened.secret)


def test_a_disabled_user_is_out_at_once(plant):
    opened = plant.login("erika", WORDS)
    plant.users.disable(SHELL, "erika")
    with pytest.raises(Unauthenticated):
        plant.authenticate(opened.secret)
    fail_same = pytest.raises(Unauthenticated, match="name or the password")
    with fail_same:
        plant.login("erika", WORDS)
    plant.users.enable(SHELL, "erika")
    with pytest.raises(Unauthenticated):
        plant.authenticate(opened.secret)  # what ended stays ended
    assert plant.login("erika", WORDS)


def test_one_changes_ones_password_with_the_old_one(plant):
    here, there = plant.login("erika", WORDS), plant.login("erika", WORDS)
    erika = plant.authenticate(here.secret)
    with pytest.raises(Unauthenticated):
        plant.change_password(erika, OTHER, OTHER)
    with pytest.raises(InvalidRequest):
        plant.change_password(erika, WORDS, "short")
    plant.change_password(erika, WORDS, OTHER)
    assert plant.authenticate(here.secret)
    with pytest.raises(Unauthenticated):
        plant.authenticate(there.secret)
    with pytest.raises(Unauthenticated):
        plant.login("erika", WORDS)
    assert plant.login("erika", OTHER)


def test_a_password_changed_meanwhile_wins(plant):
    erika = as_user(plant, "erika")
    proven = plant.sessions.password_of("erika")
    plant.users.set_password(SHELL, "erika", OTHER)
    with pytest.raises(Conflict, match="meanwhile"):
        plant.users.change_own_password(erika, proven, "a third horse battery")
    assert plant.login("erika", OTHER)


def test_a_new_password_by_an_admin_ends_sessions_and_the_lock(plant):
    opened = plant.login("erika", WORDS)
    fail(plant, "erika", 5)
    plant.users.set_password(as_user(plant, "chief"), "erika", OTHER)
    with pytest.raises(Unauthenticated):
        plant.authenticate(opened.secret)
    assert plant.login("erika", OTHER)


def test_forms_are_of_one_session_and_one_site(database, plant, clock):
    one, other = plant.login("erika", WORDS).secret, plant.login("erika", WORDS).secret
    plant.require_csrf(one, plant.csrf_token(one))
    elsewhere = Access(database, bytes(32), passwords=cheap(), clock=clock)
    for sent in ("", plant.csrf_token(other), elsewhere.csrf_token(one), one, "é\ud800"):
        with pytest.raises(Forbidden, match="own pages"):
            plant.require_csrf(one, sent)


def test_secrets_are_in_no_repr_log_or_audit(plant, caplog):
    caplog.set_level(logging.DEBUG)
    opened = plant.login("erika", WORDS)
    erika = plant.authenticate(opened.secret)
    token = plant.tokens.create(erika, "erika", "notebook", [Right.READ])
    fail(plant, OTHER, 1)  # a password typed where the name belongs
    told = f"{opened!r} {opened} {token!r} {token} {erika!r} {plant.audit.list(SHELL)!r}"
    for secret in (WORDS, OTHER, opened.secret, token.secret):
        assert secret not in told
        assert secret not in caplog.text
