"""The real thing: a clean clone, the lock's packages, a home that works."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.appliance.install.checkout import ROOT
from tests.conftest import skip_or_fail

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("install")]

TOOLS = ("dirname", "env", "sh", "uname", "git")
"""What a machine has for certain: neither a compiler, nor make, nor uv."""


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
    clone: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    home = tmp_path_factory.mktemp("home") / "plant"
    done = _install(clone, home, environment)
    if "no package registry can be reached" in done.stderr:
        skip_or_fail("no package registry can be reached")
    assert done.returncode == 0, done.stdout + done.stderr
    return home


def _install(
    clone: Path, home: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [clone / "install.sh", "--home", home, "--timezone", "Asia/Tokyo"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment,
        timeout=900,
    )


def _kizashi(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [home / "bin" / "kizashi", *arguments], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_works_from_files_to_events(home: Path) -> None:
    found = json.loads(_kizashi(home, "demo", "--days", "9", "--scale", "0.1", "--json"))
    assert [fleet["fleet"] for fleet in found] == ["pumps", "fans", "gearboxes"]
    assert all(Path(fleet["report"]).is_file() for fleet in found)
    assert "pumps" in _kizashi(home, "fleets")


def test_the_demo_again_repeats_nothing(home: Path) -> None:
    arguments = ("demo", "--days", "9", "--scale", "0.1", "--json")
    assert _kizashi(home, *arguments) == _kizashi(home, *arguments)
    assert len(json.loads(_kizashi(home, "models", "pumps", "--json"))) == 1


def test_again_changes_nothing_and_leaves_the_clone_clean(
    clone: Path, home: Path, environment: dict[str, str]
) -> None:
    done = _install(clone, home, environment)
    assert done.returncode == 0
    steps = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert all(line.endswith(": fine") for line in steps), done.stdout
    status = ["git", "-C", clone, "status", "--porcelain", "--ignored"]
    assert subprocess.run(status, capture_output=True, text=True).stdout == ""


def test_settings_and_secrets_are_their_owners_alone(home: Path) -> None:
    assert 'timezone = "Asia/Tokyo"' in (home / "kizashi.toml").read_text("utf-8")
    assert home.stat().st_mode & 0o077 == 0
    for path in home.iterdir():
        if path.is_file() and path.name != ".install.lock":
            assert path.stat().st_mode & 0o077 == 0, path
