"""How rows become Parquet files: which partition, in what order, with which statistics.

Rows are partitioned by a bucket of assets and by month, and sorted by asset and time within a
file.  One asset's month is then a part of one file (or of one per late batch), a fleet is read
by reading each file once, and a bucket's files are a unit of parallel work.
"""

from __future__ import annotations

import json
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from appliance.core.disk import is_full
from appliance.core.errors import StorageError, StorageFull

BUCKETS = 32
"""Asset buckets of a table: about 30 assets a file at 1,000 assets."""
ROW_GROUP = 100_000
_SYNCS = 16
TIME = pl.Datetime("us", "UTC")
_DAY = timedelta(days=1)

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


def next_month(moment: datetime) -> datetime:
    """Return the first moment of the month after, in UTC."""
    first = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + 32 * _DAY).replace(day=1)


def write(frame: pl.DataFrame, root: Path, partition: Partition) -> DataFile:
    """Write one partition, sorted by asset and time, as one file with a name of its own.

    Raises
    ------
    StorageFull, StorageError
        The file cannot be written; nothing of it is left.
    """
    folder = "/".join(f"{name}={value}" for name, value in partition)
    name = f"{folder}/{secrets.token_hex(12)}.parquet"
    target = root / name
    with storage_errors(str(target)):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            frame.write_parquet(
                target, compression="lz4", row_group_size=ROW_GROUP, statistics=True
            )
        except BaseException:
            target.unlink(missing_ok=True)
            raise
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


def to_disk(paths: Iterable[Path]) -> None:
    """Wait until files, and folders' lists of names, have reached the disk.

    Together, because a file system's journal takes many of them in one turn.
    """
    with ThreadPoolExecutor(_SYNCS) as pool:
        list(pool.map(_to_disk, paths))


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(
    files: Sequence[str],
    columns: Mapping[str, pl.DataType],
    *,
    where: pl.Expr | None = None,
) -> list[pl.DataFrame]:
    """Read files that may lack columns; one frame of `columns` for each file with such rows.

    Parameters
    ----------
    columns
        Names and types of the columns; one that a file lacks is all null there.

    Raises
    ------
    StorageError
        A file is missing, cut off or damaged; the message names it.
    """
    frames = []
    for path in files:
        with storage_errors(path):
            lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
            held = lazy.collect_schema()
            if where is not None:
                lazy = lazy.filter(where)
            frame = lazy.select(
                pl.col(name) if name in held else pl.lit(None, kind).alias(name)
                for name, kind in columns.items()
            ).collect()
        if frame.height:
            frames.append(frame)
    return frames


def count(files: Sequence[str], where: pl.Expr) -> int:
    """Count the rows of files that a filter leaves, reading no more than it needs."""
    rows = 0
    for path in files:
        with storage_errors(path):
            lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
            rows += int(lazy.filter(where).select(pl.len()).collect().item())
    return rows


@contextmanager
def storage_errors(path: str) -> Iterator[None]:
    """Turn what the disk and Parquet say into errors that name the file."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        if is_full(error):
            raise StorageFull(
                f"no space is left to write {path}.",
                remedy="Free some space and repeat the command: nothing was half written.",
            ) from error
        raise StorageError(f"{path} cannot be read or written: {error}.") from error
