"""Workers take jobs in turn, each once, one a lane, and those of the dead first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance.core.errors import NotFound
from appliance.jobs.store.claims import ClaimStore
from appliance.jobs.store.runs import MOST_LINES, RunStore, Told
from appliance.jobs.store.workers import WorkerStore
from appliance.schemas.job import JobRequest, JobState
from tests.appliance.jobs.conftest import SHELL, score


@pytest.fixture
def claims(database) -> ClaimStore:
    return ClaimStore(database)


@pytest.fixture
def workers(database, clock) -> WorkerStore:
    store = WorkerStore(database)
    for name in ("w1", "w2"):
        store.enter(name, name, 1, clock.at)
    return store


@pytest.fixture
def plant(access):
    """Two projects beside the default one, each with its fleets."""
    for project in ("line2", "line3"):
        access.projects.add(SHELL, project)
        for number in range(9):
            access.projects.assign(SHELL, f"{project}-{number}", project)
    return access


def drained(claims, database, clock, count: int) -> list[str]:
    """Return the projects of jobs in the order in which one worker runs them to their end."""
    order, runs = [], RunStore(database, "w1")
    for _ in range(count):
        clock.pass_by(seconds=1)
        claim = claims.claim("w1", clock.at)
        order.append(claim.job)
        runs.end(claim.job, JobState.SUCCEEDED, clock.at, Told())
    return order


@pytest.mark.slow
def test_projects_take_turns_however_much_one_asks_for(jobs, claims, database, plant, clock):
    for number in range(6):
        jobs.ask(SHELL, score(f"pump-{number}"))
    for project in ("line2", "line3"):
        for number in range(2):
            jobs.ask(SHELL, score(f"{project}-{number}"))
    names = {job.id: job.project for job in jobs.list()}
    order = [names[job] for job in drained(claims, database, clock, 10)]
    assert {*order[:3]} == {*order[3:6]} == {"default", "line2", "line3"}
    assert order[6:] == ["default"] * 4
    assert claims.claim("w1", clock.at) is None


@pytest.mark.slow
def test_the_project_with_the_fewest_jobs_at_work_is_first(jobs, claims, plant, clock):
    for number in range(4):
        jobs.ask(SHELL, score(f"pump-{number}"))
    claims.claim("w1", clock.at)
    clock.pass_by(seconds=1)
    late = jobs.ask(SHELL, score("line2-1"))
    assert claims.claim("w2", clock.at).job == late.id


def test_within_a_project_the_oldest_is_first_unless_its_lane_is_taken(jobs, claims, clock):
    first, second = jobs.ask(SHELL, score("a")), jobs.ask(SHELL, score("a"))
    train = jobs.ask(SHELL, JobRequest(pipeline="train", fleet="a"))
    third = jobs.ask(SHELL, score("b"))
    taken = [claims.claim("w1", clock.at).job for _ in range(3)]
    assert taken == [first.id, train.id, third.id]
    assert claims.claim("w2", clock.at) is None
    assert jobs.get(second.id).state is JobState.QUEUED


def test_of_many_workers_each_job_goes_to_one(jobs, claims, clock):
    wanted = {jobs.ask(SHELL, score(f"f{number % 5}")).id for number in range(20)}

    def take(worker: str) -> list[str]:
        found = []
        while (claim := claims.claim(worker, clock.at)) is not None:
            found.append(claim.job)
        return found

    with ThreadPoolExecutor(4) as pool:
        taken = [job for some in pool.map(take, ["w1", "w2", "w3", "w4"]) for job in some]
    assert len(taken) == len(set(taken)) == 5
    assert {job.fleet for job in jobs.list(states=[JobState.RUNNING])} == {
        f"f{number}" for number in range(5)
    }
    assert set(taken) < wanted


# ---------------------------------------------------------------- the dead
def test_only_the_jobs_of_workers_that_are_gone_are_orphans(jobs, claims, workers, clock):
    job = jobs.ask(SHELL, score())
    claims.claim("w1", clock.at)
    assert claims.adopt("w2", clock.at) is None
    workers.leave("w1")
    adopted = claims.adopt("w2", clock.at)
    assert (adopted.job, adopted.deaths) == (job.id, 1)
    assert claims.adopt("w2", clock.at) is None
    assert jobs.get(job.id).attempt == 2


def test_a_job_that_was_left_on_purpose_counts_no_death(jobs, claims, workers, clock):
    jobs.ask(SHELL, score())
    claims.claim("w1", clock.at)
    claims.release("w1")
    assert claims.adopt("w2", clock.at).deaths == 0


def test_a_new_process_of_a_name_means_that_the_one_before_is_gone(
    jobs, claims, workers, clock
):
    job = jobs.ask(SHELL, score())
    claims.claim("w1", clock.at)
    workers.enter("w1.new", "w1", 2, clock.at)
    assert claims.adopt("w1.new", clock.at).job == job.id
    assert workers.beat("w1.new", clock.at)
    assert not workers.beat("w1", clock.at)
    assert workers.beats() == {"w1.new": 1, "w2": 0}


def test_who_lost_a_job_changes_nothing_of_it(jobs, claims, workers, database, clock):
    job = jobs.ask(SHELL, score())
    claims.claim("w1", clock.at)
    lost, own = RunStore(database, "w1"), RunStore(database, "w2")
    assert lost.begin_step(job.id, 1, "plan", clock.at)
    workers.leave("w1")
    claims.adopt("w2", clock.at)
    before = jobs.get(job.id)
    assert not lost.begin_step(job.id, 2, "judge", clock.at)
    assert not lost.end_step(job.id, 1, JobState.SUCCEEDED, clock.at, Told())
    assert not lost.end(job.id, JobState.FAILED, clock.at, Told())
    lost.report(job.id, Told(5, 9, ((clock.at, "info", "here I am"),)), 1)
    assert jobs.get(job.id) == before
    assert jobs.log(job.id) == []
    assert own.end(job.id, JobState.SUCCEEDED, clock.at, Told())


def test_a_retry_forgets_the_steps_that_did_not_succeed(jobs, claims, database, clock):
    job, runs = jobs.ask(SHELL, score()), RunStore(database, "w1")
    claims.claim("w1", clock.at)
    for number, state in enumerate([JobState.SUCCEEDED, JobState.FAILED], 1):
        runs.begin_step(job.id, number, f"s{number}", clock.at)
        runs.end_step(job.id, number, state, clock.at, Told(), error="no.")
    runs.end(job.id, JobState.FAILED, clock.at, Told(), error=NotFound("no.", remedy="Never."))
    assert jobs.get(job.id).error_kind == "NotFound"
    retried = jobs.retry(SHELL, job.id)
    assert jobs.get(job.id).error_kind == retried.error == ""
    assert (retried.state, retried.ended) == (JobState.QUEUED, None)
    assert [step.name for step in jobs.get(job.id).steps] == ["s1"]
    assert claims.claim("w1", clock.at).rewind == 2
    claims.begun(job.id, "w1")
    claims.release("w1")
    assert claims.adopt("w2", clock.at).rewind is None


@pytest.mark.slow
def test_a_log_is_bounded_and_says_so(jobs, claims, database, clock):
    job, runs = jobs.ask(SHELL, score()), RunStore(database, "w1")
    claims.claim("w1", clock.at)
    for _ in range(3):
        lines = ((clock.at, "info", "so it goes\0"),) * (MOST_LINES - 900)
        runs.report(job.id, Told(lines=lines))
    lines = jobs.log(job.id, limit=MOST_LINES * 2)
    assert len(lines) == MOST_LINES
    assert lines[0].text == "so it goes "
    assert "the log is full" in lines[-1].text
    assert jobs.log(job.id, after=MOST_LINES - 1) == lines[-1:]
