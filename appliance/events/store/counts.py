"""How many events wait for somebody, by fleet and by asset."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import func, not_, select

from appliance.access.seen import Seen
from appliance.core.db import Database
from appliance.events.store.listing import of_fleets
from appliance.events.store.muting import unclosed, unmuted, waiting
from appliance.events.store.tables import EventRevisionRow, EventRow
from appliance.schemas.event import EventChange, EventState


class EventCounts:
    """Counts events that nobody has closed; those that are muted wait for nobody."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_fleet(self, fleets: Collection[str]) -> dict[str, int]:
        """Return the counts of some fleets; one without such events is left out."""
        query = (
            select(EventRow.fleet, func.count())
            .where(EventRow.fleet.in_(list(fleets)), waiting())
            .group_by(EventRow.fleet)
        )
        with self._database.session() as session:
            return dict(session.execute(query).all())

    def by_asset(self, fleet: str, assets: Collection[str]) -> dict[str, int]:
        """Return the counts of some assets; one without such events is left out."""
        query = (
            select(EventRow.asset, func.count())
            .where(EventRow.fleet == fleet, EventRow.asset.in_(list(assets)), waiting())
            .group_by(EventRow.asset)
        )
        with self._database.session() as session:
            return dict(session.execute(query).all())

    def by_rank(self, seen: Seen) -> dict[int, int]:
        """Return the counts by class; see `appliance.events.urgency`."""
        query = (
            select(EventRow.rank, func.count())
            .where(*of_fleets(seen), waiting())
            .group_by(EventRow.rank)
        )
        with self._database.session() as session:
            return dict(session.execute(query).all())

    def muted(self, seen: Seen) -> int:
        """Return how many events that nobody has closed are muted."""
        query = select(func.count()).where(*of_fleets(seen), unclosed(), not_(unmuted()))
        with self._database.session() as session:
            return session.scalar(query) or 0

    def owned_by(self, seen: Seen, owner: str) -> int:
        """Return how many events wait for somebody."""
        query = select(func.count()).where(*of_fleets(seen), EventRow.owner == owner, waiting())
        with self._database.session() as session:
            return session.scalar(query) or 0

    def worst(self, fleets: Collection[str]) -> dict[tuple[str, str], tuple[int, float, int]]:
        """Return by fleet and asset the class of the most urgent, its calm, and the count."""
        row = EventRow
        place = row.fleet, row.asset
        query = (
            select(*place, row.rank, func.min(row.calm), func.count())
            .where(row.fleet.in_(list(fleets)), waiting())
            .group_by(*place, row.rank)
            .order_by(*place, row.rank)
        )
        found: dict[tuple[str, str], tuple[int, float, int]] = {}
        with self._database.session() as session:
            for fleet, asset, rank, calm, count in session.execute(query):
                first = found.get((fleet, asset), (rank, calm, 0))
                found[fleet, asset] = (first[0], first[1], first[2] + count)
        return found

    def called(self, seen: Seen, verdict: str, start: datetime, end: datetime) -> int:
        """Return how many events that began in a half-open time have a verdict.

        Repeats are part of what they repeat.
        """
        when = EventRow.start >= start.astimezone(UTC), EventRow.start < end.astimezone(UTC)
        mine = (*of_fleets(seen), EventRow.verdict == verdict, EventRow.repeats.is_(None))
        query = select(func.count()).where(*mine, *when)
        with self._database.session() as session:
            return session.scalar(query) or 0

    def since(self, seen: Seen, moment: datetime) -> tuple[int, int]:
        """Return how many events were opened, and how many closed, after a moment.

        Those that the data have taken back since are not counted, nor are repeats.
        """
        moment = moment.astimezone(UTC)
        mine = (*of_fleets(seen), EventRow.repeats.is_(None))
        kept = (*mine, EventRow.state != EventState.WITHDRAWN.value)
        opened = select(func.count()).where(*kept, EventRow.created > moment)
        closed = (
            select(func.count(EventRow.id.distinct()))
            .join(EventRevisionRow, EventRevisionRow.event == EventRow.id)
            .where(
                *mine,
                EventRow.state == EventState.CLOSED.value,
                EventRow.updated > moment,
                EventRevisionRow.change == EventChange.CLOSED.value,
                EventRevisionRow.at > moment,
            )
        )
        with self._database.session() as session:
            return session.scalar(opened) or 0, session.scalar(closed) or 0
