"""One identifier from the request to the task: in the log, with the job, and as spans."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.core.trail import following, from_headers
from appliance.schemas.job import Job
from tests.appliance.collector import Collector, collector
from tests.appliance.worker.conftest import Plant

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ray")]
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def asked(plant: Plant, **told: Any) -> Job:
    """Ask for a job as a request does that has an identifier and is traced."""
    with following(from_headers("plant-42-request", TRACE)):
        return plant.ask(**told)


def lines(plant: Plant) -> list[dict[str, Any]]:
    written = plant.said(0).read_text().splitlines()
    return [json.loads(line) for line in written if line.startswith("{")]


@pytest.mark.parametrize("engine", ["local", pytest.param("ray", marks=[pytest.mark.ray])])
def test_the_identifier_goes_with_the_work_wherever_it_runs(plant: Plant, engine: str):
    with collector() as spans:
        plant.settings |= {
            "KIZASHI_ENGINE": engine,
            "KIZASHI_WORKERS": "2",
            "KIZASHI_LOG_FORMAT": "json",
            "KIZASHI_OTLP_ENDPOINT": spans.url,
            "KIZASHI_OTLP_HEADERS": '{"Authorization": "Bearer hunter2"}',
        }
        job = asked(plant, pipeline="telling")
        other = plant.ask(pipeline="toy", steps=1)
        assert other.request.startswith("req_")
        plant.work()
        (ended, _) = plant.over(job, other)
        plant.until(lambda: spans.named("job telling") and spans.named("job toy"))
        assert plant.end(0) == 0  # though a Ray has ended in it
    assert (ended.request, ended.trace) == ("plant-42-request", TRACE)
    _logged(plant, job, other)
    _traced(spans, job)


def _logged(plant: Plant, job: Job, other: Job) -> None:
    own = [one for one in lines(plant) if one.get("request") == "plant-42-request"]
    assert {one["job"] for one in own} == {job.id}
    assert {one["trace"] for one in own} == {TRACE[3:35]}
    (begins,) = [one for one in own if one["message"] == "step 1 begins"]
    assert begins["step"] == "work"
    said = [one for one in own if one["logger"] == "appliance.toys"]
    assert sorted(one["task"] for one in said) == [0, 1]
    assert {one["message"].partition(" has ")[2] for one in said} == {"token=[hidden]"}
    assert {one["step"] for one in said} == {"work"}
    assert any(one.get("request") == other.request for one in lines(plant))
    assert "hunter2" not in plant.said(0).read_text()


def _traced(spans: Collector, job: Job) -> None:
    assert spans.headers[0]["authorization"] == "Bearer hunter2"
    (whole,) = spans.named("job telling")
    (step,) = spans.named("step work")
    tasks = spans.named("task")
    assert (whole.trace, whole.parent) == (TRACE[3:35], TRACE[36:52])
    assert whole.service == "kizashi-worker"
    assert whole.facts["kizashi.job"] == job.id
    assert whole.facts["kizashi.request"] == "plant-42-request"
    assert (step.trace, step.parent) == (whole.trace, whole.id)
    assert [one.parent for one in tasks] == [step.id, step.id]
    assert sorted(one.facts["kizashi.task"] for one in tasks) == [0, 1]
    assert 0 <= tasks[0].seconds <= step.seconds <= whole.seconds
    assert spans.named("job toy")[0].trace != whole.trace
