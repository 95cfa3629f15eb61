"""One write of readings: what is new, what corrects, and what says only what was known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from appliance.lake import layout
from appliance.lake.drafts import Draft, Drafts, foldable
from appliance.lake.layout import DataFile, Partition
from appliance.lake.order import assemble
from appliance.lake.place import each
from appliance.lake.table import Plan, Snapshot, Table

KEYS = ("asset", "time")
Span = tuple[datetime, datetime]
_NEW = "\0new"
"""No column ends so: names are encoded."""


@dataclass(frozen=True)
class Merged(Draft):
    """What a write changes in one partition.

    Attributes
    ----------
    corrected, unchanged
        Rows.
    keys
        Asset and time of the rows added, then of those corrected.
    """

    corrected: int = 0
    unchanged: int = 0
    keys: tuple[pl.DataFrame, ...] = field(default=(), repr=False)


class Merge:
    """Plans one write against a snapshot, and again if the snapshot moved.

    Parameters
    ----------
    table
        The readings' table.
    parts
        New rows by partition, sorted by asset and time, none twice.
    """

    def __init__(self, table: Table, parts: Mapping[Partition, pl.DataFrame]) -> None:
        self._table = table
        self._parts = parts
        self._drafts: Drafts[Merged] = Drafts(table)

    def plan(self, snapshot: Snapshot) -> Plan:
        """Return files to add and to remove."""
        present: dict[Partition, list[DataFile]] = {}
        for file in snapshot.files:
            present.setdefault(file.partition, []).append(file)

        def draft(given: tuple[Partition, pl.DataFrame]) -> Merged:
            partition, part = given
            return self._draft(snapshot, partition, part, present.get(partition, []))

        drafts = each(self._parts.items(), draft, self._table.place.url)
        return [f for d in drafts for f in d.adds], [f for d in drafts for f in d.removes]

    def results(self) -> list[Merged]:
        """Return what the committed plan did, by partition."""
        return self._drafts.all()

    def discard(self) -> None:
        """Delete what was written for a commit that failed or was not needed."""
        self._drafts.discard()

    def _draft(
        self,
        snapshot: Snapshot,
        partition: Partition,
        part: pl.DataFrame,
        files: Sequence[DataFile],
    ) -> Merged:
        met = [file for file in files if file.overlaps(*_extent(part))]
        folded = foldable(files, part.height, snapshot.width)
        sources = [file for file in files if file in met or file in folded]

        def make() -> Merged:
            return self._merged(snapshot, partition, part, met, folded)

        return self._drafts.draft(partition, sources, make)

    def _merged(
        self,
        snapshot: Snapshot,
        partition: Partition,
        part: pl.DataFrame,
        met: Sequence[DataFile],
        folded: Sequence[DataFile],
    ) -> Merged:
        known = self._known(met, part)
        rewritten: dict[DataFile, pl.DataFrame] = {}
        changes: list[pl.DataFrame] = []
        if known.height:
            for file in met:
                frame, changed = self._corrected(snapshot, file, known)
                if changed.height:
                    rewritten[file] = frame
                    changes.append(changed)
            part = part.join(known, on=KEYS, how="anti", maintain_order="left")
        removes = dict.fromkeys(rewritten)
        adds: list[DataFile] = []
        if part.height:
            together = [part]
            for file in folded:
                own = rewritten.pop(file, None)
                frames = self._drafts.read([file], snapshot.columns) if own is None else [own]
                together += frames
                removes[file] = None
            adds.append(self._file(partition, _assembled(together, snapshot.columns)))
        adds += [self._file(partition, frame) for frame in rewritten.values()]
        corrected = sum(changed.height for changed in changes)
        return Merged(
            adds=tuple(adds),
            removes=tuple(removes),
            corrected=corrected,
            unchanged=known.height - corrected,
            keys=(pl.DataFrame([part[name] for name in KEYS]), *changes),
        )

    def _known(self, files: Sequence[DataFile], part: pl.DataFrame) -> pl.DataFrame:
        """Return the part's rows whose asset and time the table holds already."""
        if not files:
            return part.clear()
        (low, high), span = _extent(part)
        near = pl.col("asset").is_between(pl.lit(low), pl.lit(high)) & pl.col(
            "time"
        ).is_between(*span)
        kinds = {name: part.schema[name] for name in KEYS}
        keys = layout.read([self._table.location(f) for f in files], kinds, where=near)
        if not keys:
            return part.clear()
        return part.join(pl.concat(keys), on=KEYS, how="semi", maintain_order="left")

    def _corrected(
        self, snapshot: Snapshot, file: DataFile, newer: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return a file's rows with the newer cells in them, and the keys of those changed."""
        values = [name for name in newer.columns if name not in KEYS]
        (old,) = self._drafts.read([file], snapshot.columns)
        joined = old.join(newer, on=KEYS, how="left", suffix=_NEW, maintain_order="left")
        differs = pl.any_horizontal(
            pl.lit(value=False),
            *(
                pl.col(name + _NEW).is_not_null() & pl.col(name + _NEW).ne_missing(pl.col(name))
                for name in values
            ),
        )
        changed = joined.filter(differs).select(KEYS)
        merged = joined.select(
            pl.coalesce(name + _NEW, name).alias(name) if name in values else pl.col(name)
            for name in old.columns
        )
        return merged, changed

    def _file(self, partition: Partition, frame: pl.DataFrame) -> DataFile:
        # A column without a cell is left out: a fleet of many kinds of file stays narrow.
        empty = [c.name for c in frame.get_columns() if c.null_count() == frame.height]
        return self._drafts.write(frame.drop(empty) if empty else frame, partition)


def _assembled(
    frames: Sequence[pl.DataFrame], columns: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """Put rows together; the first frame may lack columns."""
    if len(frames) == 1:
        return frames[0]
    first = frames[0].select(
        pl.col(name) if name in frames[0].columns else pl.lit(None, kind).alias(name)
        for name, kind in columns.items()
    )
    return assemble([first, *frames[1:]])


def _extent(part: pl.DataFrame) -> tuple[tuple[str, str], Span]:
    time = part["time"]
    ends = (time.min(), time.max())
    return (part.item(0, "asset"), part.item(-1, "asset")), ends  # type: ignore[return-value]


def spans(merged: Iterable[Merged]) -> dict[str, Span]:
    """Return the first and last time, by asset, of rows added or corrected."""
    keys, time = [frame for one in merged for frame in one.keys], pl.col("time")
    if not keys:
        return {}
    ends = pl.concat(keys).lazy().group_by("asset").agg(low=time.min(), high=time.max())
    return {asset: (low, high) for asset, low, high in ends.collect().iter_rows()}


def added(merged: Iterable[Merged]) -> dict[str, int]:
    """Return how many rows were added, by asset."""
    new = [one.keys[0].select("asset") for one in merged if one.keys]
    if not new:
        return {}
    return dict(pl.concat(new).group_by("asset").len().iter_rows())
