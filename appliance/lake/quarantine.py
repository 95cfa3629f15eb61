"""Quarantine: every row or cell that was refused, with file, row and reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from appliance.core.clock import now
from appliance.lake import layout
from appliance.lake.drafts import Draft, Drafts
from appliance.lake.layout import TIME
from appliance.lake.place import Place
from appliance.lake.table import Plan, Snapshot, Table

COLUMNS: Mapping[str, pl.DataType] = {
    "batch": pl.String(),
    "file": pl.String(),
    "row": pl.Int64(),
    "column": pl.String(),
    "value": pl.String(),
    "reason": pl.String(),
}
"""``row`` is the line in the file, from 1; 0 stands for the whole file or column."""
VALUE_LENGTH = 200
_NUMBER = "\0number"


class Quarantine:
    """What was refused of one fleet's files.

    Parameters
    ----------
    place
        Where its Delta table lies.
    """

    def __init__(self, place: Place) -> None:
        self._table = Table(place, {"month": pl.String()})

    def write(self, frame: pl.DataFrame, *, batch: str, part: int = 0) -> None:
        """Keep refused rows or cells, once for a batch and part.

        Parameters
        ----------
        frame
            The columns of `COLUMNS` without ``batch``.
        """
        key = f"{batch}:{part}"
        if frame.is_empty():
            return
        seen = now()
        # The table's statistics are kept by asset and time: here the batch, and when it came.
        kept = frame.select(
            pl.lit(batch).alias("asset"),
            pl.lit(seen.astimezone(UTC)).cast(TIME).alias("time"),
            pl.lit(batch).alias("batch"),
            *(pl.col(name).cast(kind) for name, kind in COLUMNS.items() if name != "batch"),
        ).with_columns(pl.col("value").str.slice(0, VALUE_LENGTH))
        snapshot = self._table.ensure(kept.schema)
        if snapshot.committed(key):
            return
        drafts: Drafts[Draft] = Drafts(self._table)

        def plan(_: Snapshot) -> Plan:
            partition = (("month", layout.month_of(seen)),)
            draft = drafts.draft(partition, (), lambda: Draft((drafts.write(kept, partition),)))
            return draft.adds, draft.removes

        try:
            committed = self._table.commit(key, plan, snapshot)
        except BaseException:
            drafts.discard()
            raise
        if not committed:
            drafts.discard()

    def read(self, batch: str | None = None, limit: int = 1_000) -> pl.DataFrame:
        """Return refused rows and cells in the order of their files."""
        snapshot = self._table.snapshot()
        # A file holds what one batch was refused at one moment: they need no filter, and those
        # that came after the last wanted row need not be read.
        files = [file for file in snapshot.files if batch in (None, file.asset_min)]
        moments: dict[datetime, list[str]] = {}
        for file in files:
            moments.setdefault(file.time_min, []).append(self._table.location(file))
        frame = pl.DataFrame(schema=COLUMNS)
        for _, paths in sorted(moments.items()):
            if frame.height >= limit:
                break
            came = layout.read(paths, COLUMNS)
            frame = pl.concat([frame, pl.concat(came).sort("file", "row", maintain_order=True)])
        return frame.head(limit)

    def page(
        self, after: tuple[datetime, int] | None, limit: int, reason: str | None = None
    ) -> list[tuple[datetime, int, dict[str, Any]]]:
        """Return refused rows and cells in the order in which they came.

        Parameters
        ----------
        after
            Moment and number of the last one seen; None for the first page.
        reason
            Only those refused for it.

        Returns
        -------
        list of tuple
            The moment, the number within the moment, and the columns of `COLUMNS`.
        """
        moments: dict[datetime, list[str]] = {}
        for file in self._table.snapshot().files:
            if after is None or file.time_min >= after[0]:
                moments.setdefault(file.time_min, []).append(self._table.location(file))
        found: list[tuple[datetime, int, dict[str, Any]]] = []
        for moment, paths in sorted(moments.items()):
            if len(found) >= limit:
                break
            first = after[1] + 1 if after is not None and moment == after[0] else 0
            came = pl.concat(layout.read(paths, COLUMNS)).sort(
                "file", "row", maintain_order=True
            )
            came = came.with_row_index(_NUMBER).slice(first)
            if reason is not None:
                came = came.filter(pl.col("reason") == reason)
            rows = came.head(limit - len(found)).iter_rows(named=True)
            found += [(moment, row.pop(_NUMBER), row) for row in rows]
        return found

    def reasons(self, most: int, samples: int) -> pl.DataFrame:
        """Return why rows and cells were refused, the most frequent reasons first.

        Parameters
        ----------
        most, samples
            Rows that are returned, and first rows and cells that each tells of.

        Returns
        -------
        DataFrame
            Columns ``reason``, ``column``, ``count``, ``files``, ``latest`` and ``samples``,
            a list of structs with the columns of `COLUMNS` and ``time``.
        """
        paths = [self._table.location(file) for file in self._table.snapshot().files]
        kinds = {**COLUMNS, "time": TIME}
        groups = [
            came.with_columns(pl.col("column", "value").fill_null(""))
            .sort("time", "file", "row", maintain_order=True)
            .group_by("reason", "column", maintain_order=True)
            .agg(
                pl.len().alias("count"),
                pl.col("file").unique().alias("files"),
                pl.col("time").max().alias("latest"),
                pl.struct(pl.all().exclude("reason", "column")).head(samples).alias("samples"),
            )
            for came in layout.read(paths, kinds)
        ]
        if not groups:
            return pl.DataFrame()
        return (
            pl.concat(groups)
            .group_by("reason", "column", maintain_order=True)
            .agg(
                pl.col("count").sum(),
                pl.col("files").explode().n_unique(),
                pl.col("latest").max(),
                pl.col("samples").explode().head(samples),
            )
            .sort("count", descending=True, maintain_order=True)
            .head(most)
        )

    def count(self, batch: str | None = None) -> int:
        """Return how many rows and cells were refused."""
        files = self._table.snapshot().files
        return sum(file.rows for file in files if batch in (None, file.asset_min))
