"""The shell offers the names of fleets, and stays quiet where there are none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT

Offer = Callable[..., list[str]]


@pytest.fixture
def offer(tmp_path: Path) -> Offer:
    """Return a function that presses TAB after some words, as bash does."""

    def press(words: str, **environment: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "appliance.cli.main"],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "HOME": str(tmp_path),
                "_KIZASHI_COMPLETE": "complete_bash",
                "COMP_WORDS": f"kizashi {words}",
                "COMP_CWORD": str(len(words.split(" "))),
                **environment,
            },
            capture_output=True,
            text=True,
        )
        assert done.stderr == ""
        return done.stdout.split()

    return press


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("pumps", "presses", "fans"):
        (tmp_path / "home" / "lake" / "readings" / name).mkdir(parents=True)
    return tmp_path / "home"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("train p", ["presses", "pumps"]),
        ("score f", ["fans"]),
        ("events x", []),
        ("calendar list ", ["fans", "presses", "pumps"]),
        ("ingest x.csv --fleet pu", ["pumps"]),
        ("jobs ask train pr", ["presses"]),
        ("sched", ["schedule"]),
    ],
)
def test_names_of_fleets(words: str, offered: list[str], offer: Offer, home: Path) -> None:
    assert offer(words, KIZASHI_HOME=str(home)) == offered


@pytest.mark.slow
def test_nothing_where_nothing_is(offer: Offer, home: Path) -> None:
    assert offer("train p", KIZASHI_HOME=f"{home}-elsewhere") == []
    assert offer("train p", KIZASHI_HOME=str(home), KIZASHI_PORT="none") == []
    assert offer("train p", KIZASHI_URL="http://127.0.0.1:1") == []
    assert offer("train p", KIZASHI_URL="nowhere") == []
    assert offer(f"--home {home} train p", KIZASHI_HOME="/nowhere") == ["presses", "pumps"]
