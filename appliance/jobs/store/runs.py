"""Jobs as the worker that runs them writes them: steps, progress, log lines, the end.

Every write asks first whether the job is still this worker's: one that was taken for dead, and
comes to itself again, changes nothing any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from appliance.core.db import Database
from appliance.core.errors import KizashiError
from appliance.jobs.store.tables import AT_WORK, JobLineRow, JobRow, JobStepRow
from appliance.schemas.job import JobState

MOST_LINES = 2_000
"""Lines that a job's log keeps: the first ones."""
_LONGEST = 2_000


@dataclass(frozen=True)
class Told:
    """What a job says of itself.

    Attributes
    ----------
    done, total
        Units of work of the step that it is in.
    lines
        For its log, each a time, a level and a text.
    """

    done: int = 0
    total: int | None = None
    lines: tuple[tuple[datetime, str, str], ...] = ()


class RunStore:
    """The jobs of one worker."""

    def __init__(self, database: Database, worker: str) -> None:
        self._database = database
        self._worker = worker

    def cancelling(self) -> list[str]:
        """Return those of its jobs whose end was asked for."""
        state = JobState.CANCELLING.value
        query = select(JobRow.id).where(JobRow.state == state, JobRow.worker == self._worker)
        with self._database.session() as session:
            return list(session.scalars(query))

    def begin_step(self, job: str, number: int, name: str, at: datetime) -> bool:
        """Note that a step begins, again if it stood there; False if the job is not its own."""
        with self._database.session() as session:
            if not self._own(session, job):
                return False
            session.merge(
                JobStepRow(
                    job=job,
                    number=number,
                    name=name[:200],
                    state=JobState.RUNNING.value,
                    started=at.astimezone(UTC),
                    ended=None,
                    done=0,
                    total=None,
                    output=None,
                    error="",
                )
            )
        return True

    def report(self, job: str, told: Told, number: int | None = None) -> None:
        """Keep what a job says of itself, and of the step that it is in."""
        with self._database.session() as session:
            if self._own(session, job):
                self._keep(session, job, told, number)

    def end_step(
        self,
        job: str,
        number: int,
        state: JobState,
        at: datetime,
        told: Told,
        *,
        output: object = None,
        error: str = "",
    ) -> bool:
        """Note how a step ended; False if the job is not its own."""
        ended = at.astimezone(UTC)
        values = {"state": state.value, "ended": ended, "output": output, "error": error}
        with self._database.session() as session:
            # Whoever got through a step was not killed by it.
            if not self._own(session, job, deaths=0):
                return False
            self._keep(session, job, told, number)
            session.execute(_step(job, number).values(values))
        return True

    def end(
        self,
        job: str,
        state: JobState,
        at: datetime,
        told: Told,
        *,
        result: object = None,
        error: KizashiError | None = None,
    ) -> bool:
        """Note how a job ended; False if it is not its own."""
        ended = at.astimezone(UTC)
        with self._database.session() as session:
            own = self._own(
                session,
                job,
                state=state.value,
                ended=ended,
                result=result,
                error=error.message if error else "",
                remedy=error.remedy if error else "",
                error_kind=type(error).__name__ if error else "",
            )
            if own:
                self._keep(session, job, told, None)
            return own

    def _keep(self, session: Session, job: str, told: Told, number: int | None) -> None:
        if number is not None:
            running = JobStepRow.state == JobState.RUNNING.value
            step = _step(job, number).where(running)
            session.execute(step.values(done=told.done, total=told.total))
        if not told.lines:
            return
        last = select(func.max(JobLineRow.number)).where(JobLineRow.job == job)
        before = session.scalar(last) or 0
        lines = list(told.lines)[: MOST_LINES - before]
        if lines and before + len(lines) == MOST_LINES:
            lines[-1] = (lines[-1][0], "warning", "the log is full: what follows is left out")
        for place, (at, level, text) in enumerate(lines, before + 1):
            session.add(
                JobLineRow(
                    job=job,
                    number=place,
                    at=at.astimezone(UTC),
                    level=level,
                    text=text[:_LONGEST].replace("\0", " "),
                )
            )

    def _own(self, session: Session, job: str, **values: object) -> bool:
        """Write to a job if it is still this worker's; others wait until the end of this."""
        told: Mapping[Any, Any] = values or {"worker": self._worker}
        query = (
            update(JobRow)
            .where(JobRow.id == job, JobRow.worker == self._worker, JobRow.state.in_(AT_WORK))
            .values(told)
            .returning(JobRow.id)
            .execution_options(synchronize_session=False)
        )
        return session.execute(query).scalar_one_or_none() is not None


def _step(job: str, number: int) -> Any:
    return (
        update(JobStepRow)
        .where(JobStepRow.job == job, JobStepRow.number == number)
        .execution_options(synchronize_session=False)
    )
