"""Jobs as workers take them: one of each project in turn, none twice, orphans first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from appliance.core.db import Database, utc
from appliance.jobs.store.tables import AT_WORK, JobRow, WorkerRow
from appliance.schemas.job import JobState

_QUEUED = JobState.QUEUED.value


@dataclass(frozen=True)
class Claim:
    """A job that a worker has to run now.

    Attributes
    ----------
    rewind
        Number of the step that a retry begins at; None to go on where it stood.
    cancelled
        Whether its end was asked for already.
    deaths
        Workers that were lost in the step that it is in.
    """

    job: str
    pipeline: str
    rewind: int | None
    cancelled: bool = False
    deaths: int = 0


class ClaimStore:
    """The queue of a site, for workers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------------ the queue
    def claim(self, worker: str, at: datetime) -> Claim | None:
        """Take the job whose turn it is; None if none can be begun now.

        The project with the fewest jobs at work is first, of these the one that waited
        longest for its turn.  Of two workers that want the same job one gets it.
        """
        for job in self._candidates():
            try:
                found = self._take(job, worker, at)
            except IntegrityError:
                continue  # another worker began a job of the same lane
            if found is not None:
                return found
        return None

    def _candidates(self) -> list[str]:
        """Return the first job of each project that nothing is in the way of."""
        with self._database.session() as session:
            waiting = _waiting(session)
            busy = _busy(session) if waiting else {}
            turns = []
            for project in waiting:
                job = session.scalar(_first(project))
                if job is not None:
                    turns.append((busy.get(project, 0), _last_turn(session, project), job))
        return [job for _, _, job in sorted(turns)]

    def _take(self, job: str, worker: str, at: datetime) -> Claim | None:
        moment = at.astimezone(UTC)
        query = (
            update(JobRow)
            .where(JobRow.id == job, JobRow.state == _QUEUED)
            .values(
                state=JobState.RUNNING.value,
                worker=worker,
                claimed=moment,
                started=func.coalesce(JobRow.started, moment),
                attempt=JobRow.attempt + 1,
            )
        )
        return self._taken(query.returning(*_CLAIM))

    # ------------------------------------------------------------------ orphans
    def adopt(self, worker: str, at: datetime) -> Claim | None:
        """Take over a job whose worker is gone; None if there is none."""
        alive = exists().where(WorkerRow.id == JobRow.worker)
        query = (
            select(JobRow.id, JobRow.worker)
            .where(JobRow.state.in_(AT_WORK), not_(alive))
            .order_by(JobRow.id)
        )
        with self._database.session() as session:
            orphans = session.execute(query).all()
        for job, gone in orphans:
            own = and_(JobRow.id == job, JobRow.state.in_(AT_WORK), _same(gone))
            taken = update(JobRow).where(own)
            moment = at.astimezone(UTC)
            facts = {
                "worker": worker,
                "claimed": moment,
                "attempt": JobRow.attempt + 1,
                "deaths": JobRow.deaths + 1,
            }
            found = self._taken(taken.values(facts).returning(*_CLAIM))
            if found is not None:
                return found
        return None

    def _taken(self, query: Any) -> Claim | None:
        with self._database.session() as session:
            row = session.execute(query).one_or_none()
        if row is None:
            return None
        job, pipeline, rewind, state, deaths = row
        cancelled = state == JobState.CANCELLING.value
        return Claim(job, pipeline, rewind, cancelled, deaths)

    def begun(self, job: str, worker: str) -> None:
        """Note that a claimed job was begun: a retry has been rewound."""
        own = update(JobRow).where(JobRow.id == job, JobRow.worker == worker)
        with self._database.session() as session:
            session.execute(own.values(rewind=None))

    def release(self, worker: str) -> None:
        """Note that a worker leaves its jobs on purpose: they may be taken over at once."""
        own = and_(JobRow.worker == worker, JobRow.state.in_(AT_WORK))
        with self._database.session() as session:
            session.execute(update(JobRow).where(own).values(worker=None, deaths=-1))


_CLAIM = (JobRow.id, JobRow.pipeline, JobRow.rewind, JobRow.state, JobRow.deaths)


def _same(worker: str | None) -> ColumnElement[bool]:
    return JobRow.worker.is_(None) if worker is None else JobRow.worker == worker


def _waiting(session: Session) -> list[str]:
    """Return the projects that have jobs in the queue, without reading the whole of it."""
    found: list[str] = []
    query = select(func.min(JobRow.project)).where(JobRow.state == _QUEUED)
    project = session.scalar(query)
    while project is not None:
        found.append(project)
        project = session.scalar(query.where(JobRow.project > project))
    return found


def _busy(session: Session) -> dict[str, int]:
    """Return how many jobs of each project are at work."""
    query = (
        select(JobRow.project, func.count())
        .where(JobRow.state.in_(AT_WORK))
        .group_by(JobRow.project)
    )
    return dict(session.execute(query).all())


def _first(project: str) -> Select[Any]:
    busy = aliased(JobRow)
    in_the_way = exists().where(busy.lane == JobRow.lane, busy.state.in_(AT_WORK))
    return (
        select(JobRow.id)
        .where(JobRow.project == project, JobRow.state == _QUEUED, not_(in_the_way))
        .order_by(JobRow.id)
        .limit(1)
    )


def _last_turn(session: Session, project: str) -> float:
    last = session.scalar(select(func.max(JobRow.claimed)).where(JobRow.project == project))
    return utc(last).timestamp() if last is not None else 0.0
