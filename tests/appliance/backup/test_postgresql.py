"""Metadata in a PostgreSQL: dumped in one transaction, restored whole, also from SQLite."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from appliance.backup import back_up, backups, restore
from appliance.backup.store import beside, durable, postgres
from appliance.cli.main import main
from appliance.core import migrations
from appliance.core.errors import Conflict, InvalidRequest, StorageError
from appliance.pipelines.score import score
from appliance.schemas.access import Role
from tests.appliance.backup.conftest import CHIEF, WORDS, cheap_access, told, who
from tests.appliance.core.test_migrations_data import REVISIONS, brought_to, held
from tests.appliance.pipelines.sites import FLEET

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgresql")]


@pytest.fixture
def new_database(postgresql):
    return lambda: postgresql.make(f"t{uuid4().hex}")


@pytest.fixture
def on_postgresql(source, opened, new_database, tmp_path):
    """Open the plant with its metadata in a PostgreSQL, as it comes to be there."""
    back_up(opened(source.home), tmp_path / "first", by=CHIEF, passphrase=WORDS)
    url = new_database()
    restore(tmp_path / "first", tmp_path / "pg", by=CHIEF, passphrase=WORDS, database_url=url)
    return opened(tmp_path / "pg", database_url=url)


def test_an_embedded_site_moves_to_postgresql_whole(site, source, on_postgresql):
    assert on_postgresql.database.engine.dialect.name == "postgresql"
    assert not (on_postgresql.settings.home / "kizashi.db").exists()
    before, after = told(site), told(on_postgresql)
    assert before == after
    assert on_postgresql.access.audit.verify().whole
    assert who(source.token, on_postgresql).name == "erika"
    assert score(on_postgresql, FLEET).rows == 0


def test_it_is_restored_with_its_durable_jobs_and_goes_on_counting(
    on_postgresql, source, opened, new_database, tmp_path
):
    engine = on_postgresql.database.engine
    durable.make(engine, 0)
    with engine.begin() as connection:
        query = "INSERT INTO dbos.workflow_status (workflow_uuid, status, name) VALUES "
        connection.execute(text(f"{query} ('job_1', 'PENDING', 'a\tb\n\\ 軸受')"))
        connection.execute(text(f"{query} ('job_2', 'SUCCESS', NULL)"))
        jobs = connection.execute(_JOBS).all()
    before = told(on_postgresql)
    made = back_up(on_postgresql, tmp_path / "backups", by=CHIEF)
    assert made.backup.whole
    url = new_database()
    restore(tmp_path / "backups", tmp_path / "new", by=CHIEF, database_url=url)
    again = opened(tmp_path / "new", database_url=url)
    assert told(again) == before
    with again.database.engine.begin() as connection:
        assert connection.execute(_JOBS).all() == jobs
    assert again.access.audit.verify().whole
    # Numbers that the database gives go on after those that were restored.
    again.registry.promote(FLEET, 1, "x")
    with again.database.session() as session:
        query = "INSERT INTO promotions (fleet, version, by, at, kind) VALUES "
        session.execute(text(f"{query} ('pumps', 1, 'x', now(), 'promote')"))
    assert (
        len(again.registry.promotions(FLEET))
        == len(on_postgresql.registry.promotions(FLEET)) + 1
    )
    durable.make(again.database.engine, 0)  # DBOS finds its tables up to date


_JOBS = text("SELECT workflow_uuid, status, name FROM dbos.workflow_status ORDER BY 1")


def test_a_backup_is_restored_beside_the_database_in_use(
    site, on_postgresql, opened, tmp_path, monkeypatch
):
    used, name = on_postgresql.settings.database, f"t{uuid4().hex}"
    monkeypatch.setenv("KIZASHI_DATABASE_URL", used)
    where = [str(tmp_path / "first"), "--home", str(tmp_path / "moved")]
    with pytest.raises(SystemExit) as ended:
        main(["restore", *where, "--database", name])
    assert not ended.value.code
    url = make_url(used).set(database=name)
    moved = opened(tmp_path / "moved", database_url=url.render_as_string(hide_password=False))
    assert told(moved) == told(site)
    with pytest.raises(StorageError, match="already exists"):
        beside(used, name)
    with pytest.raises(InvalidRequest, match="no name of a database"):
        beside(used, 'x"; DROP')
    with pytest.raises(InvalidRequest, match="PostgreSQL only"):
        beside("sqlite:///x.db", "new")


def test_rows_written_meanwhile_are_all_in_it_or_none(on_postgresql, new_database, tmp_path):
    access = cheap_access(on_postgresql)
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            access.users.add(CHIEF, f"user{number}", None)
            access.users.grant(CHIEF, f"user{number}", "default", Role.VIEWER)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            back_up(on_postgresql, tmp_path / "backups", by=CHIEF)
    finally:
        stop.set()
        writer.join()
    counts = set()
    for number, one in enumerate(backups(tmp_path / "backups")):
        url = new_database()
        home = tmp_path / f"new{number}"
        restore(tmp_path / "backups" / one.id, home, by=CHIEF, database_url=url)
        engine = create_engine(url)
        with engine.connect() as connection:
            query = (
                "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM grants), (SELECT "
                "count(*) FROM audit WHERE action IN ('user.added', 'role.granted'))"
            )
            users, grants, entries = connection.execute(text(query)).one()
        engine.dispose()
        assert users + grants == entries
        assert users - grants in (0, 1)
        counts.add(users)
    assert len(counts) > 1


def test_a_database_in_use_is_never_written_over(on_postgresql, opened, tmp_path):
    url = str(on_postgresql.settings.database_url)
    before = told(on_postgresql)
    back_up(on_postgresql, tmp_path / "backups", by=CHIEF)
    for replace in (False, True):
        with pytest.raises(Conflict, match="empty"):
            restore(
                tmp_path / "backups",
                tmp_path / "new",
                by=CHIEF,
                replace=replace,
                database_url=url,
            )
    with pytest.raises(InvalidRequest, match="KIZASHI_DATABASE_URL"):
        restore(tmp_path / "backups", tmp_path / "new", by=CHIEF)
    assert list((tmp_path / "new").iterdir()) == []
    assert told(on_postgresql) == before


def test_rows_that_do_not_fit_leave_the_database_empty(on_postgresql, new_database, tmp_path):
    dump = postgres.dump(str(on_postgresql.settings.database_url), tmp_path / "database")
    files = {f"database/{name}": path for name, path in dump.files.items()}
    url = new_database()
    engine = create_engine(url)
    bad = {
        "unknown table": ("database/kizashi/pg_shadow.copy", b'{"columns": ["a"]}\n'),
        "unknown column": ("database/kizashi/users.copy", b'{"columns": ["x; --"]}\n'),
        "no columns": ("database/kizashi/users.copy", b"[]\n"),
        "bad row": ("database/kizashi/users.copy", b'{"columns": ["name"]}\na\tb\n'),
    }
    for path, content in bad.values():
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(StorageError):
            postgres.load(url, {**files, path: tmp_path / "bad"}, dump.revision, 0)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM users")).scalar() == 0
    postgres.load(url, files, dump.revision, dump.jobs)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM users")).scalar() == 1
    engine.dispose()


@pytest.mark.parametrize("released", [REVISIONS[0], "0003"])
def test_a_dump_of_any_revision_is_restored_and_brought_up(new_database, tmp_path, released):
    old, new = new_database(), new_database()
    engine = create_engine(old)
    rows = brought_to(engine, released)
    dump = postgres.dump(old, tmp_path / "database")
    assert dump.revision == released
    files = {f"database/{name}": path for name, path in dump.files.items()}
    postgres.load(new, files, dump.revision, dump.jobs)
    migrations.bring_up_to_date(engine)
    other = create_engine(new)
    before, after = held(engine), held(other)
    for table in rows:  # those made later are made at another moment
        assert after[table] == before[table], table
    for one in (engine, other):
        one.dispose()
