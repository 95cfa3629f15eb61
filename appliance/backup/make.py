"""Make a backup of a site while everything goes on."""

from __future__ import annotations

import os
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
from appliance.backup.own import OwnFile, own_files
from appliance.backup.sealing import Passphrase, bound_to, seal
from appliance.backup.sharing import Source, sources
from appliance.backup.store import Snapshot, snapshot
from appliance.backup.vault import Vault
from appliance.core.clock import now
from appliance.core.errors import InvalidRequest, KizashiError, NotFound, StorageError
from appliance.core.ids import new_id
from appliance.core.settings import Settings
from appliance.lake.pins import pins
from appliance.objects import is_remote, join
from appliance.pipelines.site import Site
from appliance.schemas.access import Right
from appliance.schemas.backup import (
    OWN,
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
    sources: dict[str, Path | Source | OwnFile] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


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
        backup, fresh, refused = _copied(site.settings, vault, earlier, progress)
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
        refused=tuple(refused),
        left_out=backup.left_out,
        pruned=tuple(pruned),
    )
    told = {"target": str(target), "files": note.files, "size": note.size, "pruned": pruned}
    site.access.audit.note(by, "backup.made", f"backup:{backup.id}", None, told)
    return made


def _apart(settings: Settings, target: Path) -> None:
    shared = [settings.lake_root, *map(settings.place, ("models", *PLAIN))]
    here = [Path(place) for place in shared if not is_remote(place)]
    for held in (*here, *(settings.home / name for name in (*OWN, SECRETS))):
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
) -> tuple[Backup, list[BackupFile], list[str]]:
    """Copy everything but the secrets; what was cleaned up meanwhile is looked for anew.

    Returned are the manifest, what was copied anew, and what people's own could not be.

    Databases come first, then models, then the lake: whatever a database names was there
    before it, so it is there after it too.
    """
    for _ in range(_ATTEMPTS - 1):
        tried = _tried(settings, vault, earlier, progress)
        if not tried[0].missing:
            return tried
    return _tried(settings, vault, earlier, progress)


def _tried(
    settings: Settings, vault: Vault, earlier: Mapping[str, BackupFile], progress: Progress
) -> tuple[Backup, list[BackupFile], list[str]]:
    place = vault.workplace()
    try:
        progress.step("databases")
        content = _Content(snapshot(settings, place))
        _models(settings, content)
        _lake(settings, content)
        for folder in PLAIN:
            found = _all(settings.place(folder))
            content.sources |= {f"{folder}/{name}": source for name, source in found.items()}
        for folder in OWN:
            own, refused = own_files(settings.home, folder)
            content.sources |= own
            content.refused += refused
        path = settings.home / SETTINGS
        if path.is_file() and not _holds_a_secret(path):
            content.sources[SETTINGS] = path
        files, fresh = _put_all(vault, place, content, earlier, progress)
        return _manifest(content, files), fresh, sorted(content.refused)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _models(settings: Settings, content: _Content) -> None:
    models = settings.place("models")
    for fleet, run in content.taken.models:
        found = _all(join(models, fleet, run))
        content.sources |= {f"models/{fleet}/{run}/{name}": one for name, one in found.items()}
        if not found:
            content.missing.append(f"models/{fleet}/{run}")


def _lake(settings: Settings, content: _Content) -> None:
    root = settings.lake_root
    pinned = list(pins(root))
    held = sources(root) if is_remote(root) else {}
    for pin in pinned:
        content.tables[pin.name] = pin.version
        for file in pin.files:
            source = held.get(file) if is_remote(root) else Path(root) / file
            if source is None:
                content.missing.append(f"lake/{file}")
            else:
                content.sources[f"lake/{file}"] = source


def _all(place: str) -> dict[str, Path | Source]:
    """Return the files of a folder or shared place, drafts left out."""
    return {**sources(place)} if is_remote(place) else dict(_under(Path(place)))


def _under(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the plain files under a folder, drafts left out, by their paths in it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield path.relative_to(folder).as_posix(), path


def _put_all(
    vault: Vault,
    place: Path,
    content: _Content,
    earlier: Mapping[str, BackupFile],
    progress: Progress,
) -> tuple[list[BackupFile], list[BackupFile]]:
    """Copy what is not there yet; return all files, and those that were copied."""
    wanted = {**content.sources, **content.taken.files}
    progress.step("files", len(wanted))
    files, fresh = [], []

    def put(path: str) -> tuple[BackupFile, bool] | None:
        try:
            return _put(vault, place, wanted[path], path, earlier.get(path))
        except OSError:
            if not isinstance(wanted[path], OwnFile):
                raise
            content.refused.append(path)
            return None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for path, done in zip(wanted, pool.map(put, wanted), strict=True):
            progress.advance()
            if done is None:
                if not isinstance(wanted[path], OwnFile):
                    content.missing.append(path)
                continue
            files.append(done[0])
            if done[1]:
                fresh.append(done[0])
    return files, fresh


def _put(
    vault: Vault,
    place: Path,
    source: Path | Source | OwnFile,
    path: str,
    known: BackupFile | None,
) -> tuple[BackupFile, bool] | None:
    """Copy a file unless it is there; None if there is none any more."""
    try:
        size, modified = _looked_at(source)
        same = known is not None and known.modified == modified
        if known is not None and same and vault.holds(known.sha256, size):
            return known, False
        if isinstance(source, Path):
            return vault.put(source, path)
        if isinstance(source, OwnFile):
            with source.open() as reader:
                return vault.put_open(reader, path)
        return _fetched(vault, place, source, path)
    except (FileNotFoundError, NotFound):
        return None


def _looked_at(source: Path | Source | OwnFile) -> tuple[int, int]:
    """Return a file's size, and when it was changed in nanoseconds."""
    if isinstance(source, OwnFile):
        with source.open() as reader:
            found = os.fstat(reader.fileno())
        return found.st_size, found.st_mtime_ns
    if isinstance(source, Path):
        found = source.stat()
        return found.st_size, found.st_mtime_ns
    return source.entry.size, source.modified


def _fetched(vault: Vault, place: Path, source: Source, path: str) -> tuple[BackupFile, bool]:
    copy = place / new_id("copy")
    try:
        source.shelf.fetch(source.entry.key, copy)
        return vault.put(copy, path, source.modified)
    finally:
        copy.unlink(missing_ok=True)


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
