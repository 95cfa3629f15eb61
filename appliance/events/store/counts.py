"""How many events wait for somebody, by fleet and by asset."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select

from appliance.core.db import Database
from appliance.events.store.tables import EventRow
from appliance.schemas.event import EventState

_WAITING = EventRow.state.in_([EventState.OPEN.value, EventState.ACKNOWLEDGED.value])


class EventCounts:
    """Counts events that nobody has closed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_fleet(self, fleets: Collection[str]) -> dict[str, int]:
        """Return the counts of some fleets; one without such events is left out."""
        query = (
            select(EventRow.fleet, func.count())
            .where(EventRow.fleet.in_(list(fleets)), _WAITING)
            .group_by(EventRow.fleet)
        )
        with self._database.session() as session:
            return dict(session.execute(query).all())

    def by_asset(self, fleet: str, assets: Collection[str]) -> dict[str, int]:
        """Return the counts of some assets; one without such events is left out."""
        query = (
            select(EventRow.asset, func.count())
            .where(EventRow.fleet == fleet, EventRow.asset.in_(list(assets)), _WAITING)
            .group_by(EventRow.asset)
        )
        with self._database.session() as session:
            return dict(session.execute(query).all())
