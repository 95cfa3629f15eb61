"""What happens to an event's row, each time with a line in its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.core.clock import now
from appliance.core.db import inserting
from appliance.core.ids import new_id
from appliance.events import life
from appliance.events.store import muting, speaking
from appliance.events.store.muting import BY_DATA
from appliance.events.store.tables import EventFleetRow, EventRevisionRow, EventRow
from appliance.events.urgency import calm_of, rank_of
from appliance.schemas.event import EventChange, EventDraft, EventState

_KEPT = (
    "state",
    "verdict",
    "owner",
    "mute",
    "model_version",
    "score_batch",
    "facts",
    "revision",
)


def lock(session: Session, fleet: str) -> None:
    """Wait until no other process revises the fleet: by a write as the first statement."""
    mine = inserting(session, EventFleetRow).values(fleet=fleet)
    session.execute(mine.on_conflict_do_nothing())
    session.scalar(select(EventFleetRow).where(EventFleetRow.fleet == fleet).with_for_update())


def record(
    session: Session, row: EventRow, change: EventChange, by: str = BY_DATA, note: str = ""
) -> EventRow:
    """Count a change of an event and write it into the history."""
    row.revision += 1
    row.updated = now()
    facts = EventDraft.model_validate(row.facts)
    row.rank = rank_of(EventState(row.state), facts.kind, facts.severity)
    session.add(
        EventRevisionRow(
            row=row,
            change=change.value,
            at=row.updated,
            by=by,
            note=note,
            **{name: getattr(row, name) for name in _KEPT},
        )
    )
    return row


def _set_facts(row: EventRow, facts: EventDraft, source: Mapping[str, Any]) -> None:
    row.facts = facts.model_dump(mode="json")
    row.start, row.end = facts.start.astimezone(UTC), facts.end.astimezone(UTC)
    row.ongoing = facts.ongoing
    row.calm = calm_of(facts)
    row.seconds = (facts.end - facts.start).total_seconds()
    row.words = words_of(facts)
    row.model_version, row.score_batch = source["model_version"], source["score_batch"]


def words_of(facts: EventDraft) -> str:
    """Return what a search finds an event by."""
    return "\n".join((facts.asset, *(sensor.name for sensor in facts.sensors))).casefold()


def opened(
    session: Session,
    fleet: str,
    draft: EventDraft,
    source: Mapping[str, Any],
    muted: Sequence[EventRow],
    again: timedelta | None,
) -> EventRow:
    """Give a finding that is new an identity.

    Parameters
    ----------
    muted
        The events of the fleet whose mutes it may take over.
    again
        How long an event that nobody answered speaks for it; None: it does not.
    """
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
    record(session, row, EventChange.OPENED)
    muted_by = muting.when_opened(muted, row, draft)
    if muted_by := muted_by or speaking.when_like(session, row, draft, again):
        record(session, row, EventChange.MUTED, note=muted_by)
    return row


def revised(
    session: Session, row: EventRow, facts: EventDraft, source: Mapping[str, Any]
) -> EventRow:
    """Give an event the facts that new scores show."""
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
    calls_through = muting.when_revised(session, row, facts)
    record(session, row, change)
    return record(session, row, EventChange.UNMUTED) if calls_through else row


def vanished(session: Session, row: EventRow, source: Mapping[str, Any]) -> EventRow:
    """Withdraw an event that new scores no longer show, unless a person has dealt with it."""
    row.stands = False
    row.model_version, row.score_batch = source["model_version"], source["score_batch"]
    if life.kept_in_sight(EventState(row.state)):
        return record(session, row, EventChange.VANISHED)
    row.state = EventState.WITHDRAWN.value
    return record(session, row, EventChange.WITHDRAWN)


def spoken_for_anew(
    session: Session, changed: Iterable[EventRow], again: timedelta | None
) -> list[EventRow]:
    """Let the repeats of withdrawn events call, or be repeats of another; return them.

    The first of them speaks for those like it.
    """
    gone = [row for row in changed if row.state == EventState.WITHDRAWN.value]
    repeats = [row for one in gone for row in speaking.unanswered_repeats(session, one)]
    for row in repeats:
        row.repeats = None
        muting.put(row, None)
        facts = EventDraft.model_validate(row.facts)
        event = speaking.when_like(session, row, facts, again)
        change = EventChange.MUTED if event else EventChange.UNMUTED
        record(session, row, change, note=event)
    return repeats


def hand_over(
    session: Session, row: EventRow, keeper: EventRow, source: Mapping[str, Any]
) -> None:
    """Withdraw an event that is part of another, which takes over what people did with it."""
    state = life.together(EventState(keeper.state), EventState(row.state)).value
    if state != keeper.state or (row.owner and not keeper.owner):
        keeper.state = state
        keeper.owner = keeper.owner or row.owner
        if state != EventState.CLOSED.value:
            keeper.verdict = None
        record(session, keeper, EventChange.MERGED, note=row.id)
    row.state, row.stands = EventState.WITHDRAWN.value, False
    row.merged_into = keeper.id
    row.model_version, row.score_batch = source["model_version"], source["score_batch"]
    record(session, row, EventChange.MERGED, note=keeper.id)
