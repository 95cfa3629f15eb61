"""Failed logins: counted by name, known or not, so that waiting tells nothing of a name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from appliance.access import lockout
from appliance.access.store.tables import TryRow
from appliance.core.db import Database, inserting, utc


class TryStore:
    """Tells whether a name may try to log in now.

    A name is its keyed digest: what was typed is not kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, name: str, at: datetime) -> datetime | None:
        """Count a try before it is made, as if it had failed already.

        So of many at once no more come through than one after the other would.

        Returns
        -------
        datetime or None
            None if it may be made, else the moment from which the next one may.
        """
        with self._database.session() as session:
            row = _row(session, name, at)
            until = utc(row.until)
            if until > at:
                return until
            if at - utc(row.last) >= lockout.FORGOTTEN:
                row.failures = 0
            row.failures += 1
            row.last = at.astimezone(UTC)
            row.until = row.last + lockout.delay(row.failures)
            _forget(session, at)
            return None


def forgive(session: Session, name: str) -> bool:
    """Forget the failures of a name; whether there were any."""
    found = session.execute(delete(TryRow).where(TryRow.name == name).returning(TryRow.name))
    return found.first() is not None


def waiting(session: Session, names: Iterable[str], at: datetime) -> dict[str, datetime]:
    """Return until when names must wait, for those that must."""
    query = select(TryRow).where(
        TryRow.name.in_(tuple(names)), TryRow.until > at.astimezone(UTC)
    )
    return {row.name: utc(row.until) for row in session.scalars(query)}


def _row(session: Session, name: str, at: datetime) -> TryRow:
    moment = at.astimezone(UTC)
    # A write as the first statement: no other process comes in between.
    session.execute(
        inserting(session, TryRow)
        .values(name=name, failures=0, last=moment, until=moment)
        .on_conflict_do_nothing()
    )
    return session.get_one(TryRow, name, with_for_update=True)


def _forget(session: Session, at: datetime) -> None:
    old = at.astimezone(UTC) - lockout.FORGOTTEN
    session.execute(
        delete(TryRow).where(TryRow.last < old).execution_options(synchronize_session=False)
    )
