"""Which workers are alive, by what they write themselves."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import delete, select, update

from appliance.core.db import Database
from appliance.jobs.store.tables import WorkerRow


class WorkerStore:
    """The worker processes of a site."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enter(self, worker: str, name: str, process: int, at: datetime) -> None:
        """Note a new process; those that had its name before are gone."""
        moment = at.astimezone(UTC)
        with self._database.session() as session:
            session.execute(delete(WorkerRow).where(WorkerRow.name == name))
            session.add(
                WorkerRow(
                    id=worker, name=name, process=process, started=moment, seen=moment, beats=0
                )
            )

    def beat(self, worker: str, at: datetime) -> bool:
        """Note that a worker lives; False if the others took it for dead."""
        own = update(WorkerRow).where(WorkerRow.id == worker)
        facts = {"beats": WorkerRow.beats + 1, "seen": at.astimezone(UTC)}
        with self._database.session() as session:
            found = session.execute(own.values(facts).returning(WorkerRow.id))
            return found.scalar_one_or_none() is not None

    def leave(self, worker: str) -> None:
        """Note that a worker is gone."""
        with self._database.session() as session:
            session.execute(delete(WorkerRow).where(WorkerRow.id == worker))

    def beats(self) -> dict[str, int]:
        """Return how often each worker has noted that it lives."""
        with self._database.session() as session:
            return dict(session.execute(select(WorkerRow.id, WorkerRow.beats)).all())

    def processes(self, prefix: str) -> dict[int, int]:
        """Return how often workers have noted that they live, by number of their process.

        Parameters
        ----------
        prefix
            What their names begin with: other machines have processes of the same number.
        """
        found = select(WorkerRow.process, WorkerRow.beats)
        with self._database.session() as session:
            rows = session.execute(
                found.where(WorkerRow.name.startswith(prefix, autoescape=True))
            )
            return dict(rows.all())
