"""What a process keeps beside a Ray of its own: a folder closed to others, a token in it."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
from pathlib import Path

from appliance.core.scratch import SHORT, new_scratch

_PREFIX = "kzr"
_folder: Path | None = None


def folder() -> Path:
    """Return this process's folder, closed to other users; it goes with the process.

    Ray opens the folder that it is given to everybody, so it is given one inside of this.
    Its sockets live there, and a socket's path may have 107 characters: the folder stands
    directly in ``/tmp``, wherever the platform's own temporary folder is.  Folders of
    processes that were killed are swept.
    """
    global _folder  # noqa: PLW0603 - one token a process: Ray's core caches it
    if _folder is None or not _folder.exists():
        _folder = new_scratch(_PREFIX, SHORT)
        atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    return _folder


def discard() -> None:
    """Remove this process's folder: it goes on as another program, which makes its own."""
    global _folder  # noqa: PLW0603 - as in `folder`
    if _folder is not None:
        shutil.rmtree(_folder, ignore_errors=True)
        _folder = None


def token_file() -> Path:
    """Return this process's token file; it outlives a stopped Ray, which may still read it."""
    token = folder() / "token"
    if not token.exists():
        handle = os.open(token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, secrets.token_hex(32).encode("ascii"))
        finally:
            os.close(handle)
    return token
