"""Jobs and schedules on both databases, with a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from appliance.access import Access, Person, shell
from appliance.access.person import Via
from appliance.core.db import Database, open_database
from appliance.jobs import Jobs, Schedules
from appliance.schemas.access import Role
from appliance.schemas.job import JobRequest
from tests.appliance.databases import new_database
from tests.appliance.postgres import Server

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


@pytest.fixture(scope="session")
def postgresql_master(postgresql: Server) -> str:
    """Make a database that has all tables, to be emptied."""
    url = postgresql.make(f"jobs{uuid4().hex}")
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
        connection.execute(text("TRUNCATE jobs, job_steps, job_lines, workers, schedules"))
        connection.execute(text("TRUNCATE project_fleets"))
        connection.execute(text("DELETE FROM projects WHERE name <> 'default'"))
    engine.dispose()
    return address


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
    return Access(database, KEY, clock=clock)


@pytest.fixture
def jobs(database: Database, access: Access) -> Jobs:
    return Jobs(database, access)


@pytest.fixture
def schedules(database: Database, access: Access, jobs: Jobs) -> Schedules:
    return Schedules(database, access, jobs, "Europe/Berlin")


def score(fleet: str = "pumps", **arguments: object) -> JobRequest:
    return JobRequest(pipeline="score", fleet=fleet, arguments=arguments)
