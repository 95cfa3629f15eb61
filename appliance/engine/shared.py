"""The Ray that the processes of a home share: where it is, and the token that it asks for.

The head holds a lock on the file that tells its address for as long as it lives; the system
gives the lock back when it dies, however it dies.  So an address is never believed for longer
than somebody listens there.

Whoever works on Ray, or wants to, holds a lock beside others on a second file.  While somebody
does, a head that sleeps wakes, and one that is awake stays; it leaves only with that lock all
to itself, so nobody joins a Ray that is about to go.  That lock too goes with its process.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

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
ASLEEP: Final = "asleep"
"""What a head tells in place of an address while it waits for work."""
WAKING: Final = "waking"
"""What it tells while it starts Ray because somebody wants it."""
_WORD_BYTES = 128
"""Room for what the head tells: written in one go, so that nobody reads half of it."""


def token_file(home: Path) -> Path:
    """Return the file of the token without which the home's Ray answers nobody."""
    path = home / "secrets" / "ray.token"
    made_once(path, lambda: secrets.token_hex(32).encode("ascii"))
    return path


class Claim:
    """What the head of a home holds.

    Parameters
    ----------
    file
        Tells where it is, and is locked.
    users
        Is locked by whoever wants Ray.
    """

    def __init__(self, file: IO[str], users: IO[str]) -> None:
        self._file = file
        self._users = users

    @property
    def handle(self) -> int:
        """The number by which a program that takes this process over goes on with the claim."""
        return self._file.fileno()

    def tell(self, word: str) -> None:
        """Tell the others the address, or that there is none now."""
        os.pwrite(self.handle, word.encode("ascii").ljust(_WORD_BYTES), 0)

    def wanted(self) -> bool:
        """Whether somebody works on Ray, or waits for it."""
        if not self.shut():
            return True
        fcntl.flock(self._users, fcntl.LOCK_UN)
        return False

    def shut(self) -> bool:
        """Keep everybody from joining until this process ends; False where somebody has."""
        return _locked(self._users, fcntl.LOCK_EX)


@contextmanager
def claimed(home: Path, handle: int | None = None) -> Iterator[Claim]:
    """Be the home's head.

    Parameters
    ----------
    handle
        Of a claim that another program left to this one; see `Claim.handle`.

    Raises
    ------
    Conflict
        There is one.
    """
    path = _address_file(home)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = os.open(path, os.O_RDWR | os.O_CREAT, 0o600) if handle is None else handle
    with os.fdopen(known, "r+") as file, _users_file(home).open("a") as users:
        os.set_inheritable(known, False)  # noqa: FBT003 - takes it so alone
        if not _locked_soon(file):
            raise Conflict(f"another Ray already serves {home}.", remedy="`kizashi status`")
        claim = Claim(file, users)
        if handle is None:
            claim.tell("")
        try:
            yield claim
        finally:
            claim.tell("")


def state(home: Path) -> str | None:
    """Return what the head of a home tells: an address, `ASLEEP` or `WAKING`.

    It is empty where one is just starting, and None where there is none.
    """
    try:
        with _address_file(home).open("r") as file:
            return None if _locked(file, fcntl.LOCK_SH) else file.read().strip()
    except OSError:
        return None


def find(home: Path, *, patience: float = _STARTING) -> str | None:
    """Return the address of the home's Ray; None if none runs, or it sleeps.

    Parameters
    ----------
    home
        Folder of the installation.
    patience
        Seconds that one is waited for which is just starting.
    """
    until = monotonic() + patience
    while True:
        told = state(home)
        if told is None or told == ASLEEP:
            return None
        if told and told != WAKING:
            return told
        if monotonic() >= until:
            return None
        threading.Event().wait(_LOOK)


def join(home: Path, *, patience: float = _STARTING) -> tuple[str, IO[str]] | None:
    """Return the address of the home's Ray, woken if it slept; None if there is none.

    Parameters
    ----------
    patience
        Seconds that it is waited for: until one that leaves has left, and one that starts is
        there.

    Returns
    -------
    tuple of str and file
        The address, and what keeps Ray from leaving until it is closed.
    """
    if state(home) is None:
        return None
    until = monotonic() + patience
    users = _users_file(home).open("a")
    while monotonic() < until and state(home) is not None:
        if _locked(users, fcntl.LOCK_SH) and (address := find(home, patience=0)):
            return address, users
        threading.Event().wait(_LOOK)
    users.close()
    return None


def tell_cluster(home: Path, cluster: Cluster) -> None:
    """Tell the other processes which machines the home's Ray has; raises `OSError`."""
    path = _cluster_file(home)
    part = path.with_suffix(".part")
    part.write_text(cluster.model_dump_json(), "utf-8")
    part.replace(path)


def cluster(settings: Settings) -> Cluster | None:
    """Return the Ray that the site's work runs on; None if none runs.

    One that others run is told by its address alone, one that sleeps by that.
    """
    if settings.ray_address:
        return Cluster(address=settings.ray_address)
    if state(settings.home) in (ASLEEP, WAKING):
        return Cluster(address="", asleep=True)
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


def _users_file(home: Path) -> Path:
    return home / "run" / "ray_users"


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
