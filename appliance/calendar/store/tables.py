"""Tables of the calendar, and their rows as wire models."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, DateTime, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from appliance.core.db import Base, utc
from appliance.schemas.calendar import Window, WindowChange, WindowDraft, WindowRevision


class WindowRow(Base):
    """One window as it is now; `facts` holds the whole draft."""

    __tablename__ = "windows"
    __table_args__ = (Index("ix_windows_fleet", "fleet", "removed"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    fleet: Mapped[str | None] = mapped_column(String(63))
    asset: Mapped[str | None] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(300))
    removed: Mapped[bool] = mapped_column(Boolean)
    revision: Mapped[int] = mapped_column(Integer)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(200))
    updated: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_by: Mapped[str] = mapped_column(String(200))


class WindowRevisionRow(Base):
    """One change of a window, and what it was after it."""

    __tablename__ = "window_revisions"
    window: Mapped[str] = mapped_column(String(40), ForeignKey("windows.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    change: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    by: Mapped[str] = mapped_column(String(200))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)


class CalendarMarkRow(Base):
    """What the scores of one model version have been told of the calendar.

    `applied` they show; `intended` is what a run that has begun is about to make of them, and
    `pending` the stretches that it, and runs before it that never ended, may have touched.
    `number` counts the intentions.
    """

    __tablename__ = "calendar_marks"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    model_version: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
    applied: Mapped[dict[str, Any]] = mapped_column(JSON)
    intended: Mapped[dict[str, Any]] = mapped_column(JSON)
    pending: Mapped[dict[str, Any]] = mapped_column(JSON)


def draft_of(row: WindowRow) -> WindowDraft:
    """Return what a window says."""
    return WindowDraft.model_validate(row.facts)


def window_of(row: WindowRow) -> Window:
    """Return a window as it is now."""
    return Window(
        **row.facts,
        id=row.id,
        revision=row.revision,
        created=utc(row.created),
        created_by=row.created_by,
        updated=utc(row.updated),
        updated_by=row.updated_by,
    )


def revision_of(row: WindowRevisionRow) -> WindowRevision:
    """Return one line of a window's history."""
    return WindowRevision(
        window=row.window,
        revision=row.revision,
        change=WindowChange(row.change),
        at=utc(row.at),
        by=row.by,
        facts=WindowDraft.model_validate(row.facts),
    )
