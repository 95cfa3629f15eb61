"""A site with users of every role, and its API asked without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from appliance.api.app import create_app
from appliance.core.settings import Settings
from appliance.pipelines.site import Site
from appliance.schemas.access import Role
from tests.appliance.conftest import DATABASES
from tests.appliance.databases import new_database
from tests.appliance.people import ADMIN, PASSWORD, STRANGER, add_people, cheap_access
from tests.appliance.postgres import Server

PREFIX = "/api/v1"
Logins = dict[str, dict[str, str]]
"""What a browser sends with each request, by the name of who logged in."""


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


def logged_in(site: Site, name: str) -> dict[str, str]:
    """Open a session, as logging in does; return the headers of its requests."""
    secret = site.access.login(name, PASSWORD, "testclient").secret
    csrf = site.access.csrf_token(secret)
    return {"Cookie": f"kizashi_session={secret}", "X-CSRF-Token": csrf}


def with_people(site: Site) -> Logins:
    """Add people to a site that is then closed, and let each log in."""
    add_people(site.access)
    names = (ADMIN, *(role.value for role in Role), STRANGER)
    made = {name: logged_in(site, name) for name in names}
    site.close()
    return made


@pytest.fixture(scope="session")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Logins]:
    """Make the folder of a home with users and of its database, to be copied."""
    folder = tmp_path_factory.mktemp("peopled")
    site = open_site(folder / "home", new_database(folder / "kizashi.db"))
    return folder, with_people(site)


@pytest.fixture(scope="session")
def peopled_postgresql(postgresql: Server, peopled: tuple[Path, Logins]) -> tuple[str, Logins]:
    """Make PostgreSQL's database of that home; give its name, to be renewed for each test."""
    logins = with_people(open_site(peopled[0] / "home", postgresql.make("peopled")))
    postgresql.keep("peopled")
    return "peopled", logins


@pytest.fixture(params=DATABASES)
def made_database(
    request: pytest.FixtureRequest, tmp_path: Path, peopled: tuple[Path, Logins]
) -> tuple[str, Logins]:
    """Put a home with users in the test's folder; tell its database and who is logged in."""
    folder, logins = peopled
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'kizashi.db'}", logins
    server: Server = request.getfixturevalue("postgresql")
    name, logins = request.getfixturevalue("peopled_postgresql")
    return server.renew(name), logins


@pytest.fixture
def database_url(made_database: tuple[str, Logins]) -> str:
    """Return the address of the database of the home in the test's folder."""
    return made_database[0]


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
def as_(client: TestClient, site: Site, made_database: tuple[str, Logins]):
    """Return a function that gives a user, logged in, as a caller."""
    url, logins = made_database
    mine = logins if site.settings.database == url else {}  # a module may have another site
    known = {name: Caller(client, headers) for name, headers in mine.items()}

    def caller(name: str) -> Caller:
        if name not in known:
            known[name] = Caller(client, logged_in(site, name))
        return known[name]

    return caller


@pytest.fixture
def nobody(client: TestClient) -> Caller:
    return Caller(client, {})
