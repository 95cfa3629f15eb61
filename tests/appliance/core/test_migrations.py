"""Tables are brought to this version: once, whole, by one of many, on both databases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

# Every table is declared in one of the stores.
from appliance.access.store import tables as _access  # noqa: F401
from appliance.alerts.store import tables as _alerts  # noqa: F401
from appliance.api.store import keys as _keys  # noqa: F401
from appliance.api.store import visits as _visits  # noqa: F401
from appliance.backtests import store as _backtests  # noqa: F401
from appliance.calendar.store import tables as _calendar  # noqa: F401
from appliance.core import migrations
from appliance.core.db import Base, open_database
from appliance.core.errors import StorageError
from appliance.events.store import tables as _events  # noqa: F401
from appliance.fleet.store import recipes as _recipes  # noqa: F401
from appliance.gateway.store import tables as _gateway  # noqa: F401
from appliance.heat import store as _heat  # noqa: F401
from appliance.intake import store as _intake  # noqa: F401
from appliance.jobs.store import tables as _jobs  # noqa: F401
from appliance.registry import store as _registry  # noqa: F401
from appliance.steps.store import tables as _steps  # noqa: F401
from appliance.telemetry.store import tables as _costs  # noqa: F401
from appliance.telemetry.store import troubles as _troubles  # noqa: F401

ROOT = Path(__file__).resolve().parents[3]


def test_the_revisions_give_the_tables_that_the_code_declares(empty_url):
    database = open_database(empty_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": migrations.TABLE, "compare_type": True}
        )
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_the_newest_revision_is_the_one_asked_for():
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.HEAD]


@pytest.mark.slow
def test_opening_again_changes_nothing(empty_url):
    open_database(empty_url).close()
    database = open_database(empty_url)
    with database.session() as session:
        found = session.execute(text(f"SELECT version_num FROM {migrations.TABLE}")).all()
    assert found == [(migrations.HEAD,)]
    database.close()


def test_a_database_of_a_newer_version_is_refused(empty_url):
    database = open_database(empty_url)
    with database.session() as session:
        session.execute(text(f"UPDATE {migrations.TABLE} SET version_num = '9999'"))
    database.close()
    with pytest.raises(StorageError, match="another version"):
        open_database(empty_url)


def test_a_failure_in_the_middle_leaves_nothing(empty_url):
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE promotions (id INTEGER)"))  # in the way
    with pytest.raises(StorageError, match="promotions"):
        open_database(empty_url)
    assert inspect(engine).get_table_names() == ["promotions"]
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE promotions"))
    engine.dispose()
    open_database(empty_url).close()


@pytest.mark.slow
def test_of_many_processes_one_makes_the_tables(empty_url):
    program = (
        "import sys; from appliance.core.db import open_database; sys.stdin.readline();"
        "open_database(sys.argv[1]).close()"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, empty_url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err


def test_a_file_that_is_no_database_is_said(tmp_path):
    (tmp_path / "kizashi.db").write_text(
        "not a database, but long enough to be read as one" * 40
    )
    with pytest.raises(StorageError, match="cannot be used"):
        open_database(f"sqlite:///{tmp_path / 'kizashi.db'}")
