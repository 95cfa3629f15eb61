"""Tables of events, their history and comments, and their rows as wire models."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from appliance.core.db import Base, utc
from appliance.events.matching import Stored
from appliance.schemas.event import (
    Event,
    EventChange,
    EventComment,
    EventDraft,
    EventRevision,
    EventState,
    Mute,
)


class EventFleetRow(Base):
    """One fleet: the row that revisions of its events wait for, one after the other."""

    __tablename__ = "event_fleets"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)


class EventRow(Base):
    """One event as it is now; `facts` holds the whole draft.

    `rank` and `calm` order events by urgency (`appliance.events.urgency`), `seconds` is how
    long it lasted, `words` what a search finds it by, and `muted_until` when its mute ends:
    kept beside the facts so that indexes can answer for any number of events.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_place", "fleet", "asset", "start"),
        Index("ix_events_urgent", "rank", "calm", "start", "id", "fleet"),
        Index("ix_events_latest", "start", "id", "fleet"),
        Index("ix_events_rank_latest", "rank", "start", "id", "fleet"),
        Index("ix_events_fleet_urgent", "fleet", "rank", "calm", "start", "id"),
        Index("ix_events_fleet_latest", "fleet", "start", "id"),
        Index("ix_events_fleet_rank_latest", "fleet", "rank", "start", "id"),
        Index("ix_events_asset", "asset", "start", "id"),
        Index("ix_events_updated", "updated"),
        Index("ix_events_owner", "owner", "start", "id"),
        Index("ix_events_verdict", "verdict", "start", "id"),
    )
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
    mute: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    muted_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)
    repeats: Mapped[str | None] = mapped_column(String(40), index=True)
    revision: Mapped[int] = mapped_column(Integer)
    model_version: Mapped[int] = mapped_column(Integer)
    score_batch: Mapped[str] = mapped_column(String(80))
    rank: Mapped[int] = mapped_column(Integer)
    calm: Mapped[float] = mapped_column(Float)
    seconds: Mapped[float] = mapped_column(Float, index=True)
    words: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class EventRevisionRow(Base):
    """One change of an event, and what it was after it."""

    __tablename__ = "event_revisions"
    event: Mapped[str] = mapped_column(String(40), ForeignKey("events.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    row: Mapped[EventRow] = relationship()
    change: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    by: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20))
    verdict: Mapped[str | None] = mapped_column(String(20))
    owner: Mapped[str | None] = mapped_column(String(200))
    mute: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
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


def stored_of(row: EventRow) -> Stored:
    """Return what matching needs to know of an event."""
    return Stored(
        id=row.id,
        state=EventState(row.state),
        facts=EventDraft.model_validate(row.facts),
        stands=row.stands,
        merged_into=row.merged_into,
    )


def mute_of(row: EventRow | EventRevisionRow) -> Mute | None:
    """Return the mute of an event, be it over or not."""
    return None if row.mute is None else Mute.model_validate(row.mute)


def event_of(row: EventRow) -> Event:
    """Return an event as it is now."""
    return Event(
        **row.facts,
        id=row.id,
        fleet=row.fleet,
        state=EventState(row.state),
        verdict=row.verdict,
        owner=row.owner,
        mute=mute_of(row),
        repeats=row.repeats,
        revision=row.revision,
        model_version=row.model_version,
        score_batch=row.score_batch,
        created=utc(row.created),
        updated=utc(row.updated),
    )


def revision_of(row: EventRevisionRow) -> EventRevision:
    """Return one line of an event's history."""
    return EventRevision(
        event=row.event,
        revision=row.revision,
        change=EventChange(row.change),
        at=utc(row.at),
        by=row.by,
        note=row.note,
        state=EventState(row.state),
        verdict=row.verdict,
        owner=row.owner,
        mute=mute_of(row),
        facts=EventDraft.model_validate(row.facts),
        model_version=row.model_version,
        score_batch=row.score_batch,
    )


def comment_of(row: EventCommentRow) -> EventComment:
    """Return what a person said."""
    return EventComment(id=row.id, event=row.event, by=row.by, at=utc(row.at), text=row.text)
