"""Tables of fleets, batches, what each batch touched, and sensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    DateTime,
    Float,
    ForeignKeyConstraint,
    Integer,
    String,
    Text,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from appliance.core.clock import now
from appliance.core.db import Base, Database
from appliance.core.errors import Conflict, NotFound
from appliance.intake.ledger import Span, Written
from appliance.schemas.ingest import AssetQuality, Batch, SensorQuality
from appliance.schemas.manifest import TimeKind
from appliance.schemas.sensor import Sensor, SensorRole

WRITING, DONE = "writing", "done"
MAX_LEVELS = 200


class FleetRow(Base):
    """How a fleet counts time."""

    __tablename__ = "fleets"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    time_kind: Mapped[str] = mapped_column(String(10))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class BatchRow(Base):
    """One file's content, as it was understood."""

    __tablename__ = "batches"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    path: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    started: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)
    quality: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    sampling: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


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
    """The stretch of one asset that a part of a batch changed."""

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


class LevelRow(Base):
    """The number that stands for a word of a context column."""

    __tablename__ = "sensor_levels"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    name: Mapped[str] = mapped_column(String(400), primary_key=True)
    word: Mapped[str] = mapped_column(String(400), primary_key=True)
    number: Mapped[int] = mapped_column(Integer)


def _utc(moment: datetime) -> datetime:
    # SQLite keeps no zone: everything is written in UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _insert(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows whose key is new; leave those that are there.

    As the first statement of a transaction it takes the write lock at once, so that two
    processes wait for each other rather than fail.
    """
    if not rows:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).on_conflict_do_nothing()
    session.execute(statement, list(rows))


class IntakeStore:
    """Reads and writes the tables above."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------------ fleets
    def settle_time(self, fleet: str, kind: TimeKind) -> None:
        """Fix how a fleet counts time at its first file.

        Raises
        ------
        Conflict
            It counts the other way already.
        """
        with self._database.session() as session:
            row = {"fleet": fleet, "time_kind": kind, "created": now()}
            _insert(session, FleetRow, [row])
            known = session.get_one(FleetRow, fleet).time_kind
        if known != kind:
            words = {"time": "by the clock", "cycle": "in cycles"}
            raise Conflict(
                f"fleet {fleet} counts time {words[known]}, this file {words[kind]}.",
                remedy="Put it into a fleet of its own, or name its time column with --time.",
            )

    def time_kind(self, fleet: str) -> TimeKind:
        """Return how a fleet counts time."""
        with self._database.session() as session:
            row = session.get(FleetRow, fleet)
            return "cycle" if row is not None and row.time_kind == "cycle" else "time"

    # ------------------------------------------------------------------ batches
    def begin(self, fleet: str, batch: str, path: str) -> None:
        """Write a batch down before its first part goes to the lake."""
        row = {"fleet": fleet, "id": batch, "path": path, "state": WRITING, "started": now()}
        with self._database.session() as session:
            _insert(
                session, BatchRow, [{**row, "finished": None, "quality": [], "sampling": []}]
            )

    def is_done(self, fleet: str, batch: str) -> bool:
        """Whether a batch was written to its end."""
        with self._database.session() as session:
            row = session.get(BatchRow, (fleet, batch))
            return row is not None and row.state == DONE

    def reopen(self, fleet: str, batch: str) -> None:
        """Take a batch up again whose readings are no longer in the lake."""
        with self._database.session() as session:
            for table in (PartRow, SpanRow):
                session.execute(delete(table).where(table.fleet == fleet, table.batch == batch))
            session.execute(
                update(BatchRow)
                .where(BatchRow.fleet == fleet, BatchRow.id == batch)
                .values(state=WRITING, finished=None)
            )

    def intend(
        self, fleet: str, batch: str, part: int, spans: Mapping[str, Span], written: Written
    ) -> None:
        """Write down what a part may change, before it does."""
        key = {"fleet": fleet, "batch": batch, "part": part}
        with self._database.session() as session:
            _insert(session, PartRow, [{**key, **vars(written)}])
            _insert(session, SpanRow, _span_rows(key, spans))

    def record(
        self, fleet: str, batch: str, part: int, spans: Mapping[str, Span], written: Written
    ) -> None:
        """Write down what a part did change."""
        key = {"fleet": fleet, "batch": batch, "part": part}
        with self._database.session() as session:
            session.execute(
                delete(SpanRow).where(
                    SpanRow.fleet == fleet, SpanRow.batch == batch, SpanRow.part == part
                )
            )
            _insert(session, SpanRow, _span_rows(key, spans))
            session.execute(
                update(PartRow)
                .where(PartRow.fleet == fleet, PartRow.batch == batch, PartRow.part == part)
                .values(**vars(written))
            )

    def finish(
        self,
        fleet: str,
        batch: str,
        quality: Sequence[SensorQuality],
        sampling: Sequence[AssetQuality],
    ) -> None:
        """Mark a batch as written to its end; doing so again changes nothing."""
        with self._database.session() as session:
            session.execute(
                update(BatchRow)
                .where(BatchRow.fleet == fleet, BatchRow.id == batch, BatchRow.state == WRITING)
                .values(
                    state=DONE,
                    finished=now(),
                    quality=[entry.model_dump() for entry in quality],
                    sampling=[entry.model_dump() for entry in sampling],
                )
            )

    def written(self, fleet: str, batch: str) -> Written:
        """Return the counts of a batch."""
        totals = (PartRow.rows, PartRow.corrected, PartRow.quarantined)
        query = select(*(func.coalesce(func.sum(column), 0) for column in totals)).where(
            PartRow.fleet == fleet, PartRow.batch == batch
        )
        with self._database.session() as session:
            counts = tuple(session.execute(query).one())
        return Written(*map(int, counts))

    def batches(self, fleet: str) -> list[Batch]:
        """Return the finished batches of a fleet, oldest first."""
        parts = (
            select(
                PartRow.batch,
                func.sum(PartRow.rows + PartRow.corrected).label("rows"),
                func.sum(PartRow.quarantined).label("quarantined"),
            )
            .where(PartRow.fleet == fleet)
            .group_by(PartRow.batch)
            .subquery()
        )
        query = (
            select(
                BatchRow.id, BatchRow.path, BatchRow.finished, parts.c.rows, parts.c.quarantined
            )
            .outerjoin(parts, parts.c.batch == BatchRow.id)
            .where(BatchRow.fleet == fleet, BatchRow.state == DONE)
            .order_by(BatchRow.finished, BatchRow.id)
        )
        with self._database.session() as session:
            return [
                Batch(
                    id=row.id,
                    fleet=fleet,
                    path=row.path,
                    rows=row.rows or 0,
                    quarantined=row.quarantined or 0,
                    finished=_utc(row.finished),
                )
                for row in session.execute(query)
            ]

    def spans(self, fleet: str, batches: Iterable[str]) -> list[tuple[str, datetime, datetime]]:
        """Return (asset, start, end) of all stretches that batches changed."""
        wanted = set(batches)
        query = select(SpanRow.batch, SpanRow.asset, SpanRow.start, SpanRow.end).where(
            SpanRow.fleet == fleet
        )
        with self._database.session() as session:
            return [
                (row.asset, _utc(row.start), _utc(row.end))
                for row in session.execute(query)
                if row.batch in wanted
            ]

    def quality(
        self, fleet: str, batches: Iterable[str] | None = None
    ) -> tuple[list[SensorQuality], list[AssetQuality]]:
        """Return the quality of each finished batch, in the order they came."""
        wanted = None if batches is None else set(batches)
        query = (
            select(BatchRow.id, BatchRow.quality, BatchRow.sampling)
            .where(BatchRow.fleet == fleet, BatchRow.state == DONE)
            .order_by(BatchRow.finished, BatchRow.id)
        )
        with self._database.session() as session:
            rows = [r for r in session.execute(query) if wanted is None or r.id in wanted]
        return (
            [SensorQuality.model_validate(entry) for row in rows for entry in row.quality],
            [AssetQuality.model_validate(entry) for row in rows for entry in row.sampling],
        )

    # ------------------------------------------------------------------ sensors
    def sensors(self, fleet: str) -> list[Sensor]:
        """Return the sensors of a fleet."""
        query = select(SensorRow).where(SensorRow.fleet == fleet)
        words = select(LevelRow).where(LevelRow.fleet == fleet).order_by(LevelRow.number)
        with self._database.session() as session:
            levels: dict[str, list[str]] = {}
            for level in session.scalars(words):
                levels.setdefault(level.name, []).append(level.word)
            return [
                _sensor(row, tuple(levels.get(row.name, ()))) for row in session.scalars(query)
            ]

    def add_sensors(self, fleet: str, found: Sequence[Sensor], context: Iterable[str]) -> None:
        """Add sensors that are new; fill in units; make columns context that are asked for.

        What people edited stays as they left it.
        """
        rows = [
            {**entry.model_dump(exclude={"levels"}), "fleet": fleet, "edited": False}
            for entry in found
        ]
        mine = (SensorRow.fleet == fleet, SensorRow.edited.is_(False))
        with self._database.session() as session:
            _insert(session, SensorRow, rows)
            for entry in found:
                if entry.unit:
                    session.execute(
                        update(SensorRow)
                        .where(*mine, SensorRow.name == entry.name, SensorRow.unit == "")
                        .values(unit=entry.unit)
                    )
            session.execute(
                update(SensorRow)
                .where(*mine, SensorRow.name.in_(list(context)))
                .values(role=SensorRole.CONTEXT.value)
            )

    def edit_sensor(self, fleet: str, sensor: Sensor) -> None:
        """Keep a person's word on a sensor.

        Raises
        ------
        NotFound
            The fleet has no sensor of that name.
        """
        values = sensor.model_dump(exclude={"name", "levels"})
        mine = (SensorRow.fleet == fleet, SensorRow.name == sensor.name)
        with self._database.session() as session:
            found = update(SensorRow).where(*mine).values(**values, edited=True)
            if not session.scalars(found.returning(SensorRow.name)).all():
                raise NotFound(f"fleet {fleet} has no sensor {sensor.name}.")

    def levels(self, fleet: str, name: str, words: Sequence[str]) -> dict[str, float]:
        """Return the numbers of a context column's words, giving new words the next ones.

        Beyond `MAX_LEVELS` words get none.
        """
        mine = select(LevelRow).where(LevelRow.fleet == fleet, LevelRow.name == name)
        with self._database.session() as session:
            # On PostgreSQL the fleet's row is the lock; on SQLite the first insert is.
            session.scalar(select(FleetRow).where(FleetRow.fleet == fleet).with_for_update())
            known = {row.word: row.number for row in session.scalars(mine)}
            new = [word for word in words if word not in known]
            if new:
                key = {"fleet": fleet, "name": name, "number": -1}
                _insert(session, LevelRow, [{**key, "word": word} for word in new])
                session.expire_all()
                rows = {row.word: row for row in session.scalars(mine)}
                following = max(row.number for row in rows.values()) + 1
                for word in new:
                    if rows[word].number < 0:
                        rows[word].number = following
                        following += 1
                known = {word: row.number for word, row in rows.items()}
        return {word: float(n) for word, n in known.items() if n < MAX_LEVELS}


def _span_rows(key: Mapping[str, Any], spans: Mapping[str, Span]) -> list[dict[str, Any]]:
    return [
        {**key, "asset": asset, "start": start, "end": end}
        for asset, (start, end) in spans.items()
    ]


def _sensor(row: SensorRow, levels: tuple[str, ...]) -> Sensor:
    limits = {"lower": row.lower, "upper": row.upper}
    return Sensor(
        name=row.name, unit=row.unit, role=SensorRole(row.role), levels=levels, **limits
    )
