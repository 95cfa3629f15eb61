"""The real appliance, brought up in an empty home by the real command."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import psutil
import pytest

from appliance.engine import shared
from appliance.machine import serving
from tests.appliance.machine.conftest import until

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.xdist_group("ray")]
_PATIENCE = 240


@dataclass(frozen=True)
class Home:
    """A home, and the command that works on it."""

    path: Path
    port: int

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command, and return what it said."""
        settings = {
            "KIZASHI_HOME": str(self.path),
            "KIZASHI_PORT": str(self.port),
            "KIZASHI_WORKERS": "1",
        }
        return subprocess.run(
            [sys.executable, "-m", "appliance.cli.main", *arguments],
            cwd=ROOT,
            env=os.environ | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )

    def told(self, *arguments: str) -> Any:
        """Return what a command prints as JSON."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def login(self, password: str) -> int:
        """Return how the API answers a login of the first admin."""
        body = json.dumps({"user": "admin", "password": password}).encode()
        asked = Request(
            f"http://127.0.0.1:{self.port}/api/v1/session",
            body,
            {"Content-Type": "application/json"},
        )
        try:
            return int(build_opener(ProxyHandler({})).open(asked, timeout=30).status)
        except HTTPError as error:
            return error.code

    def process(self, module: str) -> psutil.Process:
        """Return the process that runs a module."""
        return next(p for p in self.processes() if module in p.cmdline())

    def processes(self) -> list[psutil.Process]:
        """Return everything that the appliance runs."""
        return list(serving.marked(str(self.path)))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = Home(tmp_path_factory.mktemp("real") / "home", _free_port())
    yield made
    made.run("down")


@pytest.fixture(scope="module")
def first(home: Home) -> str:
    """What the first ``up`` prints."""
    done = home.run("up")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _password(said: str) -> str:
    found = re.search(r"^password: (\S+)$", said, re.MULTILINE)
    assert found is not None
    return found[1]


def test_up_says_where_it_is_and_who_may_log_in(home: Home, first: str) -> None:
    assert f"Kizashi is ready: http://127.0.0.1:{home.port}\n" in first
    assert "user: admin\n" in first
    assert home.login(_password(first)) == 201
    assert home.login("a password of nobody") == 401


def test_status_is_ready(home: Home, first: str) -> None:
    told = home.told("status")
    assert told.pop("troubles") == []
    assert told == {
        "ready": True,
        "url": f"http://127.0.0.1:{home.port}",
        "roles": {"ray": "asleep", "web": "ready", "worker": "ready"},
    }
    assert home.run("status").stdout.startswith("ready: ")


def test_ray_comes_when_it_is_wanted(home: Home, first: str) -> None:
    joined = shared.join(home.path)
    assert joined is not None
    joined[1].close()
    # Nobody wants it any more, but it stays for some minutes: `down` is to end it too.
    told = home.told("status")
    assert (told["ready"], told["roles"]["ray"]) == (True, "ready")
    assert "raylet" in {one.name() for one in home.processes()}


def test_password_is_kept_nowhere(home: Home, first: str) -> None:
    password = _password(first).encode()
    for path in home.path.rglob("*"):
        if path.is_file():
            assert password not in path.read_bytes(), path
    for one in home.processes():
        assert password.decode() not in " ".join(one.cmdline())


def test_up_again_changes_nothing_and_makes_no_other_user(home: Home, first: str) -> None:
    before = {one.pid for one in home.processes() if "ray::" not in one.name()}
    assert "password" not in home.run("up").stdout
    assert before <= {one.pid for one in home.processes()}


def test_everything_listens_to_this_machine_only(home: Home, first: str) -> None:
    found = [
        connection.laddr.ip.removeprefix("::ffff:")
        for one in home.processes()
        for connection in one.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(found) > 4
    assert set(found) <= {"127.0.0.1", "::1"}


def test_home_is_its_owners_alone(home: Home, first: str) -> None:
    assert home.path.stat().st_mode & 0o077 == 0
    for path in home.path.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("module", ["appliance.web", "appliance.worker"])
def test_killed_it_comes_again(home: Home, first: str, module: str) -> None:
    killed = home.process(module)
    killed.send_signal(signal.SIGKILL)
    until(lambda: not killed.is_running())
    until(lambda: home.told("status")["ready"], _PATIENCE)
    assert home.login(_password(first)) == 201


def test_logs_are_told(home: Home, first: str) -> None:
    everything = home.run("logs", "--lines", "5").stdout.splitlines()
    assert {line.partition(" ")[0] for line in everything} >= {"worker", "supervisord"}
    assert "is ready" in home.run("logs", "worker").stdout
    refused = home.run("logs", "nothing")
    assert refused.returncode == 1
    assert "One of: ray, web, worker, supervisord" in refused.stderr


def test_z_down_leaves_nothing(home: Home, first: str) -> None:
    before = home.processes()
    assert home.run("down").stdout == "Kizashi is down.\n"
    assert not any(one.is_running() for one in before)
    assert home.processes() == []
    assert home.told("status")["ready"] is False
    assert home.run("down").stdout == "Kizashi was not up.\n"


def test_z_port_of_another_program_is_named(home: Home) -> None:
    with socket.create_server(("127.0.0.1", home.port)):
        done = home.run("up")
    assert done.returncode == 1
    assert f"port {home.port} is taken by another program" in done.stderr
    assert home.processes() == []
