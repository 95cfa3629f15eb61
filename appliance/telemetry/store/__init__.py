"""What databases tell of themselves."""

from __future__ import annotations

from sqlalchemy import text

from appliance.core.db import Database


def database_bytes(database: Database) -> int:
    """Return what a server keeps of a database; 0 for one that is a file of the home.

    Raises
    ------
    StorageError
        It cannot be reached.
    """
    if database.engine.dialect.name != "postgresql":
        return 0
    with database.session() as session:
        found = session.execute(text("SELECT pg_database_size(current_database())"))
        return int(found.scalar_one())
