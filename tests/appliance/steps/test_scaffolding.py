"""Packages that are begun by `kizashi new` pass their suites at once, and can be registered."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.core.errors import Conflict, InvalidRequest
from appliance.pipelines.own_code import register
from appliance.steps.registering import packed
from appliance.steps.scaffolding import KINDS, scaffold
from tests.appliance.steps.conftest import ROOT, Made

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_its_tests_pass_at_once(kind: str, tmp_path: Path):
    made = scaffold(kind, f"my-{kind}", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=made[0].parent,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3_000:]
    assert " passed" in done.stdout


@pytest.mark.slow
def test_a_step_that_was_begun_is_registered_as_it_is(made: Made):
    folder = scaffold("step", "vary", made.folder)[0].parent
    file, data = packed(folder)
    assert (file, data) == packed(folder), "the same folder gave other bytes"
    code = register(made.site, ROOT, file, data)
    assert (code.name, code.version, [one.name for one in code.steps]) == (
        "vary",
        "0.1.0",
        ["vary"],
    )
    assert code.steps[0].inputs["table"] == {"type": "string", "format": "table"}
    made.pipeline((folder / "pipeline.yaml").read_text())


def test_what_cannot_be_begun_is_refused(tmp_path: Path):
    with pytest.raises(InvalidRequest, match="cannot be made new"):
        scaffold("model", "x", tmp_path)
    for name in ("1st", "../x", "Spread", "a b", "-", "x" * 60):
        with pytest.raises(InvalidRequest, match="no name for a package"):
            scaffold("step", name, tmp_path)
    scaffold("step", "vary", tmp_path)
    with pytest.raises(Conflict, match="is there already"):
        scaffold("step", "vary", tmp_path)
