"""Tables of fleets, their assets, sensors and sources, and of batches and what each touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Float,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from appliance.core.db import Base, inserting

WRITING, DONE = "writing", "done"
"""Where a batch stands."""


class FleetRow(Base):
    """How a fleet counts time."""

    __tablename__ = "fleets"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    time_kind: Mapped[str] = mapped_column(String(10))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class BatchRow(Base):
    """One file's content, as it was understood, and who brought it in."""

    __tablename__ = "batches"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    path: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    started: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)
    quality: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    sampling: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    by: Mapped[str] = mapped_column(String(200))


class PartRow(Base):
    """What one part of a batch added."""

    __tablename__ = "batch_parts"
    __table_args__ = (
        ForeignKeyConstraint(["fleet", "batch"], ["batches.fleet", "batches.id"]),
    )
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    batch: Mapped[str] = mapped_column(String(64), primary_key=True)
    part: Mapped[int] = mapped_column(Integer, primary_key=True)
    rows: Mapped[int] = mapped_column(Integer)
    corrected: Mapped[int] = mapped_column(Integer)
    quarantined: Mapped[int] = mapped_column(Integer)


class SpanRow(Base):
    """The stretch of one asset that a part of a batch changed, and how many rows it added."""

    __tablename__ = "batch_spans"
    __table_args__ = (
        ForeignKeyConstraint(["fleet", "batch"], ["batches.fleet", "batches.id"]),
    )
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    batch: Mapped[str] = mapped_column(String(64), primary_key=True)
    part: Mapped[int] = mapped_column(Integer, primary_key=True)
    asset: Mapped[str] = mapped_column(String(200), primary_key=True)
    start: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    end: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    rows: Mapped[int] = mapped_column(Integer)


class AssetRow(Base):
    """One asset over all its fleet's finished batches: kept so that nobody has to add up.

    `rows` are readings that were new when they came.
    """

    __tablename__ = "fleet_assets"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    asset: Mapped[str] = mapped_column(String(200), primary_key=True)
    rows: Mapped[int] = mapped_column(BigInteger)
    start: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    end: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class SensorRow(Base):
    """One column of a fleet's readings."""

    __tablename__ = "sensors"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    name: Mapped[str] = mapped_column(String(400), primary_key=True)
    unit: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(20))
    lower: Mapped[float | None] = mapped_column(Float)
    upper: Mapped[float | None] = mapped_column(Float)
    edited: Mapped[bool] = mapped_column(Boolean)
    label: Mapped[str] = mapped_column(String(200))
    run_state: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    revision: Mapped[int] = mapped_column(Integer)


class LevelRow(Base):
    """The number that stands for a word of a context column."""

    __tablename__ = "sensor_levels"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    name: Mapped[str] = mapped_column(String(400), primary_key=True)
    word: Mapped[str] = mapped_column(String(400), primary_key=True)
    number: Mapped[int] = mapped_column(Integer)


class SourceRow(Base):
    """One source; `facts` holds the draft without its secrets, `sealed` these, encrypted.

    `holder` is the worker that runs it: as good as none where that worker is gone.
    """

    __tablename__ = "sources"
    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    fleet: Mapped[str] = mapped_column(String(63), index=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    secrets: Mapped[list[str]] = mapped_column(JSON)
    paused: Mapped[bool] = mapped_column(Boolean)
    revision: Mapped[int] = mapped_column(Integer)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(200))
    updated: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_by: Mapped[str] = mapped_column(String(200))
    holder: Mapped[str | None] = mapped_column(String(120))
    cursor: Mapped[dict[str, Any]] = mapped_column(JSON)
    looked: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    came: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    latest: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    rows: Mapped[int] = mapped_column(BigInteger)
    refused: Mapped[int] = mapped_column(BigInteger)
    refusal: Mapped[str] = mapped_column(Text)
    error: Mapped[str] = mapped_column(Text)
    remedy: Mapped[str] = mapped_column(Text)
    failures: Mapped[int] = mapped_column(Integer)
    due: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


def insert(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows whose key is new; leave those that are there.

    As the first statement of a transaction it takes the write lock at once, so that two
    processes wait for each other rather than fail.
    """
    if not rows:
        return
    statement = inserting(session, table).on_conflict_do_nothing()
    session.execute(statement, list(rows))
