"""Scores: staged by workers, committed once, replaced where late data changed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from appliance.core.errors import StorageError
from appliance.lake import layout
from appliance.lake.drafts import Draft, Drafts, foldable
from appliance.lake.layout import TIME, DataFile, Partition, bucket_of
from appliance.lake.merge import KEYS, Span
from appliance.lake.names import decode, encode
from appliance.lake.order import arrange, assemble, split
from appliance.lake.selection import Selection, count
from appliance.lake.table import Plan, Snapshot, Table

FIXED: Mapping[str, pl.DataType] = {
    "asset": pl.String(),
    "time": TIME,
    "surprise": pl.Float32(),
    "alarm": pl.Boolean(),
    "state": pl.Int8(),
    "coverage": pl.Float32(),
}
"""Columns of every score; one share a sensor follows, null where the surprise is small."""
_NO_VERSION = pl.lit(None, pl.Int32).alias("version")
_PARTITIONS = {"version": pl.Int32(), "bucket": pl.Int32(), "month": pl.String()}


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
    columns
        Physical names of the shares.
    rows
        Rows of all files.
    """

    adds: tuple[DataFile, ...]
    model_version: int
    replace: Mapping[str, Span]
    columns: tuple[str, ...]
    rows: int


class Scores:
    """The scores of one fleet, by all its model versions.

    Parameters
    ----------
    root
        Folder of its Delta table.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._table = Table(root, _PARTITIONS)

    def exists(self) -> bool:
        """Whether anything was ever scored."""
        return self._table.exists()

    def version(self) -> int:
        """Return the table's version; -1 if there is none."""
        return self._table.snapshot().version

    def span(self, model_version: int) -> Span | None:
        """Return the first and last time that a model version has scored."""
        selection = Selection.of(None, None, None)
        files = self._by_version(self._table.snapshot(), selection, model_version)
        found = [file for own in files.values() for file in own]
        if not found:
            return None
        return min(f.time_min for f in found), max(f.time_max for f in found)

    # ------------------------------------------------------------------ writing
    def stage(
        self,
        frame: pl.DataFrame,
        *,
        model_version: int,
        replace: Mapping[str, Span] | None = None,
    ) -> StagedFiles:
        """Write scores as files that no reader sees yet.

        Parameters
        ----------
        frame
            The columns of `FIXED` and one share a sensor.
        model_version
            Version that judged.
        replace
            By asset, a closed time range whose earlier scores of this version give way when
            these are committed.

        Raises
        ------
        StorageFull, StorageError
            Nothing is left of the files.
        """
        shares = {name: encode(name) for name in frame.columns if name not in FIXED}
        kinds = pl.Schema({**FIXED, **dict.fromkeys(shares.values(), pl.Float32())})
        frame, found = arrange(frame.rename(shares).cast(kinds))
        drafts: Drafts[Draft] = Drafts(self._table)
        version = ("version", str(model_version))
        try:
            adds = [
                drafts.write(part, (version, *partition))
                for partition, part in split(frame, found).items()
            ]
        except BaseException:
            drafts.discard()
            raise
        return StagedFiles(
            adds=tuple(adds),
            model_version=model_version,
            replace=dict(replace or {}),
            columns=tuple(shares.values()),
            rows=frame.height,
        )

    def commit(self, staged: Sequence[StagedFiles], *, run: str, part: int = 0) -> bool:
        """Make staged files visible, once for a run and part.

        Returns
        -------
        bool
            False if this part had been committed before; its files are then deleted.

        Raises
        ------
        StorageError
            A staged file is gone, or the table cannot be read.
        StorageFull, TryAgain
            Nothing was committed; the staged files wait for another call.
        """
        shares = {name: pl.Float32() for s in staged for name in s.columns}
        snapshot = self._table.ensure({**FIXED, **shares})
        adds = [file for s in staged for file in s.adds]
        key = f"{run}:{part}"
        if not snapshot.committed(key):
            self._standing(adds)
        work = _Replacing(self._table, staged)
        try:
            committed = self._table.commit(key, work.plan, snapshot)
        except BaseException:
            work.discard()
            raise
        if not committed:
            work.discard()
            self._table.discard(adds)
            return False
        work.drop_folded(adds)
        return True

    def _standing(self, files: Sequence[DataFile]) -> None:
        for file in files:
            if not (self.root / file.path).is_file():
                raise StorageError(
                    f"the scores {self.root / file.path} were written but are gone.",
                    remedy="Repeat the command: nothing of this part was committed.",
                )

    def committed(self, run: str, part: int) -> bool:
        """Whether a part of a run was committed."""
        return self._table.snapshot().committed(f"{run}:{part}")

    # ------------------------------------------------------------------ reading
    def read(
        self,
        assets: Sequence[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        model_version: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Return scores of a half-open time range, sorted by asset and time.

        Parameters
        ----------
        model_version
            Only this version's; all versions if not named (column ``version`` tells them).
        columns
            Columns beside asset, time and version; all if not named.
        """
        snapshot = self._table.snapshot()
        known = {**FIXED, **snapshot.columns}
        names = [name for name in known if name not in KEYS]
        if columns is not None:
            names = [name if name in FIXED else encode(name) for name in columns]
        schema = {name: known.get(name, pl.Float32()) for name in (*KEYS, *names)}
        where = Selection.of(assets, start, end).where
        found = []
        for version, files in self._by_version(
            snapshot, Selection.of(assets, start, end), model_version
        ).items():
            frames = layout.read(
                [self._table.location(file) for file in files], schema, where=where
            )
            if frames:
                own = pl.lit(version, pl.Int32).alias("version")
                found.append(assemble(frames).select(*KEYS, own, *names))
        if not found:
            found.append(pl.DataFrame(schema=schema).select(*KEYS, _NO_VERSION, *names))
        frame = found[0] if len(found) == 1 else pl.concat(found).sort(*KEYS, "version")
        return frame.rename({name: decode(name) for name in names if name not in FIXED})

    def count(
        self,
        assets: Sequence[str] | None,
        start: datetime | None,
        end: datetime | None,
        most: int,
    ) -> int:
        """Count rows, over all versions; see `selection.count`."""
        return count(self._table, Selection.of(assets, start, end), most)

    def latest(self, ends: Mapping[str, datetime], model_version: int) -> pl.DataFrame:
        """Return the last score of each asset by one version, as far as it is recent.

        Parameters
        ----------
        ends
            By asset, its last reading: no score of an earlier month is looked for.
        """
        months: dict[str, list[str]] = {}
        for asset, end in ends.items():
            months.setdefault(layout.month_of(end), []).append(asset)
        snapshot, found = self._table.snapshot(), [pl.DataFrame(schema=dict(FIXED))]
        for month, assets in months.items():
            selection = Selection.of(assets, None, None)
            files = self._by_version(snapshot, selection, model_version).get(model_version, [])
            paths = [self._table.location(f) for f in files if f.value("month") == month]
            found += [
                frame.group_by("asset", maintain_order=True).last()
                for frame in layout.read(paths, FIXED, where=selection.where)
            ]
        return pl.concat(found).sort("time").unique("asset", keep="last")

    def files(
        self,
        assets: Sequence[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        model_version: int | None = None,
    ) -> list[str]:
        """Return the files that a read of the same arguments touches."""
        found = self._by_version(
            self._table.snapshot(), Selection.of(assets, start, end), model_version
        )
        return [self._table.location(file) for files in found.values() for file in files]

    def _by_version(
        self, snapshot: Snapshot, selection: Selection, model_version: int | None
    ) -> dict[int, list[DataFile]]:
        found: dict[int, list[DataFile]] = {}
        for file in selection.among(snapshot.files):
            version = int(file.value("version"))
            if model_version is None or version == model_version:
                found.setdefault(version, []).append(file)
        return found

    def clean(self, older_than_hours: float = 168) -> list[str]:
        """Delete files that no snapshot of that age refers to."""
        return self._table.clean(older_than_hours)


class _Replacing:
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
        drafts = [
            self._draft(snapshot, partition, present.get(partition, []))
            for partition in present.keys() | self._new.keys()
        ]
        return [f for d in drafts for f in d.adds], [f for d in drafts for f in d.removes]

    def discard(self) -> None:
        """Delete what was written for a commit that failed or was not needed."""
        self._drafts.discard()

    def drop_folded(self, adds: Sequence[DataFile]) -> None:
        """Delete staged files whose rows were committed as part of larger ones."""
        committed = {file.path for draft in self._drafts.all() for file in draft.adds}
        for file in adds:
            if file.path not in committed:
                (self._table.root / file.path).unlink(missing_ok=True)

    def _draft(
        self, snapshot: Snapshot, partition: Partition, files: Sequence[DataFile]
    ) -> Draft:
        new = self._new.get(partition, [])
        met = [file for file in files if self._spans(file)]
        rows = sum(file.rows for file in new)
        folded = foldable(files, rows, len(snapshot.columns)) if new else []
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
