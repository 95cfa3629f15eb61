"""What jobs use is kept by real workers while they run, also of those that are killed."""

from __future__ import annotations

import signal

import pytest

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
