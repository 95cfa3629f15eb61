"""Work that one process of a site does at a time, on whichever machine it runs.

With PostgreSQL the lock is the database's: an advisory lock of a session, whose connection is
used for nothing else.  It goes with its process, and within a minute with its machine.  With
SQLite, which is one machine's, it is a locked file of the home, gone with its process too.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from appliance.core.db import Database
from appliance.core.errors import StorageError, TryAgain

_LOST = {"tcp_keepalives_idle": 30, "tcp_keepalives_interval": 10, "tcp_keepalives_count": 3}
"""The server is to notice a machine that is gone; by itself it waits for hours."""


class Lock:
    """A claim on some work, held until it is released or the process ends."""

    def __init__(self, held: Callable[[], bool], release: Callable[[], None]) -> None:
        self._held = held
        self.release = release

    def held(self) -> bool:
        """Whether it still is: a database that was away has forgotten it."""
        return self._held()


def take(database: Database, home: Path, work: str, *, wait: bool = False) -> Lock | None:
    """Claim some work; None if another process, or thread, is at it.

    Parameters
    ----------
    database
        The site's: its kind says where the lock is.
    home
        Its folder ``locks`` is where it is with SQLite.
    work
        What is done; letters, digits, ``-``, ``_`` and ``.``.
    wait
        Until nobody else is at it.

    Raises
    ------
    StorageError
        The database cannot be reached, or the folder not be written.
    """
    if database.engine.dialect.name == "postgresql":
        return _session(database, work, wait=wait)
    return _file(home / "locks", work, wait=wait)


@contextmanager
def alone(database: Database, home: Path, work: str, *, wait: bool = False) -> Iterator[None]:
    """Do some work while no other process does it; see `take`.

    Raises
    ------
    TryAgain
        Another process is at it.
    StorageError
        The database cannot be reached, or the folder not be written.
    """
    lock = take(database, home, work, wait=wait)
    if lock is None:
        raise TryAgain(
            f"another process is at work: {work}.",
            remedy="Let it finish, then repeat the command.",
        )
    try:
        yield
    finally:
        lock.release()


class Lead:
    """Which of many processes does what one must do, for as long as it lives.

    Parameters
    ----------
    database
        Gives the site's.
    home, work
        As of `take`.
    """

    def __init__(self, database: Callable[[], Database], home: Path, work: str) -> None:
        self._database = database
        self._home = home
        self._work = work
        self._lock: Lock | None = None

    def mine(self) -> bool:
        """Whether it is this process; it becomes the one if there is none.

        Raises
        ------
        StorageError
            It cannot be told now.
        """
        if self._lock is not None and not self._lock.held():
            self.close()
        if self._lock is None:
            self._lock = take(self._database(), self._home, self._work)
        return self._lock is not None

    def close(self) -> None:
        """Let another process be the one."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()


def _file(folder: Path, work: str, *, wait: bool) -> Lock | None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = (folder / f"{work}.lock").open("w")
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        handle.close()
        return None
    return Lock(lambda: True, handle.close)


def _session(database: Database, work: str, *, wait: bool) -> Lock | None:
    engine = create_engine(
        database.engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    connection: Connection | None = None
    try:
        connection = engine.connect()
        for name, value in _LOST.items():
            connection.execute(text(f"SET {name} = {value}"))
        function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
        taken = connection.execute(text(f"SELECT {function}(:key)"), {"key": _key(work)})
        found = wait or bool(taken.scalar())
    except DBAPIError as error:
        if connection is not None:
            connection.close()
        raise StorageError(
            f"the database cannot be used: {error.orig}.", remedy="Check that it runs."
        ) from error
    if not found:
        connection.close()
        return None
    return Lock(lambda: _answers(connection), lambda: _let_go(connection))


def _key(work: str) -> int:
    """Return a number of 64 bits for some work: two works do not meet in it by chance."""
    digest = hashlib.sha256(f"kizashi:{work}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _answers(connection: Connection) -> bool:
    try:
        connection.execute(text("SELECT 1"))
    except DBAPIError:
        return False
    return True


def _let_go(connection: Connection) -> None:
    """Close the session: its locks go with it, and with a server that is away too."""
    connection.invalidate()
    connection.close()
