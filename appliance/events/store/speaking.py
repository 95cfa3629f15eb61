"""Events that an earlier one speaks for: called false, or not answered by anybody yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal, cast

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from appliance.core.clock import now
from appliance.core.db import utc
from appliance.events.life import FRESH
from appliance.events.likes import Earlier, speaks_for
from appliance.events.store.muting import BY_DATA, beside, put, unclosed
from appliance.events.store.tables import EventRevisionRow, EventRow, event_of, mute_of
from appliance.schemas.event import Again, Event, EventChange, EventDraft, EventState, Mute

_MOST = 200
"""Events of a machine, the newest first, that may speak for another: of either kind so many."""


def when_like(
    session: Session, row: EventRow, draft: EventDraft, again: timedelta | None
) -> str:
    """Mute an event for which an earlier one speaks; return which, or "".

    Until it is closed: whoever looks at it may let it call.

    Parameters
    ----------
    again
        How long one that nobody answered speaks; None: it does not.
    """
    others = [*_judged(session, row)]
    if again is not None:
        others += _unanswered(session, row, again)
    earlier = speaks_for(draft, others, again or timedelta())
    if earlier is None:
        return ""
    if earlier.verdict is None:
        hush(row, earlier.event)
    else:
        _mute(row, earlier.event, "which was called false")
    return earlier.event


def hush(row: EventRow, event: str) -> None:
    """Make an event a repeat of another."""
    row.repeats = event
    _mute(row, event, "which nobody has answered yet")


def _mute(row: EventRow, event: str, said: str) -> None:
    told = Mute(
        reason=f"It looks like event {event}, {said}.",
        by=BY_DATA,
        at=now(),
        severity=EventDraft.model_validate(row.facts).severity,
        event=event,
    )
    put(row, told)


def unanswered_repeats(session: Session, row: EventRow) -> list[EventRow]:
    """Return the repeats of an event that nobody has dealt with, by their start."""
    return _repeats_of(session, row, EventState.OPEN)


def closed_with(session: Session, row: EventRow) -> list[EventRow]:
    """Return the repeats that were closed by the answer to an event, and are so still."""
    found = _repeats_of(session, row, EventState.CLOSED)
    return [one for one in found if is_closed_with(session, one)]


def _repeats_of(session: Session, row: EventRow, state: EventState) -> list[EventRow]:
    query = (
        select(EventRow)
        .where(EventRow.repeats == row.id, EventRow.state == state.value)
        .order_by(EventRow.id)  # all who take many take them in this order
        .with_for_update()
    )
    return sorted(session.scalars(query), key=lambda one: (utc(one.start), one.id))


def is_closed_with(session: Session, row: EventRow) -> bool:
    """Whether an event was closed by the answer to the one that it repeats, not by its own."""
    answered = (EventChange.CLOSED.value, EventChange.REOPENED.value)
    last = (
        select(EventRevisionRow)
        .where(EventRevisionRow.event == row.id, EventRevisionRow.change.in_(answered))
        .order_by(EventRevisionRow.revision.desc())
        .limit(1)
    )
    line = session.scalar(last) if row.repeats is not None else None
    return line is not None and (line.change, line.note) == (answered[0], row.repeats)


def told_again(session: Session, rows: Iterable[EventRow]) -> list[Event]:
    """Return events as they are, each with how often it came again."""
    rows = [*rows]
    query = (
        select(EventRow.repeats, func.count(), func.max(EventRow.end))
        .where(
            EventRow.repeats.in_([row.id for row in rows]),
            EventRow.state != EventState.WITHDRAWN.value,
        )
        .group_by(EventRow.repeats)
    )
    again = {
        event: Again(count=count, last=utc(last))
        for event, count, last in session.execute(query)
    }
    return [event_of(row).model_copy(update={"again": again.get(row.id)}) for row in rows]


def _judged(session: Session, row: EventRow) -> list[Earlier]:
    """Return the machine's events that people called true or false, the newest first."""
    query = _newest_beside(
        row,
        EventRow.state == EventState.CLOSED.value,
        EventRow.verdict.in_(("true", "false")),
    )
    return [
        Earlier(
            one.id,
            EventDraft.model_validate(one.facts),
            cast("Literal['true', 'false']", one.verdict),
        )
        for one in session.scalars(query)
    ]


def _unanswered(session: Session, row: EventRow, again: timedelta) -> list[Earlier]:
    """Return those that wait for an answer and that no other event speaks for.

    What was found long after it had ended says nothing of what happens now.
    """
    reach = utc(row.start) - again
    query = _newest_beside(
        row,
        unclosed(),
        EventRow.repeats.is_(None),
        EventRow.start <= utc(row.start),
        or_(EventRow.end >= reach, EventRow.ongoing),
    )
    return [
        Earlier(one.id, EventDraft.model_validate(one.facts), None)
        for one in session.scalars(query)
        if ((held := mute_of(one)) is None or held.by != BY_DATA)
        and (_found_late(row) or not _found_late(one))
    ]


def _found_late(row: EventRow) -> bool:
    """Whether an event was no news when it was found: no alert told anybody of it."""
    return not row.ongoing and utc(row.created) - utc(row.end) > FRESH


def _newest_beside(row: EventRow, *conditions: ColumnElement[bool]) -> Select[EventRow]:
    """Select other events of the same machine and kind, the newest first."""
    newest = EventRow.start.desc(), EventRow.id
    return beside(row, *conditions).order_by(*newest).limit(_MOST)
