"""Brings the database's tables to this version, whatever version they are of.

Each change of a table is a revision, in a file ``versions/rNUMBER_what.py``.  All that are
missing run in one transaction: a database is of the old version or of the new one, whatever
happens in between.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text

from appliance.core.errors import StorageError

_FOLDER = Path(__file__).parent
HEAD = max(path.name[1:5] for path in (_FOLDER / "versions").glob("r[0-9]*.py"))
"""The newest revision; found without Alembic, which is asked only when one is missing."""
TABLE = "kizashi_version"
"""Holds the database's revision; MLflow may keep its own in the same database."""
_LOCK = 0x6B697A61


def bring_up_to_date(engine: Engine) -> None:
    """Run the revisions that a database lacks; of several processes one does it.

    Raises
    ------
    StorageError
        A newer version of Kizashi has been at this database.
    """
    bring_to(engine, HEAD)


def bring_to(engine: Engine, wanted: str) -> None:
    """Run the revisions that a database lacks up to one, never back.

    Raises
    ------
    StorageError
        There is no such revision, or the database is of one that is not known.
    """
    with engine.connect() as connection:
        if revision(connection) == wanted:
            return
    own = _exclusive(engine)
    try:
        with own.begin() as connection:
            if own.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            if revision(connection) != wanted:
                _upgrade(connection, wanted)
    finally:
        own.dispose()


def revision(connection: Connection) -> str | None:
    """Return the revision that a database is of; None for one without our tables."""
    if not inspect(connection).has_table(TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {TABLE}")).scalar()  # noqa: S608
    return None if found is None else str(found)


def _exclusive(engine: Engine) -> Engine:
    """Return an engine whose transactions hold table changes too, one process at a time."""
    if engine.dialect.name != "sqlite":
        return create_engine(engine.url)
    # The driver must not commit before changes of tables, as it does by itself.
    own = create_engine(engine.url, connect_args={"isolation_level": None, "timeout": 30})
    event.listen(own, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return own


def _upgrade(connection: Connection, wanted: str) -> None:
    # Alembic takes as long to import as a command takes to run.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, wanted)
    except CommandError as error:
        raise StorageError(
            f"the database is of another version of Kizashi ({error}).",
            remedy="Install the version that last used it, or restore a backup.",
        ) from error
