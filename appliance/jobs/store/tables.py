"""Tables of jobs, schedules and workers, and their rows as wire models."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from appliance.core.db import Base, utc
from appliance.schemas.job import Job, JobLogLine, JobRequest, JobState, JobStep
from appliance.schemas.schedule import CatchUp, Schedule

SITE = ""
"""Stands for no project: pipelines of the whole site."""
AT_WORK = (JobState.RUNNING.value, JobState.CANCELLING.value)
_AT_WORK = text("state IN ('running', 'cancelling')")
_ID = String(40)
_JSON = JSON(none_as_null=True)
_WHEN = DateTime(timezone=True)


class JobRow(Base):
    """One job.

    `lane` names what only one job at work may hold: the index sees to that, whoever claims.
    `deaths` counts workers that were lost in the step it is in, `rewind` is the step that a
    retry begins at.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_state", "state", "id"),
        Index("ix_jobs_project", "project", "id"),
        Index("ix_jobs_project_state", "project", "state", "id"),
        Index("ix_jobs_fleet", "fleet", "id"),
        Index("ix_jobs_claimed", "project", "claimed"),
        Index(
            "ix_jobs_lane",
            "lane",
            unique=True,
            sqlite_where=_AT_WORK,
            postgresql_where=_AT_WORK,
        ),
        UniqueConstraint("by", "key"),
    )
    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    pipeline: Mapped[str] = mapped_column(_ID)
    fleet: Mapped[str | None] = mapped_column(String(63))
    project: Mapped[str] = mapped_column(String(63))
    lane: Mapped[str | None] = mapped_column(String(120))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(12))
    by: Mapped[str] = mapped_column(String(200))
    key: Mapped[str | None] = mapped_column(String(200))
    schedule: Mapped[str | None] = mapped_column(String(63))
    created: Mapped[datetime] = mapped_column(_WHEN)
    claimed: Mapped[datetime | None] = mapped_column(_WHEN)
    started: Mapped[datetime | None] = mapped_column(_WHEN)
    ended: Mapped[datetime | None] = mapped_column(_WHEN)
    attempt: Mapped[int] = mapped_column(Integer)
    deaths: Mapped[int] = mapped_column(Integer)
    rewind: Mapped[int | None] = mapped_column(Integer)
    worker: Mapped[str | None] = mapped_column(String(120))
    result: Mapped[Any | None] = mapped_column(_JSON)
    error: Mapped[str] = mapped_column(Text)
    remedy: Mapped[str] = mapped_column(Text)
    error_kind: Mapped[str] = mapped_column(String(60), server_default="")
    request: Mapped[str] = mapped_column(String(80), server_default="")
    trace: Mapped[str] = mapped_column(String(60), server_default="")


class JobStepRow(Base):
    """One step of a job."""

    __tablename__ = "job_steps"
    job: Mapped[str] = mapped_column(_ID, ForeignKey("jobs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(12))
    started: Mapped[datetime] = mapped_column(_WHEN)
    ended: Mapped[datetime | None] = mapped_column(_WHEN)
    done: Mapped[int] = mapped_column(Integer)
    total: Mapped[int | None] = mapped_column(Integer)
    output: Mapped[Any | None] = mapped_column(_JSON)
    error: Mapped[str] = mapped_column(Text)


class JobLineRow(Base):
    """One line of a job's log."""

    __tablename__ = "job_lines"
    job: Mapped[str] = mapped_column(_ID, ForeignKey("jobs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(_WHEN)
    level: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)


class WorkerRow(Base):
    """One worker process; gone when it left, or was found dead.

    `beats` goes up while it lives.  Others watch the number, not the time: clocks jump.
    """

    __tablename__ = "workers"
    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), index=True)
    process: Mapped[int] = mapped_column(Integer)
    started: Mapped[datetime] = mapped_column(_WHEN)
    seen: Mapped[datetime] = mapped_column(_WHEN)
    beats: Mapped[int] = mapped_column(Integer)


class ScheduleRow(Base):
    """One schedule."""

    __tablename__ = "schedules"
    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    cron: Mapped[str] = mapped_column(String(200))
    zone: Mapped[str] = mapped_column(String(60))
    catch_up: Mapped[str] = mapped_column(String(10))
    pipeline: Mapped[str] = mapped_column(_ID)
    fleet: Mapped[str | None] = mapped_column(String(63))
    project: Mapped[str] = mapped_column(String(63), index=True)
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    revision: Mapped[int] = mapped_column(Integer)
    created: Mapped[datetime] = mapped_column(_WHEN)
    created_by: Mapped[str] = mapped_column(String(200))
    updated: Mapped[datetime] = mapped_column(_WHEN)
    updated_by: Mapped[str] = mapped_column(String(200))
    following: Mapped[datetime | None] = mapped_column(_WHEN, index=True)
    last: Mapped[datetime | None] = mapped_column(_WHEN)
    last_job: Mapped[str | None] = mapped_column(_ID)


def _maybe(moment: datetime | None) -> datetime | None:
    return None if moment is None else utc(moment)


def job_of(row: JobRow, steps: Iterable[JobStepRow] = ()) -> Job:
    """Return a job as others see it."""
    return Job(
        id=row.id,
        pipeline=row.pipeline,
        fleet=row.fleet,
        project=row.project or None,
        arguments=row.arguments,
        state=JobState(row.state),
        by=row.by,
        created=utc(row.created),
        started=_maybe(row.started),
        ended=_maybe(row.ended),
        attempt=row.attempt,
        worker=row.worker,
        schedule=row.schedule,
        steps=tuple(map(step_of, steps)),
        result=row.result,
        error=row.error,
        remedy=row.remedy,
        error_kind=row.error_kind,
        request=row.request,
        trace=row.trace,
    )


def step_of(row: JobStepRow) -> JobStep:
    """Return a step as others see it."""
    return JobStep(
        number=row.number,
        name=row.name,
        state=JobState(row.state),
        started=utc(row.started),
        ended=_maybe(row.ended),
        done=row.done,
        total=row.total,
        output=row.output,
        error=row.error,
    )


def line_of(row: JobLineRow) -> JobLogLine:
    """Return a line of a log."""
    return JobLogLine(number=row.number, at=utc(row.at), level=row.level, text=row.text)


def schedule_of(row: ScheduleRow) -> Schedule:
    """Return a schedule as others see it."""
    return Schedule(
        name=row.name,
        cron=row.cron,
        zone=row.zone,
        catch_up=CatchUp(row.catch_up),
        paused=row.following is None,
        request=JobRequest(pipeline=row.pipeline, fleet=row.fleet, arguments=row.arguments),
        project=row.project or None,
        revision=row.revision,
        created=utc(row.created),
        created_by=row.created_by,
        updated=utc(row.updated),
        updated_by=row.updated_by,
        following=_maybe(row.following),
        last=_maybe(row.last),
        last_job=row.last_job,
    )
