"""Events found by what they are, over all fleets, a page at a time.

Each query is answered by one index, in the order asked for, so that a page takes as long
among a million events as among a hundred.  Where a search names states, kinds or severities,
each class of events (`appliance.events.urgency`) is asked for by itself: an index gives each
in order, but not their union.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session

from appliance.access.seen import EVERYTHING, Seen
from appliance.core.clock import now
from appliance.events.store.muting import unmuted
from appliance.events.store.tables import EventRow
from appliance.events.urgency import ranks_of
from appliance.schemas.event import EventKind, EventState, Severity

Order: TypeAlias = Literal["urgency", "time"]
Key: TypeAlias = tuple[int, float, datetime, str]
"""Rank, calm, start and identifier: an event's place in either order."""

_Query: TypeAlias = Select[*tuple[Any, ...]]
VISIBLE = (EventState.OPEN, EventState.ACKNOWLEDGED, EventState.CLOSED)
_KEY = (EventRow.rank, EventRow.calm, EventRow.start, EventRow.id)


@dataclass(frozen=True)
class Search:
    """Which events are looked for; what is not said does not matter.

    Attributes
    ----------
    seen
        Fleets that whoever looks may see.
    states
        All but withdrawn ones if none is named.
    since, until
        Only events that touch this closed range.
    text
        Part of the asset's or of a sensor's name.
    muted
        Only those that are muted now, or only the others; both if None.
    repeats
        Only repeats of this event.
    """

    seen: Seen = EVERYTHING
    fleet: str | None = None
    assets: tuple[str, ...] = ()
    states: tuple[EventState, ...] = ()
    kinds: tuple[EventKind, ...] = ()
    severities: tuple[Severity, ...] = ()
    owner: str | None = None
    verdict: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    muted: bool | None = None
    repeats: str | None = None

    @property
    def ranks(self) -> list[int]:
        """Classes of events that may be found."""
        kinds, severities = self.kinds or tuple(EventKind), self.severities or tuple(Severity)
        return ranks_of(self.states or VISIBLE, kinds, severities)

    @property
    def by_class(self) -> bool:
        """Whether each class is asked for by itself."""
        few = bool(self.states or self.kinds or self.severities)
        rare = self.assets or self.owner or self.verdict or self.muted or self.repeats
        return few and not rare


def look(
    session: Session, wanted: Search, order: Order, after: Key | None, limit: int
) -> list[EventRow]:
    """Return events in their order: so many of those after a place in it."""
    if wanted.fleet is not None and wanted.fleet not in wanted.seen:
        return []
    query: _Query = select(*_KEY).where(*_conditions(session, wanted)).limit(limit)
    keys: list[Key] = []
    for one in _each(query, wanted, order, after):
        keys += [tuple(key) for key in session.execute(one)]
        if order == "urgency" and len(keys) >= limit:
            break  # what is of a later class comes later
    ordered = sorted(keys) if order == "urgency" else sorted(keys, key=_latest, reverse=True)
    names = [name for *_, name in ordered[:limit]]
    found = session.scalars(select(EventRow).where(EventRow.id.in_(names)))
    rows = {row.id: row for row in found}
    return [rows[name] for name in names if name in rows]


def _latest(key: Key) -> tuple[datetime, str]:
    return key[2], key[3]


def _each(query: _Query, wanted: Search, order: Order, after: Key | None) -> Iterator[_Query]:
    """Yield the queries whose answers together hold the page."""
    own = _ordered(query, order, after)
    if not wanted.by_class:
        # An index on what is rarer than a class is to be used, not one on classes.
        yield own.where((EventRow.rank + 0).in_(wanted.ranks))
        return
    for rank in wanted.ranks:
        if order == "time" or after is None or rank >= after[0]:
            yield own.where(EventRow.rank == rank)


def _ordered(query: _Query, order: Order, after: Key | None) -> _Query:
    if order == "urgency":
        if after is not None:
            query = query.where(tuple_(*_KEY) > after)
        return query.order_by(*_KEY)
    if after is not None:
        query = query.where(tuple_(EventRow.start, EventRow.id) < _latest(after))
    return query.order_by(EventRow.start.desc(), EventRow.id.desc())


def of_fleets(seen: Seen) -> list[ColumnElement[bool]]:
    """Return what holds of the events that somebody may see."""
    if seen.only is not None:
        return [EventRow.fleet.in_(seen.only)]
    return [EventRow.fleet.not_in(seen.but)] if seen.but else []


def _conditions(session: Session, wanted: Search) -> Iterator[ColumnElement[bool]]:
    if wanted.fleet is not None:
        yield EventRow.fleet == wanted.fleet
    else:
        yield from of_fleets(wanted.seen)
    if wanted.assets:
        yield EventRow.asset.in_(wanted.assets)
    if wanted.owner is not None:
        yield EventRow.owner == wanted.owner
    if wanted.verdict is not None:
        yield EventRow.verdict == wanted.verdict
    if wanted.repeats is not None:
        yield EventRow.repeats == wanted.repeats
    if wanted.text:
        yield EventRow.words.contains(wanted.text.casefold(), autoescape=True)
    if wanted.muted is not None:
        yield EventRow.muted_until > now() if wanted.muted else unmuted()
    if wanted.until is not None:
        yield EventRow.start <= wanted.until.astimezone(UTC)
    if wanted.since is not None:
        since = wanted.since.astimezone(UTC)
        # What lasted no longer than the longest event began no longer before.
        longest = session.scalar(select(func.max(EventRow.seconds))) or 0.0
        yield EventRow.end >= since
        yield EventRow.start >= since - timedelta(seconds=longest)
