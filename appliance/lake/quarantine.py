"""Quarantine: every row or cell that was refused, with file, row and reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from pathlib import Path

import polars as pl

from appliance.core.clock import now
from appliance.lake import layout
from appliance.lake.layout import TIME, DataFile
from appliance.lake.table import Table

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


class Quarantine:
    """What was refused of one fleet's files.

    Parameters
    ----------
    root
        Folder of its Delta table.
    """

    def __init__(self, root: Path) -> None:
        self._table = Table(root, {"month": pl.String()})

    def write(self, frame: pl.DataFrame, *, batch: str, part: int = 0) -> None:
        """Keep refused rows or cells, once for a batch and part.

        Parameters
        ----------
        frame
            The columns of `COLUMNS` without ``batch``.
        """
        key = f"{batch}:{part}"
        if frame.is_empty() or self._table.committed(key):
            return
        seen = now()
        # The table's statistics are kept by asset and time: here the batch, and when it came.
        kept = frame.select(
            pl.lit(batch).alias("asset"),
            pl.lit(seen.astimezone(UTC)).cast(TIME).alias("time"),
            pl.lit(batch).alias("batch"),
            *(pl.col(name).cast(kind) for name, kind in COLUMNS.items() if name != "batch"),
        ).with_columns(pl.col("value").str.slice(0, VALUE_LENGTH))
        self._table.ensure(dict(kept.schema))
        month = layout.month_of(seen)
        file = layout.write(kept, self._table.root, {"month": month}, f"month={month}")

        def plan() -> tuple[list[DataFile], list[DataFile]]:
            return [file], []

        if self._table.commit(key, plan) is None:
            Path(self._table.location(file)).unlink(missing_ok=True)

    def read(self, batch: str | None = None, limit: int = 1_000) -> pl.DataFrame:
        """Return refused rows and cells in the order of their files."""
        frame = self._all(batch)
        return frame.sort("time", "file", "row").head(limit).select(list(COLUMNS))

    def count(self, batch: str | None = None) -> int:
        """Return how many rows and cells were refused."""
        if batch is None:
            return sum(file.rows for file in self._table.files())
        return self._all(batch).height

    def _all(self, batch: str | None) -> pl.DataFrame:
        files = [
            self._table.location(file)
            for file in self._table.files()
            if batch is None or file.asset_min <= batch <= file.asset_max
        ]
        where = None if batch is None else pl.col("batch") == batch
        frame = layout.read(files, where=where)
        return pl.DataFrame(schema={**COLUMNS, "time": TIME}) if frame is None else frame
