"""Data of every released schema is whole under this version's, on both databases.

Each revision has a seed, what a database of it held: see ``seeds/README.md``.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, create_engine, inspect, select, text

from appliance.access.store.audit import AuditLog
from appliance.core import migrations
from appliance.core.db import open_database
from appliance.registry.store import ModelStore
from tests.appliance.conftest import DATABASES

SEEDS = Path(__file__).parent / "seeds"
REVISIONS = sorted(
    path.name[1:5]
    for path in (Path(migrations.__file__).parent / "versions").glob("r[0-9]*.py")
)
CHANGED: dict[tuple[str, str], str] = {}
"""Columns, as (table, column), that a later revision takes away or means to change, and why."""

Rows = dict[str, list[dict[str, Any]]]


def seed(engine: Engine, revision: str) -> None:
    """Let a database of a revision hold what it would."""
    path = SEEDS / f"r{revision}.sql"
    assert path.is_file(), (
        f"revision {revision} needs a seed {path.name}: see {SEEDS}/README.md"
    )
    lines = path.read_text("utf-8").splitlines()
    statements = "\n".join(line for line in lines if not line.startswith("--")).split(";\n")
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET TIME ZONE 'UTC'")
        for statement in filter(str.strip, statements):
            said = statement.strip().removesuffix(";")
            if engine.dialect.name == "postgresql":
                said = re.sub(r"\bX'([0-9a-f]*)'", r"'\\x\1'", said)
            connection.exec_driver_sql(said)


def held(engine: Engine) -> Rows:
    """Return all rows of all tables."""
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        return {
            name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for name, table in tables.tables.items()
            if name != migrations.TABLE
        }


def kept(rows: list[dict[str, Any]], table: str, columns: set[str]) -> list[str]:
    """Return rows as sorted texts of the columns that must not change."""
    names = [name for name in sorted(columns) if (table, name) not in CHANGED]
    return sorted(json.dumps([row[name] for name in names], default=str) for row in rows)


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    engine = create_engine(empty_url)
    yield engine
    engine.dispose()


def brought_to(engine: Engine, last: str) -> Rows:
    """Make a database that grew up to a revision, with data at each, and return its rows."""
    for revision in (r for r in REVISIONS if r <= last):
        migrations.bring_to(engine, revision)
        seed(engine, revision)
    return held(engine)


@pytest.fixture(scope="module", params=DATABASES)
def grown(request, tmp_path_factory) -> dict[str, tuple[str, Rows]]:
    """Make a database of each revision, grown from that of the one before; tell its rows."""
    made: dict[str, tuple[str, Rows]] = {}
    folder, before = tmp_path_factory.mktemp("grown"), None
    for revision in REVISIONS:
        if request.param == "sqlite":
            path = folder / f"{revision}.db"
            if before:
                shutil.copy(folder / f"{before}.db", path)
            url = f"sqlite:///{path}"
        else:
            server = request.getfixturevalue("postgresql")
            url = server.make(f"grown{revision}", like=before and f"grown{before}")
        engine = create_engine(url)
        migrations.bring_to(engine, revision)
        seed(engine, revision)
        made[revision] = url, held(engine)
        engine.dispose()
        before = revision
    return made


@pytest.mark.slow
@pytest.mark.parametrize("released", REVISIONS)
def test_data_of_a_released_schema_is_whole_after_the_upgrade(grown, released):
    url, before = grown[released]
    open_database(url).close()
    engine = create_engine(url)
    after = held(engine)
    engine.dispose()
    for table, rows in before.items():
        if not rows or (table, "*") in CHANGED:
            continue
        columns = set(rows[0])
        assert kept(after[table], table, columns) == kept(rows, table, columns), table


def test_seeds_leave_no_table_empty_and_no_column_without_a_value(grown):
    _, rows = grown[REVISIONS[-1]]
    assert [table for table, found in rows.items() if not found] == []
    bare = {
        f"{table}.{name}"
        for table, found in rows.items()
        for name in found[0]
        if all(row[name] is None for row in found)
    }
    assert bare <= _ALWAYS_NULL, (
        "a seed must give a value to each column that its revision adds"
    )


_ALWAYS_NULL = {
    "events.merged_into",
    "tokens.last_used",
    "tokens.revoked",
    "windows.asset",
}
"""Columns that the seeds released so far leave without a value."""


def test_stores_read_what_an_old_version_wrote(engine, empty_url):
    brought_to(engine, "0003")
    database = open_database(empty_url)
    changes = [(one.version, one.kind) for one in ModelStore(database).promotions("pumps")]
    assert changes == [(1, "first"), (2, "promote")]
    check = AuditLog(database).verify()
    assert check.whole, check.reason
    assert check.entries == 2
    database.close()


def test_a_revision_is_brought_up_to_and_no_further(engine):
    migrations.bring_to(engine, REVISIONS[0])
    with engine.connect() as connection:
        assert migrations.revision(connection) == REVISIONS[0]
    assert "windows" not in inspect(engine).get_table_names()
    migrations.bring_up_to_date(engine)
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT version_num FROM {migrations.TABLE}")).scalar()
    assert found == migrations.HEAD
