"""PostgreSQL: rows of all tables in one transaction, and back under tables that the code makes.

Rows are kept as ``COPY`` writes them.  No program of PostgreSQL's own is needed, whose version
would have to fit the server's, and a restored backup runs no statement that it brought.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from appliance.backup.store import durable
from appliance.backup.store.rows import OWN, SUFFIX, head
from appliance.backup.store.sqlite import standing
from appliance.core import migrations
from appliance.core.errors import Conflict, StorageError
from appliance.schemas.backup import DATABASE

_PIECE = 1 << 20
_LONGEST_HEAD = 1 << 16


@dataclass(frozen=True)
class Dump:
    """Rows of a database at one moment; see `Snapshot`."""

    revision: str
    jobs: int
    files: dict[str, Path]
    models: tuple[tuple[str, str], ...]


# ---------------------------------------------------------------- out
def dump(url: str, folder: Path) -> Dump:
    """Write the rows of all tables, each to a file.

    Raises
    ------
    StorageError
        The database cannot be read.
    """
    engine = create_engine(
        url,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )
    with _errors(engine), engine.connect() as connection:
        connection.execute(text("SET TIME ZONE 'UTC'"))
        revision = migrations.revision(connection) or ""
        own = inspect(connection).default_schema_name or "public"
        tables = [(OWN, own, name) for name in own_tables(revision, folder)]
        jobs = durable.version(connection)
        if jobs:
            names = sorted(inspect(connection).get_table_names(durable.SCHEMA))
            tables += [
                (durable.SCHEMA, durable.SCHEMA, n) for n in names if n != durable.VERSIONS
            ]
        files = {}
        for label, schema, name in tables:
            path = folder / label / f"{name}{SUFFIX}"
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(connection, schema, name, path)
            files[f"{label}/{name}{SUFFIX}"] = path
        query = text("SELECT * FROM model_versions ORDER BY fleet, version")
        models = tuple(standing(dict(row) for row in connection.execute(query).mappings()))
    return Dump(revision, jobs, files, models)


def own_tables(revision: str, folder: Path) -> list[str]:
    """Return the tables that a revision has, those that others refer to first.

    The same database may hold tables of others, such as MLflow's.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = folder / "tables.db"
    engine = create_engine(f"sqlite:///{scratch}")
    try:
        migrations.bring_to(engine, revision)
        found = MetaData()
        found.reflect(engine)
        return [t.name for t in found.sorted_tables if t.name != migrations.TABLE]
    finally:
        engine.dispose()
        scratch.unlink(missing_ok=True)


def _write(connection: Connection, schema: str, name: str, path: Path) -> None:
    inspected = inspect(connection)
    columns = [c["name"] for c in inspected.get_columns(name, schema) if "computed" not in c]
    keys = inspected.get_pk_constraint(name, schema)["constrained_columns"]
    order = f" ORDER BY {_listed(connection, keys)}" if keys else ""
    query = f"SELECT {_listed(connection, columns)} FROM {_named(connection, schema, name)}"  # noqa: S608
    with path.open("wb") as writer:
        path.chmod(0o600)
        writer.write(head(columns))
        with _cursor(connection).copy(f"COPY ({query}{order}) TO STDOUT") as rows:
            for piece in rows:
                writer.write(piece)


# ---------------------------------------------------------------- in
def load(url: str, files: Mapping[str, Path], revision: str, jobs: int) -> None:
    """Make the tables of a revision and fill them, all or none; then bring them up to date.

    Parameters
    ----------
    files
        Where the file of each table is, by its path in the backup.
    revision, jobs
        Versions of the tables that the rows come from.

    Raises
    ------
    Conflict
        The database holds something.
    StorageError
        It cannot be written, or a file is none that `dump` wrote.
    """
    engine = create_engine(url)
    with _errors(engine):
        require_empty(engine, revision)
        migrations.bring_to(engine, revision)
        if jobs:
            durable.make(engine, jobs)
        with engine.begin() as connection:
            connection.execute(text("SET TIME ZONE 'UTC'"))
            own = inspect(connection).default_schema_name or "public"
            _fill(connection, own, _under(files, OWN))
            if jobs:
                _fill(connection, durable.SCHEMA, _under(files, durable.SCHEMA))
        migrations.bring_up_to_date(engine)


def require_empty(engine: Engine, revision: str | None = None) -> None:
    """Refuse a database in which there is something, or that is of another revision.

    Raises
    ------
    Conflict
        With what to do instead.
    """
    with engine.connect() as connection:
        found = migrations.revision(connection)
        if found is None:
            return
        used = "SELECT EXISTS (SELECT 1 FROM audit) OR EXISTS (SELECT 1 FROM batches)"
        if found == revision and not connection.execute(text(used)).scalar():
            return
    raise Conflict(
        f"the database {engine.url.database} is in use, or of another version.",
        remedy="Make an empty one and name it by KIZASHI_DATABASE_URL: the old one stays.",
    )


def _under(files: Mapping[str, Path], label: str) -> dict[str, Path]:
    """Return files of tables by the tables' names."""
    start = f"{DATABASE}/{label}/"
    return {
        path.removeprefix(start).removesuffix(SUFFIX): place
        for path, place in files.items()
        if path.startswith(start)
    }


def _fill(connection: Connection, schema: str, files: Mapping[str, Path]) -> None:
    found = MetaData()
    found.reflect(connection, schema=schema, only=lambda name, _: name in files)
    tables = [table.name for table in found.sorted_tables]
    unknown = sorted(set(files) - set(tables))
    if unknown:
        raise StorageError(f"the backup holds a table {unknown[0]} that its version has not.")
    for name in reversed(tables):  # some are made with rows of their own
        place = _named(connection, schema, name)
        if connection.execute(text(f"SELECT EXISTS (SELECT 1 FROM {place})")).scalar():  # noqa: S608
            connection.execute(text(f"DELETE FROM {place}"))  # noqa: S608
    for name in tables:
        columns = {column.name for column in found.tables[f"{schema}.{name}"].columns}
        _read(connection, schema, name, files[name], columns)
        _count_on(connection, schema, name)


def _read(connection: Connection, schema: str, name: str, path: Path, known: set[str]) -> None:
    with path.open("rb") as reader:
        try:
            columns = json.loads(reader.readline(_LONGEST_HEAD))["columns"]
            fits = bool(columns) and set(columns) <= known
        except (ValueError, KeyError, TypeError):
            columns, fits = [], False
        if not fits:
            raise StorageError(f"the rows of {name} in the backup do not fit its table.")
        where = f"{_named(connection, schema, name)} ({_listed(connection, columns)})"
        with _cursor(connection).copy(f"COPY {where} FROM STDIN") as rows:
            while piece := reader.read(_PIECE):
                rows.write(piece)


def _count_on(connection: Connection, schema: str, name: str) -> None:
    """Let numbers that the database gives go on after those restored."""
    query = text(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = :schema "
        "AND table_name = :name AND (column_default LIKE 'nextval(%' OR is_identity = 'YES')"
    )
    told = {"schema": schema, "name": name}
    for column in connection.execute(query, told).scalars().all():
        place, quoted = _named(connection, schema, name), _listed(connection, [column])
        connection.execute(
            text(
                "SELECT setval(pg_get_serial_sequence(:place, :column), "  # noqa: S608
                f"COALESCE(MAX({quoted}), 1), MAX({quoted}) IS NOT NULL) FROM {place}"
            ),
            {"place": place, "column": column},
        )


# ---------------------------------------------------------------- words
def _listed(connection: Connection, columns: Sequence[str]) -> str:
    quote = connection.dialect.identifier_preparer.quote_identifier
    return ", ".join(quote(column) for column in columns)


def _named(connection: Connection, schema: str, name: str) -> str:
    quote = connection.dialect.identifier_preparer.quote_identifier
    return f"{quote(schema)}.{quote(name)}"


def _cursor(connection: Connection) -> Any:
    return connection.connection.cursor()


@contextmanager
def _errors(engine: Engine) -> Iterator[None]:
    kinds = (SQLAlchemyError, engine.dialect.loaded_dbapi.Error)
    try:
        yield
    except kinds as error:
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        raise StorageError(
            f"the database {engine.url.database} cannot be used: {reason}.",
            remedy="Check that it runs, and that its address and rights are as they should be.",
        ) from error
    finally:
        engine.dispose()
