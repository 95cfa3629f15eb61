"""Events that changed lately and wait for somebody: what there may be to tell of."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from appliance.core.db import Database
from appliance.events.store.muting import waiting
from appliance.events.store.tables import EventRow, event_of
from appliance.schemas.event import Event


class EventNews:
    """Finds what changed lately."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, moment: datetime) -> list[Event]:
        """Return events that nobody has closed or muted and that changed since a moment.

        The order is that of their changes.
        """
        query = (
            select(EventRow)
            .where(EventRow.updated >= moment.astimezone(UTC), waiting())
            .order_by(EventRow.updated, EventRow.id)
        )
        with self._database.session() as session:
            return [event_of(row) for row in session.scalars(query)]
