"""What people do to events: each deed with a line of history and an entry in the audit log."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from appliance.access.person import Person
from appliance.access.store.audit import append
from appliance.core.clock import now
from appliance.core.errors import InvalidRequest, KizashiError, NotFound, Outdated
from appliance.core.ids import new_id
from appliance.events import life
from appliance.events.store import muting, speaking
from appliance.events.store.changes import record
from appliance.events.store.tables import EventCommentRow, EventRow, comment_of, event_of
from appliance.schemas.event import Event, EventChange, EventComment, EventState, Muting

MOST_WORDS = 10_000
"""Characters of a comment."""
_TOLD = ("state", "verdict", "owner")
_TOLD_OF_MUTES = (*_TOLD, "mute")


@dataclass(frozen=True)
class Deed:
    """What somebody does to an event.

    Attributes
    ----------
    values
        Columns that it sets.
    muting
        With `EventChange.MUTED`.
    """

    change: EventChange
    values: Mapping[str, str | None] = field(default_factory=dict)
    muting: Muting | None = None


def acknowledged() -> Deed:
    """Return the deed of taking note."""
    return Deed(EventChange.ACKNOWLEDGED)


def closed(verdict: str) -> Deed:
    """Return the deed of closing with a verdict; raises `InvalidRequest` if it is none."""
    if verdict not in life.VERDICTS:
        raise InvalidRequest(
            f"{verdict!r} is no verdict.", remedy=f"One of: {', '.join(life.VERDICTS)}."
        )
    return Deed(EventChange.CLOSED, {"verdict": verdict})


def reopened() -> Deed:
    """Return the deed of opening again; the verdict stays in the history."""
    return Deed(EventChange.REOPENED, {"verdict": None})


def assigned(owner: str | None) -> Deed:
    """Return the deed of giving an event to somebody, or to nobody."""
    return Deed(EventChange.ASSIGNED, {"owner": owner})


def muted(wanted: Muting) -> Deed:
    """Return the deed of muting; closing is what ends a mute without an end."""
    return Deed(EventChange.MUTED, muting=wanted)


def unmuted() -> Deed:
    """Return the deed of letting an event, and those muted with it, call again."""
    return Deed(EventChange.UNMUTED)


def do(session: Session, event: str, deed: Deed, by: Person, revision: int | None) -> Event:
    """Do something to an event.

    Raises
    ------
    NotFound
        There is none.
    Conflict
        It changed since the revision that was seen, or its state does not allow it.
    """
    claim = (
        update(EventRow)
        .where(EventRow.id == event)
        .values(revision=EventRow.revision)
        .execution_options(synchronize_session=False)
    )
    # A write that changes nothing: from here on no other process changes the event.
    session.execute(claim)
    row = require(session, event)
    if revision is not None and row.revision != revision:
        raise Outdated(
            f"event {event} changed since revision {revision} (it has {row.revision} now).",
            remedy="Look at it again, then decide.",
        )
    return _done(session, row, deed, by)


def do_all(
    session: Session, events: Sequence[str], deed: Deed, by: Person
) -> dict[str, Event | KizashiError]:
    """Do the same to many events, in one transaction; return what became of each.

    What was answered with an event that it repeats is done already.
    """
    claim = (
        select(EventRow)
        .where(EventRow.id.in_(events))
        .order_by(EventRow.id)  # all who take many take them in this order
        .with_for_update()
    )
    found: dict[str, Event | KizashiError] = {}
    rows = {row.id: row for row in session.scalars(claim)}
    seen = {row.id: row.revision for row in rows.values()}
    for event in dict.fromkeys(events):
        row = rows.get(event)
        try:
            if row is None:
                raise missing(event)
            untouched = row.revision == seen[event]
            found[event] = _done(session, row, deed, by) if untouched else event_of(row)
        except KizashiError as error:
            found[event] = error
    return found


def _done(session: Session, row: EventRow, deed: Deed, by: Person, note: str = "") -> Event:
    """Do a deed; `note` names the event that it was done to, where this one repeats it."""
    before = {name: getattr(row, name) for name in _TOLD_OF_MUTES}
    # What is closed only with the event that it repeats may have an answer of its own.
    if deed.change is not EventChange.CLOSED or not speaking.is_closed_with(session, row):
        row.state = life.after(EventState(row.state), deed.change, row.id).value
    for name, value in deed.values.items():
        setattr(row, name, value)
    changed = [row]
    if deed.muting is not None:
        muting.mute(row, deed.muting, by.name)
    elif deed.change is EventChange.UNMUTED:
        changed += muting.unmute(session, row)
    elif deed.change is EventChange.CLOSED:
        muting.when_closed(row)
    for one in changed:
        record(session, one, deed.change, by.name, note)
    if deed.change is EventChange.REOPENED:
        for one in muting.when_reopened(session, row):
            record(session, one, EventChange.UNMUTED)
    after = {name: getattr(row, name) for name in _TOLD_OF_MUTES}
    told = _TOLD if before["mute"] == after["mute"] else _TOLD_OF_MUTES
    append(
        session,
        by,
        row.updated,
        f"event.{deed.change.value}",
        f"event:{row.id}",
        {name: before[name] for name in told},
        {name: after[name] for name in told},
    )
    _done_to_repeats(session, row, deed, by)
    return event_of(row)


def _done_to_repeats(session: Session, row: EventRow, deed: Deed, by: Person) -> None:
    """Answer the repeats of an event with it, or take that answer back."""
    if deed.change is EventChange.CLOSED:
        for one in speaking.unanswered_repeats(session, row):
            _done(session, one, deed, by, row.id)
    elif deed.change is EventChange.REOPENED:
        for one in speaking.closed_with(session, row):
            _done(session, one, deed, by, row.id)
            speaking.hush(one, row.id)
            record(session, one, EventChange.MUTED, note=row.id)


def say(session: Session, event: str, said: EventComment, by: Person) -> None:
    """Add a comment; the event's revision stays."""
    row = require(session, event)
    session.add(EventCommentRow(**said.model_dump()))
    session.flush()
    told = {"comment": said.id}
    append(session, by, said.at, "event.commented", f"event:{row.id}", None, told)


def last_said(session: Session, events: Collection[str]) -> dict[str, EventComment]:
    """Return what was said last of each event that anything was said of."""
    query = select(EventCommentRow).where(EventCommentRow.event.in_(events))
    said = session.scalars(query.order_by(EventCommentRow.at, EventCommentRow.id))
    return {row.event: comment_of(row) for row in said}


def words_of(event: str, by: Person, text: str) -> EventComment:
    """Return what somebody said as it is kept.

    Raises
    ------
    InvalidRequest
        It is nothing, or too much.
    """
    words = text.strip()
    if not words:
        raise InvalidRequest("the comment is empty.")
    if len(words) > MOST_WORDS:
        raise InvalidRequest(f"a comment has at most {MOST_WORDS:,} characters.")
    return EventComment(id=new_id("cmt"), event=event, by=by.name, at=now(), text=words)


def require(session: Session, event: str) -> EventRow:
    """Return an event's row; raises `NotFound`."""
    row = session.get(EventRow, event)
    if row is None:
        raise missing(event)
    return row


def missing(event: str) -> NotFound:
    """Return the error of an event that is not there."""
    return NotFound(
        f"there is no event {event}.",
        remedy="`kizashi events FLEET` lists those there are.",
    )
