"""The databases of a home: what they hold at one moment, as files, and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import make_url

from appliance.backup.store import postgres, rows, sqlite
from appliance.core.errors import InvalidRequest, StorageError
from appliance.core.settings import Settings
from appliance.schemas.backup import DATABASE, Backup

JOBS = "jobs.db"
METADATA = "kizashi.db"
REGISTRY = "registry.db"


@dataclass(frozen=True)
class Snapshot:
    """The databases of a home at one moment.

    Attributes
    ----------
    revision
        Of the tables of metadata.
    jobs
        Version of the tables of durable jobs in a PostgreSQL.
    files
        Where each file of a backup was written to.
    models
        Fleet and run of every model version that the metadata name.
    """

    database: Literal["sqlite", "postgresql"]
    revision: str
    jobs: int = 0
    files: dict[str, Path] = field(default_factory=dict)
    models: tuple[tuple[str, str], ...] = ()


def snapshot(settings: Settings, folder: Path) -> Snapshot:
    """Copy the databases of a home into a folder.

    The record of durable jobs is taken before the metadata: a step that is told as done has
    then done what it did there, and one that is not is done again, which changes nothing.

    Raises
    ------
    StorageFull, StorageError
        They cannot be copied.
    """
    if is_postgresql(settings.database):
        taken = postgres.dump(settings.database, folder / DATABASE)
        files = {f"{DATABASE}/{name}": path for name, path in taken.files.items()}
        _add(files, REGISTRY, file_of(settings.registry), folder)
        return Snapshot("postgresql", taken.revision, taken.jobs, files, taken.models)
    metadata = file_of(settings.database)
    if metadata is None:
        raise StorageError("the metadata are neither in SQLite nor in PostgreSQL.")
    files = {}
    _add(files, JOBS, settings.home / JOBS, folder)
    _add(files, METADATA, metadata, folder)
    _add(files, REGISTRY, file_of(settings.registry), folder)
    copied = files[METADATA]
    return Snapshot("sqlite", sqlite.revision(copied), 0, files, tuple(sqlite.models(copied)))


def file_of(url: str) -> Path | None:
    """Return where a SQLite database is; None for another kind."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(parsed.database)


def is_postgresql(url: str) -> bool:
    """Whether an address is that of a PostgreSQL."""
    return bool(url) and make_url(url).get_backend_name() == "postgresql"


def settle(built: Path, backup: Backup, url: str) -> str:
    """Bring the restored metadata to where they are used from now on.

    Parameters
    ----------
    built
        The folder that the backup's files were restored to.
    url
        Where to, if that is a PostgreSQL; a SQLite of the home's own otherwise.

    Returns
    -------
    str
        The address of the metadata, brought to this version.

    Raises
    ------
    InvalidRequest
        The backup is of a PostgreSQL, and none is named.
    Conflict
        The PostgreSQL is in use.
    StorageError
        It cannot be written, or the backup does not hold what it says.
    """
    own = built / METADATA
    if backup.database == "sqlite" and sqlite.revision(own) != backup.revision:
        raise StorageError("the backup's database is of another revision than it says.")
    if not is_postgresql(url):
        if backup.database == "postgresql":
            raise InvalidRequest(
                "the backup holds the metadata of a PostgreSQL.",
                remedy="Make an empty database and name it by KIZASHI_DATABASE_URL.",
            )
        return f"sqlite:///{own}"
    if backup.database == "sqlite":
        rows.write(own, postgres.own_tables(backup.revision, built / DATABASE), built)
        for name in (METADATA, JOBS):
            (built / name).unlink(missing_ok=True)
    held = (built / DATABASE).rglob(f"*{rows.SUFFIX}")
    files = {path.relative_to(built).as_posix(): path for path in held}
    postgres.load(url, files, backup.revision, backup.jobs)
    return url


def _add(files: dict[str, Path], name: str, source: Path | None, folder: Path) -> None:
    if source is not None and source.is_file():
        sqlite.copy(source, folder / name)
        files[name] = folder / name
