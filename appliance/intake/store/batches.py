"""Fleets and batches: what is about to be written, and what was."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from appliance.core.clock import now
from appliance.core.db import Database, utc
from appliance.core.errors import Conflict
from appliance.intake.ledger import Touched, Written
from appliance.intake.store.arrivals import Arrivals
from appliance.intake.store.assets import AssetStore, settle
from appliance.intake.store.sensors import SensorStore
from appliance.intake.store.tables import (
    DONE,
    WRITING,
    AssetRow,
    BatchRow,
    FleetRow,
    PartRow,
    SpanRow,
    insert,
)
from appliance.schemas.ingest import AssetQuality, Batch, SensorQuality
from appliance.schemas.manifest import TimeKind

_FEW = 500
"""Batches that a query names one by one."""


class IntakeStore:
    """The intake's tables.

    Attributes
    ----------
    assets, sensors
        Those of each fleet.
    arrivals
        The batches that came.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.assets = AssetStore(database)
        self.sensors = SensorStore(database)
        self.arrivals = Arrivals(database)

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
            insert(session, FleetRow, [row])
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
    def begin(self, fleet: str, batch: str, path: str, by: str = "") -> None:
        """Write a batch down before its first part goes to the lake."""
        row = {"fleet": fleet, "id": batch, "path": path, "state": WRITING, "started": now()}
        empty: dict[str, Any] = {"finished": None, "quality": [], "sampling": []}
        with self._database.session() as session:
            insert(session, BatchRow, [{**row, **empty, "by": by}])

    def is_done(self, fleet: str, batch: str) -> bool:
        """Whether a batch was written to its end."""
        with self._database.session() as session:
            row = session.get(BatchRow, (fleet, batch))
            return row is not None and row.state == DONE

    def finished(self, fleet: str, batch: str) -> datetime | None:
        """Return when a batch was written to its end; None if it was not."""
        with self._database.session() as session:
            row = session.get(BatchRow, (fleet, batch))
            if row is None or row.state != DONE or row.finished is None:
                return None
            return utc(row.finished)

    def reopen(self, fleet: str, batch: str) -> None:
        """Take a batch up again whose fleet is no longer in the lake."""
        with self._database.session() as session:
            session.execute(delete(AssetRow).where(AssetRow.fleet == fleet))
            for table in (PartRow, SpanRow):
                session.execute(delete(table).where(table.fleet == fleet, table.batch == batch))
            session.execute(
                update(BatchRow)
                .where(BatchRow.fleet == fleet, BatchRow.id == batch)
                .values(state=WRITING, finished=None)
            )

    def intend(
        self,
        fleet: str,
        batch: str,
        part: int,
        touched: Mapping[str, Touched],
        written: Written,
    ) -> None:
        """Write down what a part may change, before it does."""
        key = {"fleet": fleet, "batch": batch, "part": part}
        with self._database.session() as session:
            insert(session, PartRow, [{**key, **vars(written)}])
            insert(session, SpanRow, _span_rows(key, touched))

    def record(
        self,
        fleet: str,
        batch: str,
        part: int,
        touched: Mapping[str, Touched],
        written: Written,
    ) -> None:
        """Write down what a part did change."""
        key = {"fleet": fleet, "batch": batch, "part": part}
        with self._database.session() as session:
            session.execute(
                delete(SpanRow).where(
                    SpanRow.fleet == fleet, SpanRow.batch == batch, SpanRow.part == part
                )
            )
            insert(session, SpanRow, _span_rows(key, touched))
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
        finished = (
            update(BatchRow)
            .where(BatchRow.fleet == fleet, BatchRow.id == batch, BatchRow.state == WRITING)
            .values(
                state=DONE,
                finished=now(),
                quality=[entry.model_dump() for entry in quality],
                sampling=[entry.model_dump() for entry in sampling],
            )
            .returning(BatchRow.id)
        )
        with self._database.session() as session:
            if session.scalars(finished).all():  # once, and with it what it adds to assets
                settle(session, fleet, batch)

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
                    finished=utc(row.finished),
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
                (row.asset, utc(row.start), utc(row.end))
                for row in session.execute(query)
                if row.batch in wanted
            ]

    def quality(
        self, fleet: str, batches: Collection[str] | None = None, *, latest: int | None = None
    ) -> tuple[list[SensorQuality], list[AssetQuality]]:
        """Return the quality of each finished batch, in the order they came.

        Parameters
        ----------
        batches
            Of these alone; of all if None.
        latest
            Of no more than so many, the last ones.
        """
        query = (
            select(BatchRow.id, BatchRow.quality, BatchRow.sampling)
            .where(BatchRow.fleet == fleet, BatchRow.state == DONE)
            .order_by(BatchRow.finished.desc(), BatchRow.id.desc())
            .limit(latest)
        )
        if batches is not None and len(batches) <= _FEW:
            query = query.where(BatchRow.id.in_(list(batches)))
        with self._database.session() as session:
            rows = [
                row for row in session.execute(query) if batches is None or row.id in batches
            ]
        rows.reverse()
        return (
            [SensorQuality.model_validate(entry) for row in rows for entry in row.quality],
            [AssetQuality.model_validate(entry) for row in rows for entry in row.sampling],
        )

    def count(self, fleet: str) -> int:
        """Return how many batches were written to their end."""
        mine = (BatchRow.fleet == fleet, BatchRow.state == DONE)
        with self._database.session() as session:
            return session.scalar(select(func.count()).where(*mine)) or 0


def _span_rows(key: Mapping[str, Any], touched: Mapping[str, Touched]) -> list[dict[str, Any]]:
    return [
        {**key, "asset": asset, "start": one.start, "end": one.end, "rows": one.rows}
        for asset, one in touched.items()
    ]
