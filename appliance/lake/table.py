"""One Delta table: its snapshots, its columns, and commits that happen exactly once."""

from __future__ import annotations

import time as sleeping
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property

import polars as pl
from deltalake import DeltaTable, Schema
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, CommitProperties, RemoveAction, Transaction

from appliance.core.clock import milliseconds, now
from appliance.core.errors import KizashiError, StorageError, TryAgain
from appliance.lake import fields
from appliance.lake.contents import assets_of
from appliance.lake.held import newest
from appliance.lake.layout import DataFile
from appliance.lake.place import Place
from appliance.lake.told import storage_errors
from appliance.objects import away

_GUARD = "kizashi-writer"
"""Every commit raises this transaction's number, so two commits never pass each other."""
_ATTEMPTS = 40
_CONFIGURATION: Mapping[str, str | None] = {"delta.checkpointInterval": "20"}
"""A commit of many small files makes a long log, which every reader starts with."""
_ONCE = CommitProperties(max_commit_retries=0)
"""Left to itself, a creation that comes second would put its columns over the first one's."""
_STATISTICS = (
    "path",
    "size_bytes",
    "num_records",
    "min.asset",
    "max.asset",
    "min.time",
    "max.time",
)

Plan = tuple[Sequence[DataFile], Sequence[DataFile]]
"""Files to add and files to remove."""


class Snapshot:
    """One version of a table, unmoved by what others write.

    Parameters
    ----------
    place, partitions
        The table's.
    delta
        The opened version; None for a table that does not exist yet.
    """

    def __init__(
        self, place: Place, partitions: Sequence[str], delta: DeltaTable | None
    ) -> None:
        self._place = place
        self._partitions = tuple(partitions)
        self.delta = delta
        self._committed: dict[str, bool] = {}

    @property
    def version(self) -> int:
        """The version's number; -1 if there is no table."""
        return -1 if self.delta is None else self.delta.version()

    @cached_property
    def columns(self) -> dict[str, pl.DataType]:
        """Physical columns and their types, without the partition columns."""
        if self.delta is None:
            return {}
        return fields.columns_of(self.delta.schema().fields, self._partitions)

    @cached_property
    def lists(self) -> dict[str, tuple[str, ...]]:
        """Columns of lists, by physical name, and the sensors whose values stand in them."""
        return {} if self.delta is None else fields.lists_of(self.delta.schema().fields)

    @property
    def width(self) -> int:
        """Values a row: those of a list count each."""
        return len(self.columns) + sum(len(own) - 1 for own in self.lists.values())

    @cached_property
    def files(self) -> list[DataFile]:
        """The files, in a fixed order."""
        if self.delta is None:
            return []
        with delta_errors(self._place):
            actions = pl.DataFrame(self.delta.get_add_actions(flatten=True))
        if actions.is_empty():
            return []
        values = [pl.col(f"partition.{name}").cast(pl.String) for name in self._partitions]
        return [
            DataFile(
                path=row[0],
                size=row[1],
                rows=row[2],
                partition=tuple(zip(self._partitions, row[7:], strict=True)),
                asset_min=row[3],
                asset_max=row[4],
                time_min=row[5],
                time_max=row[6],
            )
            for row in actions.select(*_STATISTICS, *values).sort("path").iter_rows()
        ]

    @cached_property
    def assets(self) -> tuple[str, ...]:
        """The assets that its rows are of, sorted; raises `StorageError` as reading does."""
        return tuple(sorted(assets_of(self.files, self._place)))

    def committed(self, key: str) -> bool:
        """Whether a transaction of this name was committed."""
        if key not in self._committed:
            found = self.delta is not None and self.delta.transaction_version(key) is not None
            self._committed[key] = found
        return self._committed[key]

    def holds(self, files: Sequence[DataFile]) -> bool:
        """Whether all these files are part of the table."""
        present = {file.path for file in self.files}
        return all(file.path in present for file in files)


class Table:
    """A partitioned Delta table.

    Parameters
    ----------
    place
        Where it lies.
    partitions
        Names of its partition columns and their types.
    """

    def __init__(self, place: Place, partitions: Mapping[str, pl.DataType]) -> None:
        self.place = place
        self.partitions = dict(partitions)

    # ------------------------------------------------------------------ what it is
    def exists(self) -> bool:
        """Whether the table was ever made."""
        return self.place.has_log()

    def snapshot(self, version: int | None = None) -> Snapshot:
        """Return a version to read from, the newest unless one is named.

        Raises
        ------
        StorageError
            The table cannot be read, or has no such version.
        """
        if version is not None:
            return self.opened(version)
        return newest(self.place, tuple(self.partitions), self.opened)

    def opened(self, version: int | None = None) -> Snapshot:
        """Open a version anew, to write after it; raises as `snapshot` does."""
        delta = None
        with delta_errors(self.place), suppress(TableNotFoundError):
            delta = DeltaTable(
                self.place.url, version=version, storage_options=self.place.options
            )
        return Snapshot(self.place, tuple(self.partitions), delta)

    def location(self, file: DataFile) -> str:
        """Return the path or address that a file is opened by."""
        return self.place.located(file.path)

    # ------------------------------------------------------------------ writing
    def ensure(
        self,
        columns: Mapping[str, pl.DataType],
        lists: Mapping[str, Sequence[str]] | None = None,
    ) -> Snapshot:
        """Make the table, or add the columns that it lacks; safe from many processes.

        Parameters
        ----------
        columns
            Physical names and types.
        lists
            Physical names of columns of lists, and the sensors whose values stand in them.

        Returns
        -------
        Snapshot
            One that has all the columns.
        """
        for _ in retries():
            snapshot = self.opened()
            wanted = [fields.single(name, kind) for name, kind in columns.items()]
            wanted += [fields.listed(name, own) for name, own in (lists or {}).items()]
            missing = [field for field in wanted if field.name not in snapshot.columns]
            if snapshot.delta is not None and not missing:
                return snapshot
            with suppress(TryAgain), contested(self.place):
                if snapshot.delta is None:
                    partitions = [fields.single(n, t) for n, t in self.partitions.items()]
                    self.place.ready()
                    DeltaTable.create(
                        self.place.url,
                        Schema([*missing, *partitions]),
                        partition_by=list(self.partitions),
                        configuration=_CONFIGURATION,
                        storage_options=self.place.options,
                        commit_properties=_ONCE,
                    )
                else:
                    snapshot.delta.alter.add_columns(missing, commit_properties=_ONCE)
                self.place.settle_log(snapshot.version + 1)
        raise TryAgain(
            f"other processes keep changing the columns of {self.place.name}.",
            remedy="Repeat the command.",
        )

    def commit(
        self, key: str, plan: Callable[[Snapshot], Plan], snapshot: Snapshot | None = None
    ) -> bool:
        """Commit what `plan` returns, exactly once for a key.

        Parameters
        ----------
        key
            Names the work; a key that was committed is never committed again.
        plan
            Told the newest snapshot, returns the files to add and to remove.  It is asked
            again whenever another process committed in between.
        snapshot
            A newly opened one, which spares opening it again.

        Returns
        -------
        bool
            False if the key had been committed before, or by someone else.

        Raises
        ------
        StorageFull, StorageError
            Nothing was committed.
        TryAgain
            Others were faster every time; nothing was committed.
        """
        adds: Sequence[DataFile] = ()
        tried = False
        for _ in retries():
            snapshot = snapshot or self.opened()
            if snapshot.committed(key):
                # A commit may stand although its caller was told of a failure after it.
                return tried and snapshot.holds(adds)
            adds, removes = plan(snapshot)
            tried = True
            try:
                self._write_log(snapshot, key, adds, removes)
            except TryAgain:
                snapshot = None
            except KizashiError:
                self.place.doubt(file.path for file in adds)
                after = self.opened()
                if not (after.committed(key) and after.holds(adds)):
                    raise
                return True
            else:
                return True
        raise TryAgain(
            f"other processes keep writing to {self.place.name}.", remedy="Repeat the command."
        )

    def _write_log(
        self,
        snapshot: Snapshot,
        key: str,
        adds: Sequence[DataFile],
        removes: Sequence[DataFile],
    ) -> None:
        delta = snapshot.delta
        if delta is None:
            raise StorageError(f"the table {self.place.url} is gone.")
        self.place.ready()
        with storage_errors(self.place.url):
            # A table must never name a file that a power cut took away.
            self.place.settle([file.path for file in adds])
        version = snapshot.version + 1
        properties = CommitProperties(
            app_transactions=[Transaction(key, 0), Transaction(_GUARD, version)],
            max_commit_retries=0,
        )
        actions: list[AddAction | RemoveAction] = [*map(_remove, removes), *map(_add, adds)]
        with contested(self.place):
            delta.create_write_transaction(
                actions,
                "append",
                delta.schema(),
                list(self.partitions),
                commit_properties=properties,
            )
            self.place.settle_log(version)

    def discard(self, files: Sequence[DataFile]) -> None:
        """Delete files that were written for a commit that did not need them.

        A file that the table does hold stays: the commit may have happened after all.
        """
        if not files:
            return
        present = {file.path for file in self.snapshot().files}
        self.place.remove(file.path for file in files if file.path not in present)

    def clean(self, older_than_hours: float = 168) -> list[str]:
        """Delete files of at least that age that no recent snapshot refers to.

        Returns
        -------
        list of str
            What was deleted, relative to the table.
        """
        snapshot = self.opened()
        if snapshot.delta is None:
            return []
        with delta_errors(self.place):
            return snapshot.delta.vacuum(
                retention_hours=int(older_than_hours),
                dry_run=False,
                enforce_retention_duration=False,
                full=True,
            )


def standing(place: Place) -> Table:
    """Return a table with the partitions that it was made with; none if it never was."""
    snapshot = Table(place, {}).snapshot()
    if snapshot.delta is None:
        return Table(place, {})
    names, kinds = snapshot.delta.metadata().partition_columns, snapshot.columns
    return Table(place, {name: kinds[name] for name in names})


def retries() -> Iterator[int]:
    """Yield attempts at an optimistic commit, with a growing, bounded pause between them."""
    for attempt in range(_ATTEMPTS):
        if attempt:
            # The others get their turn; there is no event to wait for on a plain file system.
            sleeping.sleep(min(0.005 * 1.3**attempt, 0.5))
        yield attempt


@contextmanager
def contested(place: Place) -> Iterator[None]:
    """Raise `TryAgain` if another process was faster, `StorageError` on all else."""
    faster = TryAgain(f"another process wrote to {place.name} at the same time.")
    with storage_errors(place.url):
        try:
            yield
        except CommitFailedError as error:
            raise faster from error
        except DeltaError as error:
            if "already exists" in str(error) or "onflict" in str(error):
                raise faster from error
            raise OSError(str(error)) from error


def _add(file: DataFile) -> AddAction:
    return AddAction(
        path=file.path,
        size=file.size,
        partition_values=dict(file.partition),
        modification_time=milliseconds(now()),
        data_change=True,
        stats=file.statistics(),
    )


def _remove(file: DataFile) -> RemoveAction:
    return RemoveAction(
        path=file.path,
        data_change=True,
        deletion_timestamp=milliseconds(now()),
        size=file.size,
        partition_values=dict(file.partition),
    )


@contextmanager
def delta_errors(place: Place) -> Iterator[None]:
    """Turn Delta's errors into `StorageError`."""
    try:
        yield
    except (DeltaError, OSError) as error:
        if (told := away(place.url, error)) is not None:
            raise told from error
        # Only the first line is for people: a trace of the library's own calls may follow.
        reason = str(error).partition("\n")[0]
        raise StorageError(
            f"the table {place.url} cannot be read: {reason}.",
            remedy="Restore it from a backup if its files were changed by hand.",
        ) from error
