"""Pieces of a fleet's readings: small descriptions of where the data is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from appliance.lake import layout
from appliance.lake.layout import DataFile
from appliance.lake.names import decode, encode
from appliance.lake.table import within


@dataclass(frozen=True)
class ReadingsChunk:
    """Whole assets of one snapshot; a worker reads it without asking the Delta log.

    Attributes
    ----------
    files
        Full paths.
    columns
        Physical names of the table's columns, so that a file without one gives nulls.
    assets
        Only these assets, if named.
    asset_range
        Only assets in this closed range, where a bucket had to be cut.
    start, end
        Half-open time range.
    rows
        Rows by the files' statistics; an upper bound where a range cuts.
    """

    files: tuple[str, ...]
    columns: tuple[str, ...]
    assets: tuple[str, ...] | None = None
    asset_range: tuple[str, str] | None = None
    start: datetime | None = None
    end: datetime | None = None
    rows: int = 0

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the rows: each asset's together, in time order.

        Parameters
        ----------
        columns
            Sensors to read; all of them if not named.

        Raises
        ------
        StorageError
            A file is missing or damaged.
        """
        physical = self.columns if columns is None else tuple(encode(c) for c in columns)
        where = within(self.assets, self.start, self.end)
        if self.asset_range is not None:
            low, high = self.asset_range
            inside = pl.col("asset").is_between(pl.lit(low), pl.lit(high))
            where = inside if where is None else where & inside
        frame = layout.read(self.files, columns=("asset", "time", *physical), where=where)
        if frame is None:
            empty = {"asset": pl.String(), "time": layout.TIME}
            frame = pl.DataFrame(schema=empty)
        absent = [pl.lit(None, pl.Float64).alias(c) for c in physical if c not in frame.columns]
        frame = frame.with_columns(absent).select("asset", "time", *physical)
        if not layout.is_sorted(frame):
            frame = frame.sort("asset", "time")
        return frame.rename({name: decode(name) for name in physical})


def plan_chunks(
    files: Sequence[tuple[DataFile, str]],
    columns: tuple[str, ...],
    *,
    cells: int,
    assets: Sequence[str] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> list[ReadingsChunk]:
    """Group files by bucket into chunks of at most `cells` readings × sensors.

    Every file belongs to one chunk, unless its bucket alone is larger: then the bucket is cut
    between assets, and each piece reads only its row groups.
    """
    buckets: dict[str, list[tuple[DataFile, str]]] = {}
    for file, path in files:
        buckets.setdefault(file.value("bucket"), []).append((file, path))
    limit = max(cells // max(len(columns), 1), 1)
    chunks: list[ReadingsChunk] = []
    gathered: list[tuple[DataFile, str]] = []

    def chunk(
        members: Sequence[tuple[DataFile, str]], asset_range: tuple[str, str] | None, rows: int
    ) -> ReadingsChunk:
        return ReadingsChunk(
            files=tuple(path for _, path in members),
            columns=columns,
            assets=tuple(assets) if assets is not None else None,
            asset_range=asset_range,
            start=start,
            end=end,
            rows=rows,
        )

    def flush() -> None:
        if gathered:
            chunks.append(chunk(gathered, None, sum(file.rows for file, _ in gathered)))
            gathered.clear()

    for _, members in sorted(buckets.items(), key=lambda item: int(item[0])):
        rows = sum(file.rows for file, _ in members)
        if rows > limit:
            for low, high, part in _cut(members, limit):
                chunks.append(chunk(members, (low, high), part))
            continue
        if sum(file.rows for file, _ in gathered) + rows > limit:
            flush()
        gathered += members
    flush()
    return chunks


def _cut(members: Sequence[tuple[DataFile, str]], limit: int) -> list[tuple[str, str, int]]:
    """Return closed asset ranges of about `limit` rows."""
    frame = layout.read([path for _, path in members], columns=["asset"])
    if frame is None:
        return []
    counts = frame.group_by("asset").len().sort("asset")
    ranges: list[tuple[str, str, int]] = []
    for asset, rows in counts.iter_rows():
        if ranges and ranges[-1][2] + rows <= limit:
            ranges[-1] = (ranges[-1][0], asset, ranges[-1][2] + rows)
        else:
            ranges.append((asset, asset, rows))
    return ranges
