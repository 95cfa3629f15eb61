"""The Ray that the processes of a home share: where it is, and the token that it asks for.

The head holds a lock on the file that tells its address for as long as it lives; the system
gives the lock back when it dies, however it dies.  So an address is never believed for longer
than somebody listens there.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from appliance.core.clock import monotonic
from appliance.core.errors import Conflict
from appliance.core.secrets import made_once
from appliance.core.settings import Settings
from appliance.schemas.platform import Cluster

_STARTING = 60.0
"""Seconds after which a head that has not told its address is not waited for any more."""
_LOOK = 0.2
_READERS = 20
"""How often the lock is tried for: whoever looks for the head holds it too, for an instant."""


def token_file(home: Path) -> Path:
    """Return the file of the token without which the home's Ray answers nobody."""
    path = home / "secrets" / "ray.token"
    made_once(path, lambda: secrets.token_hex(32).encode("ascii"))
    return path


@contextmanager
def claimed(home: Path) -> Iterator[Callable[[str], None]]:
    """Be the home's head; yields what tells the others the address.

    Raises
    ------
    Conflict
        There is one.
    """
    path = _address_file(home)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a+") as file:
        if not _locked_soon(file):
            raise Conflict(f"another Ray already serves {home}.", remedy="`kizashi status`")
        file.truncate(0)

        def tell(address: str) -> None:
            os.write(file.fileno(), address.encode("ascii"))

        try:
            yield tell
        finally:
            file.truncate(0)


def find(home: Path, *, patience: float = _STARTING) -> str | None:
    """Return the address of the home's Ray; None if none runs.

    Parameters
    ----------
    home
        Folder of the installation.
    patience
        Seconds that one is waited for which is just starting.
    """
    path, until = _address_file(home), monotonic() + patience
    while True:
        try:
            with path.open("r") as file:
                if _locked(file, fcntl.LOCK_SH):
                    return None
                if address := file.read().strip():
                    return address
        except OSError:
            return None
        if monotonic() >= until:
            return None
        threading.Event().wait(_LOOK)


def tell_cluster(home: Path, cluster: Cluster) -> None:
    """Tell the other processes which machines the home's Ray has; raises `OSError`."""
    path = _cluster_file(home)
    part = path.with_suffix(".part")
    part.write_text(cluster.model_dump_json(), "utf-8")
    part.replace(path)


def cluster(settings: Settings) -> Cluster | None:
    """Return the Ray that the site's work runs on; None if none runs.

    One that others run is told by its address alone.
    """
    if settings.ray_address:
        return Cluster(address=settings.ray_address)
    address = find(settings.home, patience=0)
    if address is None:
        return None
    try:
        told = Cluster.model_validate_json(_cluster_file(settings.home).read_bytes())
    except (OSError, ValueError):
        return Cluster(address=address)  # it is just starting
    return told if told.address == address else Cluster(address=address)


def _cluster_file(home: Path) -> Path:
    return home / "run" / "ray_cluster.json"


def _address_file(home: Path) -> Path:
    return home / "run" / "ray_address"


def _locked_soon(file: IO[str]) -> bool:
    for _ in range(_READERS):
        if _locked(file, fcntl.LOCK_EX):
            return True
        threading.Event().wait(_LOOK / 4)
    return False


def _locked(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
