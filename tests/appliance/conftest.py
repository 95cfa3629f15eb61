"""Fixtures for rooms that keep something in the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from appliance.core.db import open_database
from tests.appliance.databases import new_database
from tests.appliance.postgres import Server, binaries, serve
from tests.conftest import skip_or_fail


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """Return a running PostgreSQL."""
    programs = binaries()
    if programs is None:
        skip_or_fail("PostgreSQL is not installed (package postgresql)")
    with serve(programs) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_tables(postgresql: Server) -> str:
    """Make a database that has all tables; give its name, to be renewed for each test."""
    open_database(postgresql.make("tables")).close()
    postgresql.keep("tables")
    return "tables"


@pytest.fixture(scope="session")
def learned_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home whose fleet has a champion, and a fault on P-2 in its last day."""
    from appliance.pipelines.score import score
    from appliance.pipelines.train import TrainOptions, train
    from tests.appliance.pipelines import sites

    home = tmp_path_factory.mktemp("learned") / "home"
    made = sites.open_site(home)
    sites.bring(made, sites.plant(), "training")
    train(made, sites.FLEET, TrainOptions(recipe="mahalanobis"))
    sites.bring(made, sites.next_day(), "next")
    score(made, sites.FLEET)
    made.close()
    return home


DATABASES = [
    "sqlite",
    pytest.param("postgresql", marks=[pytest.mark.slow, pytest.mark.xdist_group("postgresql")]),
]


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a new database that has its tables, of each kind in turn."""
    if request.param == "sqlite":
        return new_database(tmp_path / "kizashi.db")
    server: Server = request.getfixturevalue("postgresql")
    return server.renew(request.getfixturevalue("postgresql_tables"))


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a database without tables, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'kizashi.db'}"
    server: Server = request.getfixturevalue("postgresql")
    return server.make(f"t{uuid4().hex}")
