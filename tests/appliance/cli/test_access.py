"""Users, tokens and the audit log from the shell: what is printed, once, and what never is."""

from __future__ import annotations

import io
import json
import sqlite3
import sys

import pytest

from appliance.access import passwords
from appliance.core.settings import load_settings
from appliance.pipelines.site import Site

WORDS = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """Let hashes take no time."""
    monkeypatch.setattr(passwords.Passwords.__init__, "__defaults__", (1, 8, 1))


@pytest.fixture
def say(kizashi):
    """Run a command that must do, and return what it printed."""

    def run(*arguments):
        told = kizashi(*arguments)
        assert told.status == 0, told.err
        return told.out

    return run


@pytest.fixture
def data(say):
    return lambda *arguments: json.loads(say(*arguments, "--json"))


def test_the_first_admin_gets_a_password_that_is_shown_once(say, data, home):
    told = say("user", "add", "chief", "--admin")
    (password,) = [w.removeprefix("password: ") for w in told.splitlines() if "password:" in w]
    site = Site(load_settings(home))
    secret = site.access.login("chief", password).secret
    assert site.access.authenticate(secret).admin
    site.close()
    assert data("user", "list")[0] | {"created": 0} == {
        "name": "chief",
        "admin": True,
        "disabled": False,
        "runs_code": False,
        "password": True,
        "created": 0,
        "roles": {},
        "locked_until": None,
    }
    for command in (("user", "list"), ("audit",), ("audit", "--json")):
        assert password not in say(*command)
    held = b"".join(path.read_bytes() for path in home.glob("kizashi.db*"))
    assert b"chief" in held
    assert password.encode() not in held


def test_a_password_comes_from_standard_input_never_from_the_arguments(
    kizashi, data, home, monkeypatch
):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{WORDS}\n"))
    assert data("user", "add", "erika", "--password-stdin")["password"] is None
    site = Site(load_settings(home))
    assert site.access.login("erika", WORDS)
    site.close()
    assert kizashi("user", "add", "eve", "--password", WORDS).status == 2
    assert kizashi("user", "add", "eve", WORDS).status == 2


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("user", "add", "<b>"), 2, "no name for a user"),
        (("user", "add", "x", "--password-stdin", "--no-password"), 2, "contradict"),
        (("user", "grant", "chief", "king"), 2, "no role"),
        (("user", "grant", "chief", "viewer", "--everywhere"), 2, "admin only"),
        (("user", "grant", "chief", "viewer", "--project", "nowhere"), 1, "no project"),
        (("user", "grant", "eve", "viewer"), 1, "no user"),
        (("user", "disable", "chief"), 1, "last admin"),
        (("user", "revoke", "chief", "--everywhere"), 1, "last admin"),
        (("user", "add", "chief"), 1, "already"),
        (("token", "create", "chief", "x", "--right", "fly"), 2, "no right"),
        (("token", "revoke", "0123456789abcdef"), 1, "no token"),
        (("token", "list", "--owner", "'; --"), 2, "no name for a user"),
        (("audit", "--verify", "--head", "x"), 2, "no head"),
        (("project", "add", "../x"), 2, "no name for a project"),
        (("project", "assign", "pumps", "nowhere"), 1, "no project"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(kizashi, say, arguments, status, said):
    say("user", "add", "chief", "--admin")
    told = kizashi(*arguments)
    assert told.status == status
    assert said in told.err
    assert "Traceback" not in told.err


@pytest.mark.slow
def test_a_users_life(say, data):
    say("user", "add", "chief", "--admin")
    assert "Next: kizashi user grant erika" in say("user", "add", "erika")
    say("project", "add", "line2")
    assert "in project line2" in say("project", "assign", "presses", "line2")
    assert data("user", "grant", "erika", "engineer")["roles"] == {"default": "engineer"}
    say("user", "grant", "erika", "viewer", "--project", "line2")
    assert "engineer in default, viewer in line2" in say("user", "list")
    say("user", "revoke", "erika", "--project", "line2")
    assert data("user", "grant", "erika", "admin", "--everywhere")["admin"]
    assert not data("user", "revoke", "erika", "--everywhere")["admin"]
    assert "disabled" in say("user", "disable", "erika")
    assert "active" in say("user", "enable", "erika")
    assert "active" in say("user", "unlock", "erika")
    assert "password: " in say("user", "password", "erika")
    assert "no password" in say("user", "password", "erika", "--no-password")
    assert [p["fleets"] for p in data("project", "list")] == [[], ["presses"]]
    assert "all that are in no other" in say("project", "list")


def test_a_tokens_life(say, data, home):
    say("user", "add", "gateway", "--no-password")
    say("user", "grant", "gateway", "engineer")
    made = data("token", "create", "gateway", "press line", "--right", "ingest", "--days", "30")
    (token,) = data("token", "list")
    assert token == made["token"]
    site = Site(load_settings(home))
    assert site.access.authenticate(made["secret"]).name == "gateway"
    site.close()
    told = say("token", "list", "--owner", "gateway")
    assert "good" in told
    assert made["secret"] not in told
    say("token", "revoke", token["id"])
    assert "revoked" in say("token", "list")
    shown = say("token", "create", "gateway", "again", "--right", "ingest", "--right", "read")
    assert "token: kz_" in shown


def test_the_log_is_told_and_checked(kizashi, say, data, home):
    say("user", "add", "chief", "--admin")
    say("user", "add", "erika")
    say("user", "grant", "erika", "viewer")
    say("user", "grant", "erika", "analyst")
    told = say("audit", "--on", "user:erika")
    assert "role.granted" in told
    assert "role: viewer → analyst" in told
    assert [e["number"] for e in data("audit", "--last", "2")] == [4, 3]
    assert data("audit", "--by", "nobody") == []
    head = data("audit", "--verify")["head"]
    assert f"head: {head}" in say("audit", "--verify")
    say("audit", "--head", head)
    database = sqlite3.connect(home / "kizashi.db")
    database.execute("DROP TRIGGER audit_keeps_update")
    database.execute("UPDATE audit SET by = 'eve' WHERE number = 3")
    database.commit()
    database.close()
    broken = kizashi("audit", "--verify")
    assert (broken.status, broken.out) == (1, _TAMPERED)
    told = kizashi("audit", "--verify", "--json")
    assert told.status == 1
    assert json.loads(told.out)["broken"] == 3


_TAMPERED = "The log was tampered with: entry 3: it was edited.\n"


@pytest.mark.parametrize("group", ["user", "project", "token"])
def test_every_command_has_help(kizashi, say, group):
    overview = say(group, "--help")
    verbs = [line.split()[0] for line in overview.split("Commands:")[1].splitlines() if line]
    assert len(verbs) >= 3
    for verb in verbs:
        assert say(group, verb, "-h").startswith(f"Usage: kizashi {group} {verb}")


def test_empty_lists_are_said(say, data):
    assert "no user yet" in say("user", "list")
    assert data("user", "list") == data("token", "list") == data("audit") == []
