"""One Delta table: its files, its columns, and commits that happen exactly once."""

from __future__ import annotations

import time as sleeping
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import polars as pl
from deltalake import DeltaTable, Field, Schema
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, CommitProperties, RemoveAction, Transaction

from appliance.core.clock import milliseconds, now
from appliance.core.errors import StorageError, TryAgain
from appliance.lake.layout import TIME, DataFile, storage_errors

_GUARD = "kizashi-writer"
"""Every commit raises this transaction's number, so two commits never pass each other."""
_ATTEMPTS = 40
_TYPES: Mapping[pl.DataType, str] = {
    pl.String(): "string",
    pl.Float32(): "float",
    pl.Float64(): "double",
    pl.Int8(): "byte",
    pl.Int32(): "integer",
    pl.Int64(): "long",
    pl.Boolean(): "boolean",
    TIME: "timestamp",
}


class Table:
    """A partitioned Delta table in a folder.

    Parameters
    ----------
    root
        The table's folder.
    partitions
        Names of its partition columns and their types.
    """

    def __init__(self, root: Path, partitions: Mapping[str, pl.DataType]) -> None:
        self.root = root
        self.partitions = dict(partitions)

    # ------------------------------------------------------------------ what it is
    def exists(self) -> bool:
        """Whether anything was ever written."""
        return (self.root / "_delta_log").is_dir() and DeltaTable.is_deltatable(str(self.root))

    def open(self, version: int | None = None) -> DeltaTable:
        """Open a snapshot, the newest unless a version is named."""
        with delta_errors(self.root):
            return DeltaTable(str(self.root), version=version)

    def version(self) -> int:
        """Return the newest version; -1 if there is no table yet."""
        return self.open().version() if self.exists() else -1

    def schema(self, version: int | None = None) -> dict[str, pl.DataType]:
        """Return the physical columns, without the partition columns."""
        if not self.exists():
            return {}
        kinds = {name: kind for kind, name in _TYPES.items()}
        return {
            field.name: kinds[field.type.type]
            for field in self.open(version).schema().fields
            if field.name not in self.partitions and isinstance(field.type, PrimitiveType)
        }

    def files(self, version: int | None = None) -> list[DataFile]:
        """Return the files of a snapshot, in a fixed order."""
        if not self.exists():
            return []
        with delta_errors(self.root):
            actions = pl.DataFrame(self.open(version).get_add_actions(flatten=True))
        if actions.is_empty():
            return []
        names = [f"partition.{name}" for name in self.partitions]
        known = ("path", "size_bytes", "num_records", "min.asset", "max.asset", "min.time")
        rows = actions.select(
            *known, "max.time", *(pl.col(name).cast(pl.String) for name in names)
        ).sort("path")
        return [
            DataFile(
                path=row[0],
                size=row[1],
                rows=row[2],
                partition=tuple(zip(self.partitions, row[7:], strict=True)),
                asset_min=row[3],
                asset_max=row[4],
                time_min=row[5],
                time_max=row[6],
            )
            for row in rows.iter_rows()
        ]

    def location(self, file: DataFile) -> str:
        """Return a file's full path."""
        return str(self.root / file.path)

    # ------------------------------------------------------------------ writing
    def ensure(self, columns: Mapping[str, pl.DataType]) -> None:
        """Make the table, or add the columns that it lacks; safe from many processes."""
        conflict: Exception | None = None
        for _ in retries():
            try:
                if not self.exists():
                    fields = [_field(n, t) for n, t in {**columns, **self.partitions}.items()]
                    with storage_errors(str(self.root)):
                        self.root.mkdir(parents=True, exist_ok=True)
                    DeltaTable.create(
                        str(self.root), Schema(fields), partition_by=list(self.partitions)
                    )
                missing = [_field(n, t) for n, t in columns.items() if n not in self.schema()]
                if missing:
                    self.open().alter.add_columns(missing)
            except (CommitFailedError, DeltaError) as error:
                conflict = error
            else:
                return
        raise TryAgain(
            f"{self.root.name}: other processes keep changing its columns: {conflict}"
        )

    def committed(self, key: str) -> bool:
        """Whether a transaction of this name was committed."""
        return self.exists() and self.open().transaction_version(key) is not None

    def commit(
        self, key: str, plan: Callable[[], tuple[Sequence[DataFile], Sequence[DataFile]]]
    ) -> int | None:
        """Commit what `plan` returns, exactly once for a key.

        Parameters
        ----------
        key
            Names the work; a key that was committed is never committed again.
        plan
            Looks at the newest snapshot and returns the files to add and to remove.  It is
            asked again whenever another process committed in between.

        Returns
        -------
        int or None
            The new version; None if the key had been committed already.

        Raises
        ------
        TryAgain
            Others were faster every time.
        """
        for _ in retries():
            table = self.open()
            if table.transaction_version(key) is not None:
                return None
            adds, removes = plan()
            actions: list[AddAction | RemoveAction] = [_remove(file) for file in removes]
            actions += [_add(file) for file in adds]
            turn = (table.transaction_version(_GUARD) or 0) + 1
            try:
                table.create_write_transaction(
                    actions,
                    "append",
                    table.schema(),
                    list(self.partitions),
                    commit_properties=CommitProperties(
                        app_transactions=[Transaction(key, 0), Transaction(_GUARD, turn)],
                        max_commit_retries=0,
                    ),
                )
            except CommitFailedError:
                continue
            except (DeltaError, OSError) as error:
                if "already exists" in str(error) or "onflict" in str(error):
                    continue
                with storage_errors(str(self.root)):
                    raise OSError(str(error)) from error
            return self.version()
        raise TryAgain(
            f"other processes keep writing to {self.root.name}.", remedy="Repeat the command."
        )

    def clean(self, older_than_hours: float = 168) -> list[str]:
        """Delete files that no snapshot of that age refers to; return their paths."""
        if not self.exists():
            return []
        with delta_errors(self.root):
            return self.open().vacuum(
                retention_hours=int(older_than_hours),
                dry_run=False,
                enforce_retention_duration=False,
            )


def retries() -> Iterator[int]:
    """Yield attempts at an optimistic commit, with a growing, bounded pause between them."""
    for attempt in range(_ATTEMPTS):
        if attempt:
            # The others get their turn; there is no event to wait for on a plain file system.
            sleeping.sleep(min(0.005 * 1.3**attempt, 0.5))
        yield attempt


def _field(name: str, kind: pl.DataType) -> Field:
    return Field(name, PrimitiveType(_TYPES[kind]), nullable=True)


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
def delta_errors(root: Path) -> Iterator[None]:
    """Turn Delta's errors into `StorageError`."""
    try:
        yield
    except (DeltaError, OSError) as error:
        raise StorageError(
            f"the table {root} cannot be read: {error}.",
            remedy="Restore it from a backup if its files were changed by hand.",
        ) from error


def within(
    assets: Sequence[str] | None, start: datetime | None, end: datetime | None
) -> pl.Expr | None:
    """Return the filter of a half-open time range and a set of assets."""
    parts = []
    if assets is not None:
        parts.append(pl.col("asset").is_in(list(assets)))
    if start is not None:
        parts.append(pl.col("time") >= start)
    if end is not None:
        parts.append(pl.col("time") < end)
    return pl.all_horizontal(parts) if parts else None
