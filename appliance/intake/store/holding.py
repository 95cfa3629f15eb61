"""Who runs which source: one worker each; what it notes counts only while it still does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from appliance.core.db import Database, utc
from appliance.core.errors import StorageError
from appliance.intake.store.tables import SourceRow
from appliance.jobs.store.tables import WorkerRow
from appliance.schemas.source import Origin, SourceDraft

_LONGEST_PAUSE = 300.0


@dataclass(frozen=True)
class Held:
    """A source that a worker runs.

    Attributes
    ----------
    id
        It stays the same whatever the source is called or leads to.
    draft, origin
        What was asked for; where it leads, with its secrets.
    cursor
        Where the next look begins.
    failures
        Looks that failed, one after the other.
    """

    id: str
    worker: str
    revision: int
    draft: SourceDraft
    origin: Origin
    cursor: Mapping[str, Any]
    failures: int


@dataclass(frozen=True)
class Brought:
    """What a look brought.

    Attributes
    ----------
    latest
        Time of the latest reading; None if none came, or times are counted.
    refusal
        Why the last thing that was refused could not be used.
    """

    rows: int = 0
    refused: int = 0
    latest: datetime | None = None
    refusal: str = ""


class Holding:
    """The sources as the workers see them.

    Parameters
    ----------
    origin
        Opens a row's secrets.
    """

    def __init__(self, database: Database, origin: Callable[[SourceRow], Origin]) -> None:
        self._database = database
        self._origin = origin

    def hold(self, worker: str) -> dict[str, int]:
        """Take the sources that no living worker runs; return all of this one's.

        Returns
        -------
        dict
            Revisions by identifier.
        """
        living = select(WorkerRow.id)
        free = or_(SourceRow.holder.is_(None), SourceRow.holder.not_in(living))
        wanted = (SourceRow.paused.is_(False), free)
        mine = select(SourceRow.id, SourceRow.revision).where(
            SourceRow.holder == worker, SourceRow.paused.is_(False)
        )
        with self._database.session() as session:
            if session.scalar(select(SourceRow.id).where(*wanted).limit(1)) is not None:
                # The conditions are asked again where another process was first.
                session.execute(
                    update(SourceRow)
                    .where(*wanted)
                    .values(holder=worker)
                    .execution_options(synchronize_session=False)
                )
            return dict(session.execute(mine).all())

    def open(self, source: str, worker: str) -> Held | None:
        """Return a source that a worker is to run; None if it is not its own any more.

        None too where its secrets cannot be read: that is noted with it.
        """
        with self._database.session() as session:
            row = session.scalar(_own(source, worker))
            if row is None or row.paused:
                return None
            try:
                origin = self._origin(row)
            except StorageError as error:
                if row.error != error.message:
                    row.error, row.remedy, row.failures = error.message, error.remedy, 1
                return None
            draft = SourceDraft.model_validate({**row.facts, "paused": row.paused})
            return Held(row.id, worker, row.revision, draft, origin, row.cursor, row.failures)

    def looked(self, held: Held, at: datetime, cursor: Mapping[str, Any], due: datetime,
               brought: Brought) -> bool:  # fmt: skip
        """Note a look that went well; False if the source is not this worker's as it was."""
        moment = at.astimezone(UTC)
        with self._database.session() as session:
            row = session.scalar(_own(held.id, held.worker).with_for_update())
            if row is None or row.revision != held.revision:
                return False
            row.cursor, row.looked, row.due = dict(cursor), moment, due.astimezone(UTC)
            row.rows += brought.rows
            row.refused += brought.refused
            row.error, row.remedy, row.failures = "", "", 0
            row.came = moment if brought.rows else row.came
            row.refusal = brought.refusal or row.refusal
            if brought.latest is not None:
                before = utc(row.latest) if row.latest else brought.latest
                row.latest = max(before, brought.latest)
            return True

    def failed(self, held: Held, at: datetime, why: tuple[str, str], due: datetime) -> bool:
        """Note a look that failed, with its reason and remedy; as `looked` otherwise."""
        with self._database.session() as session:
            row = session.scalar(_own(held.id, held.worker).with_for_update())
            if row is None or row.revision != held.revision:
                return False
            row.looked, row.due = at.astimezone(UTC), due.astimezone(UTC)
            row.error, row.remedy = why
            row.failures += 1
            return True

    def exists(self, source: str) -> bool:
        """Whether there still is such a source."""
        query = select(SourceRow.id).where(SourceRow.id == source)
        with self._database.session() as session:
            return session.scalar(query) is not None


def _own(source: str, worker: str) -> Any:
    return select(SourceRow).where(SourceRow.id == source, SourceRow.holder == worker)


def pause_after(failures: int, every: float) -> timedelta:
    """Return how long to wait before the next look after some failed in a row."""
    longest = max(every, _LONGEST_PAUSE)
    return timedelta(seconds=min(2.0 ** min(failures, 20), longest))
