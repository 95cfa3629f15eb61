"""Real workers run jobs to their end: killed, told to end, two at once, asked to stop."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from sqlalchemy import update

from appliance.jobs.store.tables import JobRow
from appliance.schemas.job import JobState
from tests.appliance.worker.conftest import SHELL

pytestmark = pytest.mark.slow


def test_a_job_is_run_and_told_of(plant):
    job = plant.ask()
    plant.work()
    (done,) = plant.over(job)
    assert (done.state, done.result) == (JobState.SUCCEEDED, {"numbers": [1, 2, 3]})
    assert done.attempt == 1
    assert [(s.name, s.state, s.done, s.total, s.output) for s in done.steps] == [
        (f"step {n}", JobState.SUCCEEDED, 2, 2, {"number": n}) for n in (1, 2, 3)
    ]
    told = [line.text for line in plant.jobs.log(job.id)]
    assert told[0].startswith(f"begun by {done.worker}")
    assert told[1:] == ["part 1: 2", "part 2: 2", "part 3: 2", "succeeded"]
    assert [line.number for line in plant.jobs.log(job.id, after=3)] == [4, 5]


@pytest.mark.parametrize(
    ("death", "lines"),
    [({"die_in": 1}, [1, 1, 2, 3]), ({"die_after": 2}, [1, 2, 2, 3])],
)
def test_killed_in_a_step_it_goes_on_at_that_step(either_plant, death, lines):
    job = either_plant.ask(**death)
    either_plant.work()
    either_plant.dead()
    assert either_plant.jobs.get(job.id).state is JobState.RUNNING
    either_plant.work()
    (done,) = either_plant.over(job)
    assert (done.state, done.attempt) == (JobState.SUCCEEDED, 2)
    assert either_plant.lines(job) == lines


def test_told_to_end_it_leaves_its_jobs_to_the_next(plant):
    gate = plant.home / "gate"
    job = plant.ask(gate=str(gate))
    plant.work()
    plant.running(job, step=2)
    assert plant.end(0) == 0
    gate.touch()
    plant.work("--name", "another")
    (done,) = plant.over(job)
    assert (done.state, done.attempt) == (JobState.SUCCEEDED, 2)
    assert done.worker.startswith("another")
    assert plant.lines(job) == [1, 2, 2, 3]


def test_the_jobs_of_a_worker_that_never_comes_back_are_taken_over(either_plant):
    either_plant.settings["TOY_PATIENCE"] = "2"
    gate = either_plant.home / "gate"
    job = either_plant.ask(gate=str(gate))
    either_plant.work("--name", "gone")
    either_plant.running(job, step=2)
    either_plant.end(0, signal.SIGKILL)
    either_plant.work("--name", "heir")
    either_plant.until(lambda: (either_plant.jobs.get(job.id).worker or "").startswith("heir"))
    gate.touch()
    (done,) = either_plant.over(job)
    assert done.state is JobState.SUCCEEDED
    assert either_plant.lines(job) == [1, 2, 2, 3]


def test_a_worker_that_was_taken_for_dead_ends_and_changes_nothing(plant):
    plant.settings["TOY_PATIENCE"] = "2"
    gate = plant.home / "gate"
    job = plant.ask(gate=str(gate))
    plant.work("--name", "asleep")
    plant.running(job, step=2)
    plant.workers[0].send_signal(signal.SIGSTOP)
    plant.work("--name", "heir")
    plant.until(lambda: (plant.jobs.get(job.id).worker or "").startswith("heir"))
    gate.touch()
    plant.over(job)
    plant.workers[0].send_signal(signal.SIGCONT)
    assert plant.workers[0].wait(timeout=30) == 1
    plant.workers.pop(0)
    done = plant.jobs.get(job.id)
    assert (done.state, done.attempt) == (JobState.SUCCEEDED, 2)
    assert done.worker.startswith("heir")


def test_two_workers_on_one_queue_do_no_job_twice(either_plant):
    either_plant.work()
    either_plant.work()
    for number in range(2):
        either_plant.until(lambda at=number: "ready" in either_plant.said(at).read_text())
    jobs = [either_plant.ask(fleet=f"f{number % 7}", steps=2) for number in range(40)]
    done = either_plant.over(*jobs)
    assert {job.state for job in done} == {JobState.SUCCEEDED}
    assert len({job.worker.split(".")[0] for job in done}) == 2
    assert all(either_plant.lines(job) == [1, 2] for job in jobs)


def test_one_name_has_one_worker(plant):
    plant.work("--name", "one")
    plant.until(lambda: "ready" in plant.said(0).read_text())
    plant.work("--name", "one")
    assert plant.workers.pop().wait(timeout=30) == 1
    assert "worker one is running already" in plant.said(1).read_text()


# ---------------------------------------------------------------- stopped and begun anew
def test_a_cancelled_job_stops_soon_and_goes_on_where_it_stood(plant):
    gate = plant.home / "gate"
    job = plant.ask(gate=str(gate))
    plant.work()
    plant.running(job, step=2)
    assert plant.jobs.cancel(SHELL, job.id).state is JobState.CANCELLING
    (ended,) = plant.over(job)
    assert (ended.state, ended.error) == (JobState.CANCELLED, "somebody asked for its end.")
    assert [step.state for step in ended.steps] == [JobState.SUCCEEDED, JobState.CANCELLED]
    gate.touch()
    assert plant.jobs.retry(SHELL, job.id).state is JobState.QUEUED
    (done,) = plant.over(job)
    assert (done.state, done.attempt, done.error) == (JobState.SUCCEEDED, 2, "")
    assert plant.lines(job) == [1, 2, 2, 3]


def test_a_job_asked_to_end_while_no_worker_lives_ends_with_the_next(plant):
    job = plant.ask(die_in=2)
    plant.work()
    plant.dead()
    plant.jobs.cancel(SHELL, job.id)
    plant.work()
    (ended,) = plant.over(job)
    assert ended.state is JobState.CANCELLED
    assert plant.lines(job) == [1, 2]


def test_a_failed_job_says_what_to_do_and_is_retried_from_its_failed_step(plant):
    job = plant.ask(fail_in=2)
    plant.work()
    (ended,) = plant.over(job)
    assert (ended.state, ended.error) == (JobState.FAILED, "it cannot be.")
    assert ended.remedy == "Be good."
    assert ended.steps[1].error == "it cannot be. Be good."
    Path(f"{job.arguments['file']}.good").touch()
    plant.jobs.retry(SHELL, job.id)
    (done,) = plant.over(job)
    assert done.state is JobState.SUCCEEDED
    assert plant.lines(job) == [1, 2, 2, 3]


def test_what_may_pass_is_tried_again_and_told(plant):
    passing, lasting = plant.ask(again=2), plant.ask(again=9)
    plant.work()
    passed, failed = plant.over(passing, lasting)
    assert passed.state is JobState.SUCCEEDED
    assert plant.lines(passing) == [1, 2, 2, 2, 3]
    told = [line.text for line in plant.jobs.log(passing.id) if line.level == "warning"]
    assert told[0] == "somebody was in the way. Tried again in 0.01 s."
    assert (failed.state, failed.error) == (JobState.FAILED, "somebody was in the way.")
    assert plant.lines(lasting) == [1, 2, 2, 2, 2]


def test_a_job_that_takes_too_long_has_failed(plant):
    job = plant.ask(pipeline="hasty", gate=str(plant.home / "never"))
    plant.work()
    (ended,) = plant.over(job)
    assert (ended.state, ended.error) == (JobState.FAILED, "it took longer than it may.")


def test_a_job_that_kills_its_worker_again_and_again_is_given_up(plant):
    job = plant.ask(die_in=1)
    plant.work()
    plant.dead()
    with plant.database.session() as session:
        session.execute(update(JobRow).values(deaths=4))
    plant.work()
    (ended,) = plant.over(job)
    assert ended.state is JobState.FAILED
    assert "5 workers were lost" in ended.error
