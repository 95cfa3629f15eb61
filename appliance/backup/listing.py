"""Which backups there are, and whether they are whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from appliance.backup.sealing import Passphrase, bound_to, unseal
from appliance.backup.vault import Vault
from appliance.core.errors import KizashiError, NotFound
from appliance.schemas.backup import Backup, BackupNote

_AT_ONCE = 4


def backups(
    target: Path, *, thorough: bool = False, passphrase: Passphrase | None = None
) -> list[BackupNote]:
    """Return what there is to tell of each backup in a folder, the latest first.

    Parameters
    ----------
    thorough
        Whether the content of every file is read and compared with its digest.
    passphrase
        Tried on the secrets of each.

    Raises
    ------
    NotFound
        There are no backups.
    TryAgain
        Another process writes to the folder.
    """
    vault = Vault(target.expanduser().absolute())
    with vault.reading():
        return [_note(vault, one, thorough, passphrase) for one in vault.ids()]


def _note(vault: Vault, one: str, thorough: bool, passphrase: Passphrase | None) -> BackupNote:
    try:
        backup = vault.read(one)
    except KizashiError as error:
        return BackupNote(
            id=one,
            made=None,
            version="",
            size=0,
            files=0,
            sealed=False,
            whole=False,
            reason=error.message,
        )
    return note(vault, backup, thorough=thorough, passphrase=passphrase)


def note(
    vault: Vault,
    backup: Backup,
    *,
    thorough: bool = False,
    passphrase: Passphrase | None = None,
) -> BackupNote:
    """Return what there is to tell of a backup; see `backups`."""
    reason = _wrong(vault, backup, thorough) or _wrong_secrets(vault, backup, passphrase)
    return BackupNote(
        id=backup.id,
        made=backup.made,
        version=backup.version,
        size=backup.size,
        files=len(backup.files),
        sealed=backup.sealed is not None,
        whole=not reason,
        reason=reason,
    )


def _wrong(vault: Vault, backup: Backup, thorough: bool) -> str:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda file: vault.wrong(file, thorough=thorough), backup.files)
        return next(filter(None, found), "")


def _wrong_secrets(vault: Vault, backup: Backup, passphrase: Passphrase | None) -> str:
    try:
        opened(vault, backup, passphrase)
    except KizashiError as error:
        return error.message
    return ""


def opened(vault: Vault, backup: Backup, passphrase: Passphrase | None) -> dict[str, bytes]:
    """Return the secrets of a backup; none without a passphrase, or if it holds none.

    Raises
    ------
    Forbidden
        The passphrase is another, or the backup was changed since.
    StorageError
        They are damaged.
    """
    if backup.sealed is None:
        return {}
    kept = vault.sealed(backup.sealed)
    if passphrase is None:
        return {}
    return unseal(kept, backup.sealed, passphrase, bound_to(backup))


def locate(source: Path) -> tuple[Vault, str]:
    """Return the folder of backups and the backup that somebody means.

    Parameters
    ----------
    source
        ``FOLDER/ID``, or the folder alone for its latest backup.

    Raises
    ------
    NotFound
        There is no backup.
    """
    path = source.expanduser().absolute()
    if path.name.startswith("bak_"):
        return Vault(path.parent), path.name
    vault = Vault(path)
    with vault.reading():
        ids = vault.ids()
    if not ids:
        raise NotFound(f"there is no backup in {path}.", remedy="Name another folder.")
    return vault, ids[0]
