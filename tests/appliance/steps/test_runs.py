"""Own pipelines run: functions, files, tables, programs, in processes that know no secret."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from appliance.core.errors import InvalidRequest, KizashiError
from appliance.objects import shelf
from appliance.schemas.progress import Silent
from tests.appliance.steps.conftest import Made

ALL = """
name: all
parameters: {values: [1.0, 2.0, 6.0], factor: 2.0}
steps:
  mean: {use: "sums:mean", with: {values: "${parameters.values}"}}
  spread: {use: "sums:spread", with: {values: "${parameters.values}"}}
  table: {use: "sums:table", with: {rows: 4}}
  total: {use: "sums:total", with: {frame: "${table}", factor: "${parameters.factor}"}}
  page: {use: "sums:page", with: {value: "${spread.high}"}, needs: [total]}
  length: {use: "sums:length", with: {file: "${page.result}"}}
  told:
    command:
    - sh
    - -c
    - 'echo "{\\"seen\\": $MEAN}" > outputs.json; cp "$0" outputs/copy.txt'
    - ${page}
    environment: {MEAN: "${mean}"}
  secrets: {use: "sums:secrets"}
"""


@pytest.mark.slow
def test_what_steps_give_is_handed_on(summing: Made, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sesame")
    made = summing.pipeline(ALL)
    assert made.order.index("table") < made.order.index("total") < made.order.index("page")
    given = summing.run("all").outputs
    assert given["mean"].values == {"result": 3.0}
    assert given["spread"].values == {"low": 1.0, "high": 6.0}
    assert given["total"].values == {"result": 12.0}
    assert given["length"].values == {"result": len("value 6.0")}
    assert given["told"].values["seen"] == 3.0
    assert given["secrets"].values == {"result": []}
    place = shelf(summing.site.settings.place("runs"))
    assert place.read(given["told"].files["copy.txt"]) == b"value 6.0"
    key = given["table"].files["result.parquet"]
    assert pl.read_parquet(place.read(key))["n"].to_list() == [0, 1, 2, 3]
    told = given["table"].values["result"]
    assert (told["file"], told["bytes"]) == ("result.parquet", len(place.read(key)))


@pytest.mark.slow
def test_a_step_that_fails_is_told_in_one_sentence(summing: Made):
    summing.pipeline("name: bad\nsteps: {it: {use: 'sums:bad'}}")
    with pytest.raises(
        KizashiError, match=r"step it failed: ValueError: there is no wind \(sums"
    ):
        summing.run("bad")
    summing.pipeline("name: kind\nsteps: {it: {use: 'sums:mean', with: {values: [1, two]}}}")
    with pytest.raises(InvalidRequest, match=r"step it: values\.1 cannot be used"):
        summing.run("kind")
    summing.pipeline("name: no\nsteps: {it: {command: [sh, -c, 'echo no wind >&2; exit 3']}}")
    with pytest.raises(InvalidRequest, match="step it: sh ended with status 3: no wind"):
        summing.run("no")
    summing.pipeline("name: late\nsteps: {it: {command: [sleep, '60'], timeout: 0.2}}")
    with pytest.raises(KizashiError, match=r"step it: it took longer than 0\.2 s"):
        summing.run("late")


@pytest.mark.slow
def test_what_a_step_gave_is_not_done_again(summing: Made):
    clock = """'echo "{\\"at\\": $(date +%s%N)}" > outputs.json'"""
    summing.pipeline(f"name: once\nsteps: {{it: {{command: [sh, -c, {clock}]}}}}")
    first, again, other = (
        summing.run("once", job=job).outputs["it"].values["at"]
        for job in ("job_once", "job_once", "job_other")
    )
    assert first == again != other


@pytest.mark.slow
def test_a_file_may_be_called_as_what_is_kept_of_a_step(summing: Made):
    summing.pipeline("""
name: named
steps:
  gives: {command: [sh, -c, "echo mine > outputs/output.json; echo 2 > outputs/it.json"]}
  takes: {command: [cat, "${gives.output_json}"], needs: [gives]}
""")
    given = summing.run("named", job="job_named").outputs["gives"]
    place = shelf(summing.site.settings.place("runs"))
    assert place.read(given.files["output.json"]) == b"mine\n"
    assert summing.run("named", job="job_named").outputs["gives"] == given


class Waiting(Silent):
    """Opens a gate when a line was told, which the step waits for."""

    def __init__(self, gate: Path) -> None:
        self.told: list[str] = []
        self._gate = gate

    def note(self, text: str) -> None:
        self.told.append(text)
        if text == "it: one":
            self._gate.touch()


@pytest.mark.slow
def test_lines_of_a_step_are_told_while_it_runs_and_each_once(summing: Made, tmp_path: Path):
    script = "echo one; until [ -e $0 ]; do sleep 0.05; done; echo two; seq 300 | sed s/^/n/"
    gate = tmp_path / "gate"
    summing.pipeline(
        f"name: slow\nsteps: {{it: {{command: [sh, -c, '{script}', '{gate}'], timeout: 60}}}}"
    )
    progress = Waiting(gate)
    summing.run("slow", job="job_slow", progress=progress)
    told = [text.removeprefix("it: ") for text in progress.told if text.startswith("it: ")]
    assert told[0] == "one"
    assert told[-1] == "n300"
    assert len(told) == len(set(told))
    place = shelf(summing.site.settings.place("runs"))
    assert not [one.key for one in place.entries("job_slow") if one.key.endswith(".lines")]
