"""Secrets of an installation: made once, readable by its owner only, never logged."""

from __future__ import annotations

import os
import secrets
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
        if not path.exists():
            _create(path)
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise StorageError(
            f"the site's key {path} cannot be used: {error}.",
            remedy="Restore it from a backup; without it, signed models must be trained again.",
        ) from error
    if len(key) != _BYTES:
        raise StorageError(f"the site's key {path} is damaged.", remedy="Restore it.")
    return key


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, secrets.token_hex(_BYTES).encode("ascii"))
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # another process was first: its key holds
    finally:
        draft.unlink()
