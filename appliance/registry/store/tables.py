"""Tables of model versions, promotions and score batches, and their rows as wire models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKeyConstraint, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from appliance.core.db import Base, utc
from appliance.schemas.model import (
    CHALLENGER,
    CHAMPION,
    Lineage,
    ModelVersion,
    Promotion,
    ScoreBatch,
)


class VersionRow(Base):
    """One model version; one that was deleted keeps its number and its lineage."""

    __tablename__ = "model_versions"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    run: Mapped[str] = mapped_column(String(40), unique=True)
    path: Mapped[str] = mapped_column(String(1000))
    digest: Mapped[str] = mapped_column(String(128))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deleted: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    lineage: Mapped[dict[str, Any]] = mapped_column(JSON)


class PromotionRow(Base):
    """One change of champion; the latest of a fleet names its champion."""

    __tablename__ = "promotions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["fleet", "version"], ["model_versions.fleet", "model_versions.version"]
        ),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    fleet: Mapped[str] = mapped_column(String(63), index=True)
    version: Mapped[int] = mapped_column(Integer)
    previous: Mapped[int | None] = mapped_column(Integer)
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    kind: Mapped[str] = mapped_column(String(10))


class ScoreBatchRow(Base):
    """One finished scoring run."""

    __tablename__ = "score_batches"
    __table_args__ = (Index("ix_score_batches_model", "fleet", "model_version"),)
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    fleet: Mapped[str] = mapped_column(String(63))
    model_version: Mapped[int] = mapped_column(Integer)
    readings_version: Mapped[int] = mapped_column(Integer)
    batches: Mapped[list[str]] = mapped_column(JSON)
    rows: Mapped[int] = mapped_column(Integer)
    judged: Mapped[int] = mapped_column(Integer)
    alarms: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class MirrorRow(Base):
    """How often a fleet's versions changed, and which change MLflow was last shown."""

    __tablename__ = "model_mirrors"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    changed: Mapped[int] = mapped_column(Integer)
    shown: Mapped[int] = mapped_column(Integer)


def versions_of(
    rows: Sequence[VersionRow], champion: int | None, newest: int | None
) -> list[ModelVersion]:
    """Return versions of a fleet with their aliases, which its champion and newest decide."""
    return [_version(row, champion, newest) for row in rows]


def _version(row: VersionRow, champion: int | None, newest: int | None) -> ModelVersion:
    aliases: tuple[str, ...] = ()
    if row.version == champion:
        aliases = (CHAMPION,)
    elif row.version == newest and champion is not None and row.version > champion:
        aliases = (CHALLENGER,)
    return ModelVersion(
        fleet=row.fleet,
        version=row.version,
        path=row.path,
        digest=row.digest,
        created=utc(row.created),
        aliases=aliases,
        lineage=Lineage.model_validate(row.lineage),
    )


def promotion_of(row: PromotionRow) -> Promotion:
    """Return one change of champion."""
    return Promotion(
        fleet=row.fleet,
        version=row.version,
        previous=row.previous,
        by=row.by,
        at=utc(row.at),
        kind=row.kind,
    )


def score_batch_of(row: ScoreBatchRow) -> ScoreBatch:
    """Return one scoring run."""
    return ScoreBatch(
        id=row.id,
        fleet=row.fleet,
        model_version=row.model_version,
        readings_version=row.readings_version,
        batches=tuple(row.batches),
        rows=row.rows,
        judged=row.judged,
        alarms=row.alarms,
        at=utc(row.at),
    )
