"""Jobs are asked for, listed, cancelled and begun anew by those who may, and it is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from appliance.access import Access
from appliance.core.db import open_database
from appliance.core.errors import Conflict, Forbidden, InvalidRequest, NotFound
from appliance.jobs import Jobs
from appliance.jobs.store.tables import JobRow
from appliance.schemas.job import JobRequest, JobState
from tests.appliance.databases import new_database, work
from tests.appliance.jobs.conftest import ERIKA, KEY, SHELL, VICTOR, score


def test_a_job_is_asked_for_in_the_fewest_words(jobs, clock):
    job = jobs.ask(ERIKA, JobRequest.model_validate({"pipeline": "train", "fleet": "pumps"}))
    assert (job.state, job.project, job.by) == (JobState.QUEUED, "default", "erika")
    assert job.created == clock.at
    assert jobs.get(job.id) == job


@pytest.mark.parametrize(
    ("request_", "match"),
    [
        (JobRequest(pipeline="brew", fleet="pumps"), "no pipeline 'brew'"),
        (JobRequest(pipeline="train"), "needs a fleet"),
        (score(version="new"), "version cannot be used"),
        (score(colour="red"), "colour cannot be used"),
        (
            JobRequest(pipeline="train", fleet="pumps", arguments={"recipe": "../x.toml"}),
            "reci",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_at_once(jobs, request_, match):
    with pytest.raises(InvalidRequest, match=match):
        jobs.ask(ERIKA, request_)
    assert jobs.list() == []


def test_the_right_that_a_pipeline_asks_for_is_needed_where_it_works(jobs, access):
    with pytest.raises(Forbidden, match="right score"):
        jobs.ask(VICTOR, score())
    job = jobs.ask(ERIKA, score())
    for change in (jobs.cancel, jobs.retry):
        with pytest.raises(Forbidden):
            change(VICTOR, job.id)
    access.projects.add(SHELL, "line2")
    access.projects.assign(SHELL, "presses", "line2")
    with pytest.raises(Forbidden, match="line2"):
        jobs.ask(ERIKA, score("presses"))


def test_one_key_gives_one_job_to_one_person(jobs):
    first = jobs.ask(ERIKA, score(), key="k")
    assert jobs.ask(ERIKA, score(), key="k") == first
    assert jobs.ask(SHELL, score(), key="k").id != first.id
    with pytest.raises(Conflict, match="used for another request"):
        jobs.ask(ERIKA, score("fans"), key="k")
    assert len(jobs.list()) == 2


def test_asking_cancelling_and_retrying_are_in_the_audit_log(jobs, access):
    job = jobs.ask(ERIKA, score())
    assert jobs.cancel(ERIKA, job.id).state is JobState.CANCELLED
    assert jobs.cancel(ERIKA, job.id).state is JobState.CANCELLED
    assert jobs.retry(ERIKA, job.id).state is JobState.QUEUED
    told = access.audit.list(SHELL, what=f"job:{job.id}")
    assert [entry.action for entry in told] == ["job.retried", "job.cancelled", "job.asked"]
    assert told[-1].after == {"pipeline": "score", "fleet": "pumps", "arguments": {}}


def test_only_what_failed_or_was_cancelled_is_begun_anew(jobs):
    job = jobs.ask(ERIKA, score())
    with pytest.raises(Conflict, match="queued"):
        jobs.retry(ERIKA, job.id)
    for call in (jobs.get, jobs.log, lambda name: jobs.cancel(ERIKA, name)):
        with pytest.raises(NotFound, match="no job nothing"):
            call("nothing")


def test_lists_are_cut_by_what_is_asked_for_and_turned_by_the_last_job(jobs):
    first, second, third = (jobs.ask(ERIKA, score(f)) for f in ("a", "b", "a"))
    train = jobs.ask(ERIKA, JobRequest(pipeline="train", fleet="a"))
    jobs.cancel(ERIKA, second.id)

    def ids(projects=None, **only):
        return [job.id for job in jobs.list(projects, **only)]

    assert ids() == [train.id, third.id, second.id, first.id]
    assert ids(fleet="a", pipeline="score") == [third.id, first.id]
    assert ids(states=[JobState.CANCELLED]) == [second.id]
    both = [JobState.QUEUED, JobState.CANCELLED]
    assert ids(["default", "line2"], states=both, limit=2) == [train.id, third.id]
    assert ids(states=both, before=third.id) == [second.id, first.id]
    assert ids(["line2"]) == ids([]) == []


MANY = 5_000


@pytest.mark.slow
def test_lists_take_no_more_work_among_very_many_jobs(tmp_path):
    database = open_database(new_database(tmp_path / "kizashi.db"))
    jobs = Jobs(database, Access(database, KEY))
    row = {
        "pipeline": "score",
        "fleet": "pumps",
        "project": "default",
        "arguments": {},
        "state": "succeeded",
        "by": "erika",
        "created": datetime(2026, 1, 1, tzinfo=UTC),
        "attempt": 1,
        "deaths": 0,
        "error": "",
        "remedy": "",
    }

    def needed(case):
        return work(database, lambda: jobs.list(**case, limit=50))

    with database.session() as session:
        session.execute(insert(JobRow), [row | {"id": f"job_{n:06}"} for n in range(50)])
        session.execute(insert(JobRow), row | {"id": "job_0", "state": "failed", "fleet": "f"})
    cases = (
        {},
        {"fleet": "f"},
        {"states": [JobState.FAILED]},
        {"projects": ["default", "line2"], "states": [JobState.FAILED]},
        {"before": "job_000040"},
    )
    few = [needed(case) for case in cases]
    with database.session() as session:
        session.execute(insert(JobRow), [row | {"id": f"job_{n:06}"} for n in range(50, MANY)])
    for case, before in zip(cases, few, strict=True):
        assert 0 < needed(case) < 2 * before, case
    database.close()
