"""Names of workers: each goes to the next process in its place, and to no other."""

from __future__ import annotations

import fcntl
import platform
import re
import secrets
from typing import IO

from appliance.core.errors import Conflict, InvalidRequest
from appliance.core.secrets import made_once
from appliance.core.settings import Settings

_NAME = re.compile(r"[A-Za-z0-9._-]{1,60}")
_MOST_WORKERS = 64


def named(settings: Settings, name: str | None) -> tuple[str, IO[str]]:
    """Return a name that no other worker of the site has, and its lock.

    The lock dies with the process: the next one gets the same name, and its jobs.

    Parameters
    ----------
    name
        A name of its own; the machine's and a number if not given.

    Raises
    ------
    InvalidRequest
        The name cannot be used.
    Conflict
        A worker of that name is running.
    """
    if name is not None and not _NAME.fullmatch(name):
        raise InvalidRequest(f"{name!r} is no name for a worker.", remedy="Use a-z, 0-9 and -.")
    folder = settings.home / "locks"
    folder.mkdir(mode=0o700, exist_ok=True)
    before = prefix(settings)
    names = [name] if name else [f"{before}{n}" for n in range(1, _MOST_WORKERS + 1)]
    for candidate in names:
        handle = (folder / f"worker-{candidate}.lock").open("w")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            continue
        return candidate, handle
    raise Conflict(f"worker {names[-1]} is running already.", remedy="Give it another --name.")


def prefix(settings: Settings) -> str:
    """Return what the names of a home's workers begin with.

    Where machines share the database it holds a mark of the home too: containers may be called
    alike, and number their processes alike.
    """
    machine = re.sub(r"[^A-Za-z0-9._-]", "-", platform.node())[:45] or "worker"
    if settings.database.startswith("sqlite"):
        return f"{machine}-"
    mark = made_once(settings.home / "locks" / "home.id", lambda: secrets.token_hex(3).encode())
    return f"{machine}-{mark.decode('ascii')}-"
