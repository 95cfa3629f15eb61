"""Scores that are staged, and what gives way where they are committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from appliance.lake import layout
from appliance.lake.drafts import Draft, Drafts, foldable
from appliance.lake.layout import TIME, DataFile, Partition, bucket_of
from appliance.lake.merge import KEYS, Span
from appliance.lake.order import assemble
from appliance.lake.place import each
from appliance.lake.table import Plan, Snapshot, Table

FIXED: Mapping[str, pl.DataType] = {
    "asset": pl.String(),
    "time": TIME,
    "surprise": pl.Float32(),
    "alarm": pl.Boolean(),
    "state": pl.Int8(),
    "coverage": pl.Float32(),
}
"""Columns of every score; shares of the sensors follow, null where the surprise is small."""


@dataclass(frozen=True)
class StagedFiles:
    """Files that a worker wrote and nobody sees before they are committed.

    Attributes
    ----------
    adds
        The files.
    model_version
        Version that judged.
    replace
        By asset, the closed time range whose earlier scores of this version give way.
    lists
        Physical names of the columns of shares, and the sensors whose shares they hold.
    rows
        Rows of all files.
    """

    adds: tuple[DataFile, ...]
    model_version: int
    replace: Mapping[str, Span]
    lists: Mapping[str, tuple[str, ...]]
    rows: int

    @classmethod
    def together(cls, parts: Sequence[StagedFiles]) -> StagedFiles:
        """Return at least one, all by one version and of different assets, as one."""
        return cls(
            adds=tuple(file for part in parts for file in part.adds),
            model_version=parts[0].model_version,
            replace={a: span for part in parts for a, span in part.replace.items()},
            lists={name: own for part in parts for name, own in part.lists.items()},
            rows=sum(part.rows for part in parts),
        )


class Replacing:
    """Plans a commit of staged files: what gives way is looked up in the newest snapshot.

    Two workers may replace rows of the same file; only whoever commits sees both.
    """

    def __init__(self, table: Table, staged: Sequence[StagedFiles]) -> None:
        self._table = table
        self._staged = staged
        self._drafts: Drafts[Draft] = Drafts(table)
        self._new: dict[Partition, list[DataFile]] = {}
        for file in (file for s in staged for file in s.adds):
            self._new.setdefault(file.partition, []).append(file)

    def plan(self, snapshot: Snapshot) -> Plan:
        """Return files to add and to remove."""
        present: dict[Partition, list[DataFile]] = {}
        for file in snapshot.files:
            present.setdefault(file.partition, []).append(file)

        def draft(partition: Partition) -> Draft:
            return self._draft(snapshot, partition, present.get(partition, []))

        drafts = each(present.keys() | self._new.keys(), draft, self._table.place.url)
        return [f for d in drafts for f in d.adds], [f for d in drafts for f in d.removes]

    def discard(self) -> None:
        """Delete what was written for a commit that failed or was not needed."""
        self._drafts.discard()

    def drop_folded(self, adds: Sequence[DataFile]) -> None:
        """Delete staged files whose rows were committed as part of larger ones."""
        committed = {file.path for draft in self._drafts.all() for file in draft.adds}
        self._table.place.remove(file.path for file in adds if file.path not in committed)

    def _draft(
        self, snapshot: Snapshot, partition: Partition, files: Sequence[DataFile]
    ) -> Draft:
        new = self._new.get(partition, [])
        met = [file for file in files if self._spans(file)]
        rows = sum(file.rows for file in new)
        folded = foldable(files, rows, snapshot.width) if new else []
        sources = [file for file in files if file in met or file in folded]

        def make() -> Draft:
            return self._replaced(snapshot, partition, met, folded)

        return self._drafts.draft(partition, sources, make)

    def _replaced(
        self,
        snapshot: Snapshot,
        partition: Partition,
        met: Sequence[DataFile],
        folded: Sequence[DataFile],
    ) -> Draft:
        new = self._new.get(partition, [])
        kept: dict[DataFile, list[pl.DataFrame]] = {}
        for file in met:
            frames = self._kept(snapshot, file)
            if frames is not None:
                kept[file] = frames
        removes = dict.fromkeys((*kept, *folded))
        together: list[pl.DataFrame] = []
        for file in folded:
            own = kept.pop(file, None)
            together += self._drafts.read([file], snapshot.columns) if own is None else own
        adds = [self._drafts.write(f, partition) for frames in kept.values() for f in frames]
        if together:
            together += self._drafts.read(new, snapshot.columns)
            adds.append(self._drafts.write(assemble(together), partition))
        else:
            adds += new
        return Draft(tuple(adds), tuple(removes))

    def _kept(self, snapshot: Snapshot, file: DataFile) -> list[pl.DataFrame] | None:
        """Return what stays of a file's rows; None if all of them do."""
        gives_way = pl.any_horizontal(_covered(spans) for spans in self._spans(file))
        path = [self._table.location(file)]
        keys = {name: FIXED[name] for name in KEYS}
        going = sum(f.height for f in layout.read(path, keys, where=gives_way))
        if going in (0, file.rows):
            return [] if going else None
        return layout.read(path, snapshot.columns, where=~gives_way)

    def _spans(self, file: DataFile) -> list[dict[str, Span]]:
        """Return, by staged work, the ranges that the file may hold rows of."""
        found = []
        for staged in self._staged:
            if file.value("version") == str(staged.model_version):
                near = {
                    asset: span
                    for asset, span in staged.replace.items()
                    if file.overlaps((asset, asset), span)
                    and file.value("bucket") == str(bucket_of(asset))
                }
                if near:
                    found.append(near)
        return found


def _covered(replace: Mapping[str, Span]) -> pl.Expr:
    asset, time = pl.col("asset"), pl.col("time")
    low, high = (
        asset.replace_strict(
            list(replace),
            [span[end] for span in replace.values()],
            default=None,
            return_dtype=TIME,
        )
        for end in (0, 1)
    )
    return time.is_between(low, high).fill_null(value=False)
