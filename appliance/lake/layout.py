"""How rows become Parquet files: which partition, in what order, with which statistics.

Rows are partitioned by a bucket of assets and by month, and sorted by asset and time within a
file.  One asset's month is then a part of one file (or of one per late batch), a fleet is read
by reading each file once, and a bucket's files are a unit of parallel work.
"""

from __future__ import annotations

import json
import re
import secrets
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from appliance.lake.bucket import reading_options
from appliance.lake.place import Place, each
from appliance.lake.told import storage_errors

BUCKETS = 32
"""Asset buckets of a table: about 30 assets a file at 1,000 assets."""
ROW_GROUP = 100_000
_ASSETS = "kizashi.assets"
"""In a file's footer, which a reader has in a thirtieth of the time of a column."""
_NAMED = 1_000
"""Assets that a footer names: every reader of a file reads its footer whole."""
TIME = pl.Datetime("us", "UTC")
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
_MONTH = re.compile(r"/month=(\d{4}-\d{2})/")

Partition = tuple[tuple[str, str], ...]
"""Names and values of a partition's columns."""


@dataclass(frozen=True)
class DataFile:
    """One Parquet file of a table, with what the Delta log says of it."""

    path: str
    size: int
    rows: int
    partition: Partition
    asset_min: str
    asset_max: str
    time_min: datetime
    time_max: datetime

    def value(self, name: str) -> str:
        """Return a partition value."""
        return dict(self.partition)[name]

    def overlaps(self, assets: tuple[str, str], span: tuple[datetime, datetime]) -> bool:
        """Whether the file may hold a row of these (closed) ranges."""
        return (
            self.asset_min <= assets[1]
            and self.asset_max >= assets[0]
            and self.time_min <= span[1]
            and self.time_max >= span[0]
        )

    def statistics(self) -> str:
        """Return the Delta log's statistics of the file."""
        return json.dumps(
            {
                "numRecords": self.rows,
                "minValues": {"asset": self.asset_min, "time": _iso(self.time_min)},
                "maxValues": {"asset": self.asset_max, "time": _iso(self.time_max)},
                "nullCount": {"asset": 0, "time": 0},
            },
            ensure_ascii=False,
        )


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def bucket_of(asset: str) -> int:
    """Return an asset's bucket; the same on every machine and for ever."""
    return zlib.crc32(asset.encode("utf-8")) % BUCKETS


def month_of(moment: datetime) -> str:
    """Return a moment's month partition, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def may_hold(path: str, start: datetime, end: datetime) -> bool:
    """Whether a file's month partition overlaps a half-open range; true if it tells none."""
    found = _MONTH.search(path)
    if found is None or start >= end:
        return found is None
    return month_of(start) <= found[1] <= month_of(end - _INSTANT)


def next_month(moment: datetime) -> datetime:
    """Return the first moment of the month after, in UTC."""
    first = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + 32 * _DAY).replace(day=1)


def write(frame: pl.DataFrame, place: Place, partition: Partition) -> DataFile:
    """Write one partition, sorted by asset and time, as one file with a name of its own.

    Raises
    ------
    StorageFull, StorageError
        The file cannot be written; nothing of it is left.
    """
    folder = "/".join(f"{name}={value}" for name, value in partition)
    name = f"{folder}/{secrets.token_hex(12)}.parquet"
    with place.incoming(name) as target, storage_errors(str(target)):
        frame.write_parquet(
            target,
            compression="lz4",
            row_group_size=ROW_GROUP,
            statistics=True,
            metadata=_footer(frame),
        )
        size = target.stat().st_size
    time = frame["time"]
    return DataFile(
        path=name,
        size=size,
        rows=frame.height,
        partition=partition,
        asset_min=frame.item(0, "asset"),
        asset_max=frame.item(-1, "asset"),
        time_min=time.min(),  # type: ignore[arg-type]
        time_max=time.max(),  # type: ignore[arg-type]
    )


def _footer(frame: pl.DataFrame) -> dict[str, str]:
    """Return what the footer says of sorted rows beside Parquet's own."""
    names = frame["asset"].rle().struct.field("value")
    return {_ASSETS: json.dumps(names.to_list())} if len(names) <= _NAMED else {}


def read(
    files: Sequence[str],
    columns: Mapping[str, pl.DataType],
    *,
    where: pl.Expr | None = None,
) -> list[pl.DataFrame]:
    """Read files that may lack columns; one frame of `columns` for each file with such rows.

    Parameters
    ----------
    files
        Paths, or addresses in S3.
    columns
        Names and types of the columns; one that a file lacks is all null there.

    Raises
    ------
    StorageError
        A file is missing, cut off or damaged; the message names it.
    """

    def one(path: str) -> pl.DataFrame:
        with storage_errors(path):
            lazy = _scan(path) if where is None else _scan(path).filter(where)
            # Most files have all columns; to ask for theirs first costs another look.
            with suppress(pl.exceptions.ColumnNotFoundError):
                return lazy.select(*columns).collect()
            held = _scan(path).collect_schema()
            return lazy.select(
                pl.col(name) if name in held else pl.lit(None, kind).alias(name)
                for name, kind in columns.items()
            ).collect()

    return [frame for frame in each(files, one, _where(files)) if frame.height]


def count(files: Sequence[str], where: pl.Expr) -> int:
    """Count the rows of files that a filter leaves, reading no more than it needs."""

    def one(path: str) -> int:
        with storage_errors(path):
            return int(_scan(path).filter(where).select(pl.len()).collect().item())

    return sum(each(files, one, _where(files)))


def assets(files: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the assets of each file: by its footer, or where that names none by its rows.

    Raises
    ------
    StorageError
        A file is missing, cut off or damaged; the message names it.
    """

    def one(path: str) -> tuple[str, ...]:
        with storage_errors(path):
            told = pl.read_parquet_metadata(path, **_options(path)).get(_ASSETS)
            if told is not None:
                return tuple(json.loads(told))
            return tuple(_scan(path).select(pl.col("asset").unique()).collect().to_series())

    return each(files, one, _where(files))


def _where(files: Sequence[str]) -> str:
    return files[0] if files else ""


def _scan(path: str) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False, hive_partitioning=False, **_options(path))


def _options(path: str) -> dict[str, Any]:
    """Return what Polars is told to reach a file."""
    options = reading_options(path)
    if options is None:
        return {}
    # The environment says who asks, here as to the Delta library.
    return {"storage_options": options, "credential_provider": None}
