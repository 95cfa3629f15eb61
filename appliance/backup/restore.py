"""Restore a site from a backup: verified, built beside, then put in its place."""

from __future__ import annotations

import secrets
import shutil
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

from appliance.access import Person
from appliance.access.store import AuditLog
from appliance.backup import placing
from appliance.backup.listing import locate, note, opened
from appliance.backup.sealing import Passphrase
from appliance.backup.sharing import Shared, is_shared
from appliance.backup.store import databases
from appliance.backup.store.sqlite import is_used
from appliance.backup.vault import Vault, copy, make_folder, vault_errors
from appliance.core.db import open_database
from appliance.core.errors import Conflict, StorageError, StorageFull
from appliance.registry.store import ModelStore
from appliance.schemas.access import Right
from appliance.schemas.backup import (
    DATABASE,
    SECRETS,
    SETTINGS,
    Backup,
    BackupFile,
    BackupNote,
    Restored,
)
from appliance.schemas.progress import Progress, Silent

_AT_ONCE = 4
_PLACES = ("storage_url", "lake_url", "database_url", "registry_url")
"""Settings that say where things are: a restored home holds them itself."""


def restore(  # noqa: PLR0913 - from where, where to, by whom and what may go
    source: Path,
    home: Path,
    *,
    by: Person,
    passphrase: Passphrase | None = None,
    replace: bool = False,
    database_url: str = "",
    storage_url: str = "",
    registry_url: str = "",
    progress: Progress | None = None,
) -> Restored:
    """Restore a backup into a home.

    Parameters
    ----------
    source
        ``FOLDER/ID``, or the folder alone for its latest backup.
    home
        Where to; made if there is none.  What it holds beside the parts of a backup, such as
        an installed environment, stays.
    passphrase
        Opens the secrets; without one the home keeps or gets its own.
    replace
        Whether a home that is in use may be replaced; what it held is moved aside.
    database_url
        A PostgreSQL for the metadata, which must be empty.
    storage_url
        Where lake, models, reports and uploads are put, if that is not the home.
    registry_url
        MLflow's backend, if that is not the home's own: it is shown all models anew.

    Raises
    ------
    Conflict
        The home or the database is in use.
    NotFound, StorageError, Forbidden
        The backup is not there, not whole, refused, or has another passphrase.
    StorageFull, TryAgain
        The home is as it was.
    """
    by.require(Right.OPERATE)
    progress = progress or Silent()
    vault, one = locate(source)
    home = home.expanduser().absolute()
    with vault.reading():
        backup = vault.read(one)
        if placing.complete(home) == one:
            return _told(note(vault, backup), home, None, (home / SECRETS).exists())
        progress.step("verify")
        found = note(vault, backup, thorough=True)
        if not found.whole:
            raise StorageError(
                f"the backup {one} is not whole: {found.reason}.",
                remedy="Choose another: `kizashi backups --verify` tells which are whole.",
            )
        secret = opened(vault, backup, passphrase)
        shared = Shared(storage_url, backup) if storage_url else None
        _refuse_used(home, replace)
        if shared is not None:
            shared.refuse_used(replace=replace)
        files = [one for one in backup.files if shared is None or not is_shared(one)]
        built = _begin(home, backup.id, sum(file.size for file in files))
        try:
            progress.step("files", len(backup.files))
            _build(vault, files, built, secret, progress)
            if shared is not None:
                shared.bring(vault, progress)
            progress.step("database")
            _settle(built, backup, by, database_url, anew=bool(registry_url))
            placing.refuse_in_use(home)
            moved = None if shared is None else shared.place()
            aside = placing.place(built, home, one)
            if shared is not None:
                shared.done()
        finally:
            shutil.rmtree(built, ignore_errors=True)
    return _told(found, home, moved or aside, bool(secret))


def _told(found: BackupNote, home: Path, aside: Path | str | None, secrets: bool) -> Restored:
    return Restored(
        backup=found,
        home=str(home),
        aside=None if aside is None else str(aside),
        secrets=secrets,
        left_out=() if secrets else (SECRETS,),
    )


def _refuse_used(home: Path, replace: bool) -> None:
    if replace:
        return
    filled = [name for name in ("lake", "models") if any((home / name).glob("*"))]
    database = home / databases.METADATA
    if filled or (database.is_file() and is_used(database)):
        raise Conflict(
            f"the home {home} is in use.",
            remedy="Name another with --home, or give --replace: what it holds is moved aside.",
        )


def _begin(home: Path, backup: str, size: int) -> Path:
    """Make the folder, within the home, in which the new parts are built."""
    with vault_errors(home):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in home.glob(".restore-bak_*"):  # of a restore that was cut off
            shutil.rmtree(left)
        free = shutil.disk_usage(home).free
        if free < size:
            raise StorageFull(
                f"{home} has {free:,} bytes free, and the backup needs {size:,}.",
                remedy="Free some space, or name another home.",
            )
        built = home / f".restore-{backup}-{secrets.token_hex(4)}"
        built.mkdir(mode=0o700)
    return built


# ---------------------------------------------------------------- building
def _build(
    vault: Vault,
    files: Sequence[BackupFile],
    built: Path,
    secret: dict[str, bytes],
    progress: Progress,
) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(lambda file: vault.get(file, built / file.path), files):
            progress.advance()
    with vault_errors(built):
        for path, content in secret.items():
            place = built / path
            make_folder(place.parent)
            copy(BytesIO(content).read, place)


def _settle(built: Path, backup: Backup, by: Person, database_url: str, *, anew: bool) -> None:
    """Bring settings and database to this home and this version, and tell of the restore."""
    path = built / SETTINGS
    told = _settings(path)
    if not database_url and backup.database == "postgresql":
        database_url = str(told.get("database_url", ""))
    stale = {name for name in _PLACES if name in told and told[name] != database_url}
    if stale:
        _without(path, stale)
    database = open_database(databases.settle(built, backup, database_url))
    try:
        note = {"made": backup.made.isoformat(), "version": backup.version}
        AuditLog(database).note(by, "site.restored", f"backup:{backup.id}", None, note)
        if anew:
            ModelStore(database).show_anew()
    finally:
        database.close()
    shutil.rmtree(built / DATABASE, ignore_errors=True)


def _settings(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StorageError(f"the backup's {SETTINGS} cannot be read: {error}.") from error


def _without(path: Path, names: set[str]) -> None:
    """Take settings of the home itself, one a line, out of its file."""
    lines = path.read_text("utf-8").splitlines(keepends=True)
    tables = (number for number, line in enumerate(lines) if line.lstrip().startswith("["))
    first = next(tables, len(lines))
    kept = [line for line in lines[:first] if line.partition("=")[0].strip() not in names]
    text = "".join([*kept, *lines[first:]])
    if names & set(tomllib.loads(text)):
        raise StorageError(
            f"the backup's {SETTINGS} names places in a way that cannot be taken out.",
            remedy=f"Write {', '.join(sorted(names))} on a line each, and back up again.",
        )
    path.unlink()
    copy(BytesIO(text.encode()).read, path)
