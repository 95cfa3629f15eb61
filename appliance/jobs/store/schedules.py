"""Schedules as rows: kept, and moved on from one due time to the next."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.core.db import Database
from appliance.core.errors import NotFound, Outdated
from appliance.jobs.store.tables import SITE, ScheduleRow, schedule_of
from appliance.schemas.schedule import Schedule, ScheduleDraft


class ScheduleStore:
    """The schedules of a site."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> Schedule:
        """Return a schedule; raises `NotFound` if there is none of that name."""
        with self._database.session() as session:
            return schedule_of(_require(session, name))

    def list(
        self,
        projects: Collection[str] | None,
        *,
        after: str | None = None,
        limit: int | None = None,
    ) -> builtins.list[Schedule]:
        """Return schedules by name: those of some projects, or all."""
        query = select(ScheduleRow).order_by(ScheduleRow.name).limit(limit)
        if after is not None:
            query = query.where(ScheduleRow.name > after)
        if projects is not None:
            query = query.where(ScheduleRow.project.in_(projects))
        with self._database.session() as session:
            return [schedule_of(row) for row in session.scalars(query)]

    def due(self, at: datetime) -> builtins.list[str]:
        """Return the names of the schedules whose time has come."""
        query = select(ScheduleRow.name).where(ScheduleRow.following <= at.astimezone(UTC))
        with self._database.session() as session:
            return list(session.scalars(query.order_by(ScheduleRow.following)))


# ---------------------------------------------------------------- in a change under way
def find(session: Session, name: str) -> Schedule | None:
    """Return a schedule if there is one."""
    row = session.get(ScheduleRow, name)
    return None if row is None else schedule_of(row)


def current(session: Session, name: str, revision: int | None = None) -> Schedule:
    """Return a schedule.

    Raises
    ------
    NotFound
        There is none of that name.
    Outdated
        It is not at this revision any more.
    """
    found = schedule_of(_require(session, name))
    if revision is not None and found.revision != revision:
        raise Outdated(
            f"schedule {name} changed since revision {revision} (it has {found.revision} now).",
            remedy="Look at it again, then decide.",
        )
    return found


def keep(
    session: Session,
    draft: ScheduleDraft,
    *,
    project: str | None,
    by: str,
    at: datetime,
    following: datetime | None,
) -> Schedule:
    """Add a schedule or change it; `following` is when it is due next, None if it is paused."""
    row = session.get(ScheduleRow, draft.name)
    moment = at.astimezone(UTC)
    if row is None:
        row = ScheduleRow(name=draft.name, revision=0, created=moment, created_by=by)
        session.add(row)
    row.cron, row.zone = draft.cron, draft.zone or "UTC"
    row.catch_up = draft.catch_up.value
    row.pipeline, row.fleet = draft.request.pipeline, draft.request.fleet
    row.project, row.arguments = project or SITE, draft.request.arguments
    row.revision += 1
    row.updated, row.updated_by, row.following = moment, by, following
    session.flush()
    return schedule_of(row)


def move(
    session: Session,
    name: str,
    following: datetime,
    *,
    last: datetime | None = None,
    job: str | None = None,
) -> None:
    """Say when a schedule is due next, and what came of its last time."""
    row = _require(session, name)
    row.following = following
    if job is not None:
        row.last, row.last_job = last, job
    session.flush()


def drop(session: Session, name: str) -> None:
    """Remove a schedule."""
    session.delete(_require(session, name))
    session.flush()


def _require(session: Session, name: str) -> ScheduleRow:
    row = session.get(ScheduleRow, name)
    if row is None:
        raise NotFound(f"there is no schedule {name}.", remedy="`kizashi schedule` lists them.")
    return row
