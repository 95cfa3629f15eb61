"""`kizashi code`, `kizashi pipeline` and `kizashi new`, as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.appliance.cli.conftest import Kizashi

MODULE = '''
import appliance as kizashi


@kizashi.step(memory="1GB")
def twice(value: float, note: str = "") -> float:
    """Twice a value."""
    return 2 * value
'''
PIPELINE = """
name: doubling
summary: Twice.
parameters: {value: }
steps:
  it: {use: "doubles:twice", with: {value: "${parameters.value}"}}
"""


@pytest.mark.slow
def test_from_a_module_to_a_job(kizashi: Kizashi, home: Path):
    assert "No code is registered" in kizashi("code", "list").out
    Path("doubles.py").write_text(MODULE)
    Path("doubling.yaml").write_text(PIPELINE)
    early = kizashi("pipeline", "check", "doubling.yaml")
    assert (early.status, "step it: use: no code is registered" in early.err) == (2, True)
    told = kizashi("code", "add", "doubles.py", "--version", "1.2")
    assert (told.status, "doubles 1.2 is registered: steps: twice." in told.out) == (0, True)
    assert "twice" in kizashi("code", "list").out
    shown = kizashi("code", "show", "doubles").out
    assert "value, note?" in shown
    assert "1 GB" in shown
    assert "doubling is fine: it." in kizashi("pipeline", "check", "doubling.yaml").out
    assert "doubling: 1 steps, revision 1." in kizashi("pipeline", "add", "doubling.yaml").out
    assert "Twice." in kizashi("pipeline", "list").out
    Path("again.yaml").write_text(kizashi("pipeline", "show", "doubling").out)
    assert kizashi("pipeline", "check", "again.yaml").status == 0
    missing = kizashi("pipeline", "run", "doubling")
    assert (missing.status, "the parameter value must be given" in missing.err) == (2, True)
    asked = kizashi("pipeline", "run", "doubling", "--set", "value=4", "--json")
    job = json.loads(asked.out)
    assert (job["pipeline"], job["state"]) == ("run", "queued")
    assert job["arguments"] == {"name": "doubling", "parameters": {"value": 4}}
    none = kizashi("pipeline", "result", job["id"], "it", "x.txt")
    assert (none.status, "gave no file x.txt" in none.err) == (1, True)
    assert "removed" in kizashi("pipeline", "remove", "doubling").out
    assert "removed" in kizashi("code", "remove", "doubles").out
    assert kizashi("code", "show", "doubles").status == 1


def test_a_package_is_begun(kizashi: Kizashi):
    made = json.loads(kizashi("new", "step", "vary", "--into", "mine", "--json").out)
    assert [Path(one).name for one in made] == [
        "pyproject.toml",
        "vary.py",
        "test_vary.py",
        "pipeline.yaml",
    ]
    assert kizashi("new", "step", "vary", "--into", "mine").status == 1
    assert kizashi("new", "wings", "vary").status == 2
