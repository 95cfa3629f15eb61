"""The metadata database: SQLite in the home, PostgreSQL where several machines share it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, MetaData, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    DBAPIError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import QueuePool

from appliance.core.errors import InvalidRequest, StorageError, StorageFull, TryAgain
from appliance.core.migrations import bring_up_to_date, revision

_KEPT, _MOST = 10, 40
"""Connections of a process that stay open, and at most: one for each thread that answers."""
_FULL = ("database or disk is full", "No space left on device")
_NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table; each room's ``store`` declares its own on it."""

    metadata = MetaData(naming_convention=_NAMING)


def utc(moment: datetime) -> datetime:
    """Return a moment as it was written."""
    # SQLite keeps no zone: everything is written in UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def inserting(session: Session, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Return an insert into a table that can say what is to be done where a row is there."""
    name = session.get_bind().dialect.name
    return sqlite.insert(table) if name == "sqlite" else postgresql.insert(table)


def _pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # WAL lets readers go on while one process writes; FULL survives a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


class Database:
    """A connection pool and the sessions made from it."""

    def __init__(self, url: str) -> None:
        self.url = url
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            path = Path(parsed.database)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=True)  # its owner's alone, as are its logs then
        self.engine: Engine = create_engine(
            url, pool_pre_ping=True, pool_size=_KEPT, max_overflow=_MOST - _KEPT
        )
        if parsed.get_backend_name() == "sqlite":
            event.listen(self.engine, "connect", _pragmas)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._watch: sqlite3.Connection | None = None
        self._watching = threading.Lock()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a transaction: committed at the end, rolled back on any error.

        Raises
        ------
        StorageError
            The database cannot be reached or written.
        StorageFull
            There is no space left where it is.
        TryAgain
            All connections are busy.
        InvalidRequest
            A value is none that the database can keep, such as a text with NUL in it.
        """
        lost = (OperationalError, InterfaceError)
        with _storage_errors(*lost), self._sessions.begin() as session:
            try:
                yield session
            except (DataError, OverflowError) as error:
                raise InvalidRequest("a value is none that can be kept.") from error

    def ping(self) -> None:
        """Ask the database for nothing.

        Raises
        ------
        StorageError
            It cannot be reached.
        """
        with self.session() as session:
            session.execute(text("SELECT 1"))

    def held(self) -> dict[str, int]:
        """Return how many connections of this process are ``used`` and how many ``idle``."""
        pool = self.engine.pool
        if not isinstance(pool, QueuePool):
            return {}
        return {"used": pool.checkedout(), "idle": pool.checkedin()}

    def revision(self) -> str | None:
        """Return the revision that the tables are of; None where there are none of ours.

        Raises
        ------
        StorageError
            The database cannot be reached.
        """
        with _storage_errors(DatabaseError), self.engine.connect() as connection:
            return revision(connection)

    def stamp(self) -> int | None:
        """Return a number that changes with every commit, by whichever process.

        Returns
        -------
        int or None
            None where the database cannot tell.  It is asked in microseconds.
        """
        if self.engine.dialect.name != "sqlite" or self.engine.url.database is None:
            return None
        with self._watching:
            if self._watch is None:
                path = quote(str(Path(self.engine.url.database).resolve()))
                uri = f"file:{path}?mode=ro"
                self._watch = sqlite3.connect(uri, uri=True, check_same_thread=False)
            try:
                # Changes when another connection commits; this one never does.
                return int(self._watch.execute("PRAGMA data_version").fetchone()[0])
            except sqlite3.Error:
                return None

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        with self._watching:
            if self._watch is not None:
                self._watch.close()
                self._watch = None


def open_database(url: str) -> Database:
    """Open a database and bring its tables to this version.

    Raises
    ------
    StorageError
        It cannot be reached or written, or is of a newer version.
    """
    database = Database(url)
    with _storage_errors(DatabaseError):
        bring_up_to_date(database.engine)
    return database


@contextmanager
def _storage_errors(*kinds: type[DBAPIError]) -> Iterator[None]:
    try:
        yield
    except kinds as error:
        if any(words in str(error.orig) for words in _FULL):
            raise StorageFull(
                "there is no space left where the database is.", remedy="Make room there."
            ) from error
        raise StorageError(
            f"the database cannot be used: {error.orig}.",
            remedy="Check free disk space and that no other program locks it.",
        ) from error
    except PoolTimeout as error:
        raise TryAgain("all connections to the database are busy.") from error
