"""An appliance that runs is stopped before it changes, and started again after it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.install import running
from appliance.install.plan import Plan
from appliance.machine import service
from tests.appliance.install.checkout import Checkout
from tests.appliance.install.conftest import Installed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("install")]

STANDIN = "import signal, sys; print('up', flush=True); signal.pause()"


@pytest.fixture
def supervisor(installed: Installed) -> Iterator[subprocess.Popen[bytes]]:
    """A program that looks like the home's supervisor."""
    run = installed.home / "run"
    run.mkdir(exist_ok=True)
    command = [sys.executable, "-c", STANDIN, str(run / "supervisord.conf")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (run / "supervisord.pid").write_text(f"{process.pid}\n")
        yield process
        process.kill()


def _again(installed: Installed, *options: str) -> str:
    done = installed.checkout.install(installed.home, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _started(installed: Installed, said: str) -> bool:
    return f"--home {installed.home} up" in said


def test_what_does_not_change_is_not_stopped(
    installed: Installed, supervisor: subprocess.Popen[bytes]
) -> None:
    said = _again(installed)
    assert "stop: fine" in said
    assert not _started(installed, said)
    assert supervisor.poll() is None


def test_an_upgrade_stops_it_and_starts_it_again(
    installed: Installed, supervisor: subprocess.Popen[bytes]
) -> None:
    installed.checkout.edit("detectors/__init__.py", "NEW = 1\n")
    said = _again(installed)
    assert "stop: stopped it" in said
    assert supervisor.wait(30) == -15
    assert _started(installed, said)
    assert not _started(installed, _again(installed))


def test_another_port_is_a_change(
    installed: Installed, supervisor: subprocess.Popen[bytes]
) -> None:
    (installed.home / "kizashi.toml").write_text("port = 1\n")
    assert "stop: stopped it" in _again(installed, "--port", "18499")
    (installed.home / "kizashi.toml").unlink()


def test_an_upgrade_that_was_cut_off_starts_it_when_it_is_repeated(
    installed: Installed, supervisor: subprocess.Popen[bytes]
) -> None:
    broken = "def build_wheel("
    backend = installed.checkout.source / "appliance" / "backend.py"
    good = backend.read_text()
    installed.checkout.edit("appliance/backend.py", good.replace(broken, "def other("))
    done = installed.checkout.install(installed.home)
    assert done.returncode == 1
    assert supervisor.wait(30) == -15
    backend.write_text(good)
    assert _started(installed, _again(installed))


def test_number_of_another_program_is_not_taken_for_it(
    installed: Installed, tmp_path: Path
) -> None:
    plan = Plan(installed.checkout.source, installed.home)
    with subprocess.Popen([sys.executable, "-c", STANDIN], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        for text in (str(other.pid), "none", ""):
            plan.supervisor.write_text(text)
            assert running.process_of(plan) is None
        other.kill()


# ---------------------------------------------------------------- the unit
@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a stand-in for systemctl and sudo notes what it is asked for."""
    tools, asked, units = (tmp_path / name for name in ("tools", "asked", "units"))
    tools.mkdir()
    units.mkdir()
    notes = f'echo "$@" >> "{asked}"'
    enabled = f'case "$*" in *is-enabled*) grep -q enable "{asked}" 2>/dev/null; exit;; esac'
    for name, text in {"systemctl": f"{enabled}\n{notes}", "sudo": f'{notes}\n"$@"'}.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setattr(service, "FOLDER", units)
    monkeypatch.setattr(service, "_RUNNING", units)
    return asked


@pytest.mark.parametrize("user", [0, 1000])
def test_unit_is_written_once_with_the_rights_it_needs(
    checkout: Checkout,
    tmp_path: Path,
    systemctl: Path,
    monkeypatch: pytest.MonkeyPatch,
    user: int,
) -> None:
    monkeypatch.setattr(running.os, "geteuid", lambda: user)
    plan = Plan(checkout.source, tmp_path / "home", port=443, service=True)
    plan.home.mkdir()
    assert "starts at boot" in running.install_service(plan, lambda _text: None)
    unit = service.FOLDER / service.UNIT
    assert unit.stat().st_mode & 0o777 == 0o644
    assert "CAP_NET_BIND_SERVICE" in unit.read_text()
    assert service.is_one(plan.home)
    asked = systemctl.read_text().splitlines()
    assert "--quiet daemon-reload" in asked
    assert f"--quiet enable {service.UNIT}" in asked
    assert any(line.startswith("install -m 644") for line in asked) == (user != 0)
    assert running.install_service(plan, lambda _text: None) == ""
    assert systemctl.read_text().splitlines() == asked


def test_service_is_started_by_systemd_and_then_waited_for(
    checkout: Checkout, tmp_path: Path, systemctl: Path
) -> None:
    plan = Plan(checkout.source, tmp_path / "home", service=True)
    plan.command.parent.mkdir(parents=True)
    plan.command.write_text(f'#!/bin/sh\necho kizashi "$@" >> "{systemctl}"\n')
    plan.command.chmod(0o755)
    assert running.start(plan) == 0
    assert systemctl.read_text().splitlines() == [
        f"start {service.UNIT}",
        f"kizashi --home {plan.home} up",
    ]
