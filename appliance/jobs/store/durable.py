"""The connections that DBOS is given, so that it outlives a database that is away."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

_CONNECTIONS = 10


def connections(url: str) -> Engine | None:
    """Return connections to a PostgreSQL; None for SQLite, whose file is made ready instead."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        _prepare(Path(parsed.database or ""))
        return None
    engine = create_engine(url, pool_pre_ping=True, pool_size=_CONNECTIONS)
    event.listen(engine, "handle_error", _lost)
    return engine


def _lost(context: ExceptionContext) -> None:
    # DBOS waits for a database that is away if the error says so; it knows by their words
    # some of the errors of connecting, but not all that psycopg has.
    if context.connection is None and isinstance(
        context.sqlalchemy_exception, OperationalError
    ):
        context.is_disconnect = True


def _prepare(path: Path) -> None:
    """Make the file as the others are: its owner's alone, with a WAL.

    One process at a time: of two that turn a new file into one with a WAL, SQLite refuses one
    at once, whatever it was told to wait.
    """
    path.touch(mode=0o600, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)  # of the file itself SQLite holds locks
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    finally:
        os.close(folder)
