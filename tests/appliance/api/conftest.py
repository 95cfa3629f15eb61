"""A site with users of every role, and its API asked without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from appliance.access import Access
from appliance.access.passwords import Passwords
from appliance.access.person import shell
from appliance.api.app import create_app
from appliance.core.secrets import site_key
from appliance.core.settings import Settings
from appliance.pipelines.site import Site
from appliance.schemas.access import Role

PASSWORD = "a long enough passphrase 42"
PREFIX = "/api/v1"
ME = shell("test")


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


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    made = Site(Settings(home=tmp_path / "home", database_url=database_url, engine="local"))
    # Hashes that cost next to nothing: what is tested here is who may what.
    quick = Passwords(time_cost=1, memory_kib=8, lanes=1)
    made.access = Access(made.database, site_key(made.settings.home), passwords=quick)
    made.access.users.add(ME, "root", PASSWORD, admin=True)
    for role in Role:
        made.access.users.add(ME, role.value, PASSWORD)
        made.access.users.grant(ME, role.value, "default", role)
    made.access.users.add(ME, "stranger", PASSWORD)
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
