"""The batches that came, the latest first, with what each brought."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, func, or_, select

from appliance.core.db import Database, utc
from appliance.intake.store.tables import DONE, BatchRow, PartRow, SpanRow

_Sums = dict[str, tuple[int, int, int]]
_Spans = dict[str, tuple[int, datetime, datetime]]


class Came(NamedTuple):
    """One batch, and what it brought; `assets` of it, from `start` to `end`, changed."""

    batch: str
    path: str
    by: str
    finished: datetime
    rows: int
    corrected: int
    quarantined: int
    assets: int
    start: datetime | None
    end: datetime | None


class Arrivals:
    """The finished batches of fleets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, fleet: str, before: tuple[datetime, str] | None, limit: int) -> list[Came]:
        """Return batches, the latest first.

        Parameters
        ----------
        before
            When the last one seen was finished, and its identifier.
        """
        query = select(BatchRow.id, BatchRow.path, BatchRow.by, BatchRow.finished).where(
            BatchRow.fleet == fleet, BatchRow.state == DONE
        )
        if before is not None:
            at, batch = before
            query = query.where(
                or_(
                    BatchRow.finished < at,
                    and_(BatchRow.finished == at, BatchRow.id < batch),
                )
            )
        query = query.order_by(BatchRow.finished.desc(), BatchRow.id.desc()).limit(limit)
        with self._database.session() as session:
            found = session.execute(query).all()
        ids = [row.id for row in found]
        sums, spans = self._sums(fleet, ids), self._spans(fleet, ids)
        return [
            Came(
                row.id,
                row.path,
                row.by,
                utc(row.finished),
                *sums.get(row.id, (0, 0, 0)),
                *spans.get(row.id, (0, None, None)),
            )
            for row in found
        ]

    def latest(self, fleet: str, batches: Sequence[str]) -> datetime | None:
        """Return the last time that batches changed something at; None if they did not."""
        return max((end for _, _, end in self._spans(fleet, batches).values()), default=None)

    def _sums(self, fleet: str, batches: Sequence[str]) -> _Sums:
        columns = (PartRow.rows, PartRow.corrected, PartRow.quarantined)
        query = (
            select(PartRow.batch, *(func.sum(column) for column in columns))
            .where(PartRow.fleet == fleet, PartRow.batch.in_(batches))
            .group_by(PartRow.batch)
        )
        with self._database.session() as session:
            return {row[0]: (row[1], row[2], row[3]) for row in session.execute(query)}

    def _spans(self, fleet: str, batches: Sequence[str]) -> _Spans:
        query = (
            select(
                SpanRow.batch,
                func.count(SpanRow.asset.distinct()),
                func.min(SpanRow.start),
                func.max(SpanRow.end),
            )
            .where(SpanRow.fleet == fleet, SpanRow.batch.in_(batches))
            .group_by(SpanRow.batch)
        )
        with self._database.session() as session:
            return {
                batch: (assets, utc(start), utc(end))
                for batch, assets, start, end in session.execute(query)
            }
