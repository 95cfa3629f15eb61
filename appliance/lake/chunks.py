"""Pieces of a fleet's readings: small descriptions of where the data is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import accumulate, pairwise

import polars as pl

from appliance.lake import layout
from appliance.lake.layout import DataFile
from appliance.lake.names import decode, encode
from appliance.lake.order import assemble
from appliance.lake.selection import Selection
from appliance.objects import is_remote


@dataclass(frozen=True)
class ReadingsChunk:
    """Whole assets of one snapshot; a worker reads it without asking the Delta log.

    Attributes
    ----------
    files
        Full paths, those of a bucket together.
    columns
        Physical names and types of the table's columns, so that a file without one gives
        nulls.
    selection
        Only these rows.
    asset_range
        Only assets in this closed range, where a bucket had to be cut.
    rows
        Rows by the files' statistics; an upper bound where the selection cuts.
    buckets
        How many of the files are of each bucket in turn.
    sole
        Its only asset, where one alone is as large as a chunk or larger.
    """

    files: tuple[str, ...]
    columns: tuple[tuple[str, pl.DataType], ...]
    selection: Selection
    asset_range: tuple[str, str] | None = None
    rows: int = 0
    buckets: tuple[int, ...] = ()
    sole: str | None = None

    def between(self, start: datetime, end: datetime) -> ReadingsChunk:
        """Return its rows of a half-open time range, of which `rows` stays the old bound."""
        chosen = self.selection
        low = start if chosen.start is None else max(start, chosen.start)
        high = end if chosen.end is None else min(end, chosen.end)
        near = [
            [path for path in own if layout.may_hold(path, low, high)]
            for own in self._by_bucket()
        ]
        return replace(
            self,
            files=tuple(path for own in near for path in own),
            selection=replace(chosen, start=low, end=high),
            buckets=tuple(map(len, near)),
        )

    def marks(self, every: int) -> pl.Series:
        """Return the time of one row of so many, and of each file's last: rising.

        Each stands for so many rows: where they are dense, so are the times.  One file's lie
        in memory at once.
        """
        where, keys = self._where(), {"time": layout.TIME}
        found = [pl.Series("time", dtype=layout.TIME)]
        for path in self.files:
            for frame in layout.read([path], keys, where=where):
                found += [frame["time"].gather_every(every), frame["time"].tail(1)]
        return pl.concat(found).sort()

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """Read bucket after bucket: what `read` returns, as frames of whole assets.

        A bucket's file is read as it stands.  From S3 the next one is fetched while one is at
        work; from a disk only one is held at a time: reading ahead takes the same processor
        time, and of a machine whose cores are all at work that is what counts.
        """
        own = [replace(self, files=files, buckets=()) for files in self._by_bucket()]
        reads = [partial(one.read, columns) for one in own]
        remote = any(is_remote(path) for path in self.files)
        for frame in ahead(reads) if remote else (read() for read in reads):
            if frame.height:
                yield frame
            del frame  # before the next one is read

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the rows, sorted by asset and time.

        Parameters
        ----------
        columns
            Sensors to read; all of them if not named.  One that the table lacks is all null.

        Raises
        ------
        StorageError
            A file is missing or damaged.
        """
        known = dict(self.columns)
        if columns is not None:
            names = [encode(name) for name in columns]
            known = {name: known.get(name, pl.Float64()) for name in names}
        schema = {"asset": pl.String(), "time": layout.TIME, **known}
        frames = layout.read(self.files, schema, where=self._where())
        whole = assemble(frames) if frames else pl.DataFrame(schema=schema)
        return whole.rename({name: decode(name) for name in known})

    def _by_bucket(self) -> list[tuple[str, ...]]:
        ends = accumulate(self.buckets, initial=0)
        return [self.files[first:stop] for first, stop in pairwise(ends)]

    def _where(self) -> pl.Expr | None:
        where = self.selection.where
        if self.asset_range is None:
            return where
        low, high = self.asset_range
        inside = pl.col("asset").is_between(pl.lit(low), pl.lit(high))
        return inside if where is None else where & inside


def ahead(reads: Sequence[Callable[[], pl.DataFrame]]) -> Iterator[pl.DataFrame]:
    """Yield what each read gives, in order; the next one goes on while one is at work."""
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as reader:
        coming = [reader.submit(read) for read in reads[:1]]
        for number in range(len(reads)):
            frame = coming.pop().result()
            coming = [reader.submit(read) for read in reads[number + 1 : number + 2]]
            yield frame
            del frame


def plan_chunks(
    files: Sequence[tuple[DataFile, str]],
    columns: tuple[tuple[str, pl.DataType], ...],
    selection: Selection,
    *,
    cells: int,
) -> list[ReadingsChunk]:
    """Group files by bucket into chunks of at most `cells` readings × sensors.

    Every file belongs to one chunk, unless its bucket alone is larger: then the bucket is cut
    between assets, and each piece reads only its row groups.
    """
    members: dict[str, list[tuple[DataFile, str]]] = {}
    for file, path in files:
        members.setdefault(file.value("bucket"), []).append((file, path))
    limit = max(cells // max(len(columns), 1), 1)
    chunks: list[ReadingsChunk] = []
    buckets: list[list[str]] = []
    rows = 0

    def close() -> None:
        nonlocal buckets, rows
        if buckets:
            paths = tuple(path for own in buckets for path in own)
            numbers = tuple(map(len, buckets))
            chunks.append(ReadingsChunk(paths, columns, selection, rows=rows, buckets=numbers))
        buckets, rows = [], 0

    for _, found in sorted(members.items(), key=lambda item: int(item[0])):
        own, several = [path for _, path in found], sum(file.rows for file, _ in found)
        if several > limit:
            for low, high, count in _cut(own, selection, limit):
                near = [(f, p) for f, p in found if f.asset_min <= high and f.asset_max >= low]
                paths = tuple(path for _, path in near)
                # Files of these assets alone need no filter, which costs more than reading.
                alone = all(low <= f.asset_min and f.asset_max <= high for f, _ in near)
                span = None if alone else (low, high)
                sole = low if low == high else None
                chunks.append(
                    ReadingsChunk(paths, columns, selection, span, count, (len(paths),), sole)
                )
            continue
        if rows + several > limit:
            close()
        buckets.append(own)
        rows += several
    close()
    return chunks


def _cut(paths: Sequence[str], selection: Selection, limit: int) -> list[tuple[str, str, int]]:
    """Return closed asset ranges of about `limit` rows."""
    counts: dict[str, int] = {}
    for frame in layout.read(paths, {"asset": pl.String()}, where=selection.where):
        for asset, rows in frame.group_by("asset").len().iter_rows():
            counts[asset] = counts.get(asset, 0) + rows
    ranges: list[tuple[str, str, int]] = []
    for asset, rows in sorted(counts.items()):
        if ranges and ranges[-1][2] + rows <= limit:
            ranges[-1] = (ranges[-1][0], asset, ranges[-1][2] + rows)
        else:
            ranges.append((asset, asset, rows))
    return ranges
