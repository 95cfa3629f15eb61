"""Mutes in the store: taken over by what begins meanwhile, ended by what becomes graver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from appliance.core.clock import now
from appliance.core.db import utc
from appliance.core.errors import Conflict
from appliance.events.likes import exceeds
from appliance.events.muting import WHEN_CLOSED, calls_through, covers, end_of, subject_of
from appliance.events.store.tables import EventRow, mute_of
from appliance.schemas.event import UNCLOSED, EventDraft, Mute, Muting

BY_DATA = "kizashi"
"""Who changed an event, or muted it, when nobody did."""


def unmuted() -> ColumnElement[bool]:
    """Return what holds of the events that are not muted now."""
    return or_(EventRow.muted_until.is_(None), EventRow.muted_until <= now())


def unclosed() -> ColumnElement[bool]:
    """Return what holds of the events that scores show and that nobody has closed."""
    return EventRow.state.in_([state.value for state in UNCLOSED])


def waiting() -> ColumnElement[bool]:
    """Return what holds of the events that wait for somebody: of those, the unmuted."""
    return and_(unclosed(), unmuted())


def put(row: EventRow, mute: Mute | None) -> None:
    """Mute an event, or let it call again."""
    row.mute = None if mute is None else mute.model_dump(mode="json")
    row.muted_until = None if mute is None else end_of(mute).astimezone(UTC)


def mute(row: EventRow, wanted: Muting, by: str) -> None:
    """Mute an event, in place of a mute that it has.

    Raises
    ------
    Conflict
        The mute would be over already.
    """
    at = now()
    if wanted.until is not None and wanted.until <= at:
        raise Conflict(
            f"event {row.id} cannot be muted until {wanted.until.isoformat()}: that is over.",
            remedy="Name a time to come, or none to mute it until it is closed.",
        )
    facts = EventDraft.model_validate(row.facts)
    told = Mute(
        until=wanted.until,
        reason=wanted.reason,
        by=by,
        at=at,
        severity=facts.severity,
        event=row.id,
        sensor=subject_of(facts) if wanted.only_sensor else None,
    )
    put(row, told)


def unmute(session: Session, row: EventRow) -> list[EventRow]:
    """Let an event call again; return the others that were muted with it, and now are not.

    Whoever lets a repeat call says that it is none; the other repeats stay as they are.

    Raises
    ------
    Conflict
        It is not muted.
    """
    held = mute_of(row)
    if held is None or row.muted_until is None or utc(row.muted_until) <= now():
        raise Conflict(f"event {row.id} is not muted.")
    put(row, None)
    if row.repeats is not None:
        row.repeats = None
        return []
    return _let_call(session, row, lambda mine: mine.event == held.event)


def when_closed(row: EventRow) -> None:
    """End a mute that was to last until its event is closed."""
    if row.muted_until is not None and utc(row.muted_until) == WHEN_CLOSED:
        put(row, None)


def when_revised(session: Session, row: EventRow, facts: EventDraft) -> bool:
    """End the mute of an event that became graver; return whether it did."""
    held = mute_of(row)
    if held is None or not (calls_through(held, facts) or _outgrown(session, held, facts)):
        return False
    was_muted = row.muted_until is not None and utc(row.muted_until) > now()
    put(row, None)
    row.repeats = None
    return was_muted


def _outgrown(session: Session, held: Mute, facts: EventDraft) -> bool:
    """Whether an event became graver than the earlier one that speaks for it."""
    if held.by != BY_DATA:
        return False
    earlier = session.get(EventRow, held.event)
    return earlier is None or exceeds(facts, EventDraft.model_validate(earlier.facts))


def when_reopened(session: Session, row: EventRow) -> list[EventRow]:
    """Let events call for which a false one spoke that is not called so any more."""
    return _let_call(session, row, lambda held: (held.by, held.event) == (BY_DATA, row.id))


def _let_call(session: Session, row: EventRow, ends: Callable[[Mute], bool]) -> list[EventRow]:
    """End the mutes of others beside an event for which `ends` holds; return these events."""
    query = beside(row, EventRow.muted_until > now()).order_by(EventRow.id)
    freed = [
        other
        for other in session.scalars(query.with_for_update())
        if (held := mute_of(other)) is not None and ends(held)
    ]
    for other in freed:
        put(other, None)
    return freed


def muted(session: Session, fleet: str) -> list[EventRow]:
    """Return the events of a fleet that are muted now."""
    held = and_(EventRow.fleet == fleet, EventRow.muted_until > now())
    return list(session.scalars(select(EventRow).where(held).order_by(EventRow.id)))


def when_opened(beside: Sequence[EventRow], row: EventRow, draft: EventDraft) -> str:
    """Let a new event take over the mute of one like it; return which one muted it, or "".

    Parameters
    ----------
    beside
        The events of the fleet that are muted.
    """
    for other in beside:
        held = mute_of(other)
        alike = (other.asset, other.kind) == (row.asset, row.kind)
        if alike and held is not None and covers(held, draft, now()):
            put(row, held)
            return held.event
    return ""


def beside(row: EventRow, *conditions: ColumnElement[bool]) -> Select[EventRow]:
    """Select other events of the same machine and kind."""
    return select(EventRow).where(
        EventRow.fleet == row.fleet,
        EventRow.asset == row.asset,
        EventRow.kind == row.kind,
        EventRow.id != row.id,
        *conditions,
    )
