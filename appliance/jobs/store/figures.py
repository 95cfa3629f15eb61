"""Jobs counted: what waits and runs now, and what ended in a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select

from appliance.core.db import Database, utc
from appliance.jobs.store.tables import AT_WORK, JobRow, JobStepRow, ScheduleRow, WorkerRow
from appliance.schemas.job import JobState
from appliance.schemas.platform import JobNow, WorkerNow

_OVER = tuple(state.value for state in JobState if state.over)
_SILENCE = timedelta(minutes=1)
"""A worker without a sign of life for so long is none."""


@dataclass(frozen=True)
class Standing:
    """The queue of a site.

    Attributes
    ----------
    oldest
        Since when the job waits that has waited longest.
    workers
        Processes that run jobs.
    """

    queued: int
    running: int
    oldest: datetime | None
    workers: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that is over."""

    pipeline: str
    state: JobState
    created: datetime
    started: datetime | None
    ended: datetime


class JobFigures:
    """What there is to count of a site's jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def standing(self, at: datetime) -> Standing:
        """Return the queue as it is now; `at` says when that is."""
        waiting = JobRow.state == JobState.QUEUED.value
        queued: Any = select(func.count(), func.min(JobRow.created)).where(waiting)
        running = select(func.count()).where(JobRow.state.in_(AT_WORK))
        alive = WorkerRow.seen >= at.astimezone(UTC) - _SILENCE
        with self._database.session() as session:
            count, oldest = session.execute(queued).one()
            return Standing(
                queued=count,
                running=session.execute(running).scalar_one(),
                oldest=None if oldest is None else utc(oldest),
                workers=session.execute(
                    select(func.count(WorkerRow.id)).where(alive)
                ).scalar_one(),
            )

    def failed(self, start: datetime, end: datetime) -> int:
        """Return how many jobs failed in a half-open time."""
        when = JobRow.ended >= start.astimezone(UTC), JobRow.ended < end.astimezone(UTC)
        query = select(func.count()).where(JobRow.state == JobState.FAILED.value, *when)
        with self._database.session() as session:
            return session.execute(query).scalar_one()

    def workers(self) -> list[WorkerNow]:
        """Return the workers by name with the jobs that each is at; the last, jobs of none."""
        step = and_(JobStepRow.job == JobRow.id, JobStepRow.state == JobState.RUNNING.value)
        at_work = (
            select(JobRow, JobStepRow)
            .outerjoin(JobStepRow, step)
            .where(JobRow.state.in_(AT_WORK))
            .order_by(JobRow.id)
        )
        with self._database.session() as session:
            jobs: dict[str, dict[str, JobNow]] = {}
            for job, now in session.execute(at_work):
                jobs.setdefault(job.worker or "", {})[job.id] = _job_now(job, now)
            rows = session.scalars(select(WorkerRow).order_by(WorkerRow.name)).all()
        found = [
            WorkerNow(
                name=row.name,
                since=utc(row.started),
                seen=utc(row.seen),
                jobs=tuple(jobs.pop(row.id, {}).values()),
            )
            for row in rows
        ]
        left = [job for own in jobs.values() for job in own.values()]
        return [*found, WorkerNow(name="", jobs=tuple(left))] if left else found

    def failing_schedules(self) -> list[str]:
        """Return the schedules whose last job failed, by name."""
        query = (
            select(ScheduleRow.name)
            .join(JobRow, JobRow.id == ScheduleRow.last_job)
            .where(JobRow.state == JobState.FAILED.value, ScheduleRow.following.is_not(None))
            .order_by(ScheduleRow.name)
        )
        with self._database.session() as session:
            return list(session.scalars(query))

    def last_sign_of_life(self) -> datetime | None:
        """Return when a worker last noted that it lives, by that worker's clock."""
        with self._database.session() as session:
            found: Any = session.scalar(select(func.max(WorkerRow.seen)))
            return None if found is None else utc(found)

    def ended(
        self, projects: Collection[str] | None, start: datetime, end: datetime, most: int
    ) -> list[Ended]:
        """Return jobs that ended in a half-open time, the last ones first.

        Parameters
        ----------
        projects
            Only of these; of all if not given.
        most
            No more than so many.
        """
        query = (
            select(JobRow.pipeline, JobRow.state, JobRow.created, JobRow.started, JobRow.ended)
            .where(
                JobRow.state.in_(_OVER),
                JobRow.ended >= start.astimezone(UTC),
                JobRow.ended < end.astimezone(UTC),
            )
            .order_by(JobRow.ended.desc())
            .limit(most)
        )
        if projects is not None:
            query = query.where(JobRow.project.in_(projects))
        with self._database.session() as session:
            return [
                Ended(
                    pipeline,
                    JobState(state),
                    utc(created),
                    None if started is None else utc(started),
                    utc(over),
                )
                for pipeline, state, created, started, over in session.execute(query)
                if over is not None
            ]


def _job_now(job: JobRow, step: JobStepRow | None) -> JobNow:
    return JobNow(
        id=job.id,
        pipeline=job.pipeline,
        fleet=job.fleet,
        started=None if job.started is None else utc(job.started),
        step="" if step is None else step.name,
        done=0 if step is None else step.done,
        total=None if step is None else step.total,
    )
