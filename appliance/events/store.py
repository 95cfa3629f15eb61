"""Tables of events, their history and comments."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    Text,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from appliance.core.clock import now
from appliance.core.db import Base, Database
from appliance.core.errors import Conflict, InvalidRequest, NotFound
from appliance.core.ids import new_id
from appliance.events import life
from appliance.events.matching import Near, Span, Stored, distance_of, plan
from appliance.schemas.event import (
    Event,
    EventChange,
    EventComment,
    EventDraft,
    EventKind,
    EventRevision,
    EventState,
)

BY_DATA = "kizashi"
"""Who changed an event when new scores did."""
_VISIBLE = (EventState.OPEN, EventState.ACKNOWLEDGED, EventState.CLOSED)


class EventFleetRow(Base):
    """One fleet: the row that revisions of its events wait for, one after the other."""

    __tablename__ = "event_fleets"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)


class EventRow(Base):
    """One event as it is now; `facts` holds the whole draft."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_place", "fleet", "asset", "start"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    fleet: Mapped[str] = mapped_column(String(63))
    asset: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    start: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    end: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ongoing: Mapped[bool] = mapped_column(Boolean)
    state: Mapped[str] = mapped_column(String(20))
    stands: Mapped[bool] = mapped_column(Boolean)
    merged_into: Mapped[str | None] = mapped_column(String(40))
    verdict: Mapped[str | None] = mapped_column(String(20))
    owner: Mapped[str | None] = mapped_column(String(200))
    revision: Mapped[int] = mapped_column(Integer)
    model_version: Mapped[int] = mapped_column(Integer)
    score_batch: Mapped[str] = mapped_column(String(80))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class EventRevisionRow(Base):
    """One change of an event, and what it was after it."""

    __tablename__ = "event_revisions"
    event: Mapped[str] = mapped_column(String(40), ForeignKey("events.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    change: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    by: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20))
    verdict: Mapped[str | None] = mapped_column(String(20))
    owner: Mapped[str | None] = mapped_column(String(200))
    model_version: Mapped[int] = mapped_column(Integer)
    score_batch: Mapped[str] = mapped_column(String(80))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)


class EventCommentRow(Base):
    """What a person said about an event."""

    __tablename__ = "event_comments"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    event: Mapped[str] = mapped_column(String(40), ForeignKey("events.id"), index=True)
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    text: Mapped[str] = mapped_column(Text)


class EventStore:
    """Events of all fleets: found by scores, dealt with by people."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------------ by data
    def around(
        self,
        fleet: str,
        spans: Mapping[str, Span],
        *,
        near: Near = timedelta(),
        kind: EventKind = EventKind.ANOMALY,
    ) -> dict[str, Span]:
        """Widen time ranges until they hold whole every event that new scores may change.

        Parameters
        ----------
        spans
            By asset, the closed range that is scored anew.
        near
            Merge distance, of all assets or by asset: an event this close counts as touched.
            So does one before the range that still stood when its data ended.
        """
        if not spans:
            return {}
        mine = (EventRow.kind == kind.value, EventRow.state != EventState.WITHDRAWN.value)
        query = _touching(fleet, spans, near).where(*mine)
        wide = dict(spans)
        with self._database.session() as session:
            rows = [row for row in session.scalars(query) if row.asset in spans]
        for row in rows:
            (low, high), distance = spans[row.asset], distance_of(near, row.asset)
            start, end = _utc(row.start), _utc(row.end)
            if start <= high + distance and (end >= low - distance or row.ongoing):
                known = wide[row.asset]
                wide[row.asset] = (min(known[0], start), max(known[1], end))
        return wide

    def revise(
        self,
        fleet: str,
        drafts: Iterable[EventDraft],
        spans: Mapping[str, Span],
        *,
        model_version: int,
        score_batch: str,
        kinds: Collection[EventKind] = tuple(EventKind),
        near: Near = timedelta(),
    ) -> builtins.list[Event]:
        """Bring the events of a fleet to what new scores show; repeated, it changes nothing.

        `matching` says which stored event is which draft, `life` what becomes of it.  It does
        not matter which model version found an event: a fleet has one list of events.

        Parameters
        ----------
        drafts
            Events found in the new scores, each whole: read the scores of the ranges that
            `around` gives.
        spans
            By asset, the closed range in which the drafts replace what was known.
        model_version, score_batch
            Where the drafts come from.
        kinds
            What the drafts speak of; events of other kinds are left alone.
        near
            Merge distance, of all assets or by asset.

        Returns
        -------
        list of Event
            Those that changed, as they are now.
        """
        if not spans:
            return []
        found = [draft for draft in drafts if draft.kind in kinds]
        with self._database.session() as session:
            _lock(session, fleet)
            query = _touching(fleet, spans, near).where(
                EventRow.kind.in_([kind.value for kind in kinds])
            )
            rows = {
                row.id: row
                for row in session.scalars(query.with_for_update())
                if row.asset in spans
            }
            todo = plan(map(_stored, rows.values()), found, spans, near)
            source = {"model_version": model_version, "score_batch": score_batch}
            changed = []
            for event, facts in todo.revised:
                changed.append(_revised(session, rows[event.id], facts, source))
            for event, keeper in todo.merged:
                _hand_over(session, rows[event.id], rows[keeper.id], source)
                changed += [rows[event.id], rows[keeper.id]]
            for event in todo.vanished:
                changed.append(_vanished(session, rows[event.id], source))
            changed += [_opened(session, fleet, draft, source) for draft in todo.opened]
            return [_event(row) for row in dict.fromkeys(changed)]

    # ------------------------------------------------------------------ by people
    def acknowledge(self, event: str, by: str, *, revision: int | None = None) -> Event:
        """Take note of an event.

        `revision` is the one that the person saw: with it, these calls raise `Conflict` if
        the event changed since.  They also do where the event's state does not allow the
        change, and raise `NotFound` where there is no such event.
        """
        return self._change(event, EventChange.ACKNOWLEDGED, by, revision, {})

    def close(self, event: str, by: str, verdict: str, *, revision: int | None = None) -> Event:
        """Close an event with a verdict: ``true``, ``false`` or ``planned``."""
        if verdict not in life.VERDICTS:
            raise InvalidRequest(
                f"{verdict!r} is no verdict.", remedy=f"One of: {', '.join(life.VERDICTS)}."
            )
        return self._change(event, EventChange.CLOSED, by, revision, {"verdict": verdict})

    def reopen(self, event: str, by: str, *, revision: int | None = None) -> Event:
        """Open an acknowledged or closed event again; its verdict stays in the history."""
        return self._change(event, EventChange.REOPENED, by, revision, {"verdict": None})

    def assign(
        self, event: str, owner: str | None, by: str, *, revision: int | None = None
    ) -> Event:
        """Give an event to somebody, or to nobody."""
        return self._change(event, EventChange.ASSIGNED, by, revision, {"owner": owner})

    def comment(self, event: str, by: str, text: str) -> EventComment:
        """Say something about an event; its revision stays."""
        words = text.strip()
        if not words:
            raise InvalidRequest("the comment is empty.")
        said = EventComment(id=new_id("cmt"), event=event, by=by, at=now(), text=words)
        with self._database.session() as session:
            _require(session, event)
            session.add(EventCommentRow(**said.model_dump()))
        return said

    def _change(
        self,
        event: str,
        change: EventChange,
        by: str,
        revision: int | None,
        values: Mapping[str, Any],
    ) -> Event:
        claim = (
            update(EventRow)
            .where(EventRow.id == event)
            .values(revision=EventRow.revision)
            .execution_options(synchronize_session=False)
        )
        with self._database.session() as session:
            # A write that changes nothing: from here on no other process changes the event.
            session.execute(claim)
            row = _require(session, event)
            if revision is not None and row.revision != revision:
                raise Conflict(
                    f"event {event} changed since revision {revision} "
                    f"(it has {row.revision} now).",
                    remedy="Look at it again, then decide.",
                )
            row.state = life.after(EventState(row.state), change, event).value
            for name, value in values.items():
                setattr(row, name, value)
            _record(session, row, change, by)
            return _event(row)

    # ------------------------------------------------------------------ reading
    def get(self, event: str) -> Event:
        """Return one event; raises `NotFound` if there is none."""
        with self._database.session() as session:
            return _event(_require(session, event))

    def history(self, event: str) -> builtins.list[EventRevision]:
        """Return every change of an event, oldest first; raises `NotFound`."""
        query = (
            select(EventRevisionRow)
            .where(EventRevisionRow.event == event)
            .order_by(EventRevisionRow.revision)
        )
        with self._database.session() as session:
            _require(session, event)
            return [_revision(row) for row in session.scalars(query)]

    def comments(self, event: str) -> builtins.list[EventComment]:
        """Return what was said about an event, oldest first; raises `NotFound`."""
        query = (
            select(EventCommentRow)
            .where(EventCommentRow.event == event)
            .order_by(EventCommentRow.at, EventCommentRow.id)
        )
        with self._database.session() as session:
            _require(session, event)
            return [
                EventComment(id=r.id, event=r.event, by=r.by, at=_utc(r.at), text=r.text)
                for r in session.scalars(query)
            ]

    def list(
        self,
        fleet: str,
        *,
        assets: Collection[str] | None = None,
        states: Collection[EventState] = _VISIBLE,
        kind: EventKind | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> builtins.list[Event]:
        """Return events of a fleet, the latest first.

        Parameters
        ----------
        assets, states, kind
            What to leave in; without `states` all but withdrawn events.
        since, until
            Only events that touch this closed range.
        limit
            At most so many.
        """
        query = select(EventRow).where(
            EventRow.fleet == fleet, EventRow.state.in_([state.value for state in states])
        )
        if assets is not None:
            query = query.where(EventRow.asset.in_(tuple(assets)))
        if kind is not None:
            query = query.where(EventRow.kind == kind.value)
        if since is not None:
            query = query.where(EventRow.end >= since.astimezone(UTC))
        if until is not None:
            query = query.where(EventRow.start <= until.astimezone(UTC))
        query = query.order_by(EventRow.start.desc(), EventRow.id.desc()).limit(limit)
        with self._database.session() as session:
            return [_event(row) for row in session.scalars(query)]


# ---------------------------------------------------------------- rows
def _utc(moment: datetime) -> datetime:
    # SQLite keeps no zone: everything is written in UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _lock(session: Session, fleet: str) -> None:
    """Wait until no other process revises the fleet: by a write as the first statement."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(dialect.insert(EventFleetRow).values(fleet=fleet).on_conflict_do_nothing())
    session.scalar(select(EventFleetRow).where(EventFleetRow.fleet == fleet).with_for_update())


def _touching(fleet: str, spans: Mapping[str, Span], near: Near) -> Select[tuple[EventRow]]:
    """Return the query of a fleet's events that may touch time ranges of any asset."""
    low = min(start - distance_of(near, asset) for asset, (start, _) in spans.items())
    high = max(end + distance_of(near, asset) for asset, (_, end) in spans.items())
    return select(EventRow).where(
        EventRow.fleet == fleet,
        EventRow.start <= high.astimezone(UTC),
        or_(EventRow.end >= low.astimezone(UTC), EventRow.ongoing),
    )


def _require(session: Session, event: str) -> EventRow:
    row = session.get(EventRow, event)
    if row is None:
        raise NotFound(
            f"there is no event {event}.",
            remedy="`kizashi events FLEET` lists those there are.",
        )
    return row


def _stored(row: EventRow) -> Stored:
    return Stored(
        id=row.id,
        state=EventState(row.state),
        facts=EventDraft.model_validate(row.facts),
        stands=row.stands,
        merged_into=row.merged_into,
    )


def _event(row: EventRow) -> Event:
    return Event(
        **row.facts,
        id=row.id,
        fleet=row.fleet,
        state=EventState(row.state),
        verdict=row.verdict,
        owner=row.owner,
        revision=row.revision,
        model_version=row.model_version,
        score_batch=row.score_batch,
        created=_utc(row.created),
        updated=_utc(row.updated),
    )


def _revision(row: EventRevisionRow) -> EventRevision:
    return EventRevision(
        event=row.event,
        revision=row.revision,
        change=EventChange(row.change),
        at=_utc(row.at),
        by=row.by,
        note=row.note,
        state=EventState(row.state),
        verdict=row.verdict,
        owner=row.owner,
        facts=EventDraft.model_validate(row.facts),
        model_version=row.model_version,
        score_batch=row.score_batch,
    )


# ---------------------------------------------------------------- changes
def _record(
    session: Session, row: EventRow, change: EventChange, by: str = BY_DATA, note: str = ""
) -> EventRow:
    """Count a change of an event and write it into the history."""
    row.revision += 1
    row.updated = now()
    session.add(row)
    session.flush()
    kept = ("state", "verdict", "owner", "model_version", "score_batch", "facts", "revision")
    session.add(
        EventRevisionRow(
            event=row.id,
            change=change.value,
            at=row.updated,
            by=by,
            note=note,
            **{name: getattr(row, name) for name in kept},
        )
    )
    return row


def _set_facts(row: EventRow, facts: EventDraft, source: Mapping[str, Any]) -> None:
    row.facts = facts.model_dump(mode="json")
    row.start, row.end = facts.start.astimezone(UTC), facts.end.astimezone(UTC)
    row.ongoing = facts.ongoing
    row.model_version, row.score_batch = source["model_version"], source["score_batch"]


def _opened(
    session: Session, fleet: str, draft: EventDraft, source: Mapping[str, Any]
) -> EventRow:
    row = EventRow(
        id=new_id("evt"),
        fleet=fleet,
        asset=draft.asset,
        kind=draft.kind.value,
        state=EventState.OPEN.value,
        stands=True,
        revision=0,
        created=now(),
    )
    _set_facts(row, draft, source)
    return _record(session, row, EventChange.OPENED)


def _revised(
    session: Session, row: EventRow, facts: EventDraft, source: Mapping[str, Any]
) -> EventRow:
    state = EventState(row.state)
    change = EventChange.REVISED
    if state is EventState.WITHDRAWN:
        row.state, change = EventState.OPEN.value, EventChange.RETURNED
    elif life.calls_again(state, EventDraft.model_validate(row.facts).severity, facts.severity):
        row.state, row.verdict = EventState.OPEN.value, None
        change = EventChange.REOPENED
    elif not row.stands:
        change = EventChange.RETURNED
    row.stands = True
    _set_facts(row, facts, source)
    return _record(session, row, change)


def _vanished(session: Session, row: EventRow, source: Mapping[str, Any]) -> EventRow:
    row.stands = False
    row.model_version, row.score_batch = source["model_version"], source["score_batch"]
    if life.kept_in_sight(EventState(row.state)):
        return _record(session, row, EventChange.VANISHED)
    row.state = EventState.WITHDRAWN.value
    return _record(session, row, EventChange.WITHDRAWN)


def _hand_over(
    session: Session, row: EventRow, keeper: EventRow, source: Mapping[str, Any]
) -> None:
    """Withdraw an event that is part of another, which takes over what people did with it."""
    handled = (
        row.state == EventState.ACKNOWLEDGED.value and keeper.state == EventState.OPEN.value
    )
    if handled or (row.owner and not keeper.owner):
        keeper.state = row.state if handled else keeper.state
        keeper.owner = keeper.owner or row.owner
        _record(session, keeper, EventChange.MERGED, note=row.id)
    row.state, row.stands = EventState.WITHDRAWN.value, False
    row.merged_into = keeper.id
    row.model_version, row.score_batch = source["model_version"], source["score_batch"]
    _record(session, row, EventChange.MERGED, note=keeper.id)
