"""A budget that is spent: what can wait is refused or waits, what alarms rest on goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appliance.core.errors import Forbidden, InvalidRequest, OverBudget
from appliance.jobs import Jobs, Schedules
from appliance.jobs.store.claims import ClaimStore
from appliance.jobs.store.runs import RunStore, Told
from appliance.schemas.job import JobRequest, JobState
from appliance.schemas.schedule import CatchUp, ScheduleDraft
from tests.appliance.jobs.conftest import ERIKA, SHELL

TRAIN = JobRequest(pipeline="train", fleet="pumps")


class Purse:
    """A budget that is spent while it is empty."""

    def __init__(self) -> None:
        self.empty = True
        self.asked: list[str | None] = []

    def __call__(self, project: str | None) -> OverBudget | None:
        self.asked.append(project)
        return OverBudget("the budget is spent.") if self.empty else None


@pytest.fixture
def purse():
    return Purse()


@pytest.fixture
def thrifty(database, access, purse):
    return Jobs(database, access, budgets=purse)


def test_what_can_wait_is_refused_and_what_alarms_rest_on_is_not(thrifty, purse):
    with pytest.raises(OverBudget, match="spent"):
        thrifty.ask(ERIKA, TRAIN)
    assert purse.asked == ["default"]
    for pipeline in ("score", "promote", "ingest", "retention", "compact", "rollback"):
        assert thrifty.terms[pipeline].essential, pipeline
    assert thrifty.ask(ERIKA, JobRequest(pipeline="score", fleet="pumps")).state == "queued"
    purse.empty = False
    assert thrifty.ask(ERIKA, TRAIN).state is JobState.QUEUED


def test_who_operates_the_site_may_go_beyond_it_by_saying_so(thrifty, access):
    beyond = TRAIN.model_copy(update={"over_budget": True})
    with pytest.raises(Forbidden, match="operate"):
        thrifty.ask(ERIKA, beyond)
    with pytest.raises(OverBudget):
        thrifty.ask(SHELL, TRAIN)
    job = thrifty.ask(SHELL, beyond)
    (entry,) = access.audit.list(SHELL, what=f"job:{job.id}")
    assert entry.after is not None
    assert entry.after["over_budget"] is True


def test_the_same_key_gives_the_job_that_was_paid_for(thrifty, purse):
    purse.empty = False
    job = thrifty.ask(ERIKA, TRAIN, key="once")
    purse.empty = True
    assert thrifty.ask(ERIKA, TRAIN, key="once").id == job.id


def test_a_job_that_runs_ends_and_is_not_begun_anew(thrifty, purse, database, clock):
    purse.empty = False
    job = thrifty.ask(ERIKA, TRAIN)
    purse.empty = True
    assert ClaimStore(database).claim("w", clock.at).job == job.id
    RunStore(database, "w").end(job.id, JobState.FAILED, clock.at, Told())
    with pytest.raises(OverBudget):
        thrifty.retry(ERIKA, job.id)


def test_a_schedule_waits_for_money_and_catches_up_once(
    database, access, thrifty, purse, clock
):
    schedules = Schedules(database, access, thrifty, "UTC")
    draft = ScheduleDraft(
        name="nightly", cron="0 2 * * *", catch_up=CatchUp.LATEST, request=TRAIN
    )
    schedules.put(ERIKA, draft)
    clock.at += timedelta(days=3)
    assert schedules.fire() == []
    assert schedules.get("nightly").following < clock.at
    purse.empty = False
    (job,) = schedules.fire()
    assert (job.pipeline, job.schedule) == ("train", "nightly")
    assert schedules.get("nightly").following > clock.at
    assert schedules.fire() == []


def test_a_schedule_keeps_to_the_budget(database, access, thrifty):
    schedules = Schedules(database, access, thrifty, "UTC")
    beyond = TRAIN.model_copy(update={"over_budget": True})
    with pytest.raises(InvalidRequest, match="keeps to the budget"):
        schedules.put(SHELL, ScheduleDraft(name="x", cron="0 2 * * *", request=beyond))
