"""A site's access on both databases, with a clock that is set by hand and cheap hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from appliance.access import Access, shell
from appliance.access.passwords import Passwords
from appliance.core.db import Database, open_database
from appliance.schemas.access import Role

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


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
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
