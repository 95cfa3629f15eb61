"""A site with users of every role, and its API asked without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from appliance.api.app import create_app
from appliance.core.settings import Settings
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train
from tests.appliance.conftest import DATABASES
from tests.appliance.databases import new_database
from tests.appliance.people import PASSWORD, add_people, cheap_access
from tests.appliance.pipelines import sites
from tests.appliance.postgres import Server

PREFIX = "/api/v1"


class Caller:
    """Somebody who asks the API, by session or by token."""

    def __init__(self, client: TestClient, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers

    def ask(self, method: str, path: str, **options):
        headers = {**self.headers, **options.pop("headers", {})}
        self.client.cookies.clear()
        return self.client.request(method, PREFIX + path, headers=headers, **options)

    def get(self, path: str, **options):
        return self.ask("GET", path, **options)

    def post(self, path: str, **options):
        return self.ask("POST", path, **options)

    def put(self, path: str, **options):
        return self.ask("PUT", path, **options)

    def patch(self, path: str, **options):
        return self.ask("PATCH", path, **options)

    def delete(self, path: str, **options):
        return self.ask("DELETE", path, **options)


def open_site(home: Path, database_url: str) -> Site:
    """Open a site whose hashes cost next to nothing: what is tested is who may what."""
    site = Site(Settings(home=home, database_url=database_url, engine="local"))
    site.access = cheap_access(site)
    return site


@pytest.fixture(scope="session")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder of a home with users and of its database, to be copied."""
    folder = tmp_path_factory.mktemp("peopled")
    site = open_site(folder / "home", new_database(folder / "kizashi.db"))
    add_people(site.access)
    site.close()
    return folder


@pytest.fixture(scope="session")
def learned_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home whose fleet has a champion, and a fault on P-2 in its last day."""
    home = tmp_path_factory.mktemp("scored") / "home"
    made = sites.open_site(home)
    sites.bring(made, sites.plant(), "training")
    train(made, sites.FLEET, TrainOptions(recipe="mahalanobis"))
    sites.bring(made, sites.next_day(), "next")
    score(made, sites.FLEET)
    made.close()
    return home


@pytest.fixture(scope="session")
def peopled_postgresql(postgresql: Server, peopled: Path) -> str:
    """Make PostgreSQL's database of that home; give its name, to be renewed for each test."""
    site = open_site(peopled / "home", postgresql.make("peopled"))
    add_people(site.access)
    site.close()
    postgresql.keep("peopled")
    return "peopled"


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path, peopled: Path) -> str:
    """Put a home with users in the test's folder; give the address of its database."""
    shutil.copytree(peopled, tmp_path, dirs_exist_ok=True)
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'kizashi.db'}"
    server: Server = request.getfixturevalue("postgresql")
    return server.renew(request.getfixturevalue("peopled_postgresql"))


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    made = open_site(tmp_path / "home", database_url)
    yield made
    made.close()


@pytest.fixture
def client(site: Site) -> Iterator[TestClient]:
    with TestClient(create_app(site), raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def as_(client: TestClient, site: Site):
    """Return a function that logs a user in and gives them as a caller."""
    known: dict[str, Caller] = {}

    def caller(name: str) -> Caller:
        if name not in known:
            answer = client.post(f"{PREFIX}/session", json={"user": name, "password": PASSWORD})
            assert answer.status_code == 201, answer.text
            cookie = answer.cookies["kizashi_session"]
            known[name] = Caller(
                client,
                {
                    "Cookie": f"kizashi_session={cookie}",
                    "X-CSRF-Token": answer.json()["csrf"],
                },
            )
        return known[name]

    return caller


@pytest.fixture
def nobody(client: TestClient) -> Caller:
    return Caller(client, {})
