"""Events of all fleets: found by scores, dealt with by people."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, tuple_

from appliance.access.person import Person, known
from appliance.core.db import Database, utc
from appliance.core.errors import KizashiError
from appliance.events.matching import Near, Plan, Span, distance_of, plan
from appliance.events.store import muting, people, speaking
from appliance.events.store.changes import (
    hand_over,
    lock,
    opened,
    revised,
    spoken_for_anew,
    vanished,
)
from appliance.events.store.listing import VISIBLE, Key, Order, Search, look
from appliance.events.store.people import Deed, require
from appliance.events.store.tables import (
    EventCommentRow,
    EventRevisionRow,
    EventRow,
    comment_of,
    event_of,
    revision_of,
    stored_of,
)
from appliance.schemas.event import (
    Event,
    EventChange,
    EventComment,
    EventDraft,
    EventKind,
    EventRevision,
    EventState,
    Muting,
)

_BY_SCORES = tuple(
    change.value
    for change in (
        EventChange.OPENED,
        EventChange.REVISED,
        EventChange.WITHDRAWN,
        EventChange.VANISHED,
        EventChange.MERGED,
        EventChange.RETURNED,
    )
)


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
        query = select(EventRow).where(*_touching(fleet, spans, near), *mine)
        wide = dict(spans)
        with self._database.session() as session:
            rows = [row for row in session.scalars(query) if row.asset in spans]
        for row in rows:
            (low, high), distance = spans[row.asset], distance_of(near, row.asset)
            start, end = utc(row.start), utc(row.end)
            if start <= high + distance and (end >= low - distance or row.ongoing):
                known = wide[row.asset]
                wide[row.asset] = (min(known[0], start), max(known[1], end))
        return wide

    def revise(  # noqa: PLR0913 - what was found, where, by what and how it is told
        self,
        fleet: str,
        drafts: Iterable[EventDraft],
        spans: Mapping[str, Span],
        *,
        model_version: int,
        score_batch: str,
        kinds: Collection[EventKind] = tuple(EventKind),
        near: Near = timedelta(),
        again: timedelta | None = None,
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
        again
            How long an event that nobody answers speaks for its repeats
            (`appliance.events.likes`); None: it does not.

        Returns
        -------
        list of Event
            Those that changed, as they are now.
        """
        if not spans:
            return []
        found = [draft for draft in drafts if draft.kind in kinds]
        with self._database.session() as session:
            lock(session, fleet)
            spoken_of = EventRow.kind.in_([kind.value for kind in kinds])
            query = select(EventRow).where(*_touching(fleet, spans, near), spoken_of)
            rows = {
                row.id: row
                for row in session.scalars(query.order_by(EventRow.id).with_for_update())
                if row.asset in spans
            }
            todo = plan(map(stored_of, rows.values()), found, spans, near)
            source = {"model_version": model_version, "score_batch": score_batch}
            changed = []
            for event, facts in todo.revised:
                changed.append(revised(session, rows[event.id], facts, source))
            for event, keeper in todo.merged:
                hand_over(session, rows[event.id], rows[keeper.id], source)
                changed += [rows[event.id], rows[keeper.id]]
            for event in todo.vanished:
                changed.append(vanished(session, rows[event.id], source))
            changed += spoken_for_anew(session, dict.fromkeys(changed), again)
            muted = muting.muted(session, fleet) if todo.opened else []
            for draft in sorted(todo.opened, key=lambda one: one.start):
                changed.append(opened(session, fleet, draft, source, muted, again))
            return [event_of(row) for row in dict.fromkeys(changed)]

    def planned(
        self,
        fleet: str,
        drafts: Iterable[EventDraft],
        spans: Mapping[str, Span],
        *,
        kinds: Collection[EventKind] = tuple(EventKind),
        near: Near = timedelta(),
    ) -> Plan:
        """Return what `revise` would do, without doing it."""
        if not spans:
            return Plan((), (), (), ())
        found = [draft for draft in drafts if draft.kind in kinds]
        spoken_of = EventRow.kind.in_([kind.value for kind in kinds])
        query = select(EventRow).where(*_touching(fleet, spans, near), spoken_of)
        with self._database.session() as session:
            rows = [row for row in session.scalars(query) if row.asset in spans]
            return plan(map(stored_of, rows), found, spans, near)

    # ------------------------------------------------------------------ by people
    def acknowledge(
        self, event: str, by: Person | str, *, revision: int | None = None
    ) -> Event:
        """Take note of an event.

        `revision` is the one that the person saw: with it, these calls raise `Outdated` if
        the event changed since.  They raise `Conflict` where the event's state does not allow
        the change, and `NotFound` where there is no such event.
        """
        return self.do(event, people.acknowledged(), by, revision=revision)

    def close(
        self, event: str, by: Person | str, verdict: str, *, revision: int | None = None
    ) -> Event:
        """Close an event with a verdict: ``true``, ``false`` or ``planned``."""
        return self.do(event, people.closed(verdict), by, revision=revision)

    def reopen(self, event: str, by: Person | str, *, revision: int | None = None) -> Event:
        """Open an acknowledged or closed event again; its verdict stays in the history."""
        return self.do(event, people.reopened(), by, revision=revision)

    def assign(
        self,
        event: str,
        owner: str | None,
        by: Person | str,
        *,
        revision: int | None = None,
    ) -> Event:
        """Give an event to somebody, or to nobody."""
        return self.do(event, people.assigned(owner), by, revision=revision)

    def mute(
        self, event: str, by: Person | str, wanted: Muting, *, revision: int | None = None
    ) -> Event:
        """Let an event wait for nobody for a while; it calls again once it is graver."""
        return self.do(event, people.muted(wanted), by, revision=revision)

    def unmute(self, event: str, by: Person | str, *, revision: int | None = None) -> Event:
        """Let an event, and those that took its mute over, call again."""
        return self.do(event, people.unmuted(), by, revision=revision)

    def do(
        self, event: str, deed: Deed, by: Person | str, *, revision: int | None = None
    ) -> Event:
        """Do something to an event; see `acknowledge`."""
        with self._database.session() as session:
            return people.do(session, event, deed, known(by), revision)

    def do_all(
        self, events: Sequence[str], deed: Deed, by: Person | str
    ) -> dict[str, Event | KizashiError]:
        """Do the same to many events; return what became of each."""
        with self._database.session() as session:
            return people.do_all(session, events, deed, known(by))

    def comment(self, event: str, by: Person | str, text: str) -> EventComment:
        """Say something about an event; its revision stays."""
        said = people.words_of(event, known(by), text)
        with self._database.session() as session:
            people.say(session, event, said, known(by))
        return said

    # ------------------------------------------------------------------ reading
    def get(self, event: str) -> Event:
        """Return one event; raises `NotFound` if there is none."""
        with self._database.session() as session:
            return speaking.told_again(session, [require(session, event)])[0]

    def fleets_of(self, events: Collection[str]) -> dict[str, str]:
        """Return the fleet of each event that there is."""
        query = select(EventRow.id, EventRow.fleet).where(EventRow.id.in_(events))
        with self._database.session() as session:
            return {row.id: row.fleet for row in session.execute(query)}

    def count_of(self, fleet: str, model_version: int) -> int:
        """Return how many events in sight a version's scores last showed."""
        query = (
            select(func.count())
            .select_from(EventRow)
            .where(
                EventRow.fleet == fleet,
                EventRow.model_version == model_version,
                EventRow.state.in_([state.value for state in VISIBLE]),
            )
        )
        with self._database.session() as session:
            return session.scalar(query) or 0

    def history(
        self, event: str, *, after: int = 0, limit: int | None = None
    ) -> builtins.list[EventRevision]:
        """Return changes of an event after a revision, oldest first; raises `NotFound`."""
        query = (
            select(EventRevisionRow)
            .where(EventRevisionRow.event == event, EventRevisionRow.revision > after)
            .order_by(EventRevisionRow.revision)
            .limit(limit)
        )
        with self._database.session() as session:
            require(session, event)
            return [revision_of(row) for row in session.scalars(query)]

    def comments(
        self,
        event: str,
        *,
        after: tuple[datetime, str] | None = None,
        limit: int | None = None,
    ) -> builtins.list[EventComment]:
        """Return what was said about an event, oldest first; raises `NotFound`.

        Parameters
        ----------
        after
            Time and identifier of the last one seen.
        """
        place = EventCommentRow.at, EventCommentRow.id
        query = (
            select(EventCommentRow)
            .where(EventCommentRow.event == event)
            .order_by(*place)
            .limit(limit)
        )
        if after is not None:
            query = query.where(tuple_(*place) > (after[0].astimezone(UTC), after[1]))
        with self._database.session() as session:
            require(session, event)
            return [comment_of(row) for row in session.scalars(query)]

    def last_said(self, events: Collection[str]) -> dict[str, EventComment]:
        """Return what was said last of each event that anything was said of."""
        with self._database.session() as session:
            return people.last_said(session, events)

    def look(
        self,
        wanted: Search,
        order: Order = "urgency",
        *,
        after: Key | None = None,
        limit: int = 50,
    ) -> builtins.list[Event]:
        """Return events of any fleet in an order: so many of those after a place in it."""
        with self._database.session() as session:
            return speaking.told_again(session, look(session, wanted, order, after, limit))

    def shown_by(self, fleet: str) -> dict[str, frozenset[int]]:
        """Return by event the model versions whose scores showed it, as far as they went."""
        query = (
            select(EventRevisionRow)
            .join(EventRow, EventRow.id == EventRevisionRow.event)
            .where(EventRow.fleet == fleet, EventRevisionRow.change.in_(_BY_SCORES))
            .order_by(EventRevisionRow.event, EventRevisionRow.revision)
        )
        last: dict[str, dict[int, bool]] = {}
        with self._database.session() as session:
            for row in session.scalars(query):
                gone = row.state == EventState.WITHDRAWN or row.change == EventChange.VANISHED
                last.setdefault(row.event, {})[row.model_version] = not gone
        return {
            event: frozenset(version for version, shown in own.items() if shown)
            for event, own in last.items()
        }

    def list(
        self,
        fleet: str,
        *,
        assets: Collection[str] | None = None,
        states: Collection[EventState] = VISIBLE,
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
            return [event_of(row) for row in session.scalars(query)]


def _touching(
    fleet: str, spans: Mapping[str, Span], near: Near
) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on a fleet's events that may touch time ranges of any asset."""
    low = min(start - distance_of(near, asset) for asset, (start, _) in spans.items())
    high = max(end + distance_of(near, asset) for asset, (_, end) in spans.items())
    return (
        EventRow.fleet == fleet,
        EventRow.start <= high.astimezone(UTC),
        or_(EventRow.end >= low.astimezone(UTC), EventRow.ongoing),
    )
