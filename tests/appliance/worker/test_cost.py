"""What jobs use is kept by real workers while they run, also of those that are killed."""

from __future__ import annotations

import signal

import pytest
from sqlalchemy import text

from appliance.schemas.job import JobState
from appliance.telemetry.store.costs import CostStore

pytestmark = pytest.mark.slow


def test_each_attempt_of_a_job_is_paid_for_while_it_runs(plant):
    gate = plant.home / "gate"
    job = plant.ask(gate=str(gate))
    plant.work()
    store = CostStore(plant.database)
    plant.until(lambda: bool(store.attempts(job.id)))
    plant.end(0, signal.SIGKILL)
    gate.touch()
    plant.work()
    plant.over(job)
    killed, last = store.attempts(job.id)
    assert (killed.attempt, killed.state) == (1, "running")
    assert killed.used.cpu_seconds > 0
    assert (last.attempt, last.state) == (2, "succeeded")
    told = last.pipeline, last.fleet, last.project, last.by
    assert told == ("toy", "pumps", "default", "shell:root")
    assert last.used.peak_bytes > 10**7
    assert last.amount > 0
    assert last.wall_seconds > 0
    assert last.expected is not None
    assert last.expected.by == "prior"


def test_a_job_whose_cost_cannot_be_noted_ends_all_the_same(plant):
    """Whatever goes wrong at its end: it would count as at work for ever."""
    with plant.database.session() as session:
        session.execute(
            text(
                "CREATE TRIGGER refused BEFORE INSERT ON cost_runs "
                "BEGIN SELECT RAISE(ABORT, 'no more costs'); END"
            )
        )
    job = plant.ask()
    plant.work()
    [ended] = plant.over(job)
    assert ended.state is JobState.FAILED
    assert "no more costs" in ended.error
    after = plant.ask(fleet=None)
    assert plant.over(after)[0].state is JobState.FAILED  # the worker goes on
