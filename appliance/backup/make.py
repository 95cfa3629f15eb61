"""Make a backup of a site while everything goes on."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from appliance import __version__
from appliance.access import Person
from appliance.backup import listing
from appliance.backup.sealing import Passphrase, bound_to, seal
from appliance.backup.store import Snapshot, snapshot
from appliance.backup.vault import Vault
from appliance.core.clock import now
from appliance.core.errors import InvalidRequest, KizashiError, StorageError
from appliance.core.ids import new_id
from appliance.core.settings import Settings
from appliance.lake.pins import pins
from appliance.pipelines.site import Site
from appliance.schemas.access import Right
from appliance.schemas.backup import (
    PLAIN,
    SECRETS,
    SETTINGS,
    Backup,
    BackupFile,
    BackupMade,
    Sealed,
)
from appliance.schemas.progress import Progress, Silent

_ATTEMPTS = 3
_AT_ONCE = 4
_MOST_SECRETS = 2**24
_PASSWORD_IN_ADDRESS = re.compile(r"://[^/\s:@]*:[^@\s]+@")
_SECRET_NAME = re.compile(r"secret|password|passphrase|token|credential", re.IGNORECASE)


@dataclass
class _Content:
    """What a backup is to hold: where each of its files is, and what is said of them."""

    taken: Snapshot
    sources: dict[str, Path] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def back_up(
    site: Site,
    target: Path,
    *,
    by: Person,
    passphrase: Passphrase | None = None,
    keep: int | None = None,
    progress: Progress | None = None,
) -> BackupMade:
    """Back a site up into a folder of backups; others may go on working.

    Parameters
    ----------
    target
        The folder; files that an earlier backup there holds are not copied again.
    passphrase
        Encrypts the secrets; without one they are left out.
    keep
        How many of the latest backups stay; all of them without it.

    Raises
    ------
    InvalidRequest
        The folder is one that backups hold.
    StorageFull, StorageError
        There is no new backup; earlier ones are as they were.
    TryAgain
        Another process is at work in the folder.
    """
    by.require(Right.OPERATE)
    progress = progress or Silent()
    target = target.expanduser().absolute()
    _apart(site.settings, target)
    with site.database.session():
        pass  # its tables are of this version from here on
    vault = Vault(target)
    with vault.writing():
        earlier = {file.path: file for file in _latest(vault)}
        backup, fresh = _copied(site.settings, vault, earlier, progress)
        secret, left_out = secrets_of(site.settings, passphrase)
        backup = backup.model_copy(update={"left_out": left_out})
        if secret and passphrase is not None:
            backup = _sealed(vault, backup, secret, passphrase)
        vault.write(backup)
        pruned = vault.prune(keep) if keep is not None else []
        note = listing.note(vault, backup)
    made = BackupMade(
        backup=note,
        target=str(target),
        copied=len(fresh),
        copied_bytes=sum(file.size for file in fresh),
        tables=backup.tables,
        missing=backup.missing,
        left_out=backup.left_out,
        pruned=tuple(pruned),
    )
    told = {"target": str(target), "files": note.files, "size": note.size, "pruned": pruned}
    site.access.audit.note(by, "backup.made", f"backup:{backup.id}", None, told)
    return made


def _apart(settings: Settings, target: Path) -> None:
    for held in (Path(settings.lake_root), settings.models_folder, settings.home / SECRETS):
        if target.resolve().is_relative_to(held.resolve()):
            raise InvalidRequest(
                f"{target} is inside of {held}, which backups hold.", remedy="Choose another."
            )


def _latest(vault: Vault) -> tuple[BackupFile, ...]:
    """Return the files of the latest backup that can be read."""
    for one in vault.ids():
        try:
            return vault.read(one).files
        except KizashiError:
            continue
    return ()


# ---------------------------------------------------------------- what, and in which order
def _copied(
    settings: Settings, vault: Vault, earlier: Mapping[str, BackupFile], progress: Progress
) -> tuple[Backup, list[BackupFile]]:
    """Copy everything but the secrets; what was cleaned up meanwhile is looked for anew.

    Databases come first, then models, then the lake: whatever a database names was there
    before it, so it is there after it too.
    """
    for _ in range(_ATTEMPTS - 1):
        backup, fresh = _tried(settings, vault, earlier, progress)
        if not backup.missing:
            return backup, fresh
    return _tried(settings, vault, earlier, progress)


def _tried(
    settings: Settings, vault: Vault, earlier: Mapping[str, BackupFile], progress: Progress
) -> tuple[Backup, list[BackupFile]]:
    place = vault.workplace()
    try:
        progress.step("databases")
        content = _Content(snapshot(settings, place))
        _models(settings, content)
        _lake(settings, content)
        for folder in PLAIN:
            found = _under(settings.home / folder)
            content.sources |= {f"{folder}/{name}": path for name, path in found}
        path = settings.home / SETTINGS
        if path.is_file() and not _holds_a_secret(path):
            content.sources[SETTINGS] = path
        files, fresh = _put_all(vault, content, earlier, progress)
        return _manifest(content, files), fresh
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _models(settings: Settings, content: _Content) -> None:
    for fleet, run in content.taken.models:
        folder = settings.models_folder / fleet / run
        found = {f"models/{fleet}/{run}/{name}": path for name, path in _under(folder)}
        content.sources |= found
        if not found:
            content.missing.append(f"models/{fleet}/{run}")


def _lake(settings: Settings, content: _Content) -> None:
    root = Path(settings.lake_root)
    for pin in pins(root):
        content.tables[pin.name] = pin.version
        content.sources |= {f"lake/{file}": root / file for file in pin.files}


def _under(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the plain files under a folder, drafts left out, by their paths in it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield path.relative_to(folder).as_posix(), path


def _put_all(
    vault: Vault, content: _Content, earlier: Mapping[str, BackupFile], progress: Progress
) -> tuple[list[BackupFile], list[BackupFile]]:
    """Copy what is not there yet; return all files, and those that were copied."""
    sources = {**content.sources, **content.taken.files}
    progress.step("files", len(sources))
    files, fresh = [], []

    def put(path: str) -> tuple[BackupFile, bool] | None:
        try:
            known, found = earlier.get(path), sources[path].stat()
            same = known is not None and known.modified == found.st_mtime_ns
            if known is not None and same and vault.holds(known.sha256, found.st_size):
                return known, False
            return vault.put(sources[path], path)
        except FileNotFoundError:
            return None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for path, done in zip(sources, pool.map(put, sources), strict=True):
            progress.advance()
            if done is None:
                content.missing.append(path)
                continue
            files.append(done[0])
            if done[1]:
                fresh.append(done[0])
    return files, fresh


def _manifest(content: _Content, files: list[BackupFile]) -> Backup:
    return Backup(
        id=new_id("bak"),
        made=now(),
        version=__version__,
        database=content.taken.database,
        revision=content.taken.revision,
        jobs=content.taken.jobs,
        tables=content.tables,
        files=tuple(files),
        missing=tuple(content.missing),
    )


# ---------------------------------------------------------------- secrets
def secrets_of(
    settings: Settings, passphrase: Passphrase | None
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return the secret files of a home, or, without a passphrase, what is left out."""
    found = {f"{SECRETS}/{name}": path for name, path in _under(settings.home / SECRETS)}
    path = settings.home / SETTINGS
    if path.is_file() and _holds_a_secret(path):
        found[SETTINGS] = path
    if passphrase is None:
        return {}, tuple(found)
    content = {name: path.read_bytes() for name, path in found.items()}
    if sum(map(len, content.values())) > _MOST_SECRETS:
        raise StorageError(
            f"{settings.home / SECRETS} holds more than secrets.", remedy="Move it elsewhere."
        )
    return content, ()


def _holds_a_secret(path: Path) -> bool:
    """Whether settings hold what others must not read, such as a database's password."""
    text = path.read_text("utf-8", "replace")
    try:
        names = list(_names(tomllib.loads(text)))
    except tomllib.TOMLDecodeError:
        return True  # nobody knows
    return bool(_PASSWORD_IN_ADDRESS.search(text)) or any(map(_SECRET_NAME.search, names))


def _names(table: Mapping[str, object]) -> Iterator[str]:
    for name, value in table.items():
        yield name
        if isinstance(value, dict):
            yield from _names(value)


def _sealed(
    vault: Vault, backup: Backup, secret: Mapping[str, bytes], passphrase: Passphrase
) -> Backup:
    kept, salt, cost = seal(secret, passphrase, bound_to(backup))
    digest, size = vault.put_bytes(kept)
    sealed = Sealed(sha256=digest, size=size, salt=salt, cost=cost)
    return backup.model_copy(update={"sealed": sealed})
