"""The real thing: a clean clone, the lock's packages, a home that works."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.appliance.install.checkout import ROOT
from tests.conftest import skip_or_fail

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("ray"),
]

TOOLS = ("dirname", "env", "sh", "uname", "git")
"""What a machine has for certain: neither a compiler, nor make, nor uv."""
TOUCHED = {".install.lock", "kizashi-installed.json", "kizashi.db"}
"""Held; marked as looked at; opened, its bytes unchanged."""
DEMO = ("demo", "--days", "9", "--scale", "0.01", "--engine", "local", "--json")
UNPACKING = b"Installing collected packages"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real") / "kizashi"
    done = subprocess.run(
        ["git", "clone", "--quiet", "--no-hardlinks", ROOT, folder],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        skip_or_fail(f"this is no git checkout: {done.stderr.strip()}")
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    tools = tmp_path_factory.mktemp("tools")
    for tool in TOOLS:
        found = shutil.which(tool)
        if found:
            (tools / tool).symlink_to(found)
    kept = {k: v for k, v in os.environ.items() if k.startswith(("PIP_", "SSL_", "HTTP"))}
    kept |= {k: v for k, v in os.environ.items() if k.lower().endswith("_proxy") or k == "HOME"}
    return kept | {"PATH": str(tools), "KIZASHI_PYTHON": sys.executable}


@pytest.fixture(scope="module")
def home(
    clone: Path,
    environment: dict[str, str],
    port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    home = tmp_path_factory.mktemp("home") / "plant"
    done = _install(clone, home, environment, "--port", str(port))
    if "no package registry can be reached" in done.stderr:
        skip_or_fail("no package registry can be reached")
    assert done.returncode == 0, done.stdout + done.stderr
    return home


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _command(clone: Path, home: Path) -> list[str]:
    return [str(clone / "install.sh"), "--home", str(home), "--timezone", "Asia/Tokyo"]


def _install(
    clone: Path, home: Path, environment: dict[str, str], *options: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_command(clone, home), *options],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment,
        timeout=900,
    )


def _site(home: Path) -> Path:
    return next((home / "env").glob("lib/python3.*/site-packages"))


def _kizashi(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [home / "bin" / "kizashi", *arguments], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_works_from_files_to_events(home: Path) -> None:
    found = json.loads(_kizashi(home, *DEMO))
    assert [fleet["fleet"] for fleet in found] == ["pumps", "fans", "gearboxes"]
    assert all(Path(fleet["report"]).is_file() for fleet in found)
    assert "pumps" in _kizashi(home, "fleets")
    _kizashi(home, "train", "fans", "--engine", "ray")


def test_the_demo_again_repeats_nothing(home: Path) -> None:
    assert _kizashi(home, *DEMO) == _kizashi(home, *DEMO)
    assert len(json.loads(_kizashi(home, "models", "pumps", "--json"))) == 1


def test_again_changes_nothing_and_leaves_the_clone_clean(
    clone: Path, home: Path, environment: dict[str, str]
) -> None:
    before = _files(home)
    done = _install(clone, home, environment)
    assert done.returncode == 0
    steps = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert all(line.endswith(": fine") for line in steps), done.stdout
    after = _files(home)
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    assert {path.name for path in changed} <= TOUCHED
    status = ["git", "-C", clone, "status", "--porcelain", "--ignored"]
    assert subprocess.run(status, capture_output=True, text=True).stdout == ""


def _files(home: Path) -> dict[Path, tuple[int, int, int]]:
    found = {}
    for path in home.rglob("*"):
        status = path.lstat()
        found[path] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return {path: state for path, state in found.items() if not path.is_dir()}


def test_killed_while_it_repairs_it_completes(
    clone: Path, home: Path, environment: dict[str, str]
) -> None:
    """Packages with much to unpack, so that the kill hits pip in the middle of it."""
    site, log = _site(home), home / "logs" / "install.log"
    (site / "polars" / "__init__.py").unlink()
    (site / "scipy" / "__init__.py").write_text("raise SystemExit('edited')")
    begun = log.stat().st_size
    running = subprocess.Popen(
        _command(clone, home),
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    while running.poll() is None and UNPACKING not in log.read_bytes()[begun:]:
        os.sched_yield()
    assert running.poll() is None, "it ended before pip began to unpack"
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate(timeout=60)
    done = _install(clone, home, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pumps" in _kizashi(home, "fleets")
    code = "import polars, scipy.linalg"
    python = [home / "env" / "bin" / "python", "-I", "-c", code]
    assert subprocess.run(python, capture_output=True, text=True).stderr == ""


def test_settings_and_secrets_are_their_owners_alone(home: Path) -> None:
    assert 'timezone = "Asia/Tokyo"' in (home / "kizashi.toml").read_text("utf-8")
    assert home.stat().st_mode & 0o077 == 0
    for path in home.iterdir():
        if path.is_file() and path.name != ".install.lock":
            assert path.stat().st_mode & 0o077 == 0, path


# ---------------------------------------------------------------- while it runs
@contextmanager
def _running(home: Path) -> Iterator[str]:
    """Bring the appliance up, and down whatever happens; yield what was said."""
    try:
        yield _kizashi(home, "up")
    finally:
        _kizashi(home, "down")


def _told(home: Path, *arguments: str) -> Any:
    return json.loads(_kizashi(home, *arguments, "--json"))


def _supervisor(home: Path) -> str:
    return (home / "run" / "supervisord.pid").read_text()


def test_an_upgrade_while_it_runs_keeps_everything(
    clone: Path, home: Path, environment: dict[str, str], port: int
) -> None:
    with _running(home) as said:
        assert f"Kizashi is ready: http://127.0.0.1:{port}" in said
        assert "user: admin" in said
        first, fleets, users = (
            _supervisor(home),
            _told(home, "fleets"),
            _told(home, "user", "list"),
        )
        source = clone / "detectors" / "__init__.py"
        before = source.read_text()
        try:
            source.write_text(f"{before}\n# a newer version\n")
            done = _install(clone, home, environment)
        finally:
            source.write_text(before)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "stop: stopped it" in done.stdout
        assert "Kizashi is ready" in done.stdout
        assert "password" not in done.stdout
        assert _supervisor(home) != first
        assert _told(home, "status")["ready"] is True
        assert (_told(home, "fleets"), _told(home, "user", "list")) == (fleets, users)
    assert _told(home, "status")["ready"] is False
