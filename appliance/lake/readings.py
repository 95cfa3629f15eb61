"""Readings: exactly once in, late rows where they belong, corrections over old values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import polars as pl

from appliance.core.errors import InvalidRequest
from appliance.lake import layout
from appliance.lake.chunks import ReadingsChunk, plan_chunks
from appliance.lake.layout import TIME
from appliance.lake.merge import KEYS, Merge, Merged, Span, added, spans
from appliance.lake.names import decode, encode
from appliance.lake.order import Run, arrange, assemble, distinct, runs, split
from appliance.lake.place import Place
from appliance.lake.selection import Selection, count
from appliance.lake.table import Snapshot, Table

_PARTITIONS = {"bucket": pl.Int32(), "month": pl.String()}


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
    added_by_asset
        Of the rows added, how many are of each asset.
    """

    added: int = 0
    corrected: int = 0
    unchanged: int = 0
    already_written: bool = False
    spans: dict[str, Span] = field(default_factory=dict)
    added_by_asset: dict[str, int] = field(default_factory=dict)


class Extent(NamedTuple):
    """First and last time of an asset, and its rows."""

    start: datetime
    end: datetime
    rows: int


class Readings:
    """The readings of one fleet.

    Parameters
    ----------
    place
        Where its Delta table lies.
    """

    def __init__(self, place: Place) -> None:
        self._table = Table(place, _PARTITIONS)

    # ------------------------------------------------------------------ what there is
    def exists(self) -> bool:
        """Whether the fleet has a table."""
        return self._table.exists()

    def version(self) -> int:
        """Return the table's version; -1 if there is none."""
        return self._table.snapshot().version

    def columns(self) -> list[str]:
        """Return the sensors' and contexts' names, in the order they came."""
        return [decode(name) for name in self._table.snapshot().columns if name not in KEYS]

    def row_count(
        self,
        assets: Sequence[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> int:
        """Return the number of rows in the files that a read of the same arguments touches."""
        chosen = Selection.of(assets, start, end).among(self._table.snapshot().files)
        return sum(file.rows for file in chosen)

    def span(self) -> Span | None:
        """Return the first and last time."""
        files = self._table.snapshot().files
        if not files:
            return None
        return min(f.time_min for f in files), max(f.time_max for f in files)

    def assets(self) -> list[str]:
        """Return the assets, sorted."""
        return list(self._table.snapshot().assets)

    def extents(self) -> dict[str, Extent]:
        """Count each asset's rows, and return them with its first and last time."""
        found: dict[str, list[Extent]] = {}
        for file in self._table.snapshot().files:
            if file.asset_min == file.asset_max:  # the log tells all
                own = Extent(file.time_min, file.time_max, file.rows)
                found.setdefault(file.asset_min, []).append(own)
                continue
            keys = {"asset": pl.String(), "time": TIME}
            time = pl.col("time")
            for frame in layout.read([self._table.location(file)], keys):
                ends = frame.group_by("asset").agg(
                    time.min(), time.max().alias("end"), pl.len().alias("rows")
                )
                for asset, start, end, rows in ends.iter_rows():
                    found.setdefault(asset, []).append(Extent(start, end, rows))
        return {
            asset: Extent(
                min(one.start for one in own),
                max(one.end for one in own),
                sum(one.rows for one in own),
            )
            for asset, own in found.items()
        }

    def count(
        self,
        assets: Sequence[str] | None,
        start: datetime | None,
        end: datetime | None,
        most: int,
    ) -> int:
        """Count the rows that a read gives; see `selection.count`."""
        return count(self._table, Selection.of(assets, start, end), most)

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
        _check(frame)
        if frame.is_empty():
            return WriteResult(already_written=self._table.snapshot().committed(key))
        frame, found = _arranged(frame.rename({name: encode(name) for name in _cells(frame)}))
        snapshot = self._table.ensure(frame.schema)
        if snapshot.committed(key):
            return WriteResult(already_written=True)
        kinds = pl.Schema({name: snapshot.columns[name] for name in frame.columns})
        merge = Merge(self._table, split(frame.cast(kinds), found))
        try:
            committed = self._table.commit(key, merge.plan, snapshot)
        except BaseException:
            merge.discard()
            raise
        if not committed:
            merge.discard()
            return WriteResult(already_written=True)
        return _result(frame.height, merge.results())

    # ------------------------------------------------------------------ reading
    def files(
        self,
        assets: Sequence[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        version: int | None = None,
    ) -> list[str]:
        """Return the files that a read of the same arguments touches."""
        chosen = Selection.of(assets, start, end).among(self._table.snapshot(version).files)
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
        snapshot, chosen = self._table.snapshot(version), Selection.of(assets, start, end)
        return ReadingsChunk(
            files=tuple(self._table.location(file) for file in chosen.among(snapshot.files)),
            columns=_sensors(snapshot),
            selection=chosen,
        ).read(columns)

    def chunks(
        self,
        *,
        cells: int,
        assets: Sequence[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        version: int | None = None,
    ) -> list[ReadingsChunk]:
        """Cut a snapshot, the newest if none is named, into whole assets for parallel work.

        Parameters
        ----------
        cells
            Readings × sensors that a piece should not exceed.
        """
        snapshot, chosen = self._table.snapshot(version), Selection.of(assets, start, end)
        located = [(file, self._table.location(file)) for file in chosen.among(snapshot.files)]
        return plan_chunks(located, _sensors(snapshot), chosen, cells=cells)

    def clean(self, older_than_hours: float = 168) -> list[str]:
        """Delete files that no snapshot of that age refers to."""
        return self._table.clean(older_than_hours)


def _sensors(snapshot: Snapshot) -> tuple[tuple[str, pl.DataType], ...]:
    return tuple((n, kind) for n, kind in snapshot.columns.items() if n not in KEYS)


def _cells(frame: pl.DataFrame) -> list[str]:
    return [name for name in frame.columns if name not in KEYS]


def _check(frame: pl.DataFrame) -> None:
    for name, wanted in (("asset", pl.String()), ("time", TIME)):
        if frame.schema.get(name) != wanted:
            raise InvalidRequest(f"readings need a column {name} of type {wanted}.")
    if frame["asset"].null_count() or frame["time"].null_count():
        raise InvalidRequest("readings need an asset and a time in every row.")
    for name in _cells(frame):
        if frame.schema[name] not in (pl.Float32(), pl.Float64()):
            raise InvalidRequest(f"column {name} is {frame.schema[name]}, not a number.")


def _arranged(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Run]]:
    """Return rows of one run an asset: of rows of the same key the later cells win."""
    frame, found = arrange(frame)
    if distinct(found):
        return frame, found
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in KEYS)
    again = frame.select(again=same.fill_null(value=False)).to_series()
    several = again | again.shift(-1, fill_value=False)
    latest = pl.col(_cells(frame)).last(ignore_nulls=True)
    joined = frame.filter(several).group_by(*KEYS, maintain_order=True).agg(latest)
    frame = assemble([frame.filter(~several), joined])
    return frame, runs(frame)


def _result(rows: int, merged: Sequence[Merged]) -> WriteResult:
    corrected = sum(one.corrected for one in merged)
    unchanged = sum(one.unchanged for one in merged)
    return WriteResult(
        added=rows - corrected - unchanged,
        corrected=corrected,
        unchanged=unchanged,
        spans=spans(merged),
        added_by_asset=added(merged),
    )
