"""The lock: every requirement pinned with hashes, no address in it, nothing missing."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.contracts.source import ROOT

_LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
_PINNED = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(\[[\w,-]+\])?==(?P<version>[\w.!+]+)(?P<rest>.*)$"
)
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}$")
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _entries(lock: Path) -> list[list[str]]:
    """Return the requirements of a lock, each as its logical line's parts."""
    text = lock.read_text().replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _names(lock: Path) -> dict[str, str]:
    found = (_PINNED.match(entry[0]) for entry in _entries(lock))
    return {_plain(match["name"]): match["version"] for match in found if match}


def _wanted(*extras: str) -> set[str]:
    listed = list(_PROJECT["dependencies"])
    for extra in extras:
        listed += _PROJECT["optional-dependencies"][extra]
    return {_plain(re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0]) for line in listed}


@pytest.mark.parametrize("lock", _LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_is_pinned_with_hashes(lock: Path) -> None:
    entries = _entries(lock)
    assert entries
    loose = [
        entry[0]
        for entry in entries
        if not _PINNED.match(entry[0]) or not any(_HASH.match(part) for part in entry)
    ]
    assert loose == []


@pytest.mark.parametrize("lock", _LOCKS, ids=lambda lock: lock.name)
def test_no_address_is_in_the_lock(lock: Path) -> None:
    text = lock.read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host| @ ", text)


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("appliance.txt", ("pyod", "build")),
        ("dev.txt", tuple(_PROJECT["optional-dependencies"])),
    ],
)
def test_all_that_the_project_asks_for_is_locked(lock: str, extras: tuple[str, ...]) -> None:
    assert _wanted(*extras) - set(_names(ROOT / "requirements" / lock)) == set()


def test_the_two_locks_agree() -> None:
    appliance, dev = (_names(ROOT / "requirements" / n) for n in ("appliance.txt", "dev.txt"))
    assert {name: dev.get(name) for name in appliance} == appliance
