"""Tables of model versions, promotions and score batches."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    func,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from appliance.core.clock import now
from appliance.core.db import Base, Database
from appliance.core.errors import NotFound, TryAgain
from appliance.schemas.model import (
    CHALLENGER,
    CHAMPION,
    Lineage,
    ModelVersion,
    Promotion,
    ScoreBatch,
)


class VersionRow(Base):
    """One model version."""

    __tablename__ = "model_versions"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    run: Mapped[str] = mapped_column(String(40), unique=True)
    path: Mapped[str] = mapped_column(String(1000))
    digest: Mapped[str] = mapped_column(String(128))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
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


def _utc(moment: datetime) -> datetime:
    # SQLite keeps no zone: everything is written in UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class ModelStore:
    """Reads and writes the tables above."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------------ versions
    def add(self, fleet: str, path: str, digest: str, lineage: Lineage) -> ModelVersion:
        """Give a training run its version number; the same run twice gets the same one.

        The first version of a fleet becomes its champion in the same transaction.

        Raises
        ------
        TryAgain
            Another process added a version of this fleet at the same moment.
        """
        try:
            with self._database.session() as session:
                known = session.scalar(select(VersionRow).where(VersionRow.run == lineage.run))
                if known is None:
                    last = select(func.max(VersionRow.version)).where(VersionRow.fleet == fleet)
                    known = VersionRow(
                        fleet=fleet,
                        version=(session.scalar(last) or 0) + 1,
                        run=lineage.run,
                        path=path,
                        digest=digest,
                        created=now(),
                        lineage=lineage.model_dump(mode="json"),
                    )
                    session.add(known)
                    session.flush()
                    if known.version == 1:
                        session.add(_promotion(fleet, 1, None, "kizashi", "first"))
        except IntegrityError as error:
            raise TryAgain(
                f"another training of {fleet} was registered at the same moment."
            ) from error
        return self.get(fleet, known.version)

    def versions(self, fleet: str) -> list[ModelVersion]:
        """Return all versions of a fleet, newest first."""
        query = (
            select(VersionRow)
            .where(VersionRow.fleet == fleet)
            .order_by(VersionRow.version.desc())
        )
        with self._database.session() as session:
            champion = _champion(session, fleet)
            rows = session.scalars(query).all()
            newest = rows[0].version if rows else None
            return [_version(row, champion, newest) for row in rows]

    def get(self, fleet: str, version: int) -> ModelVersion:
        """Return one version; raises `NotFound` if there is none."""
        for candidate in self.versions(fleet):
            if candidate.version == version:
                return candidate
        raise NotFound(
            f"fleet {fleet} has no model version {version}.",
            remedy=f"`kizashi models {fleet}` lists those it has.",
        )

    def fleets(self) -> list[str]:
        """Return the fleets that have a model."""
        with self._database.session() as session:
            return list(session.scalars(select(VersionRow.fleet).distinct()))

    def known_runs(self, fleet: str) -> set[str]:
        """Return the training runs that became versions."""
        with self._database.session() as session:
            return set(session.scalars(select(VersionRow.run).where(VersionRow.fleet == fleet)))

    # ------------------------------------------------------------------ promotions
    def promote(self, fleet: str, version: int, by: str, kind: str) -> bool:
        """Make a version the champion; False if it is already."""
        self.get(fleet, version)
        with self._database.session() as session:
            current = _champion(session, fleet)
            if current == version:
                return False
            session.add(_promotion(fleet, version, current, by, kind))
        return True

    def promotions(self, fleet: str) -> list[Promotion]:
        """Return every change of champion, oldest first."""
        query = (
            select(PromotionRow).where(PromotionRow.fleet == fleet).order_by(PromotionRow.id)
        )
        with self._database.session() as session:
            return [
                Promotion(
                    fleet=row.fleet,
                    version=row.version,
                    previous=row.previous,
                    by=row.by,
                    at=_utc(row.at),
                    kind=row.kind,
                )
                for row in session.scalars(query)
            ]

    # ------------------------------------------------------------------ score batches
    def add_score_batch(self, batch: ScoreBatch) -> None:
        """Record a finished scoring run; recording it again changes nothing."""
        with self._database.session() as session:
            if session.get(ScoreBatchRow, batch.id) is None:
                session.add(
                    ScoreBatchRow(**{**batch.model_dump(), "batches": list(batch.batches)})
                )

    def covered(self, fleet: str, model_version: int) -> set[str]:
        """Return the ingested batches that a model version has judged."""
        query = select(ScoreBatchRow.batches).where(
            ScoreBatchRow.fleet == fleet, ScoreBatchRow.model_version == model_version
        )
        with self._database.session() as session:
            return {batch for batches in session.scalars(query) for batch in batches}

    def score_batch(self, batch: str) -> ScoreBatch | None:
        """Return one scoring run; None if there is none."""
        with self._database.session() as session:
            row = session.get(ScoreBatchRow, batch)
            return None if row is None else _score_batch(row)

    def score_batches(self, fleet: str) -> list[ScoreBatch]:
        """Return the finished scoring runs of a fleet, oldest first."""
        query = (
            select(ScoreBatchRow).where(ScoreBatchRow.fleet == fleet).order_by(ScoreBatchRow.at)
        )
        with self._database.session() as session:
            return [_score_batch(row) for row in session.scalars(query)]


def _score_batch(row: ScoreBatchRow) -> ScoreBatch:
    return ScoreBatch(
        id=row.id,
        fleet=row.fleet,
        model_version=row.model_version,
        readings_version=row.readings_version,
        batches=tuple(row.batches),
        rows=row.rows,
        judged=row.judged,
        alarms=row.alarms,
        at=_utc(row.at),
    )


def _promotion(
    fleet: str, version: int, previous: int | None, by: str, kind: str
) -> PromotionRow:
    return PromotionRow(
        fleet=fleet, version=version, previous=previous, by=by, at=now(), kind=kind
    )


def _champion(session: Session, fleet: str) -> int | None:
    return session.scalar(
        select(PromotionRow.version)
        .where(PromotionRow.fleet == fleet)
        .order_by(PromotionRow.id.desc())
        .limit(1)
    )


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
        created=_utc(row.created),
        aliases=aliases,
        lineage=Lineage.model_validate(row.lineage),
    )
