"""Fleets and their assets as they are by now: kept with every batch, never added up again."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, delete, func, select
from sqlalchemy.orm import Session

from appliance.access.seen import EVERYTHING, Seen
from appliance.core.db import Database, inserting, utc
from appliance.core.errors import NotFound
from appliance.intake.ledger import Asset, FleetFacts
from appliance.intake.store.tables import (
    AssetRow,
    BatchRow,
    FleetRow,
    SensorRow,
    SpanRow,
)
from appliance.lake.readings import Extent
from appliance.schemas.manifest import TimeKind


def settle(session: Session, fleet: str, batch: str) -> None:
    """Add to a fleet's assets what a batch brought."""
    start, end = func.min(SpanRow.start), func.max(SpanRow.end)
    query = (
        select(SpanRow.asset, func.sum(SpanRow.rows), start, end)
        .where(SpanRow.fleet == fleet, SpanRow.batch == batch)
        .group_by(SpanRow.asset)
    )
    _add(
        session,
        [
            {"fleet": fleet, "asset": asset, "rows": rows, "start": utc(low), "end": utc(high)}
            for asset, rows, low, high in session.execute(query)
        ],
    )


def _add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    statement = inserting(session, AssetRow)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[AssetRow.fleet, AssetRow.asset],
        set_={
            "rows": AssetRow.rows + new.rows,
            "start": case((new.start < AssetRow.start, new.start), else_=AssetRow.start),
            "end": case((new.end > AssetRow.end, new.end), else_=AssetRow.end),
        },
    )
    session.execute(statement, list(rows))


class AssetStore:
    """What is known of fleets and assets without looking into the lake."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def fleets(
        self, seen: Seen = EVERYTHING, *, after: str | None = None, limit: int | None = None
    ) -> builtins.list[FleetFacts]:
        """Return the fleets with readings, by name.

        Parameters
        ----------
        seen
            Those that whoever asks may see.
        after
            Only those that come after this name: the next page.
        """
        query = (
            select(FleetRow)
            .where(*_within(seen), _has_assets())
            .order_by(FleetRow.fleet)
            .limit(limit)
        )
        if after is not None:
            query = query.where(FleetRow.fleet > after)
        with self._database.session() as session:
            rows = session.scalars(query).all()
            sums = _sums(session, [row.fleet for row in rows])
            return [
                FleetFacts(row.fleet, _kind(row), utc(row.created), *sums[row.fleet])
                for row in rows
                if row.fleet in sums
            ]

    def fleet(self, name: str) -> FleetFacts:
        """Return one fleet; raises `NotFound` if it has no readings."""
        found = self.fleets(Seen(only=frozenset({name})))
        if not found:
            raise NotFound(f"there is no fleet {name}.")
        return found[0]

    def list(
        self, fleet: str, *, after: str | None = None, limit: int | None = None
    ) -> builtins.list[Asset]:
        """Return the assets of a fleet, by name; those after a name for the next page."""
        query = select(AssetRow).where(AssetRow.fleet == fleet).order_by(AssetRow.asset)
        if after is not None:
            query = query.where(AssetRow.asset > after)
        with self._database.session() as session:
            return [_asset(row) for row in session.scalars(query.limit(limit))]

    def named(self, fleet: str, names: Collection[str]) -> builtins.list[Asset]:
        """Return those of some assets that a fleet has."""
        mine = (AssetRow.fleet == fleet, AssetRow.asset.in_(list(names)))
        with self._database.session() as session:
            return [_asset(row) for row in session.scalars(select(AssetRow).where(*mine))]

    def search(self, words: str, seen: Seen, limit: int) -> builtins.list[Asset]:
        """Return assets that have words in their name: those that begin with them first."""
        begins = _like(AssetRow.asset, words, anywhere=False)
        query = (
            select(AssetRow)
            .where(_like(AssetRow.asset, words), *_within(seen, AssetRow.fleet))
            .order_by(case((begins, 0), else_=1), func.length(AssetRow.asset))
            .order_by(AssetRow.asset, AssetRow.fleet)
            .limit(limit)
        )
        with self._database.session() as session:
            return [_asset(row) for row in session.scalars(query)]

    def search_fleets(self, words: str, seen: Seen, limit: int) -> builtins.list[str]:
        """Return fleets that have words in their name: those that begin with them first."""
        begins = _like(FleetRow.fleet, words, anywhere=False)
        query = (
            select(FleetRow.fleet)
            .where(_like(FleetRow.fleet, words), *_within(seen), _has_assets())
            .order_by(case((begins, 0), else_=1), func.length(FleetRow.fleet), FleetRow.fleet)
            .limit(limit)
        )
        with self._database.session() as session:
            return [*session.scalars(query)]

    def search_sensors(
        self, words: str, seen: Seen, limit: int
    ) -> builtins.list[tuple[str, str, str]]:
        """Return (fleet, name, label) of sensors that have words in their name or label."""
        begins = _like(SensorRow.name, words, anywhere=False)
        found = _like(SensorRow.name, words) | _like(SensorRow.label, words)
        query = (
            select(SensorRow.fleet, SensorRow.name, SensorRow.label)
            .where(found, *_within(seen, SensorRow.fleet))
            .order_by(case((begins, 0), else_=1), func.length(SensorRow.name))
            .order_by(SensorRow.name, SensorRow.fleet)
            .limit(limit)
        )
        with self._database.session() as session:
            return [(row.fleet, row.name, row.label) for row in session.execute(query)]

    def arrivals(self, fleet: str, limit: int) -> builtins.list[datetime]:
        """Return when the last so many batches of a fleet came, the latest first."""
        query = (
            select(BatchRow.finished)
            .where(BatchRow.fleet == fleet, BatchRow.finished.is_not(None))
            .order_by(BatchRow.finished.desc())
            .limit(limit)
        )
        with self._database.session() as session:
            return [utc(moment) for moment in session.scalars(query) if moment is not None]

    def replace(self, fleet: str, found: Mapping[str, Extent]) -> None:
        """Write a fleet's assets anew, as they were counted in the lake."""
        rows = [{"fleet": fleet, "asset": name, **one._asdict()} for name, one in found.items()]
        with self._database.session() as session:
            session.execute(delete(AssetRow).where(AssetRow.fleet == fleet))
            _add(session, rows)


def _sums(session: Session, fleets: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    query = (
        select(
            AssetRow.fleet,
            func.count(),
            func.sum(AssetRow.rows),
            func.min(AssetRow.start),
            func.max(AssetRow.end),
        )
        .where(AssetRow.fleet.in_(list(fleets)))
        .group_by(AssetRow.fleet)
    )
    return {
        fleet: (count, int(rows), utc(start), utc(end))
        for fleet, count, rows, start, end in session.execute(query)
    }


def _has_assets() -> ColumnElement[bool]:
    return select(AssetRow.fleet).where(AssetRow.fleet == FleetRow.fleet).exists()


def _within(seen: Seen, fleet: Any = FleetRow.fleet) -> list[ColumnElement[bool]]:
    conditions = []
    if seen.only is not None:
        conditions.append(fleet.in_(sorted(seen.only)))
    if seen.but:
        conditions.append(fleet.not_in(sorted(seen.but)))
    return conditions


def _like(column: Any, words: str, *, anywhere: bool = True) -> ColumnElement[bool]:
    folded = func.lower(column)
    sought = words.lower()
    found: ColumnElement[bool] = (
        folded.contains(sought, autoescape=True)
        if anywhere
        else folded.startswith(sought, autoescape=True)
    )
    return found


def _asset(row: AssetRow) -> Asset:
    return Asset(row.fleet, row.asset, row.rows, utc(row.start), utc(row.end))


def _kind(row: FleetRow) -> TimeKind:
    return "cycle" if row.time_kind == "cycle" else "time"
