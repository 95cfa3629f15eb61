"""The table of heat: one row a machine and day, by the model version that judged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import JSON, Float, Integer, String, and_, delete, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from appliance.core.db import Base, Database

Days = tuple[int, int]
"""The first and the last of some days."""
_AT_ONCE = 5_000


class HeatRow(Base):
    """One machine's day.

    `quarters` holds the highest surprise of each part of the day.
    """

    __tablename__ = "heat"
    __table_args__ = ({"sqlite_with_rowid": False},)
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    model_version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    asset: Mapped[str] = mapped_column(String(200), primary_key=True)
    rows: Mapped[int] = mapped_column(Integer)
    judged: Mapped[int] = mapped_column(Integer)
    alarms: Mapped[int] = mapped_column(Integer)
    masked: Mapped[int] = mapped_column(Integer)
    peak: Mapped[float | None] = mapped_column(Float)
    quarters: Mapped[list[float | None]] = mapped_column(JSON)


class HeatMarkRow(Base):
    """A version whose every score is in the table, by the days of a time zone."""

    __tablename__ = "heat_marks"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    model_version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    timezone: Mapped[str] = mapped_column(String(64))


_TABLE = Base.metadata.tables[HeatRow.__tablename__]
"""Written to as a table: a hundred thousand rows are no objects to keep track of."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some days of one machine.

    Attributes
    ----------
    bucket
        Which days, counted from the first asked for.
    peak
        The highest surprise; None where nothing was judged.
    """

    asset: str
    bucket: int
    rows: int
    judged: int
    alarms: int
    masked: int
    peak: float | None


class HeatStore:
    """Keeps what scores say by day.

    Whoever writes holds the fleet's lock for scoring: nobody else changes its scores then.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------------ writing
    def whole(self, fleet: str, version: int, timezone: str) -> bool:
        """Whether the table tells all that a version has scored, by the days of a zone."""
        with self._database.session() as session:
            mark = session.get(HeatMarkRow, (fleet, version))
            return mark is not None and mark.timezone == timezone

    def replace(
        self, fleet: str, version: int, days: Mapping[Days, Collection[str]], told: pl.DataFrame
    ) -> None:
        """Write some days of some assets anew.

        Parameters
        ----------
        days
            The assets whose days give way.
        told
            What `summarise` gave of these days.
        """
        mine = HeatRow.fleet == fleet, HeatRow.model_version == version
        with self._database.session() as session:
            for (low, high), assets in days.items():
                within = and_(*mine, HeatRow.day >= low, HeatRow.day <= high)
                for names in _portions(sorted(assets)):
                    session.execute(delete(HeatRow).where(within, HeatRow.asset.in_(names)))
            _add(session, fleet, version, told)

    def forget(self, fleet: str, version: int) -> None:
        """Take a version out, before it is written anew."""
        with self._database.session() as session:
            _forget(session, fleet, version)

    def add(self, fleet: str, version: int, told: pl.DataFrame) -> None:
        """Write days that the table does not have."""
        with self._database.session() as session:
            _add(session, fleet, version, told)

    def settle(self, fleet: str, version: int, timezone: str) -> None:
        """Note down that all of a version is told, by the days of a zone."""
        with self._database.session() as session:
            session.merge(HeatMarkRow(fleet=fleet, model_version=version, timezone=timezone))

    def keep(self, fleet: str, versions: Collection[int]) -> None:
        """Take out all versions of a fleet but these."""
        query = select(HeatMarkRow.model_version).where(HeatMarkRow.fleet == fleet)
        with self._database.session() as session:
            for version in set(session.scalars(query)) - set(versions):
                _forget(session, fleet, version)

    # ------------------------------------------------------------------ reading
    def read(self, fleet: str, version: int, days: Days, width: int) -> list[Stretch]:
        """Return some days of all assets, so many of them together."""
        row = HeatRow
        where = and_(
            row.fleet == fleet,
            row.model_version == version,
            row.day >= days[0],
            row.day <= days[1],
        )
        bucket: Any = (row.day - days[0]) // width
        kept = (row.rows, row.judged, row.alarms, row.masked)
        if width == 1:
            query = select(row.asset, row.day - days[0], *kept, row.peak).where(where)
        else:
            sums = (func.sum(column) for column in kept)
            query = (
                select(row.asset, bucket, *sums, func.max(row.peak))
                .where(where)
                .group_by(row.asset, bucket)
            )
        with self._database.session() as session:
            return [Stretch(*found) for found in session.execute(query)]

    def latest(self, fleet: str, version: int, days: int) -> list[Stretch]:
        """Return each asset's sums over a fleet's latest days, as far as a version scored."""
        mine = HeatRow.fleet == fleet, HeatRow.model_version == version
        with self._database.session() as session:
            last = session.scalar(select(func.max(HeatRow.day)).where(*mine))
        return [] if last is None else self.read(fleet, version, (last - days + 1, last), days)

    def quarters(
        self, fleet: str, version: int, days: Days
    ) -> Iterable[tuple[str, int, Sequence[float | None]]]:
        """Return of some days of all assets the peaks of each part: asset, day, peaks."""
        row = HeatRow
        query = select(row.asset, row.day - days[0], row.quarters).where(
            row.fleet == fleet,
            row.model_version == version,
            row.day >= days[0],
            row.day <= days[1],
        )
        with self._database.session() as session:
            return [(asset, day, peaks) for asset, day, peaks in session.execute(query)]


def _forget(session: Session, fleet: str, version: int) -> None:
    for kind in (HeatMarkRow, HeatRow):
        session.execute(delete(kind).where(kind.fleet == fleet, kind.model_version == version))


def _add(session: Session, fleet: str, version: int, told: pl.DataFrame) -> None:
    for part in told.iter_slices(_AT_ONCE):
        rows = [{"fleet": fleet, "model_version": version, **row} for row in part.to_dicts()]
        if rows:
            session.connection().execute(insert(_TABLE), rows)


def _portions(names: Sequence[str]) -> Iterable[Sequence[str]]:
    most = 500  # names that one statement may hold on any database
    return (names[first : first + most] for first in range(0, len(names), most))
