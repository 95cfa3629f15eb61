"""Notebooks executed in a process of their own: what they give, show, and fail with."""

from __future__ import annotations

import json
import threading

import nbformat
import psutil
import pytest

from appliance.core.errors import BadFile, Cancelled, InvalidRequest
from appliance.notebooks.executing import execute

pytestmark = pytest.mark.slow


def notebook(*cells: str) -> bytes:
    """A notebook; its first cell holds the parameters."""
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    made.cells[0].metadata["tags"] = ["parameters"]
    words = "# Drift\n![elsewhere](https://elsewhere.example/one.png)"
    made.cells.insert(0, nbformat.v4.new_markdown_cell(words))
    return nbformat.writes(made).encode()


def test_parameters_go_in_and_results_come_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIZASHI_DATABASE_URL", "postgresql://secret")
    done = execute(
        notebook(
            "fleet, limit = 'fans', 1",
            "import os, numpy\nimport appliance as kizashi\n"
            "kizashi.results.give('twice', 2 * limit)\n"
            "kizashi.results.give('fleet', {'name': fleet, 'n': numpy.int64(3)})\n"
            "kizashi.results.give('seen', sorted(k for k in os.environ if 'KIZASHI' in k))",
            "from IPython.display import HTML\nHTML('<script>document.title=1</script>')",
            "import subprocess\n"
            "child = subprocess.Popen(['sleep', '300'], start_new_session=True)\n"
            "kizashi.results.give('child', child.pid)",
        ),
        {"fleet": 'pu"mps\n', "limit": 21},
        timeout=240,
        environment={"KIZASHI_TOKEN_FILE": "/nowhere"},
    )
    assert done.error == ""
    child = done.results["child"]
    assert {**done.results, "child": 0} == {
        "twice": 42,
        "fleet": {"name": 'pu"mps\n', "n": 3},
        "seen": ["KIZASHI_TOKEN_FILE"],
        "child": 0,
    }
    assert not psutil.pid_exists(child), "what a notebook started ends with it"
    page = done.html.decode()
    head = page[: page.index("<style")]
    assert "default-src 'none'" in head
    assert "<script" not in head
    assert 'src="http' not in page.replace('src="https://elsewhere.example', "")
    cells = json.loads(done.ipynb)["cells"]
    assert "limit = 21" in "".join(cells[2]["source"])
    assert any(cell.get("outputs") for cell in cells)


def test_a_failed_cell_is_told_in_one_sentence_and_what_ran_is_kept() -> None:
    done = execute(
        notebook("x = 1", "print('so far')", "# why\nraise ValueError('no such fleet.\\nx')"),
        {},
        timeout=240,
        environment={},
    )
    assert done.error == (
        "Cell [3] failed: ValueError: no such fleet "
        "(the cell begins “raise ValueError('no such fleet.\\nx')”)."
    )
    assert b"so far" in done.ipynb
    assert b"so far" in done.html


def test_time_runs_out() -> None:
    done = execute(
        notebook("import threading", "threading.Event().wait()"), {}, timeout=8, environment={}
    )
    assert "had not ended when the time was over (8 s)" in done.error
    assert done.html


def test_somebody_stops_it() -> None:
    asked = threading.Event()
    asked.set()
    with pytest.raises(Cancelled):
        execute(notebook("1"), {}, timeout=240, environment={}, stopped=asked.is_set)
    assert not [
        one for one in psutil.Process().children(recursive=True) if "executor" in one.cmdline()
    ]


def test_what_cannot_be_executed_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="cannot be a parameter"):
        execute(notebook("1"), {"x = 1; y": 1}, timeout=9, environment={})
    with pytest.raises(InvalidRequest, match="nothing that JSON holds"):
        execute(notebook("1"), {"x": object()}, timeout=9, environment={})
    with pytest.raises(BadFile, match="cannot be read as a notebook"):
        execute(b"not one", {}, timeout=240, environment={})
