"""Own pipelines that do not fit: one sentence, with file, step and key."""

from __future__ import annotations

import pytest

from appliance.core.errors import BadFile, InvalidRequest, KizashiError
from appliance.steps import building, writing
from appliance.steps.graph import Known, checked, filled
from appliance.steps.writing import parsed, text_of

KNOWN = Known(frozenset({"x", "y"}), frozenset({"x"}), frozenset({"result"}))
HEAD = "name: p\nparameters: {a: 1}\nsteps:\n"


def check(text: str):
    draft = parsed(HEAD + text, "p.yaml")
    return checked(draft, dict.fromkeys(draft.steps, KNOWN), "p.yaml")


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("  one: {use: 'k:s'}", "p.yaml: step one: with: the input x is missing."),
        (
            "  one: {use: 'k:s', with: {x: 1, z: 2}}",
            "p.yaml: step one: with: there is no input 'z'.",
        ),
        (
            "  one: {use: 'k:s', with: {x: '${parameters.b}'}}",
            "p.yaml: step one: with: x: there is no parameter 'b'.",
        ),
        (
            "  one: {use: 'k:s', with: {x: '${tow}'}}\n  two: {use: 'k:s', with: {x: 1}}",
            "p.yaml: step one: with: x: there is no step 'tow'. Did you mean two?",
        ),
        (
            "  one: {use: 'k:s', with: {x: '${two.speed}'}}\n  two: {use: 'k:s', with: {x: 1}}",
            "p.yaml: step one: with: x: step two: there is no output 'speed'.",
        ),
        (
            (
                "  one: {use: 'k:s', with: {x: '${two}'}}\n"
                "  two: {use: 'k:s', with: {x: '${three}'}}\n"
                "  three: {use: 'k:s', with: {x: '${one}'}}"
            ),
            "p.yaml: the steps one → three → two → one wait for each other.",
        ),
        (
            "  one: {use: 'k:s', with: {x: '${one}'}}",
            "p.yaml: step one: with: x refers to the step itself.",
        ),
        (
            "  one: {use: 'k:s', needs: [two], with: {x: 1}}",
            "step one: needs: there is no step",
        ),
        ("  one: {use: 'k:s', with: {x: '${a.b.c}'}}", "step one: with: x: '${a.b.c}' is no"),
        ("  one: {use: 'k:s', notebook: n}", "p.yaml: step one: say exactly one of use"),
        ("  one: {}", "p.yaml: step one: say exactly one of use"),
        ("  one: {use: 'k:s', speed: 1}", "p.yaml: step one: speed: there is no such key."),
        ("  one: {use: 'k:s', memory: much}", "p.yaml: step one: memory: 'much' is no size"),
        ("  one: {use: 'k:s'}\n  one: {use: 'k:s'}", "p.yaml, line 4: 'one' is there twice."),
        ("  one: &x {use: 'k:s'}\n  two: *x", "p.yaml, line 5: aliases are not read."),
        ("  one: !!python/name:os.system {}", "could not determine a constructor"),
        ("  one: {use: 'k:s'", "p.yaml, line 4: expected"),
    ],
)
def test_what_does_not_fit_is_said(steps, words):
    with pytest.raises(KizashiError) as caught:
        check(steps)
    assert words in str(caught.value)


@pytest.mark.slow
def test_what_is_no_pipeline_is_refused(tmp_path):
    with pytest.raises(BadFile, match="holds no pipeline"):
        parsed("[1, 2]")
    with pytest.raises(BadFile, match="cannot be read"):
        writing.read(tmp_path / "none.yaml")
    (tmp_path / "large.yaml").write_text("a" * (writing.MOST_BYTES + 1))
    with pytest.raises(BadFile, match="more than 256 KiB"):
        writing.read(tmp_path / "large.yaml")
    with pytest.raises(BadFile):
        parsed("[" * 100_000)


def test_steps_come_after_what_they_need():
    graph = check(
        "  four: {use: 'k:s', with: {x: '${two}'}, needs: [three]}\n"
        "  two: {use: 'k:s', with: {x: '${one}'}}\n"
        "  three: {use: 'k:s', with: {x: ['${one}']}}\n"
        "  one: {use: 'k:s', with: {x: no, y: '${parameters.a}'}}"
    )
    assert graph.order == ("one", "two", "three", "four")
    assert set(graph.links) == {
        ("one", "two"),
        ("one", "three"),
        ("two", "four"),
        ("three", "four"),
    }


def test_references_become_what_they_stand_for():
    look = {"parameters": {"a": 1.5}, "one": {"result": [1]}, "two": {"m": "x", "n": 2}}
    told = {"v": "${one}", "w": ["${two.n}", "n=${two.n} ${two.m}"], "p": "${parameters.a}"}
    assert filled(told, look, "p") == {"v": [1], "w": [2, "n=2 x"], "p": 1.5}
    assert filled("${two}", look, "p") == {"m": "x", "n": 2}
    with pytest.raises(InvalidRequest, match="step two gave no z"):
        filled("${two.z}", look, "p")
    with pytest.raises(InvalidRequest, match="only texts and numbers"):
        filled("all: ${one}", look, "p")


def test_python_and_yaml_say_the_same():
    flow = building.Pipeline("weekly", "Each week.", {"factor": 2.0})
    rows = flow.pipeline("rows", "readings")
    mean = flow.use("mean", "sums:mean", values=rows["table"])
    flow.command("tell", ["echo", mean], needs=[rows])
    flow.notebook("page", "weekly", mean=mean["result"], factor=flow.parameter("factor"))
    assert parsed(text_of(flow.draft())) == flow.draft()
    assert parsed(flow.text()).steps["tell"].command == ("echo", "${mean}")
    with pytest.raises(InvalidRequest, match="no parameter 'speed'"):
        flow.parameter("speed")
    with pytest.raises(InvalidRequest, match="has a step mean already"):
        flow.use("mean", "sums:mean")
