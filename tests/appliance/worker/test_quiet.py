"""A look that found nothing is repeated when something was written, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from appliance.core.db import Database
from appliance.worker.quiet import Quiet


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'some.db'}")
    with made.session() as session:
        session.execute(text("CREATE TABLE things (name TEXT)"))
    return made


def _write(database: Database) -> None:
    with database.session() as session:
        session.execute(text("INSERT INTO things VALUES ('one')"))


def test_nothing_is_looked_for_again_until_something_is_written(database: Database) -> None:
    quiet, looks = Quiet(database), list[int]()
    for _ in range(3):
        assert quiet.look(lambda: looks.append(1)) is None
    assert len(looks) == 1
    _write(database)
    assert quiet.look(lambda: looks.append(1)) is None
    assert len(looks) == 2


def test_after_something_was_found_there_may_be_more(database: Database) -> None:
    quiet = Quiet(database)
    assert [quiet.look(lambda: "job") for _ in range(3)] == ["job"] * 3


def test_what_is_written_during_a_look_is_seen_by_the_next(database: Database) -> None:
    quiet = Quiet(database)
    assert quiet.look(lambda: _write(database)) is None
    assert quiet.look(lambda: "job") == "job"


def test_a_database_that_cannot_tell_is_looked_into_each_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "stamp", lambda _: None)
    quiet, looks = Quiet(database), list[int]()
    for _ in range(3):
        quiet.look(lambda: looks.append(1))
    assert len(looks) == 3
