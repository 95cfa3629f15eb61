"""The real thing: two versions as bundles, no network, a home that works, upgraded and back.

The older version is an earlier commit of this repository, whose database had fewer tables, with
the installer of today: the first version that is released has it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.client import connect
from appliance.core.errors import KizashiError, StorageError
from appliance.install import packing
from appliance.install.bundle import open_bundle
from appliance.schemas.progress import Silent
from tests.appliance.install.checkout import ROOT, alone
from tests.conftest import skip_or_fail

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("ray"),
]

OLDER = "55f20c4f14441c22a7c39d69d7f3ca8dd0c57de5"
"""A commit whose tables are at r0021."""
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
BATCH = 60
WARMED = "__import__('types').SimpleNamespace(seconds=kernels.warm(), compiled=1)"
"""What the older version told in seconds alone, as today's installer asks for it."""
TOOLS = ("cat", "dirname", "env", "git", "mkdir", "mktemp", "sh", "uname")
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
    # Compiling 40,000 files takes most of an installation; Python does it as it reads them.
    lazily = {"PIP_NO_COMPILE": "1"}
    return kept | lazily | {"PATH": str(tools), "KIZASHI_PYTHON": sys.executable}


@dataclass(frozen=True)
class Bundles:
    """Two versions, and the installer that travels with them."""

    older: Path
    newer: Path
    script: Path

    def command(self, home: Path, bundle: Path, *options: str) -> list[str]:
        """Return the installer's command line."""
        return [str(self.script), "--home", str(home), "--bundle", str(bundle), *options]


@pytest.fixture(scope="module")
def bundles(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    """Made of one download: the older version's packages are among the newer one's."""
    folder = tmp_path_factory.mktemp("bundles")
    newer = folder / "newer.bundle"
    try:
        packing.make(newer, packing.Wanted(clone), KEY, Silent())
    except StorageError as error:
        skip_or_fail(str(error))
    made = open_bundle(newer, packing.public(KEY))
    made.extract("wheels/", folder / "wheels")
    older = folder / "older"
    older.mkdir()
    archive = ["git", "-C", str(clone), "archive", "--output", str(folder / "tar"), OLDER]
    if subprocess.run(archive, capture_output=True).returncode != 0:
        skip_or_fail("this checkout knows no past")
    with tarfile.open(folder / "tar") as held:
        held.extractall(older, filter="data")
    shutil.rmtree(older / "appliance" / "install")
    shutil.copytree(clone / "appliance" / "install", older / "appliance" / "install")
    shutil.copy(clone / "install.sh", older)
    catalog = older / "detectors" / "catalog.py"
    catalog.write_text(catalog.read_text().replace("kernels.warm()", WARMED))
    bundle = folder / "older.bundle"
    packing.make(bundle, packing.Wanted(older, folder / "wheels"), KEY, Silent())
    shutil.rmtree(folder / "wheels")
    script = folder / "install.sh"
    script.write_bytes(made.read("install.sh"))
    script.chmod(0o755)
    return Bundles(bundle, newer, script)


@pytest.fixture(scope="module")
def home(
    bundles: Bundles,
    environment: dict[str, str],
    port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A home of the older version, made on a machine that has no network at all."""
    home = tmp_path_factory.mktemp("home") / "plant"
    options = ("--trust", packing.public(KEY), "--port", str(port), "--timezone", "Asia/Tokyo")
    done = _run([*alone(), *bundles.command(home, bundles.older, *options)], environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(tables r0021), whole, signed by" in done.stdout
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
    return _run([*_command(clone, home), *options], environment)


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    told = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL}
    return subprocess.run(command, env=environment, timeout=900, **told)


def _site(home: Path) -> Path:
    return next((home / "env").glob("lib/python3.*/site-packages"))


def _kizashi(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [home / "bin" / "kizashi", *arguments], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_installed_without_a_network(home: Path) -> None:
    """First, so that the time that installing takes is counted by itself."""
    assert (home / "publisher.pub").read_text().strip() == packing.public(KEY)
    assert not (home / ".bundle").exists()
    assert _kizashi(home, "--version").startswith("kizashi 0.1.0")


# ---------------------------------------------------------------- forward
class Sender:
    """Sends readings for as long as it is let, each batch until the site has taken it."""

    def __init__(self, url: str, token: str) -> None:
        self._plant = connect(url, token, patience=2)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._moved = threading.Condition()
        self.taken = 0
        self._thread.start()

    def _send(self) -> None:
        with self._plant:
            while not self._ends.is_set():
                try:
                    self._plant.fleet("presses").ingest(
                        batch(self.taken), time="time", asset="asset"
                    )
                except KizashiError:
                    continue  # and the same again
                with self._moved:
                    self.taken += 1
                    self._moved.notify_all()

    def wait(self, more: int) -> None:
        """Wait until so many more batches were taken."""
        with self._moved:
            wanted = self.taken + more
            assert self._moved.wait_for(lambda: self.taken >= wanted, timeout=300)

    def end(self) -> None:
        """Let the batch that is under way be the last."""
        self._ends.set()
        self._thread.join(300)


def batch(number: int) -> pl.DataFrame:
    """Return an hour of one machine."""
    begin = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(minutes=BATCH * number)
    times = [begin + timedelta(minutes=minute) for minute in range(BATCH)]
    force = [float(BATCH * number + minute) for minute in range(BATCH)]
    return pl.DataFrame({"asset": "P-1", "time": times, "force": force})


def _forces(home: Path) -> list[float]:
    """Return what the lake holds of the machine."""
    found = pl.read_delta(str(home / "lake" / "readings" / "presses")).sort("time")
    return found["force"].to_list()


def test_what_is_sent_during_an_upgrade_arrives_once(
    bundles: Bundles, home: Path, environment: dict[str, str], port: int
) -> None:
    with _running(home):
        rights = ("--right", "ingest", "--right", "read")
        token = _told(home, "token", "create", "admin", "presses", *rights)["secret"]
        sender = Sender(f"http://127.0.0.1:{port}", token)
        try:
            sender.wait(2)
            done = _run(bundles.command(home, bundles.newer), environment)
            assert done.returncode == 0, done.stdout + done.stderr
            sender.wait(2)
        finally:
            sender.end()
        assert "0.1.0 (tables r0021) is in" in done.stdout
        assert "stop: stopped it" in done.stdout
        assert "Kizashi is ready" in done.stdout
        (upgrade,) = json.loads((home / "upgrades.json").read_text())
        assert upgrade["backup"].startswith(str(home / "backups" / "bak_"))
    # The last batch may have been taken without its sender having heard of it.
    forces = _forces(home)
    assert len(forces) in (BATCH * sender.taken, BATCH * (sender.taken + 1))
    assert forces == [float(number) for number in range(len(forces))]


# ---------------------------------------------------------------- the newer version
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
    assert _install(clone, home, environment).returncode == 0  # so far it was a bundle's
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


# ---------------------------------------------------------------- back
def test_back_to_the_version_before_with_all_readings(
    bundles: Bundles, home: Path, environment: dict[str, str]
) -> None:
    before = _forces(home)
    fleets = {one["fleet"]: one["rows"] for one in _told(home, "fleets")}
    refused = _run(bundles.command(home, bundles.older), environment)
    assert "give --rollback" in refused.stderr
    command = [*alone(), *bundles.command(home, bundles.older, "--rollback")]
    done = _run(command, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "readings that came since the upgrade are in again" in done.stdout
    assert _forces(home) == before
    assert {one["fleet"]: one["rows"] for one in _told(home, "fleets")} == fleets
    assert len(list(home.glob("replaced-*/lake"))) == 1
    with _running(home):
        assert _told(home, "status")["ready"] is True
