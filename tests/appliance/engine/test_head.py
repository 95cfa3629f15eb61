"""The home's Ray: joined by other processes with its token only, on loopback only, replaced."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from appliance.core.clock import monotonic
from appliance.core.errors import Conflict
from appliance.engine import shared

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.xdist_group("ray")]
_PATIENCE = 60.0
_JOIN = """
import os, sys
from pathlib import Path
from appliance.core.settings import load_settings
from appliance.engine.ray import RayEngine

def parent(_):
    return os.getppid()

with RayEngine(load_settings(Path(sys.argv[1]))) as engine:
    print(engine.workers, *{outcome.value for outcome in engine.map(parent, [1, 2, 3])})
"""

_HOLD = """
import sys
from pathlib import Path
from appliance.core.settings import load_settings
from appliance.engine.ray import RayEngine

with RayEngine(load_settings(Path(sys.argv[1]))):
    print("joined", flush=True)
    sys.stdin.read()
"""
_ASK = """
import sys
from ray._raylet import GcsClient
print(GcsClient(address=sys.argv[1]).internal_kv_keys(b"", b"", timeout=10))
"""


def _start(home: Path, minutes: float = 0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "appliance.engine.head", "--home", str(home)]
    settings = {"KIZASHI_WORKERS": "2", "KIZASHI_RAY_IDLE_MINUTES": str(minutes)}
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | settings, stderr=subprocess.PIPE
    )


def _until_found(process: subprocess.Popen[bytes], home: Path) -> str:
    until = monotonic() + _PATIENCE
    while process.poll() is None and monotonic() < until:
        if address := shared.find(home, patience=_PATIENCE):
            return address
        threading.Event().wait(0.05)
    raise AssertionError(f"no Ray came: {process.communicate()[1].decode()}")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def head(home: Path) -> Iterator[psutil.Process]:
    process = _start(home)
    try:
        _until_found(process, home)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=_PATIENCE)


def _run(code: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_other_processes_join_it(head: psutil.Process, home: Path) -> None:
    done = _run(_JOIN, str(home))
    assert done.returncode == 0, done.stderr
    workers, *parents = map(int, done.stdout.split())
    assert workers == 2
    family = {process.pid for process in head.children(recursive=True)}
    assert set(parents) <= family


def test_it_has_no_parts_that_one_machine_has_no_use_for(head: psutil.Process) -> None:
    words = ""
    for one in head.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has just ended
            words += " ".join(one.cmdline())
    for part in ("monitor.py", "dashboard.py", "log_monitor.py"):
        assert part not in words
    assert "raylet" in words


def test_it_answers_nobody_without_the_token(head: psutil.Process, home: Path) -> None:
    assert (home / "secrets" / "ray.token").stat().st_mode & 0o077 == 0
    address = shared.find(home)
    assert address is not None
    for mode, words in (("disabled", "no token"), ("token", "invalid token")):
        known = {"RAY_AUTH_MODE": mode, "RAY_AUTH_TOKEN": "a" * 64}
        done = _run(_ASK, address, **known)
        assert done.returncode != 0, words
        assert "auth" in done.stderr.lower(), done.stderr


def test_it_listens_to_this_machine_only(head: psutil.Process) -> None:
    listening = [
        connection.laddr
        for process in (head, *head.children(recursive=True))
        if process.status() != psutil.STATUS_ZOMBIE
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) > 3
    for at in listening:
        assert at.ip.removeprefix("::ffff:") in ("127.0.0.1", "::1"), at
    outside = socket.gethostbyname(socket.gethostname())
    if not outside.startswith("127."):
        for at in listening:
            with pytest.raises(OSError, match="refused"):
                socket.create_connection((outside, at.port), timeout=5)


def test_there_is_one_a_home(head: psutil.Process, home: Path) -> None:
    second = _start(home)
    assert b"another Ray already serves" in second.communicate(timeout=_PATIENCE)[1]
    assert second.returncode == 1
    with pytest.raises(Conflict), shared.claimed(home):
        pass


def test_whoever_looks_for_it_does_not_keep_it_from_starting(tmp_path: Path) -> None:
    with shared.claimed(tmp_path):
        pass
    with (tmp_path / "run" / "ray_address").open("r") as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)
        leaving = threading.Timer(0.2, fcntl.flock, (looked_at, fcntl.LOCK_UN))
        leaving.start()
        with shared.claimed(tmp_path):
            assert leaving.finished.is_set()
        leaving.join()


def test_a_part_that_dies_ends_it_all_and_the_next_is_found(tmp_path: Path) -> None:
    first = _start(tmp_path)
    _until_found(first, tmp_path)
    family = psutil.Process(first.pid).children(recursive=True)
    next(one for one in family if one.name() == "raylet").kill()
    assert b"a part of Ray died" in first.communicate(timeout=_PATIENCE)[1]
    assert psutil.wait_procs(family, timeout=30)[1] == []
    assert shared.find(tmp_path) is None
    second = _start(tmp_path)
    _until_found(second, tmp_path)
    family = psutil.Process(second.pid).children(recursive=True)
    second.send_signal(signal.SIGKILL)
    second.communicate(timeout=_PATIENCE)
    assert shared.find(tmp_path) is None
    # Ray's two agents try for a minute to tell their dead Ray, and leave then.
    agents = [process for process in family if process.name().endswith("Agent")]
    others = [process for process in family if process not in agents]
    assert psutil.wait_procs(others, timeout=30)[1] == []
    for agent in agents:
        agent.kill()


def _until(home: Path, *words: str) -> None:
    until = monotonic() + _PATIENCE
    while (told := shared.state(home)) not in words:
        assert monotonic() < until, told
        threading.Event().wait(0.05)


def test_it_sleeps_until_it_is_wanted_and_leaves_when_it_is_not(tmp_path: Path) -> None:
    head = _start(tmp_path, 0.02)
    own = psutil.Process(head.pid)
    try:
        _until(tmp_path, shared.ASLEEP)
        assert own.children(recursive=True) == []
        assert shared.find(tmp_path) is None
        holding = subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(tmp_path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with holding:
            assert holding.stdout is not None
            assert holding.stdout.readline() == b"joined\n"
            family = own.children(recursive=True)
            assert {"raylet", "gcs_server"} <= {one.name() for one in family}
            # Whoever uses it is killed: that holds it no longer.
            holding.kill()
        _until(tmp_path, shared.ASLEEP)
        # A job that comes in this very moment waits until it has left, and wakes it.
        done = _run(_JOIN, str(tmp_path))
        assert done.returncode == 0, done.stderr
        assert psutil.wait_procs(family, timeout=_PATIENCE)[1] == []
        workers, *parents = map(int, done.stdout.split())
        assert workers == 2
        assert parents
        _until(tmp_path, shared.ASLEEP)
        _alone(own)
        assert list(Path("/tmp").glob(f"kzr-{head.pid}-*")) == []
        with pytest.raises(Conflict), shared.claimed(tmp_path):
            pass
    finally:
        head.terminate()
        head.communicate(timeout=_PATIENCE)
    assert head.returncode in (0, -signal.SIGTERM)  # it may have been beginning anew
    assert shared.state(tmp_path) is None


def _alone(head: psutil.Process) -> None:
    """Wait until a head has left Ray, and is small again."""
    until = monotonic() + _PATIENCE
    while head.children(recursive=True) or "--awake" in head.cmdline():
        assert monotonic() < until
        threading.Event().wait(0.05)
