"""Alerts and their deliveries: noted once, claimed by one process at a time, settled."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.orm import Session, contains_eager

from appliance.alerts.rules import Known
from appliance.alerts.store.tables import AlertRow, DeliveryRow, delivery_of
from appliance.core.db import Database, inserting, utc
from appliance.core.ids import new_id
from appliance.events.life import is_graver
from appliance.schemas.alert import Delivery, DeliveryState
from appliance.schemas.event import Severity

CLAIM = timedelta(minutes=5)
"""Who claimed a delivery and has not settled it by then is dead: another sends it."""
_PATIENCE = timedelta(days=1)
_FIRST, _LONGEST = timedelta(seconds=30), timedelta(hours=1)
_AT_ONCE = 100
_ASKED_AT_ONCE = 1_000
"""Databases take so many values in a question, and not many more."""
_NO_FLEET = ""
_WAITING = DeliveryRow.state == DeliveryState.WAITING.value


class Matter(Protocol):
    """What is told of, as far as it is noted."""

    @property
    def id(self) -> str:
        """Identifier."""

    @property
    def fleet(self) -> str:
        """Of which; empty for the platform."""

    @property
    def severity(self) -> Severity:
        """How urgent it is."""


@dataclass(frozen=True)
class Claimed:
    """Deliveries of one channel that this process is to send, and when it claimed them.

    All are of events, or all are of the platform.
    """

    channel: str
    deliveries: tuple[Delivery, ...]
    at: datetime

    @property
    def of_platform(self) -> bool:
        """Whether they are of the platform."""
        return not self.deliveries[0].fleet


class DeliveryStore:
    """What is to be told, was told, and could not be told."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------------ raised
    def known(self, events: Collection[str]) -> dict[tuple[str, str], Known]:
        """Return by event and channel how severe an event was when it was last told."""
        asked = list(events)
        found: dict[tuple[str, str], Known] = {}
        with self._database.session() as session:
            for first in range(0, len(asked), _ASKED_AT_ONCE):
                part = asked[first : first + _ASKED_AT_ONCE]
                query = (
                    select(AlertRow.event, DeliveryRow.channel, AlertRow.severity)
                    .join(AlertRow, AlertRow.id == DeliveryRow.alert)
                    .where(AlertRow.event.in_(part))
                )
                for event, channel, text in session.execute(query):
                    severity, before = Severity(text), found.get((event, channel))
                    if before is None or is_graver(severity, before):
                        found[event, channel] = severity
        return found

    def note(
        self, event: Matter, due: Mapping[str, datetime], at: datetime
    ) -> builtins.list[Delivery]:
        """Note that channels are to tell of an event; what was noted before stays.

        Parameters
        ----------
        event
            Or a trouble of the platform, which is of no fleet.
        due
            By channel, when it may.

        Returns
        -------
        list of Delivery
            Those that are new: two processes that note the same end with one delivery.
        """
        with self._database.session() as session:
            alert = _alert(session, event, at)
            made = []
            for channel, when in sorted(due.items()):
                values = {
                    "id": new_id("dlv"),
                    "alert": alert,
                    "channel": channel,
                    "state": DeliveryState.WAITING.value,
                    "due": when.astimezone(UTC),
                    "tries": 0,
                    "error": "",
                }
                if _insert(session, DeliveryRow, values, ("alert", "channel")):
                    made.append(values["id"])
            query = _whole().where(DeliveryRow.id.in_(made)).order_by(DeliveryRow.channel)
            return [delivery_of(row) for row in session.scalars(query)]

    # ------------------------------------------------------------------ sent
    def claim(self, at: datetime) -> Claimed | None:
        """Take what one channel has to tell now; None if no channel has anything."""
        at = at.astimezone(UTC)
        free = or_(DeliveryRow.claimed.is_(None), DeliveryRow.claimed < at - CLAIM)
        ready = (_WAITING, DeliveryRow.due <= at, free)
        with self._database.session() as session:
            found_first = session.execute(
                select(DeliveryRow.channel, AlertRow.fleet == _NO_FLEET)
                .join(DeliveryRow.row)
                .where(*ready)
                .order_by(DeliveryRow.due)
                .limit(1)
            ).one_or_none()
            if found_first is None:
                return None
            first, of_platform = found_first
            kind = (AlertRow.fleet == _NO_FLEET) if of_platform else AlertRow.fleet != _NO_FLEET
            mine = (
                select(DeliveryRow.id)
                .join(DeliveryRow.row)
                .where(*ready, DeliveryRow.channel == first, kind)
            )
            mine = mine.order_by(DeliveryRow.due, DeliveryRow.id).limit(_AT_ONCE)
            # The conditions are asked again where another process was first.
            taken = session.scalars(
                update(DeliveryRow)
                .where(DeliveryRow.id.in_(mine), *ready)
                .values(claimed=at)
                .returning(DeliveryRow.id)
                .execution_options(synchronize_session=False)
            ).all()
            query = _whole().where(DeliveryRow.id.in_(taken)).order_by(DeliveryRow.id)
            found = tuple(delivery_of(row) for row in session.scalars(query))
        return Claimed(first, found, at) if found else None

    def sent(self, claimed: Claimed, at: datetime) -> None:
        """Note that what was claimed was taken."""
        self._end(claimed, DeliveryState.SENT, at, "")

    def dropped(self, claimed: Claimed, at: datetime, why: str) -> None:
        """Note that what was claimed is not to be told any more."""
        self._end(claimed, DeliveryState.DROPPED, at, why)

    def later(self, claimed: Claimed, at: datetime, why: str) -> None:
        """Note that what was claimed was not taken: it is tried again, for a day."""
        with self._database.session() as session:
            for row in session.scalars(_claimed(claimed)):
                row.tries += 1
                row.error, row.claimed = why[:1000], None
                if at - utc(row.row.raised) > _PATIENCE:
                    row.state, row.ended = DeliveryState.FAILED.value, at.astimezone(UTC)
                else:
                    pause = min(_FIRST * 2 ** min(row.tries - 1, 10), _LONGEST)
                    row.due = (at + pause).astimezone(UTC)

    def _end(self, claimed: Claimed, state: DeliveryState, at: datetime, why: str) -> None:
        with self._database.session() as session:
            for row in session.scalars(_claimed(claimed)):
                row.state, row.ended, row.claimed = state.value, at.astimezone(UTC), None
                row.error = why[:1000]
                row.tries += state is DeliveryState.SENT

    # ------------------------------------------------------------------ reading
    def list(
        self,
        *,
        event: str | None = None,
        channel: str | None = None,
        states: Sequence[DeliveryState] = (),
        after: str | None = None,
        limit: int = 100,
    ) -> builtins.list[Delivery]:
        """Return deliveries, the latest first.

        Parameters
        ----------
        after
            Identifier of the last one seen.
        """
        query = _whole().order_by(DeliveryRow.id.desc()).limit(limit)
        if event is not None:
            query = query.where(AlertRow.event == event)
        if channel is not None:
            query = query.where(DeliveryRow.channel == channel)
        if states:
            query = query.where(DeliveryRow.state.in_([state.value for state in states]))
        if after is not None:
            query = query.where(DeliveryRow.id < after)
        with self._database.session() as session:
            return [delivery_of(row) for row in session.scalars(query)]

    def forget(self, before: datetime) -> int:
        """Forget what ended longer ago; return how many deliveries."""
        gone = DeliveryRow.ended < before.astimezone(UTC)
        with self._database.session() as session:
            ended = session.scalars(delete(DeliveryRow).where(gone).returning(DeliveryRow.id))
            count = len(ended.all())
            told = select(DeliveryRow.alert)
            old = AlertRow.raised < before.astimezone(UTC)
            session.execute(delete(AlertRow).where(old, AlertRow.id.not_in(told)))
            return count


def _alert(session: Session, event: Matter, at: datetime) -> str:
    """Return the alert of an event at its severity, made if there is none."""
    values = {
        "id": new_id("alt"),
        "event": event.id,
        "fleet": event.fleet,
        "severity": event.severity.value,
        "raised": at.astimezone(UTC),
    }
    _insert(session, AlertRow, values, ("event", "severity"))
    query = select(AlertRow.id).where(
        AlertRow.event == event.id, AlertRow.severity == event.severity.value
    )
    return session.scalars(query).one()


def _insert(
    session: Session,
    table: type[AlertRow | DeliveryRow],
    values: Mapping[str, object],
    unique: Iterable[str],
) -> bool:
    """Insert a row unless there is one like it; whether it was."""
    made = inserting(session, table).values(**values)
    once = made.on_conflict_do_nothing(index_elements=list(unique)).returning(table.id)
    return session.scalar(once) is not None


def _whole() -> Select[DeliveryRow]:
    return select(DeliveryRow).join(DeliveryRow.row).options(contains_eager(DeliveryRow.row))


def _claimed(claimed: Claimed) -> Select[DeliveryRow]:
    mine = [one.id for one in claimed.deliveries]
    at = DeliveryRow.claimed == claimed.at
    return _whole().where(DeliveryRow.id.in_(mine), _WAITING, at)
