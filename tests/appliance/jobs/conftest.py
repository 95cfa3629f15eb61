"""Jobs and schedules on both databases, with a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from appliance.access import Access, Person, shell
from appliance.access.person import Via
from appliance.core.db import Database, open_database
from appliance.jobs import Jobs, Schedules
from appliance.schemas.access import Role
from appliance.schemas.job import JobRequest

KEY = bytes(range(32))
SHELL = shell("root")
ERIKA = Person("erika", Via.SESSION, roles={"default": Role.ENGINEER})
VICTOR = Person("victor", Via.SESSION, roles={"default": Role.VIEWER})


@dataclass
class Clock:
    """Shows what it is set to."""

    at: datetime = datetime(2026, 3, 2, 8, tzinfo=UTC)

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
    return Access(database, KEY, clock=clock)


@pytest.fixture
def jobs(database: Database, access: Access) -> Jobs:
    return Jobs(database, access)


@pytest.fixture
def schedules(database: Database, access: Access, jobs: Jobs) -> Schedules:
    return Schedules(database, access, jobs, "Europe/Berlin")


def score(fleet: str = "pumps", **arguments: object) -> JobRequest:
    return JobRequest(pipeline="score", fleet=fleet, arguments=arguments)
