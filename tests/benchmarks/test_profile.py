"""Flame graphs: stacks added up, drawn, and taken of real work with its memory by stage."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks.harness.processes import SideFailed
from benchmarks.profile import run as profile
from benchmarks.profile.flames import NoSamples, calls, svg
from tests.conftest import skip_or_fail

STACKS = (
    "main (side.py:1);measured (sides/profiled.py:9);fit (a/b/kernels/trees.py:3) 6",
    "main (side.py:1);measured (sides/profiled.py:9);fit (kernels/trees.py:8);<low> (x.py:1) 3",
    "main (side.py:1);measured (sides/profiled.py:9);read (lake/chunks.py:5) 1",
    "other (elsewhere.py:1) 50",
)
_SVG = "{http://www.w3.org/2000/svg}"


def test_stacks_are_added_up_below_one_function() -> None:
    top = calls(STACKS, "measured")
    assert top.samples == 10
    (measured,) = top.below.values()
    # Lines of one function are one call; of its path the file and its folder are told.
    assert {name: call.samples for name, call in measured.below.items()} == {
        "fit (kernels/trees.py)": 9,
        "read (lake/chunks.py)": 1,
    }
    assert measured.below["fit (kernels/trees.py)"].below["<low> (x.py)"].samples == 3
    with pytest.raises(NoSamples, match="nothing"):
        calls(STACKS, "nothing")


def test_each_call_is_a_box_as_wide_as_its_share() -> None:
    tree = ET.fromstring(svg(calls(STACKS, "measured"), "Where <time> goes"))
    boxes = {
        box.find(f"{_SVG}title").text: float(box.find(f"{_SVG}rect").get("width"))  # type: ignore[union-attr, arg-type]
        for box in tree.iter(f"{_SVG}g")
    }
    assert boxes["measured (sides/profiled.py): 100.0%"] == pytest.approx(1200, abs=1)
    assert boxes["fit (kernels/trees.py): 90.0%"] == pytest.approx(1080, abs=1)
    assert boxes["<low> (x.py): 30.0%"] == pytest.approx(360, abs=1)
    rare = (*STACKS, "measured (sides/profiled.py:9);rare (y.py:1) 1")
    many = svg(calls([*rare, "measured (sides/profiled.py:9) 989"], "measured"), "")
    assert "rare" not in many


@pytest.mark.slow
@pytest.mark.parametrize("what", ["fit", "score", "ingest", "online"])
def test_real_work_is_drawn(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "flames.svg"
    given = [what, "--quick", "--json", "--out", str(out), "--scratch", str(tmp_path)]
    try:
        assert profile.main([*given, "--rate", "250", "--seconds", "2"]) == 0
    except SideFailed as error:
        if "ermission" not in str(error):
            raise
        skip_or_fail("py-spy may not look into other processes here")
    shown = out.read_text()
    assert ET.fromstring(shown).tag == f"{_SVG}svg"
    inside = {
        "fit": "fit_fleet",
        "score": "score_fleet",
        "ingest": "ingest",
        "online": "wire.py",
    }
    assert inside[what] in shown
    if what in ("fit", "score"):
        told = json.loads(capsys.readouterr().out)
        assert told["before_mb"] > 30
        assert all(one["most_mb"] > 30 for one in told["stages"].values())
        assert set(told["stages"]) > {"the rest"}
