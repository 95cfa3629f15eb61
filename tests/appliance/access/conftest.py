"""A site's access on both databases, with a clock that is set by hand and cheap hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from appliance.access import Access, shell
from appliance.access.passwords import Passwords
from appliance.core.db import Database, open_database
from appliance.schemas.access import Role
from tests.appliance.databases import new_database
from tests.appliance.postgres import Server

KEY = bytes(range(32))
SHELL = shell("root")
WORDS = "correct horse battery"


@cache
def cheap() -> Passwords:
    """Hashes that take no time: for tests only."""
    return Passwords(time_cost=1, memory_kib=8, lanes=1)


@dataclass
class Clock:
    """Shows what it is set to."""

    at: datetime = datetime(2026, 3, 1, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> datetime:
        self.at += timedelta(**span)
        return self.at


@pytest.fixture(scope="session")
def postgresql_master(postgresql: Server) -> str:
    """Make a database that has all tables, to be emptied: copies take the disk's time."""
    url = postgresql.make(f"access{uuid4().hex}")
    open_database(url).close()
    return url


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param(
            "postgresql", marks=[pytest.mark.slow, pytest.mark.xdist_group("postgresql")]
        ),
    ]
)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a database as a new installation has it."""
    if request.param == "sqlite":
        return new_database(tmp_path / "kizashi.db")
    address: str = request.getfixturevalue("postgresql_master")
    engine = create_engine(address)
    with engine.begin() as connection:
        for command in _EMPTY:
            connection.execute(text(command))
    engine.dispose()
    return address


_EMPTY = (
    "ALTER TABLE audit DISABLE TRIGGER audit_keeps",
    "TRUNCATE audit, audit_head, login_sessions, login_tries, tokens, grants",
    "TRUNCATE project_fleets, users CASCADE",
    "DELETE FROM projects WHERE name <> 'default'",
    "INSERT INTO audit_head VALUES (1, 0, repeat('0', 64))",
    "ALTER TABLE audit ENABLE TRIGGER audit_keeps",
)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(database: Database, clock: Clock) -> Access:
    """Return a site with nobody in it."""
    return Access(database, KEY, passwords=cheap(), clock=clock)


@pytest.fixture
def plant(access: Access) -> Access:
    """Return a site with an admin, an engineer and a viewer, and two projects."""
    access.users.add(SHELL, "chief", WORDS, admin=True)
    access.projects.add(SHELL, "line2")
    access.projects.assign(SHELL, "presses", "line2")
    for name, role in (("erika", Role.ENGINEER), ("victor", Role.VIEWER)):
        access.users.add(SHELL, name, WORDS)
        access.users.grant(SHELL, name, "default", role)
    return access
