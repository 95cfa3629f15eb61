"""Readings: exactly once in, late rows where they belong, corrections over old values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from appliance.core.errors import InvalidRequest
from appliance.lake import layout
from appliance.lake.chunks import ReadingsChunk, plan_chunks
from appliance.lake.layout import TIME, DataFile
from appliance.lake.names import decode, encode
from appliance.lake.table import Table

KEYS = ("asset", "time")
_PARTITIONS = {"bucket": pl.Int32(), "month": pl.String()}
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class WriteResult:
    """What became of the rows of one write.

    Attributes
    ----------
    added, corrected, unchanged
        Rows new to the table, rows whose cells replaced older ones, rows that said what was
        known.
    already_written
        This batch and part had been committed before; nothing was done.
    spans
        First and last time, by asset, of the rows added or corrected.
    """

    added: int = 0
    corrected: int = 0
    unchanged: int = 0
    already_written: bool = False
    spans: dict[str, Span] = field(default_factory=dict)


class Readings:
    """The readings of one fleet.

    Parameters
    ----------
    root
        Folder of its Delta table.
    """

    def __init__(self, root: Path) -> None:
        self._table = Table(root, _PARTITIONS)

    # ------------------------------------------------------------------ what there is
    def exists(self) -> bool:
        """Whether the fleet has a table."""
        return self._table.exists()

    def version(self) -> int:
        """Return the table's version; -1 if there is none."""
        return self._table.version()

    def columns(self) -> list[str]:
        """Return the sensors' and contexts' names, in the order they came."""
        return [decode(name) for name in self._table.schema() if name not in KEYS]

    def row_count(self) -> int:
        """Return the number of rows."""
        return sum(file.rows for file in self._table.files())

    def span(self) -> Span | None:
        """Return the first and last time."""
        files = self._table.files()
        if not files:
            return None
        return min(f.time_min for f in files), max(f.time_max for f in files)

    def assets(self) -> list[str]:
        """Return the assets, sorted."""
        paths = [self._table.location(file) for file in self._table.files()]
        frame = layout.read(paths, columns=["asset"])
        return [] if frame is None else sorted(frame["asset"].unique().to_list())

    # ------------------------------------------------------------------ writing
    def write(self, frame: pl.DataFrame, *, batch: str, part: int = 0) -> WriteResult:
        """Add rows, once, however often the same batch and part are written.

        Where a row's asset and time are known already, its non-missing cells win and its
        missing ones leave the old value: one reading may come from several files.  Within
        the frame a later row wins over an earlier one in the same way.

        Parameters
        ----------
        frame
            Columns ``asset``, ``time`` and one float column a sensor.
        batch, part
            Name of the work.

        Raises
        ------
        InvalidRequest
            A column is missing, unnamed or of another type.
        StorageFull, StorageError, TryAgain
            Nothing was committed.
        """
        key = f"{batch}:{part}"
        if self._table.committed(key):
            return WriteResult(already_written=True)
        frame = _checked(frame)
        if frame.is_empty():
            return WriteResult()
        self._table.ensure(dict(frame.schema))
        kinds = self._table.schema()
        frame = frame.cast({name: kinds[name] for name in frame.columns})
        merge = _Merge(self._table, frame)
        if self._table.commit(key, merge.plan) is None:
            merge.discard()
            return WriteResult(already_written=True)
        return merge.result()

    # ------------------------------------------------------------------ reading
    def files(
        self,
        assets: Sequence[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        version: int | None = None,
    ) -> list[str]:
        """Return the files that a read of the same arguments touches."""
        chosen = select(self._table.files(version), assets, start, end)
        return [self._table.location(file) for file in chosen]

    def read(
        self,
        assets: Sequence[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Sequence[str] | None = None,
        version: int | None = None,
    ) -> pl.DataFrame:
        """Return rows of a half-open time range, sorted by asset and time."""
        chunk = ReadingsChunk(
            files=tuple(self.files(assets, start, end, version)),
            columns=tuple(name for name in self._table.schema(version) if name not in KEYS),
            assets=tuple(assets) if assets is not None else None,
            start=start,
            end=end,
        )
        frame = chunk.read(columns)
        return frame if frame["asset"].is_sorted() else frame.sort(*KEYS)

    def chunks(
        self,
        *,
        cells: int,
        assets: Sequence[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[ReadingsChunk]:
        """Cut the newest snapshot into pieces of whole assets for parallel work.

        Parameters
        ----------
        cells
            Readings × sensors that a piece should not exceed.
        """
        version = self._table.version()
        files = select(self._table.files(version), assets, start, end)
        columns = tuple(name for name in self._table.schema(version) if name not in KEYS)
        located = [(file, self._table.location(file)) for file in files]
        return plan_chunks(located, columns, cells=cells, assets=assets, start=start, end=end)

    def clean(self, older_than_hours: float = 168) -> list[str]:
        """Delete files that no snapshot of that age refers to."""
        return self._table.clean(older_than_hours)


def select(
    files: Sequence[DataFile],
    assets: Sequence[str] | None,
    start: datetime | None,
    end: datetime | None,
) -> list[DataFile]:
    """Return the files that partition and statistics cannot exclude."""
    wanted = None if assets is None else sorted(set(assets))
    buckets = None if wanted is None else {str(layout.bucket_of(asset)) for asset in wanted}
    return [
        file
        for file in files
        if (start is None or file.time_max >= start)
        and (end is None or file.time_min < end)
        and (
            wanted is None
            or buckets is None
            or (
                file.value("bucket") in buckets
                and any(file.asset_min <= asset <= file.asset_max for asset in wanted)
            )
        )
    ]


def _checked(frame: pl.DataFrame) -> pl.DataFrame:
    for name, wanted in (("asset", pl.String()), ("time", TIME)):
        if frame.schema.get(name) != wanted:
            raise InvalidRequest(f"readings need a column {name} of type {wanted}.")
    if frame["asset"].null_count() or frame["time"].null_count():
        raise InvalidRequest("readings need an asset and a time in every row.")
    for name, kind in frame.schema.items():
        if name not in KEYS and kind not in (pl.Float32(), pl.Float64()):
            raise InvalidRequest(f"column {name} is {kind}, not a number.")
    renamed = frame.rename({n: encode(n) for n in frame.columns if n not in KEYS})
    if layout.is_sorted(renamed):
        return renamed
    ordered = renamed.sort(*KEYS, maintain_order=True)
    if not (ordered.select(pl.struct(KEYS).is_first_distinct().all()).item()):
        cells = pl.exclude(KEYS).drop_nulls().last()
        ordered = ordered.group_by(*KEYS, maintain_order=True).agg(cells)
    return ordered


class _Merge:
    """Plans one write against a snapshot, and again if the snapshot moved."""

    def __init__(self, table: Table, frame: pl.DataFrame) -> None:
        self._table = table
        self._frame = frame
        self._parts = layout.split(frame)
        self._written: list[DataFile] = []
        self._clean: dict[tuple[int, str], DataFile] = {}
        self._counts = (0, 0)
        self._spans: dict[str, Span] = {}

    def plan(self) -> tuple[list[DataFile], list[DataFile]]:
        """Return files to add and to remove for the newest snapshot."""
        stale, self._written = self._written, []
        _delete(self._table, stale)
        present: dict[tuple[int, str], list[DataFile]] = {}
        for file in self._table.files():
            key = (int(file.value("bucket")), file.value("month"))
            present.setdefault(key, []).append(file)
        adds: list[DataFile] = []
        removes: list[DataFile] = []
        self._counts, self._spans = (0, 0), {}
        for key, part in self._parts.items():
            overlapping = [f for f in present.get(key, []) if f.overlaps(*_extent(part))]
            known = self._known(overlapping, part)
            if known is None:
                adds.append(self._whole(key, part))
                self._saw(part)
                continue
            self._drop_whole(key)
            more, fewer = self._rewrite(key, part, overlapping, known)
            adds += more
            removes += fewer
        return adds, removes

    def _known(self, files: Sequence[DataFile], part: pl.DataFrame) -> pl.DataFrame | None:
        """Return the part's keys that the table holds already; None if there is none."""
        if not files:
            return None
        keys = layout.read([self._table.location(f) for f in files], columns=KEYS)
        if keys is None:
            return None
        met = part.select(KEYS).join(keys, on=KEYS, how="semi")
        return met if met.height else None

    def _rewrite(
        self,
        key: tuple[int, str],
        part: pl.DataFrame,
        files: Sequence[DataFile],
        known: pl.DataFrame,
    ) -> tuple[list[DataFile], list[DataFile]]:
        """Correct the files that hold known keys; add the rest as a file of its own."""
        adds: list[DataFile] = []
        removes: list[DataFile] = []
        newer = part.join(known, on=KEYS, how="semi")
        values = [name for name in part.columns if name not in KEYS]
        corrected = unchanged = 0
        for file in files:
            old = layout.read([self._table.location(file)])
            if old is None:
                continue
            joined = old.join(newer, on=KEYS, how="left", suffix="\0new", maintain_order="left")
            fresh = [f"{n}\0new" if n in old.columns else n for n in values]
            changes = [
                pl.col(new).is_not_null() & pl.col(new).ne_missing(_old(old, name))
                for name, new in zip(values, fresh, strict=True)
            ]
            changed = joined.filter(pl.any_horizontal(changes)) if changes else joined.clear()
            unchanged += old.join(newer, on=KEYS, how="semi").height - changed.height
            if changed.is_empty():
                continue
            corrected += changed.height
            self._extend(changed)
            merged = joined.with_columns(
                pl.coalesce(new, _old(old, name)).alias(name)
                for name, new in zip(values, fresh, strict=True)
            ).drop([new for new in fresh if new.endswith("\0new")])
            adds.append(self._file(key, merged))
            removes.append(file)
        rest = part.join(known, on=KEYS, how="anti", maintain_order="left")
        if rest.height:
            adds.append(self._file(key, rest))
            self._extend(rest)
        done = self._counts
        self._counts = (done[0] + corrected, done[1] + unchanged)
        return adds, removes

    def _file(self, key: tuple[int, str], frame: pl.DataFrame) -> DataFile:
        partition = {"bucket": str(key[0]), "month": key[1]}
        folder = "/".join(f"{name}={value}" for name, value in partition.items())
        file = layout.write(frame, self._table.root, partition, folder)
        self._written.append(file)
        return file

    def _whole(self, key: tuple[int, str], part: pl.DataFrame) -> DataFile:
        """Write a part that meets nothing known; a repeated plan uses the same file."""
        if key not in self._clean:
            self._clean[key] = self._file(key, part)
            self._written.pop()
        return self._clean[key]

    def _drop_whole(self, key: tuple[int, str]) -> None:
        if key in self._clean:
            _delete(self._table, [self._clean.pop(key)])

    def _saw(self, part: pl.DataFrame) -> None:
        self._extend(part)

    def _extend(self, rows: pl.DataFrame) -> None:
        spans = (
            rows.lazy()
            .group_by("asset")
            .agg(pl.col("time").min().alias("low"), pl.col("time").max().alias("high"))
        )
        for asset, low, high in spans.collect().iter_rows():
            was = self._spans.get(asset, (low, high))
            self._spans[asset] = (min(low, was[0]), max(high, was[1]))

    def discard(self) -> None:
        """Delete what was written for a commit that was not needed."""
        _delete(self._table, [*self._written, *self._clean.values()])

    def result(self) -> WriteResult:
        """Return what the committed plan did."""
        corrected, unchanged = self._counts
        return WriteResult(
            added=self._frame.height - corrected - unchanged,
            corrected=corrected,
            unchanged=unchanged,
            spans=self._spans,
        )


def _extent(part: pl.DataFrame) -> tuple[tuple[str, str], Span]:
    asset, time = part["asset"], part["time"]
    return (asset.min(), asset.max()), (time.min(), time.max())  # type: ignore[return-value]


def _old(old: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in old.columns else pl.lit(None)


def _delete(table: Table, files: Sequence[DataFile]) -> None:
    for file in files:
        Path(table.location(file)).unlink(missing_ok=True)
