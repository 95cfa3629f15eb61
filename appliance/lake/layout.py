"""How rows become Parquet files: which partition, in what order, with which statistics.

Rows are partitioned by a bucket of assets and by month, and sorted by asset and time within a
file.  One asset's month is then a part of one file (or of one per late batch), a fleet is read
by reading each file once, and a bucket's files are a unit of parallel work.
"""

from __future__ import annotations

import errno
import json
import secrets
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from appliance.core.errors import StorageError, StorageFull

BUCKETS = 32
"""Asset buckets of a table: about 30 assets a file at 1,000 assets."""
ROW_GROUP = 100_000
TIME = pl.Datetime("us", "UTC")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DataFile:
    """One Parquet file of a table, with what the Delta log says of it."""

    path: str
    size: int
    rows: int
    partition: tuple[tuple[str, str], ...]
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


def _next_month(moment: datetime) -> datetime:
    first = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + 32 * _DAY).replace(day=1)


def is_sorted(frame: pl.DataFrame) -> bool:
    """Whether each asset's rows stand together, with strictly rising times."""
    if frame.height < 2:
        return True
    same = pl.col("asset") == pl.col("asset").shift()
    rising = pl.col("time") > pl.col("time").shift()
    check = frame.lazy().select(
        broken=(same & ~rising).fill_null(value=False).any(), runs=(~same).sum() + 1
    )
    broken, runs = check.collect().row(0)
    return not broken and int(runs) == frame["asset"].n_unique()


def split(frame: pl.DataFrame) -> dict[tuple[int, str], pl.DataFrame]:
    """Cut a frame whose assets stand together and rise in time into its partitions.

    Slices share the frame's memory; nothing is copied.
    """
    runs = (
        frame.lazy()
        .select("asset")
        .with_row_index("first")
        .group_by("asset")
        .agg(pl.col("first").min(), pl.len().alias("rows"))
    )
    pieces: dict[tuple[int, str], list[pl.DataFrame]] = {}
    for asset, first, rows in runs.sort("asset").collect().iter_rows():
        part = frame.slice(first, rows)
        time = part["time"]
        low, end = 0, rows
        while low < end:
            start = time[low]
            high = int(time.search_sorted(_next_month(start), side="left"))
            pieces.setdefault((bucket_of(asset), month_of(start)), []).append(
                part.slice(low, high - low)
            )
            low = high
    return {key: pl.concat(parts, rechunk=False) for key, parts in pieces.items()}


def write(
    frame: pl.DataFrame, root: Path, partition: Mapping[str, str], folder: str
) -> DataFile:
    """Write one sorted partition as one file with a name of its own.

    Raises
    ------
    StorageFull, StorageError
        The file cannot be written; nothing of it is left.
    """
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
        partition=tuple(partition.items()),
        asset_min=str(frame["asset"].min()),
        asset_max=str(frame["asset"].max()),
        time_min=time.min(),  # type: ignore[arg-type]
        time_max=time.max(),  # type: ignore[arg-type]
    )


def read(
    files: Sequence[str],
    *,
    columns: Sequence[str] | None = None,
    where: pl.Expr | None = None,
) -> pl.DataFrame | None:
    """Read files that may differ in their columns; None if no row is found.

    Raises
    ------
    StorageError
        A file is missing, cut off or damaged; the message names it.
    """
    frames = []
    for path in files:
        with storage_errors(path):
            lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
            if columns is not None:
                present = set(lazy.collect_schema().names())
                lazy = lazy.select([c for c in columns if c in present])
            if where is not None:
                lazy = lazy.filter(where)
            frame = lazy.collect()
        if frame.height:
            frames.append(frame)
    if not frames:
        return None
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal")


@contextmanager
def storage_errors(path: str) -> Iterator[None]:
    """Turn what the disk and Parquet say into errors that name the file."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        if full or "No space left" in str(error) or "os error 27" in str(error):
            raise StorageFull(
                f"no space is left to write {path}.",
                remedy="Free some space and repeat the command: nothing was half written.",
            ) from error
        raise StorageError(f"{path} cannot be read or written: {error}.") from error
