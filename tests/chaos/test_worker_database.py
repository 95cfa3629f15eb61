"""A worker whose database goes away for a while goes on when it is back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.schemas.job import JobState
from tests.appliance.postgres import Server, binaries, serve
from tests.appliance.worker.conftest import Plant
from tests.conftest import skip_or_fail

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgresql")]

AWAY = 20
"""Seconds without a database."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL that no other test uses."""
    programs = binaries()
    if programs is None:
        skip_or_fail("PostgreSQL is not installed (package postgresql)")
    with serve(programs) as made:
        yield made


def test_a_job_at_work_and_the_queue_outlive_a_database_that_is_away(server, tmp_path: Path):
    plant = Plant(tmp_path, server.make("away"))
    gate = plant.home / "gate"
    job = plant.ask(gate=str(gate))
    quick = [plant.ask(fleet=f"f{number}", steps=10) for number in range(20)]
    plant.work()
    plant.running(job, step=2)
    plant.over(*quick[:2])  # so that one is under way now
    server.stop()
    gone = time.monotonic()
    plant.until(lambda: "It is tried again" in plant.said(0).read_text())
    gate.touch()  # the step ends while nothing can be written
    time.sleep(AWAY - (time.monotonic() - gone))
    server.start()
    done, *others = plant.over(job, *quick)
    assert (done.state, done.attempt) == (JobState.SUCCEEDED, 1)
    assert plant.lines(job) == [1, 2, 3]
    for one in others:
        assert (one.state, one.attempt, one.error) == (JobState.SUCCEEDED, 1, "")
        assert plant.lines(one) == list(range(1, 11))
    (later,) = plant.over(plant.ask())
    assert later.state is JobState.SUCCEEDED
    assert plant.end(0) == 0
    assert "Traceback" not in plant.said(0).read_text()
    plant.close()
