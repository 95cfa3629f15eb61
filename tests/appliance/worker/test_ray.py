"""What a job has under way on Ray ends with it: cancelled, or told to end with its worker."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from appliance.schemas.job import Job, JobState
from tests.appliance.worker.conftest import SHELL, Plant

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.xdist_group("ray")]
SOON = 10


def busy(plant: Plant, job: Job) -> list[psutil.Process]:
    """Wait until two tasks of a job are under way, and return their processes."""
    folder = Path(job.arguments["file"])

    def pids() -> list[str]:
        return [path.read_text() for path in folder.parent.glob(f"{folder.name}.task-*")]

    plant.until(lambda: len([pid for pid in pids() if pid]) == 2)
    return [psutil.Process(int(pid)) for pid in pids()]


def test_cancelling_ends_the_tasks_of_that_job_alone(plant):
    plant.settings |= {"KIZASHI_ENGINE": "ray", "KIZASHI_WORKERS": "4"}
    first, second = (plant.ask(fleet=fleet, pipeline="long") for fleet in ("a", "b"))
    plant.work()
    ours, theirs = busy(plant, first), busy(plant, second)
    plant.jobs.cancel(SHELL, first.id)
    (ended,) = plant.over(first)
    assert ended.state is JobState.CANCELLED
    assert (ended.ended - ended.started).total_seconds() < 60
    assert psutil.wait_procs(ours, timeout=SOON)[1] == []
    assert all(process.is_running() for process in theirs)
    assert plant.jobs.get(second.id).state is JobState.RUNNING
    family = psutil.Process(plant.workers[0].pid).children(recursive=True)
    assert plant.end(0) == 0
    assert psutil.wait_procs([*theirs, *family], timeout=SOON)[1] == []
    assert plant.jobs.get(second.id).state is JobState.RUNNING
