"""The tutorial of an own detector, in an environment into which it is really installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, commands, pages

pytestmark = pytest.mark.slow

PAGE = "docs/tutorial/own-detector.md"
_PROGRAMS = {
    "kizashi": 'exec "{own}/bin/python" -m appliance.cli.main "$@"',
    "pip": 'exec "{python}" -m pip --python "{own}/bin/python" "$@"',
}


@pytest.fixture
def environment(tmp_path: Path, place: Path) -> dict[str, str]:
    """Make an environment that finds all that this one has; return its variables."""
    own = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(own)], check=True)
    (site,) = (own / "lib").glob("python*/site-packages")
    found = [path for path in sys.path if path.endswith("site-packages")]
    (site / "this.pth").write_text("\n".join([*found, str(ROOT)]) + "\n")
    for name, text in _PROGRAMS.items():
        path = own / "bin" / name
        path.write_text(f"#!/bin/sh\n{text.format(own=own, python=sys.executable)}\n")
        path.chmod(0o755)
    path = f"{own / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def test_it_leads_to_events(place: Path, environment: dict[str, str]) -> None:
    page = next(one for one in pages() if one.name == PAGE)
    for block in page.blocks:
        for command in commands(block) if block.language == "console" else ():
            done = subprocess.run(
                ["bash", "-eu", "-c", command.text],
                cwd=place,
                env=environment,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, f"{command.text}: {done.stdout}{done.stderr}"
            for line in command.shown:
                if line.strip() not in ("", "…"):
                    assert " ".join(line.split()) in " ".join(done.stdout.split())
    told = subprocess.run(
        ["kizashi", "events", "pumps", "--json"],
        cwd=place,
        env=environment,
        capture_output=True,
        check=True,
    )
    events = json.loads(told.stdout)
    assert events[0]["asset"] == "P-2"
    assert events[0]["sensors"][0]["name"] == "vibration"
