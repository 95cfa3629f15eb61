"""When people last looked: what happened since is news to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import DateTime, String
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from appliance.core.clock import now
from appliance.core.db import Base, Database, utc

AWAY = timedelta(minutes=30)
"""Whoever did not look for so long begins another visit."""
_NOTED = timedelta(minutes=2)
"""A visit is noted down no more often: every page would be a write."""


class VisitRow(Base):
    """One person's visits: when they looked last, and when the visit before this one ended."""

    __tablename__ = "visits"
    person: Mapped[str] = mapped_column(String(200), primary_key=True)
    latest: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    before: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class VisitStore:
    """Remembers when people looked.

    Parameters
    ----------
    clock
        What time it is.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock

    def look(self, person: str) -> datetime | None:
        """Note down that somebody looks; return when the visit before this one ended."""
        with self._database.session() as session:
            row = session.get(VisitRow, person)
            known = None if row is None else (utc(row.latest), row.before)
        moment = self._clock()
        if known is not None and moment - known[0] < _NOTED:
            return None if known[1] is None else utc(known[1])
        try:
            return self._noted(person, moment)
        except IntegrityError:  # their other window was first
            return self._noted(person, moment)

    def _noted(self, person: str, moment: datetime) -> datetime | None:
        with self._database.session() as session:
            row = session.get(VisitRow, person, with_for_update=True)
            if row is None:
                session.add(VisitRow(person=person, latest=moment, before=None))
                session.flush()
                return None
            if moment - utc(row.latest) >= AWAY:
                row.before = row.latest
            row.latest = moment
            return None if row.before is None else utc(row.before)
