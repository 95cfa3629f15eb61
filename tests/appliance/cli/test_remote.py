"""The same verbs on a home and on the site that serves it, by `--url`."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.access import passwords
from appliance.access.person import shell
from appliance.api.app import create_app
from appliance.client import credentials
from appliance.core.settings import load_settings
from appliance.pipelines.site import Site
from appliance.schemas.access import Right, Role
from tests.appliance.cli.conftest import Kizashi
from tests.appliance.client.servers import serve
from tests.forked import working

WORDS = "correct horse battery"
ME = shell("test")
Data = Callable[..., Any]


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let hashes take no time, and keep tokens in a folder of the test's own."""
    monkeypatch.setattr(passwords.Passwords.__init__, "__defaults__", (1, 8, 1))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KIZASHI_URL", "KIZASHI_TOKEN", "KIZASHI_CA"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def url(full: Path) -> Iterator[str]:
    """Serve the home that holds events; the admin is chief, and erika an analyst."""
    site = Site(load_settings(full))
    site.access.users.add(ME, "chief", WORDS, admin=True)
    site.access.users.add(ME, "erika", WORDS)
    site.access.users.grant(ME, "erika", "default", Role.ANALYST)
    with serve(create_app(site)) as address:
        yield address


@pytest.fixture
def log_in(kizashi: Kizashi, url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Return a function that logs a user in, and gives the address."""

    def in_(user: str) -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{WORDS}\n"))
        told = kizashi("login", url, "--user", user, "--password-stdin")
        assert told.status == 0, told.err
        assert f"logged in as {user}" in told.out
        return url

    return in_


@pytest.fixture
def data(kizashi: Kizashi) -> Data:
    """Run a command, and return the JSON that it prints."""

    def run(*arguments: Any) -> Any:
        told = kizashi(*arguments, "--json")
        assert told.status == 0, told.err
        return json.loads(told.out)

    return run


READING = [
    ["fleets"],
    ["sensors", "pumps"],
    ["quality", "pumps"],
    ["models", "pumps"],
    ["model", "pumps"],
    ["model", "pumps", "1", "--asset", "P-1"],
    ["scorecard", "pumps"],
    ["rul", "pumps"],
    ["lives", "list", "pumps"],
    ["backtests", "pumps"],
    ["approvals"],
    ["jobs", "list"],
    ["schedule", "list"],
    ["calendar", "list", "pumps"],
    ["events", "pumps"],
    ["events", "pumps", "--faults", "--limit", "2"],
    ["events", "pumps", "--asset", "P-2", "--until", "2026-01-02"],
    ["user", "list"],
    ["project", "list"],
    ["token", "list"],
    ["audit", "--last", "3"],
    ["audit", "--verify"],
]


@pytest.mark.slow
@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_both_tell_the_same(
    command: list[str], data: Data, kizashi: Kizashi, log_in: Callable[[str], str]
) -> None:
    url = log_in("chief")
    there, here = data("--url", url, *command), data(*command)
    # The token that is shown was used by the first of the two only.
    assert _unused(there) == _unused(here)
    assert kizashi("--url", url, *command).out == kizashi(*command).out


@pytest.mark.slow
def test_readings_are_judged_as_they_come(
    kizashi: Kizashi, log_in: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = log_in("erika")
    lines = [
        json.dumps({"asset": "P-2", "time": f"2026-01-07T0{hour}:00:00Z", "values": values})
        for hour, values in enumerate([{"s1": 0.1, "s2": 0.2, "s3": 0.0}, {"s1": 30.0}])
    ]
    told = {}
    for where in (("--url", url), ()):
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join([lines[0], "", lines[1]])))
        told[where] = kizashi(*where, "online", "pumps")
        assert told[where].status == 0, told[where].err
    here, there = told.values()
    assert here.out == there.out
    first, second = (json.loads(line) for line in here.out.splitlines())
    assert (first["asset"], first["state"]) == ("P-2", "final")
    assert second["coverage"] < 0.5
    for wrong, why in (("{", "line 1"), (lines[0].replace("P-2", ""), "line 1: asset")):
        monkeypatch.setattr(sys, "stdin", io.StringIO(wrong))
        refused = kizashi("online", "pumps")
        assert (refused.status, why in refused.err) == (2, True), refused.err


@pytest.mark.slow
def test_an_event_is_told_and_dealt_with(
    kizashi: Kizashi, data: Data, log_in: Callable[[str], str]
) -> None:
    url = log_in("erika")
    event = data("events", "pumps")[0]["id"]
    assert data("--url", url, "event", event) == data("event", event)
    assert kizashi("--url", url, "event", event).out == kizashi("event", event).out
    assert data("--url", url, "acknowledge", event)["state"] == "acknowledged"
    assert kizashi("--url", url, "assign", event, "yuki").out.endswith("owner yuki\n")
    assert kizashi("--url", url, "comment", event, "worn").out == f"{event}: noted\n"
    assert kizashi("--url", url, "close", event, "--verdict", "true").status == 0
    assert kizashi("--url", url, "close", event, "--verdict", "maybe").status == 2
    told = data("event", event)
    assert (told["verdict"], told["comments"][0]["by"]) == ("true", "erika")
    assert data("reopen", event)["state"] == "open"
    assert kizashi("--url", url, "event", "evt_nowhere").status == 1


@pytest.mark.slow
def test_a_sensor_is_edited_from_afar(
    kizashi: Kizashi, data: Data, log_in: Callable[[str], str]
) -> None:
    url = log_in("chief")
    made = data("--url", url, "sensor", "pumps", "s1", "--unit", "bar", "--upper", "900")
    assert made in data("sensors", "pumps")
    assert kizashi("--url", url, "sensor", "pumps", "s1", "--lower", "901").status == 2
    assert kizashi("--url", url, "sensor", "pumps", "s1", "--role", "boss").status == 2


@pytest.mark.slow
def test_files_are_brought_in_from_afar(
    kizashi: Kizashi, data: Data, log_in: Callable[[str], str], tmp_path: Path
) -> None:
    url = log_in("chief")
    folder = tmp_path / "files"
    folder.mkdir()
    for name in ("F-1", "F-2_2026-01"):
        lines = [f"2026-01-01T00:{minute:02d}:00Z,{minute % 7}.5" for minute in range(30)]
        (folder / f"{name}.csv").write_text("\n".join(["time,flow", *lines]) + "\n")
    told = data("--url", url, "ingest", folder, "--fleet", "fans", "--unit", "flow=l/s")
    assert (told["rows"], told["assets"], told["sensors"]) == (60, 2, 1)
    here = data("ingest", folder, "--fleet", "here")
    for key in ("quality", "sampling", "quarantined"):
        assert told[key] == here[key]
    assert {file["path"] for file in told["files"]} == {file["path"] for file in here["files"]}
    assert data("sensors", "fans")[0]["unit"] == "l/s"
    again = kizashi("--url", url, "ingest", folder, "--fleet", "fans")
    assert again.out.count("already there") == 2
    (folder / "F-3.csv").write_text("nothing, that is\nof use, at all\n")
    told = kizashi("--url", url, "ingest", folder / "F-3.csv", "--fleet", "fans")
    assert told.status == 1
    assert "F-3.csv: rejected" in told.out
    assert kizashi("--url", url, "ingest", folder / "none.csv", "--fleet", "fans").status == 1


@pytest.mark.slow
def test_the_calendar_is_kept_from_afar(
    kizashi: Kizashi, data: Data, log_in: Callable[[str], str], tmp_path: Path
) -> None:
    url = log_in("chief")
    span = ("--from", "2026-01-07T06:00", "--until", "2026-01-07T09:00")
    ahead = data("--url", url, "calendar", "preview", "pumps", "--asset", "P-2", *span)
    assert ahead == data("calendar", "preview", "pumps", "--asset", "P-2", *span)
    assert ahead["assets"] == ["P-2"]
    (made,) = data("--url", url, "calendar", "add", "pumps", "--asset", "P-2", *span)
    assert made["created_by"] == "chief"
    window = made["id"]
    assert (
        kizashi("--url", url, "calendar", "edit", "pumps", window, "--title", "x").status == 0
    )
    for command in (["list", "pumps"], ["history", window]):
        there = data("--url", url, "calendar", *command)
        assert there == data("calendar", *command)
        assert len(there) > 0
    (tmp_path / "plant.ics").write_text("no calendar")
    told = kizashi("--url", url, "calendar", "import", "pumps", tmp_path / "plant.ics")
    assert told.status == 1
    assert data("--url", url, "calendar", "remove", "pumps", window)[0]["title"] == "x"
    assert kizashi("--url", url, "calendar", "remove", "pumps", window).status == 1
    assert kizashi("--url", url, "calendar", "list", "nowhere").status == 1


@pytest.mark.slow
def test_a_version_is_promoted_from_afar(
    kizashi: Kizashi, data: Data, log_in: Callable[[str], str]
) -> None:
    url = log_in("chief")
    assert kizashi("train", "pumps", "--recipe", "pca").status == 0
    made = data("--url", url, "promote", "pumps", "2")
    assert "champion" in made["aliases"]
    assert "version 1 is champion again" in kizashi("--url", url, "rollback", "pumps").out
    assert kizashi("--url", url, "promote", "pumps", "77").status == 1


def _unused(told: Any) -> Any:
    if isinstance(told, list):
        return [one | {"last_used": None} if "last_used" in one else one for one in told]
    return told


@pytest.mark.slow
def test_a_login_is_kept_and_ended(
    kizashi: Kizashi, data: Data, log_in: Callable[[str], str], tmp_path: Path
) -> None:
    url = log_in("erika")
    kept = credentials.find(url)
    assert kept is not None
    assert (kept.user, kept.ca) == ("erika", None)
    assert WORDS not in credentials.path().read_text()
    (token,) = data("--url", url, "token", "list")
    rights = {right.value for right in (Right.READ, Right.ANNOTATE, Right.SCORE, Right.TRAIN)}
    assert set(token["rights"]) == rights
    told = kizashi("--url", url, "user", "add", "other")
    assert told.status == 1
    assert "does not have the right manage_users" in told.err
    assert kizashi("logout", url).out == f"{url}: logged out\n"
    assert credentials.find(url) is None
    (token,) = data("token", "list")
    assert token["revoked"] is not None
    told = kizashi("--url", url, "token", "list")
    assert told.status == 1
    assert "nobody is logged in" in told.err
    assert kizashi("logout", url).status == 1


def test_a_token_that_is_good_no_more_is_forgotten_all_the_same(
    kizashi: Kizashi, log_in: Callable[[str], str]
) -> None:
    url = log_in("erika")
    kept = credentials.find(url)
    assert kept is not None
    assert kizashi("token", "revoke", kept.id).status == 0
    assert kizashi("--url", url, "logout").status == 0
    assert credentials.find(url) is None


def test_a_wrong_password(kizashi: Kizashi, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("wrong\n"))
    told = kizashi("login", url, "--user", "erika", "--password-stdin")
    assert told.status == 1
    assert credentials.find(url) is None
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert kizashi("login", url).status == 2
    assert kizashi("login", url, "--user", "erika").status == 2
    assert kizashi("login").status == 2


@pytest.mark.slow
def test_a_user_without_a_role_is_told(kizashi: Kizashi, url: str, monkeypatch) -> None:
    assert kizashi("user", "revoke", "erika").status == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{WORDS}\n"))
    told = kizashi("login", url, "--user", "erika", "--password-stdin")
    assert told.status == 1
    assert "has no role" in told.err


def test_address_and_token_of_the_environment(
    data: Data, kizashi: Kizashi, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = data("token", "create", "chief", "tests", "--right", "manage_users")
    monkeypatch.setenv("KIZASHI_TOKEN", made["secret"])
    monkeypatch.setenv("KIZASHI_URL", f"{url}/")
    assert [user["name"] for user in data("user", "list")] == ["chief", "erika"]
    # The token is this address's: no other site gets it.
    told = kizashi("--url", url.replace("127.0.0.1", "localhost"), "user", "list")
    assert told.status == 1
    assert "nobody is logged in" in told.err


def test_what_works_on_a_home_only_says_so(kizashi: Kizashi, tmp_path: Path) -> None:
    told = kizashi("--url", "https://plant:8443", "quarantine", "pumps")
    assert told.status == 2
    assert "works on a home at this machine" in told.err
    assert kizashi("--url", "plant", "user", "list").status == 2


@pytest.mark.slow
def test_users_are_looked_after_from_afar(
    kizashi: Kizashi, data: Data, log_in: Callable[[str], str]
) -> None:
    url = log_in("chief")
    made = data("--url", url, "user", "add", "yuki")
    assert made["password"]
    assert kizashi("--url", url, "project", "add", "line2").status == 0
    assert kizashi("--url", url, "project", "assign", "pumps", "line2").status == 0
    granted = data("--url", url, "user", "grant", "yuki", "engineer", "--project", "line2")
    assert granted["roles"] == {"line2": "engineer"}
    for verb in ("disable", "enable", "unlock"):
        assert kizashi("--url", url, "user", verb, "yuki").status == 0
    revoked = data("--url", url, "user", "revoke", "yuki", "--project", "line2")
    assert revoked["roles"] == {}
    assert data("user", "grant", "yuki", "admin", "--everywhere")["admin"]
    assert not data("--url", url, "user", "password", "yuki", "--no-password")["user"][
        "password"
    ]
    done = [entry["by"] for entry in data("audit", "--on", "user:yuki")]
    assert set(done) == {"chief", f"shell:{_me()}"}


def _me() -> str:
    import getpass

    return getpass.getuser()


# ---------------------------------------------------------------- with a worker
@pytest.mark.slow
@pytest.mark.xdist_group("client-worker")
def test_work_is_done_there(
    kizashi: Kizashi, data: Data, log_in: Callable[[str], str], full: Path
) -> None:
    url = log_in("chief")
    with working(full):
        (full.parent / "slow.toml").write_text('detector = "mahalanobis"\n')
        made = data("--url", url, "train", "pumps", "--recipe", "slow.toml")
        assert made["lineage"]["recipe"]["name"] == "slow"
        assert data("--url", url, "score", "pumps")["fleet"] == "pumps"
        ask = ("jobs", "ask", "promote", "pumps", "--set", "version=9", "--wait")
        told = kizashi("--url", url, *ask)
        assert told.status == 1
        assert "version 9" in told.err
        job = data("--url", url, "jobs", "list")[0]
        assert job["error_kind"] == "NotFound"
        for command in (["jobs", "show", job["id"]], ["jobs", "log", job["id"], "--follow"]):
            there = kizashi("--url", url, *command)
            assert there.status == 0, there.err
            assert there.out == kizashi(*command).out


# ---------------------------------------------------------------- the platform
@pytest.mark.slow
def test_top_tells_each_what_they_may_know(log_in, data):
    told = data("--url", log_in("chief"), "top")
    assert told["platform"]["host"]["cpus"] >= 1
    assert told["history"]["times"]
    assert told["costs"]["total"] is not None
    told = data("--url", log_in("erika"), "top")
    assert (told["platform"]["host"], told["history"]) == (None, None)
    assert told["platform"]["queue"]["running"] == 0
