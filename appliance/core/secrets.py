"""Secrets of an installation: made once, readable by its owner only, never logged."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from appliance.core.errors import StorageError

_BYTES = 32


def site_key(home: Path) -> bytes:
    """Return the key with which this site signs what it must trust later.

    It is made at the first call, in ``secrets/site.key`` with mode 0600.  Two processes that
    make it at once end with the same key: the first to link it wins.

    Raises
    ------
    StorageError
        The key cannot be read or written, or is damaged.
    """
    path = home / "secrets" / "site.key"
    try:
        kept = made_once(path, lambda: secrets.token_hex(_BYTES).encode("ascii"))
        key = bytes.fromhex(kept.decode("ascii").strip())
    except (OSError, ValueError) as error:
        raise StorageError(
            f"the site's key {path} cannot be used: {error}.",
            remedy="Restore it from a backup; without it, signed models must be trained again.",
        ) from error
    if len(key) != _BYTES:
        raise StorageError(f"the site's key {path} is damaged.", remedy="Restore it.")
    return key


def made_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return what a secret file holds, which is made at the first call.

    Processes that make it at once end with the same content: the first to link it wins.

    Parameters
    ----------
    path
        Of the file; its folder is made, closed to others.
    make
        Gives the content.
    """
    if not path.exists():
        draft = _draft(path, make())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass  # another process was first: its content holds
        finally:
            draft.unlink()
    return path.read_bytes()


def keep(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read, in one move."""
    _draft(path, content).replace(path)


def _draft(path: Path, content: bytes) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    return draft
