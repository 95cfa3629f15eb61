"""A run in a real worker: what goes at once, what a killed worker leaves, what is cancelled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from appliance.access import shell
from appliance.jobs import Jobs
from appliance.pipelines.own_code import put
from appliance.schemas.job import JobState
from appliance.steps.writing import parsed
from tests.appliance.steps.conftest import bare_site
from tests.appliance.worker.conftest import Plant

GATED = """
name: gated
parameters: {gate: }
steps:
  first: {command: [sh, -c, "echo begun; sleep 0; echo '{\\"n\\": 1}' > outputs.json"]}
  waits:
    command: [sh, -c, 'until [ -e "$0" ]; do sleep 0.05; done', "${parameters.gate}"]
    needs: [first]
  beside: {command: [sh, -c, "echo '{\\"n\\": 2}' > outputs.json"], needs: [first]}
  last:
    command: [sh, -c, 'echo "{\\"n\\": $0}" > outputs.json', "${beside.n}"]
    needs: [waits]
"""


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """A home with the pipeline `gated`, and no worker yet."""
    home = tmp_path / "home"
    site = bare_site(home)
    put(site, shell("root"), parsed(GATED))
    made = Plant(home, f"sqlite:///{home / 'kizashi.db'}")
    made.jobs = site.jobs
    yield made
    made.close()
    site.close()


def ask(plant: Plant, gate: Path):
    from appliance.schemas.job import JobRequest

    arguments = {"name": "gated", "parameters": {"gate": str(gate)}}
    request = JobRequest(pipeline="run", arguments=arguments)
    return plant.jobs.ask(shell("root"), request)


def states(jobs: Jobs, job: str) -> dict[str, JobState]:
    return {one.name: one.state for one in jobs.get(job).steps}


@pytest.mark.slow
def test_a_killed_worker_leaves_what_is_done_and_what_goes_at_once(plant: Plant, tmp_path):
    gate = tmp_path / "gate"
    job = ask(plant, gate).id
    plant.work(module="appliance.worker")
    wanted = {"waits": JobState.RUNNING, "beside": JobState.SUCCEEDED}
    plant.until(lambda: wanted.items() <= states(plant.jobs, job).items())
    left = psutil.Process(plant.workers[0].pid).children(recursive=True)
    assert left
    plant.end(0, 9)
    psutil.wait_procs(left, timeout=30)
    assert not any(one.is_running() for one in left), "a step outlived its worker"
    gate.touch()
    plant.work(module="appliance.worker")
    plant.until(lambda: plant.jobs.get(job).state.over)
    told = plant.jobs.get(job)
    assert told.state is JobState.SUCCEEDED, told.error
    assert set(states(plant.jobs, job).values()) == {JobState.SUCCEEDED}
    assert told.result["outputs"]["last"]["values"] == {"n": 2}
    said = [line.text for line in plant.jobs.log(job)]
    counts = {name: said.count(f"{name} begins") for name in ("first", "beside", "last")}
    assert counts == {"first": 1, "beside": 1, "last": 1}
    assert said.count("waits begins") == 2
    assert "first: begun" in said


@pytest.mark.slow
def test_a_cancelled_run_ends_its_processes(plant: Plant, tmp_path):
    job = ask(plant, tmp_path / "never").id
    plant.work(module="appliance.worker")
    plant.until(lambda: states(plant.jobs, job).get("waits") is JobState.RUNNING)
    worker = psutil.Process(plant.workers[0].pid)
    plant.until(lambda: any("until" in " ".join(one.cmdline()) for one in family(worker)))
    plant.jobs.cancel(shell("root"), job)
    plant.until(lambda: plant.jobs.get(job).state.over)
    assert plant.jobs.get(job).state is JobState.CANCELLED
    plant.until(lambda: not family(worker))
    assert states(plant.jobs, job)["waits"] is JobState.CANCELLED
    assert "last" not in states(plant.jobs, job)
    assert os.getpid() != worker.pid


def family(worker: psutil.Process) -> list[psutil.Process]:
    found = []
    for one in worker.children(recursive=True):
        try:
            if "appliance.steps.runner" in " ".join(one.cmdline()) or one.name() == "sh":
                found.append(one)
        except psutil.NoSuchProcess:
            continue
    return found
