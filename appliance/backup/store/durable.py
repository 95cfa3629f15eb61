"""The tables in which DBOS keeps durable jobs, in a PostgreSQL."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect, text

from appliance.core.errors import StorageError

SCHEMA = "dbos"
VERSIONS = "dbos_migrations"
"""Table that holds the version of the others."""


def version(connection: Connection) -> int:
    """Return the version of the tables; 0 if there are none."""
    if not inspect(connection).has_table(VERSIONS, SCHEMA):
        return 0
    query = text(f"SELECT max(version) FROM {SCHEMA}.{VERSIONS}")  # noqa: S608 - no input
    return int(connection.execute(query).scalar() or 0)


def make(engine: Engine, wanted: int) -> None:
    """Make the tables, as the installed DBOS has them.

    Parameters
    ----------
    wanted
        Version of the tables that rows are to come from; the installed one's may be later, for
        it only adds.

    Raises
    ------
    StorageError
        The rows are of a later version than the installed one knows.
    """
    from dbos import _migration  # takes as long as a command: most restores need it not

    _, newest = _migration.get_migration_versions(engine, SCHEMA, use_listen_notify=False)
    if wanted > newest:
        raise StorageError(
            f"the backup's durable jobs are of version {wanted}, later than {newest} here.",
            remedy="Install the version of Kizashi that made the backup.",
        )
    _migration.ensure_dbos_schema(engine, SCHEMA)
    _migration.run_dbos_migrations(engine, SCHEMA, use_listen_notify=False)
