"""Scores: staged by workers, committed once, replaced where late data changed them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import polars as pl

from appliance.core.errors import StorageError
from appliance.lake import layout
from appliance.lake.drafts import Draft, Drafts
from appliance.lake.layout import DataFile
from appliance.lake.merge import KEYS, Span
from appliance.lake.names import decode, encode
from appliance.lake.order import arrange, assemble, split
from appliance.lake.place import Place, each
from appliance.lake.selection import Selection, count
from appliance.lake.shares import LISTS, SHARES, Packed, column_of, packed
from appliance.lake.staged import FIXED, Replacing, StagedFiles
from appliance.lake.table import Snapshot, Table

_NO_VERSION = pl.lit(None, pl.Int32).alias("version")
_PARTITIONS = {"version": pl.Int32(), "bucket": pl.Int32(), "month": pl.String()}


class Scores:
    """The scores of one fleet, by all its model versions.

    Parameters
    ----------
    place
        Where its Delta table lies.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._table = Table(place, _PARTITIONS)

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
        sensors: Sequence[str] = (),
    ) -> StagedFiles:
        """Write scores as files that no reader sees yet.

        Parameters
        ----------
        frame
            The columns of `FIXED` and one share a sensor; or `SHARES`, those of `sensors`.
        model_version
            Version that judged.
        sensors
            Whose shares the lists of `SHARES` hold, in this order.
        replace
            By asset, a closed time range whose earlier scores of this version give way when
            these are committed.

        Raises
        ------
        StorageFull, StorageError
            Nothing is left of the files.
        """
        if frame.schema.get(SHARES) != LISTS:
            sensors = [name for name in frame.columns if name not in FIXED]
            lists = [packed(frame, sensors).alias(SHARES)] if sensors else []
            frame = frame.select(*FIXED).with_columns(lists)
        names = {column_of(sensors): tuple(sensors)} if sensors else {}
        kinds = pl.Schema({**FIXED, **dict.fromkeys(names, LISTS)})
        own = frame.rename(dict.fromkeys([SHARES], *names)) if names else frame
        frame, found = arrange(own.cast(kinds))
        drafts: Drafts[Draft] = Drafts(self._table)
        version = ("version", str(model_version))
        try:
            adds = each(
                split(frame, found).items(),
                lambda one: drafts.write(one[1], (version, *one[0])),
                self.place.url,
            )
        except BaseException:
            drafts.discard()
            raise
        return StagedFiles(
            adds=tuple(adds),
            model_version=model_version,
            replace=dict(replace or {}),
            lists=names,
            rows=frame.height,
        )

    def unstage(self, staged: Iterable[StagedFiles]) -> None:
        """Delete staged files that will not be committed."""
        self.place.remove(file.path for one in staged for file in one.adds)

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
        lists = {name: own for s in staged for name, own in s.lists.items()}
        snapshot = self._table.ensure(FIXED, lists)
        adds = [file for s in staged for file in s.adds]
        key = f"{run}:{part}"
        if not snapshot.committed(key):
            self._standing(adds)
        work = Replacing(self._table, staged)
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
        gone = self.place.missing([file.path for file in files])
        if gone:
            raise StorageError(
                f"the scores {self.place.located(gone[0])} were written but are gone.",
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
        lists = Packed(snapshot.lists)
        singly = {name: kind for name, kind in snapshot.columns.items() if kind != LISTS}
        known = {**FIXED, **singly}
        if columns is None:
            columns = [name if name in FIXED else decode(name) for name in known]
            columns = [n for n in dict.fromkeys((*columns, *lists.names)) if n not in KEYS]
        names = {name: name if name in FIXED else encode(name) for name in columns}
        shares = {name: column for name, column in names.items() if name not in FIXED}
        held = lists.holding(list(shares))
        read = [*dict.fromkeys(names.values()), *held]
        schema = {name: known.get(name, pl.Float32()) for name in (*KEYS, *names.values())}
        schema |= dict.fromkeys(held, LISTS)
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
                found.append(assemble(frames).select(*KEYS, own, *read))
        if not found:
            found.append(pl.DataFrame(schema=schema).select(*KEYS, _NO_VERSION, *read))
        frame = found[0] if len(found) == 1 else pl.concat(found).sort(*KEYS, "version")
        frame = lists.spread(frame, shares) if held else frame
        return frame.rename({column: name for name, column in shares.items()})

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
