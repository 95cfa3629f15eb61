"""Which rows a read is about, as a filter of rows and as a choice of files."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from appliance.lake import layout
from appliance.lake.layout import DataFile, bucket_of
from appliance.lake.table import Table


@dataclass(frozen=True)
class Selection:
    """Some assets, or all, in a half-open time range.

    Attributes
    ----------
    assets
        All of them if None.
    start, end
        Unbounded where None; the end itself is left out.
    """

    assets: tuple[str, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def of(
        cls, assets: Sequence[str] | None, start: datetime | None, end: datetime | None
    ) -> Selection:
        """Return the selection that a read's arguments mean."""
        return cls(None if assets is None else tuple(sorted(set(assets))), start, end)

    @property
    def where(self) -> pl.Expr | None:
        """The filter of rows; None if every row is meant."""
        parts = []
        if self.assets is not None:
            parts.append(pl.col("asset").is_in(list(self.assets)))
        if self.start is not None:
            parts.append(pl.col("time") >= self.start)
        if self.end is not None:
            parts.append(pl.col("time") < self.end)
        return pl.all_horizontal(parts) if parts else None

    def among(self, files: Sequence[DataFile]) -> list[DataFile]:
        """Return the files that partition and statistics cannot exclude."""
        wanted: dict[str, list[str]] | None = None
        if self.assets is not None:
            wanted = {}
            for asset in self.assets:
                wanted.setdefault(str(bucket_of(asset)), []).append(asset)
        return [
            file
            for file in files
            if (self.start is None or file.time_max >= self.start)
            and (self.end is None or file.time_min < self.end)
            and (wanted is None or _holds(file, wanted.get(file.value("bucket"), [])))
        ]


def _holds(file: DataFile, assets: Sequence[str]) -> bool:
    """Whether one of the sorted assets lies in the file's range."""
    first = bisect_left(assets, file.asset_min)
    return first < len(assets) and assets[first] <= file.asset_max


def count(table: Table, chosen: Selection, most: int) -> int:
    """Count the rows that a selection leaves of a table; not beyond what matters.

    Parameters
    ----------
    most
        Where the files hold no more rows than this, their number is given: a count that reads
        nothing.
    """
    files = chosen.among(table.snapshot().files)
    rows = sum(file.rows for file in files)
    if rows <= most or chosen.where is None:
        return rows
    return layout.count([table.location(file) for file in files], chosen.where)
