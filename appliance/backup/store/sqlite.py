"""SQLite: a copy of one moment of a database that others write to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from appliance.core.disk import is_full
from appliance.core.errors import StorageError, StorageFull
from appliance.core.migrations import TABLE

_WAIT = 30.0
SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database; part of it, and of no other."""


def copy(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment; others go on writing.

    Raises
    ------
    StorageFull, StorageError
        It cannot be copied, or is damaged: a backup of it would be worth nothing.
    """
    target.touch(mode=0o600)
    with _errors(source), closing(_open(source)) as live, closing(_open(target)) as made:
        live.backup(made)  # all pages in one reading transaction
        made.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
        (found,) = made.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise StorageError(
                f"the database {source} is damaged: {found}.",
                remedy="Restore the latest backup; those made before are as they were.",
            )


def revision(path: Path) -> str:
    """Return the revision of our tables in a database."""
    with _errors(path), closing(_open(path)) as database:
        row = database.execute(f"SELECT version_num FROM {TABLE}").fetchone()  # noqa: S608
        return str(row[0]) if row else ""


def models(path: Path) -> list[tuple[str, str]]:
    """Return fleet and run of every model version that was not deleted."""
    with _errors(path), closing(_open(path)) as database:
        database.row_factory = sqlite3.Row
        rows = database.execute("SELECT * FROM model_versions ORDER BY fleet, version")
        return standing(dict(row) for row in rows)


def standing(rows: Iterable[Mapping[str, object]]) -> list[tuple[str, str]]:
    """Return fleet and run of versions, of any revision, that were not deleted."""
    return [(str(row["fleet"]), str(row["run"])) for row in rows if not row.get("deleted")]


def is_used(path: Path) -> bool:
    """Whether anybody did anything that a database tells of."""
    with _errors(path), closing(_open(path)) as database:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        if "audit" not in names or "batches" not in names:
            return bool(names)
        query = "SELECT EXISTS (SELECT 1 FROM audit) OR EXISTS (SELECT 1 FROM batches)"
        return bool(database.execute(query).fetchone()[0])


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_WAIT)


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        if full or is_full(error):
            raise StorageFull(
                f"no space is left to copy the database {path}.",
                remedy="Free some space and repeat the command.",
            ) from error
        raise StorageError(f"the database {path} cannot be copied: {error}.") from error
