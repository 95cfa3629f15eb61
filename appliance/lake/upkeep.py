"""What keeps a table small: old rows taken out, small files put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from appliance.lake import layout
from appliance.lake.drafts import FOLD_CELLS, Draft, Drafts
from appliance.lake.layout import TIME, DataFile, Partition
from appliance.lake.order import assemble
from appliance.lake.table import Plan, Snapshot, Table

_PARTITIONS_A_COMMIT = 32
"""What is done when a commit fails is done over: this much at most."""


@dataclass(frozen=True)
class Dropped:
    """What was, or would be, taken out.

    Attributes
    ----------
    rows, files
        Rows, and the files that held nothing else.
    """

    rows: int = 0
    files: int = 0


@dataclass(frozen=True)
class Compacted:
    """How many files a table had, and has."""

    before: int = 0
    after: int = 0


# ---------------------------------------------------------------- old rows
def count_before(table: Table, moment: datetime) -> Dropped:
    """Return what `drop_before` would take out."""
    snapshot = table.snapshot()
    whole, cut = _touched(snapshot, moment)
    gone = sum(_old_rows(table, file, moment) for file in cut)
    return Dropped(sum(file.rows for file in whole) + gone, len(whole))


def drop_before(table: Table, moment: datetime, *, run: str) -> Dropped:
    """Take out the rows before a moment, once for a run.

    Old snapshots still hold them until `clean` deletes the files.

    Raises
    ------
    StorageFull, StorageError, TryAgain
        Nothing was taken out.
    """
    found = count_before(table, moment)
    if not found.rows:
        return found
    drafts: Drafts[Draft] = Drafts(table)

    def plan(snapshot: Snapshot) -> Plan:
        whole, cut = _touched(snapshot, moment)
        made = [
            drafts.draft(_own(file), [file], _Rest(table, drafts, file, snapshot, moment))
            for file in cut
        ]
        adds = [file for draft in made for file in draft.adds]
        return adds, [*whole, *cut]

    _commit(table, f"{run}:drop", plan, drafts)
    return found


def _own(file: DataFile) -> Partition:
    """Return a name that drafts of one file are kept under."""
    return (("file", file.path),)


@dataclass(frozen=True)
class _Rest:
    """Writes what stays of a file."""

    table: Table
    drafts: Drafts[Draft]
    file: DataFile
    snapshot: Snapshot
    moment: datetime

    def __call__(self) -> Draft:
        path = [self.table.location(self.file)]
        kept = layout.read(path, self.snapshot.columns, where=pl.col("time") >= self.moment)
        adds = tuple(self.drafts.write(frame, self.file.partition) for frame in kept)
        return Draft(adds, (self.file,))


def _touched(snapshot: Snapshot, moment: datetime) -> tuple[list[DataFile], list[DataFile]]:
    """Return the files that hold only rows before a moment, and those that hold some."""
    old = [file for file in snapshot.files if file.time_min < moment]
    whole = [file for file in old if file.time_max < moment]
    return whole, [file for file in old if file.time_max >= moment]


def _old_rows(table: Table, file: DataFile, moment: datetime) -> int:
    found = layout.read([table.location(file)], {"time": TIME}, where=pl.col("time") < moment)
    return sum(frame.height for frame in found)


# ---------------------------------------------------------------- small files
def compact(table: Table, *, run: str) -> Compacted:
    """Put the small files of each partition together; the rows stay as they are.

    Raises
    ------
    StorageFull, StorageError, TryAgain
        Some partitions may be compact already; the others are as they were.
    """
    snapshot = table.snapshot()
    before = len(snapshot.files)
    partitions = sorted(_groups(snapshot))
    for number in range(0, len(partitions), _PARTITIONS_A_COMMIT):
        some = partitions[number : number + _PARTITIONS_A_COMMIT]
        _compact(table, some, f"{run}:compact:{number}")
    after = len(table.snapshot().files) if partitions else before
    return Compacted(before, after)


def _compact(table: Table, partitions: Sequence[Partition], key: str) -> None:
    drafts: Drafts[Draft] = Drafts(table)

    def plan(snapshot: Snapshot) -> Plan:
        groups = _groups(snapshot)
        made = [
            drafts.draft(_own(group[0]), group, _Together(table, drafts, group, snapshot))
            for partition in partitions
            for group in groups.get(partition, ())
        ]
        adds = [file for draft in made for file in draft.adds]
        return adds, [file for draft in made for file in draft.removes]

    _commit(table, key, plan, drafts)


@dataclass(frozen=True)
class _Together:
    """Writes some files as one."""

    table: Table
    drafts: Drafts[Draft]
    group: tuple[DataFile, ...]
    snapshot: Snapshot

    def __call__(self) -> Draft:
        frame = assemble(self.drafts.read(self.group, self.snapshot.columns))
        empty = [c.name for c in frame.get_columns() if c.null_count() == frame.height]
        whole = self.drafts.write(frame.drop(empty), self.group[0].partition)
        return Draft((whole,), self.group)


def _groups(snapshot: Snapshot) -> dict[Partition, list[tuple[DataFile, ...]]]:
    """Return by partition the sets of files to be put together."""
    present: dict[Partition, list[DataFile]] = {}
    for file in snapshot.files:
        present.setdefault(file.partition, []).append(file)
    width = max(snapshot.width, 1)
    found = {
        partition: [group for group in _filled(files, FOLD_CELLS // width) if len(group) > 1]
        for partition, files in present.items()
    }
    return {partition: groups for partition, groups in found.items() if groups}


def _filled(files: Sequence[DataFile], most: int) -> Iterator[tuple[DataFile, ...]]:
    """Yield files in groups of at most so many rows, the smallest first."""
    group: list[DataFile] = []
    rows = 0
    for file in sorted(files, key=lambda file: (file.rows, file.path)):
        if group and rows + file.rows > most:
            yield tuple(group)
            group, rows = [], 0
        group.append(file)
        rows += file.rows
    if group:
        yield tuple(group)


def _commit(
    table: Table, key: str, plan: Callable[[Snapshot], Plan], drafts: Drafts[Draft]
) -> None:
    try:
        table.commit(key, plan)
    finally:
        # What another plan wrote before somebody else's commit came in between.
        drafts.discard()
