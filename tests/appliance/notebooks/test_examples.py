"""The examples that are shipped: each is executed as an analyst would."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from appliance.notebooks.executing import Executed, execute

pytestmark = pytest.mark.slow
EXAMPLES = files("appliance.notebooks") / "examples"


def run(name: str) -> Executed:
    done = execute((EXAMPLES / name).read_bytes(), {}, timeout=280, environment={})
    assert done.error == ""
    return done


def test_from_files_to_events() -> None:
    done = run("01-from-files-to-events.ipynb")
    assert done.results["machines"] == ["P-2"]
    assert done.results["highest"] > 3


def test_an_own_detector() -> None:
    done = run("03-own-detector.ipynb")
    assert done.results["detector"] == "spread"
    assert done.results["alarms"] > 20


def test_they_are_shipped_without_outputs_in_both_languages() -> None:
    names = sorted(one.name for one in EXAMPLES.iterdir() if one.name.endswith(".ipynb"))
    assert len(names) == 3
    for name in names:
        cells = json.loads((EXAMPLES / name).read_text("utf-8"))["cells"]
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
        words = "".join(
            "".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"
        )
        assert any("\u3040" <= sign <= "\u30ff" for sign in words), name
