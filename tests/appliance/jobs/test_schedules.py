"""Schedules: kept by those who may; each time that is due gives one job, whatever clocks do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from appliance.core.errors import Conflict, Forbidden, InvalidRequest, NotFound
from appliance.jobs import Jobs, Schedules
from appliance.schemas.job import JobRequest, JobState
from appliance.schemas.schedule import CatchUp, ScheduleDraft
from tests.appliance.jobs.conftest import ERIKA, SHELL, VICTOR, score


def nightly(**changes: object) -> ScheduleDraft:
    facts = {"name": "nightly", "cron": "0 2 * * *", "request": score()} | changes
    return ScheduleDraft.model_validate(facts)


def dues(jobs: Jobs) -> list[str]:
    """Return the moments at which jobs were asked for, oldest first."""
    return [f"{job.created:%m-%d %H:%M}" for job in reversed(jobs.list())]


# ---------------------------------------------------------------- kept
def test_a_schedule_is_kept_in_the_sites_zone(schedules):
    kept = schedules.put(ERIKA, nightly())
    assert (kept.zone, kept.project, kept.revision) == ("Europe/Berlin", "default", 1)
    assert kept.following == datetime(2026, 3, 3, 1, tzinfo=UTC)
    assert schedules.get("nightly") == kept
    assert schedules.list(["default"]) == schedules.list() == [kept]
    assert schedules.list(["line2"]) == []


@pytest.mark.parametrize(
    "changes",
    [{"cron": "0 25 * * *"}, {"zone": "Mars/Olympus"}, {"request": {"pipeline": "train"}}],
)
def test_what_cannot_come_or_run_is_refused(schedules, changes):
    with pytest.raises(InvalidRequest):
        schedules.put(ERIKA, nightly(**changes))


def test_planning_asks_for_the_right_to_plan_and_to_run(schedules):
    with pytest.raises(Forbidden):
        schedules.put(VICTOR, nightly())
    with pytest.raises(Forbidden, match="configure"):
        schedules.put(VICTOR, nightly(request=JobRequest(pipeline="report", fleet="pumps")))
    schedules.put(ERIKA, nightly())
    for change in (schedules.pause, schedules.resume, schedules.remove, schedules.run_now):
        with pytest.raises(Forbidden):
            change(VICTOR, "nightly")


def test_an_edit_names_the_revision_that_was_seen(schedules):
    schedules.put(ERIKA, nightly())
    changed = schedules.put(ERIKA, nightly(cron="0 3 * * *"), revision=1)
    assert (changed.revision, changed.following.hour) == (2, 2)
    with pytest.raises(Conflict, match="it has 2 now"):
        schedules.put(ERIKA, nightly(), revision=1)
    schedules.remove(ERIKA, "nightly")
    for call in (schedules.get, lambda name: schedules.put(ERIKA, nightly(), revision=2)):
        with pytest.raises(NotFound):
            call("nightly")


def test_changes_are_in_the_audit_log(schedules, access, clock):
    schedules.put(ERIKA, nightly(name="told"))
    schedules.pause(ERIKA, "told")
    schedules.resume(ERIKA, "told")
    schedules.remove(ERIKA, "told")
    told = access.audit.list(SHELL, what="schedule:told")
    assert [entry.action for entry in reversed(told)] == [
        "schedule.put",
        "schedule.paused",
        "schedule.resumed",
        "schedule.removed",
    ]


# ---------------------------------------------------------------- due
def test_a_time_that_comes_gives_one_job(schedules, jobs, clock):
    schedules.put(ERIKA, nightly())
    clock.at = datetime(2026, 3, 3, 0, 59, 59, tzinfo=UTC)
    assert schedules.fire() == []
    clock.pass_by(seconds=1)
    (job,) = schedules.fire()
    assert (job.by, job.schedule) == ("schedule:nightly", "nightly")
    assert schedules.fire() == []
    kept = schedules.get("nightly")
    assert (kept.last, kept.last_job) == (clock.at, job.id)
    assert kept.following == clock.at + timedelta(days=1)


def test_of_many_workers_one_fires(database, access, jobs, schedules, clock):
    schedules.put(ERIKA, nightly())
    clock.pass_by(days=1)
    others = [Schedules(database, access, jobs, "UTC") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        fired = [job for some in pool.map(Schedules.fire, others) for job in some]
    assert len(fired) == len(jobs.list()) == 1


@pytest.mark.parametrize(
    ("catch_up", "count"), [(CatchUp.SKIP, 0), (CatchUp.LATEST, 1), (CatchUp.ALL, 3)]
)
def test_missed_times_are_made_up_for_as_asked(schedules, jobs, clock, catch_up, count):
    schedules.put(ERIKA, nightly(catch_up=catch_up))
    clock.pass_by(days=3)
    assert len(schedules.fire()) == count
    assert schedules.fire() == []
    clock.at = schedules.get("nightly").following
    assert len(schedules.fire()) == 1


@pytest.mark.slow
def test_of_very_many_missed_times_the_last_hundred_are_made_up_for(schedules, jobs, clock):
    schedules.put(ERIKA, nightly(cron="* * * * *", catch_up=CatchUp.ALL))
    clock.pass_by(days=1)
    assert len(schedules.fire()) == 100
    assert schedules.get("nightly").last == clock.at


def test_what_is_due_while_a_schedule_is_paused_is_not_missed(schedules, jobs, clock):
    schedules.put(ERIKA, nightly(catch_up=CatchUp.ALL))
    assert schedules.pause(ERIKA, "nightly").following is None
    clock.pass_by(days=3)
    assert schedules.fire() == []
    assert schedules.resume(ERIKA, "nightly").following > clock.at
    assert schedules.fire() == []


def test_run_now_is_beside_the_times(schedules, jobs, clock):
    kept = schedules.put(ERIKA, nightly())
    job = schedules.run_now(ERIKA, "nightly")
    assert (job.by, job.schedule, job.state) == ("erika", "nightly", JobState.QUEUED)
    assert schedules.get("nightly") == kept


def test_a_job_that_cannot_be_asked_for_any_more_stops_nothing(database, access, clock, jobs):
    wider = Schedules(database, access, jobs, "UTC")
    wider.put(ERIKA, nightly())
    fewer = {name: one for name, one in jobs.terms.items() if name != "score"}
    narrow = Schedules(database, access, Jobs(database, access, fewer), "UTC")
    clock.pass_by(days=1)
    assert narrow.fire() == []
    assert narrow.get("nightly").following > clock.at
    actions = [e.action for e in access.audit.list(SHELL, what="schedule:nightly", limit=1)]
    assert actions == ["schedule.failed"]


# ---------------------------------------------------------------- clocks that jump
def test_a_clock_set_back_fires_no_time_twice(schedules, jobs, clock):
    schedules.put(ERIKA, nightly(cron="0 * * * *"))
    clock.at = datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC)
    schedules.fire()
    clock.pass_by(minutes=-40)
    assert schedules.realign() == ["nightly"]
    assert schedules.realign() == []
    clock.pass_by(minutes=41)
    assert len(schedules.fire()) == 1
    assert len(jobs.list()) == 1
    clock.pass_by(hours=1)
    schedules.fire()
    assert len(jobs.list()) == 2


def test_a_clock_that_was_years_ahead_leaves_no_schedule_behind(schedules, jobs, clock):
    schedules.put(ERIKA, nightly())
    right = clock.at
    clock.at = datetime(2031, 1, 1, tzinfo=UTC)
    schedules.fire()
    clock.at = right
    assert schedules.realign() == ["nightly"]
    clock.at = schedules.get("nightly").following
    assert clock.at - right < timedelta(days=1)
    schedules.fire()
    assert len(jobs.list()) == 2


@pytest.mark.slow
def test_over_the_hours_left_out_and_shown_twice_each_night_gives_one_job(
    schedules, jobs, clock
):
    schedules.put(ERIKA, nightly(cron="30 2 * * *"))
    for start in (datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)):
        clock.at = start
        schedules.fire()
        before = len(jobs.list())
        while clock.at < start + timedelta(days=3):
            clock.pass_by(minutes=30)
            schedules.fire()
        assert len(jobs.list()) - before == 3
    assert dues(jobs)[-3:] == ["10-24 00:30", "10-25 00:30", "10-26 01:30"]
