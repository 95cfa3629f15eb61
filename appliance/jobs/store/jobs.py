"""Jobs as those see them who ask: added, listed, cancelled, begun anew."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from appliance.core.db import Database
from appliance.core.errors import NotFound
from appliance.core.ids import new_id
from appliance.core.trail import current as current_trail
from appliance.jobs.store.tables import (
    AT_WORK,
    SITE,
    JobLineRow,
    JobRow,
    JobStepRow,
    job_of,
    line_of,
)
from appliance.schemas.job import Job, JobLogLine, JobRequest, JobState


class JobStore:
    """The jobs of a site."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, job: str) -> Job:
        """Return a job with its steps; raises `NotFound` if there is none."""
        steps = select(JobStepRow).where(JobStepRow.job == job).order_by(JobStepRow.number)
        with self._database.session() as session:
            return job_of(_require(session, job), session.scalars(steps))

    def list(  # noqa: PLR0913 - each is a filter
        self,
        projects: Collection[str] | None,
        *,
        fleet: str | None = None,
        pipeline: str | None = None,
        states: Collection[JobState] = (),
        schedule: str | None = None,
        asked: tuple[datetime | None, datetime | None] = (None, None),
        before: str | None = None,
        limit: int = 100,
    ) -> builtins.list[Job]:
        """Return jobs without their steps, the newest first; see `appliance.jobs.Jobs`."""
        query = select(JobRow).order_by(JobRow.id.desc()).limit(limit)
        if schedule is not None:
            query = query.where(JobRow.schedule == schedule)
        if asked[0] is not None:
            query = query.where(JobRow.created >= asked[0].astimezone(UTC))
        if asked[1] is not None:
            query = query.where(JobRow.created < asked[1].astimezone(UTC))
        if fleet is not None:
            query = query.where(JobRow.fleet == fleet)
        if pipeline is not None:
            query = query.where(JobRow.pipeline == pipeline)
        if before is not None:
            query = query.where(JobRow.id < before)
        with self._database.session() as session:
            found = [
                row for one in _each(query, projects, states) for row in session.scalars(one)
            ]
        newest = sorted(found, key=lambda row: row.id, reverse=True)
        return [job_of(row) for row in newest[:limit]]

    def log(self, job: str, after: int, limit: int) -> builtins.list[JobLogLine]:
        """Return lines of a job's log; raises `NotFound` if there is no such job."""
        query = (
            select(JobLineRow)
            .where(JobLineRow.job == job, JobLineRow.number > after)
            .order_by(JobLineRow.number)
            .limit(limit)
        )
        with self._database.session() as session:
            _require(session, job)
            return [line_of(row) for row in session.scalars(query)]


def _each(
    query: Select[Any],
    projects: Collection[str] | None,
    states: Collection[JobState],
) -> builtins.list[Select[Any]]:
    """Return a query for each project and state: an index answers it, however many jobs."""
    found = [query]
    if projects is not None:
        found = [one.where(JobRow.project == project) for one in found for project in projects]
    if states:
        found = [one.where(JobRow.state == state.value) for one in found for state in states]
    return found


# ---------------------------------------------------------------- in a change under way
def with_key(session: Session, by: str, key: str) -> Job | None:
    """Return the job that somebody asked for under a key."""
    row = session.scalar(select(JobRow).where(JobRow.by == by, JobRow.key == key))
    return None if row is None else job_of(row)


def add(
    session: Session,
    request: JobRequest,
    arguments: dict[str, Any],
    *,
    at: datetime,
    by: str,
    **facts: str | None,
) -> Job:
    """Add a job to the queue.

    Parameters
    ----------
    arguments
        Those of the request, checked.
    facts
        The job's `project`, `lane`, `key` and `schedule`.
    """
    project = facts.pop("project") or SITE
    trail = current_trail()
    row = JobRow(
        id=new_id("job"),
        pipeline=request.pipeline,
        fleet=request.fleet,
        project=project,
        arguments=arguments,
        state=JobState.QUEUED.value,
        by=by,
        created=at.astimezone(UTC),
        attempt=0,
        deaths=0,
        error="",
        remedy="",
        error_kind="",
        request=trail.request or new_id("req"),
        trace=trail.trace,
        **facts,
    )
    session.add(row)
    session.flush()
    return job_of(row)


def current(session: Session, job: str) -> Job:
    """Return a job that changes no more until the transaction ends; raises `NotFound`."""
    claim = update(JobRow).where(JobRow.id == job).values(state=JobRow.state)
    session.execute(claim.execution_options(synchronize_session=False))
    return job_of(_require(session, job))


def end_queued(session: Session, job: str, at: datetime) -> Job:
    """End a job that nobody has claimed."""
    row = _require(session, job)
    row.state, row.ended = JobState.CANCELLED.value, at.astimezone(UTC)
    session.flush()
    return job_of(row)


def mark_cancelling(session: Session, job: str) -> Job:
    """Tell the worker that is at a job to stop it."""
    row = _require(session, job)
    if row.state in AT_WORK:
        row.state = JobState.CANCELLING.value
    session.flush()
    return job_of(row)


def requeue(session: Session, job: str) -> Job:
    """Put a job that is over back into the queue, from the step that did not succeed on."""
    row = _require(session, job)
    good = JobState.SUCCEEDED.value
    steps = select(JobStepRow).where(JobStepRow.job == job).order_by(JobStepRow.number)
    found = session.scalars(steps).all()
    undone = [step.number for step in found if step.state != good]
    if row.attempt:
        row.rewind = min(undone, default=len(found) + 1)
    session.execute(
        delete(JobStepRow).where(JobStepRow.job == job, JobStepRow.number.in_(undone))
    )
    row.state, row.worker, row.ended = JobState.QUEUED.value, None, None
    row.error, row.remedy, row.error_kind = "", "", ""
    row.result, row.deaths = None, 0
    session.flush()
    return job_of(row)


def _require(session: Session, job: str) -> JobRow:
    row = session.get(JobRow, job)
    if row is None:
        raise NotFound(f"there is no job {job}.", remedy="`kizashi jobs` lists them.")
    return row
