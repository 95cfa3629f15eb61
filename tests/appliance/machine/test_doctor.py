"""The doctor: what is wrong is found, said with its remedy, and one check's fall stops none."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import stat
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from appliance.access import shell
from appliance.cli.main import main
from appliance.core import clock
from appliance.core.settings import Settings, load_settings
from appliance.engine import shared
from appliance.intake import IngestOptions
from appliance.machine import serving
from appliance.machine.doctor import Finding, Patient, Severity, examine, machine, stores
from appliance.machine.doctor import examination as examinations
from appliance.machine.supervisor import Supervisor
from appliance.pipelines.ingest import ingest
from appliance.pipelines.site import Site
from appliance.tls import Authority
from tests.appliance.databases import fresh_home
from tests.appliance.machine.conftest import WAITS, Make, quiet

OPEN = """
import pathlib, os, signal, socket, sys
listener = socket.create_server(("0.0.0.0", 0))
print(listener.getsockname()[1], flush=True)
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
signal.pause()
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a user and a fleet."""
    folder = fresh_home(tmp_path / "home")
    rows = "\n".join(f"2026-01-01 00:{n:02d},{n % 7}" for n in range(60))
    (tmp_path / "P-1.csv").write_text(f"time,load\n{rows}\n")
    site = Site(load_settings(folder))
    site.access.users.add(shell("root"), "chief", "four words are long enough", admin=True)
    ingest(site, [tmp_path / "P-1.csv"], "pumps", IngestOptions())
    site.close()
    (folder / "kizashi.toml").write_text("")
    (folder / "kizashi.toml").chmod(0o600)
    return folder


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _found(home: Path, supervisor: Supervisor | None = None, **given: Any) -> list[Finding]:
    port = {"port": _free_port(), **given}
    settings = Settings.model_validate({"home": home, **port})
    return list(examine(Patient(settings, supervisor or Supervisor(home, []))))


def _broken(found: list[Finding]) -> dict[str, str]:
    return {one.check: one.text for one in found if one.severity is Severity.BROKEN}


def _one(found: list[Finding], check: str, severity: Severity) -> Finding:
    return next(one for one in found if one.check == check and one.severity is severity)


@pytest.mark.slow
def test_sound_home_has_nothing_broken(home: Path) -> None:
    found = _found(home)
    assert _broken(found) == {}
    looked = {"versions", "disk", "clock", "files", "database", "audit", "lake", "ports", "tls"}
    assert looked <= {one.check for one in found}
    for one in found:
        assert bool(one.remedy) or one.severity in (Severity.FINE, Severity.NOTE)


def test_home_that_is_not_there_is_only_a_note(tmp_path: Path) -> None:
    assert _broken(_found(tmp_path / "none")) == {}
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_command_says_it_and_ends_with_1_if_something_is_broken(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIZASHI_PORT", str(_free_port()))
    with pytest.raises(SystemExit) as left:
        main(["--home", str(home), "doctor", "--json"])
    assert left.value.code == 0
    assert json.loads(capsys.readouterr().out)["healthy"] is True
    (home / "secrets" / "site.key").chmod(0o640)
    with pytest.raises(SystemExit) as left:
        main(["--home", str(home), "doctor"])
    assert left.value.code == 1
    said = capsys.readouterr().out
    assert "broken   files" in said
    assert f"chmod 600 '{home / 'secrets' / 'site.key'}'" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["", "secrets", "secrets/site.key", "kizashi.toml", "kizashi.db"]
)
def test_what_others_can_read_is_found(home: Path, name: str) -> None:
    path = home / name
    path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o044)
    assert str(path) in _broken(_found(home))["files"]


@pytest.mark.slow
def test_database_of_another_version_is_found(home: Path) -> None:
    for revision, severity in (("9999", Severity.BROKEN), ("0001", Severity.NOTE)):
        with sqlite3.connect(home / "kizashi.db") as database:
            database.execute("UPDATE kizashi_version SET version_num = ?", (revision,))
        database.close()
        assert revision in _one(_found(home), "database", severity).text


@pytest.mark.slow
def test_database_that_is_none_is_found(home: Path) -> None:
    for path in home.glob("kizashi.db*"):
        path.write_bytes(b"this was a database once " * 400)
    assert {"database", "audit"} <= _broken(_found(home)).keys()


@pytest.mark.slow
def test_edited_audit_log_is_found(home: Path) -> None:
    with sqlite3.connect(home / "kizashi.db") as database:
        triggers = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit%'"
        ).fetchall()
        for (name,) in triggers:
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE audit SET action = 'user.other' WHERE number = 1")
    database.close()
    assert "entry 1: it was edited" in _broken(_found(home))["audit"]


@pytest.mark.slow
def test_clock_that_jumped_back_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "now", lambda: clock.now() - timedelta(days=1))
    assert "has jumped back" in _broken(_found(home))["clock"]


@pytest.mark.slow
def test_clock_that_nobody_keeps_is_a_warning(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine.synchronised() in (True, False, None)
    monkeypatch.setattr(machine, "synchronised", lambda: False)
    assert "timedatectl" in _one(_found(home), "clock", Severity.WARNING).remedy
    monkeypatch.setattr(clock, "machine_zone", lambda: "Asia/Tokyo")
    assert "Asia/Tokyo" in _one(_found(home), "clock", Severity.NOTE).text


@pytest.mark.slow
def test_file_that_a_table_lacks_is_found_and_one_too_many_is_a_note(home: Path) -> None:
    folder = home / "lake" / "readings" / "pumps"
    file = next(folder.rglob("*.parquet"))
    other = file.with_name("of-a-commit-that-never-was.parquet")
    other.write_bytes(file.read_bytes())
    old = time.time() - 10 * 86_400
    os.utime(other, (old, old))
    assert "1 files" in _one(_found(home), "lake", Severity.NOTE).text
    file.write_bytes(file.read_bytes()[:-10])
    assert "pumps: 1 files are missing or cut off" in _broken(_found(home))["lake"]
    file.unlink()
    assert file.name in _broken(_found(home))["lake"]


@pytest.mark.slow
def test_table_that_does_not_open_is_found(home: Path) -> None:
    log = home / "lake" / "readings" / "pumps" / "_delta_log"
    for path in log.glob("*.json"):
        path.write_text("{")
    assert "lake" in _broken(_found(home))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bytes_free", "severity"), [(2**29, Severity.BROKEN), (2**31, Severity.WARNING)]
)
def test_full_disk_and_memory_are_found(
    home: Path, monkeypatch: pytest.MonkeyPatch, bytes_free: int, severity: Severity
) -> None:
    monkeypatch.setattr(machine, "_DISK_BROKEN", 2**30)
    usage = type("Usage", (), {"total": 2**36, "free": bytes_free})
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _path: usage)
    assert "retention" in _one(_found(home), "disk", severity).remedy
    free = type("Memory", (), {"total": 2**34, "available": bytes_free // 4})
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: free)
    assert _one(_found(home), "memory", severity).remedy


@pytest.mark.slow
def test_port_of_another_program_is_found_with_its_name(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        text = _broken(_found(home, port=port))["ports"]
    assert f"port {port} is taken by another program" in text
    assert f"process {os.getpid()}" in text


@pytest.mark.slow
def test_certificate_that_ends_soon_is_found(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Authority(home / "given").issue(["localhost"])
    files = {"tls_certificate": given, "tls_key": given}
    assert "good until" in _one(_found(home, **files), "tls", Severity.FINE).text
    later = clock.now() + timedelta(days=380)
    with monkeypatch.context() as patch:
        patch.setattr("appliance.machine.doctor.network.now", lambda: later)
        assert "in time" in _one(_found(home, **files), "tls", Severity.WARNING).remedy
    given.chmod(0o644)
    assert str(given) in _broken(_found(home, **files))["files"]
    given.write_text("no certificate")
    assert "tls" in _broken(_found(home, **files))


@pytest.mark.slow
def test_check_that_falls_ill_is_a_finding_and_the_others_go_on(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ill(_patient: Patient, /) -> Iterator[Finding]:
        raise RuntimeError("no idea")
        yield

    monkeypatch.setitem(examinations.CHECKS, "disk", ill)
    found = _found(home)
    assert "RuntimeError: no idea" in _broken(found)["disk"]
    assert "lake" in {one.check for one in found}


# ---------------------------------------------------------------- what runs
@pytest.mark.slow
def test_what_runs_is_looked_at(home: Path, make: Make) -> None:
    supervisor = make(home, good=WAITS, web=OPEN)
    object.__setattr__(supervisor.processes[1], "ready", lambda _process: True)
    serving.up(supervisor, 30, quiet)
    found = _found(home, supervisor)
    told = {one.text for one in found if one.check == "processes"}
    assert told == {"good is ready", "web is ready"}
    port = int(supervisor.log("web").read_text().split()[0])
    outside = _one(found, "sockets", Severity.WARNING)
    assert f"listens on 0.0.0.0:{port}" in outside.text
    assert f"dport {port} drop" in outside.remedy
    supervisor._tell("stopProcess", "good")
    assert _broken(_found(home, supervisor))["processes"] == "good is stopped."


@pytest.mark.slow
def test_ray_without_a_token_is_found(
    home: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = make(home, ray=WAITS)
    serving.up(supervisor, 30, quiet)
    with shared.claimed(home) as claim:
        claim.tell("127.0.0.1:1")
        texts = [one.text for one in _found(home, supervisor) if one.check == "ray"]
        claim.tell(shared.ASLEEP)
        assert not [one for one in _found(home, supervisor) if one.check == "ray"]
    assert len(texts) == 2
    assert any("without a token" in text for text in texts)
    assert any("statistics" in text for text in texts)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("known", "severity", "words"),
    [
        (0, Severity.WARNING, "secrets too"),
        (3, Severity.NOTE, "may still end processes"),
        (6, Severity.FINE, "own folders alone"),
    ],
)
def test_what_keeps_own_code_from_the_home_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, known: int, severity: Severity, words: str
) -> None:
    monkeypatch.setattr("appliance.notebooks.confinement.version", lambda: known)
    assert words in _one(_found(home), "own code", severity).text
