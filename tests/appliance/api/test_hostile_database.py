"""The database goes away, or has no room: the site says so, and goes on by itself after."""

from __future__ import annotations

import time

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, text

from appliance.api.app import PREFIX, create_app
from appliance.core.settings import Settings
from appliance.pipelines.site import Site
from appliance.schemas.access import Right
from tests.appliance.people import ME, PASSWORD, cheap_access
from tests.appliance.postgres import Server, binaries, serve
from tests.conftest import skip_or_fail

AWAY = 20
"""Seconds without a database."""


@pytest.fixture
def server():
    """Run a PostgreSQL that no other test uses."""
    programs = binaries()
    if programs is None:
        skip_or_fail("PostgreSQL is not installed (package postgresql)")
    with serve(programs) as made:
        yield made


def opened(folder, url=""):
    """Return a site with an admin, and what they show."""
    site = Site(Settings(home=folder / "home", database_url=url, engine="local"))
    site.access = cheap_access(site)
    site.access.users.add(ME, "root", PASSWORD, admin=True)
    token = site.access.tokens.create(ME, "root", "t", list(Right)).secret
    return site, {"Authorization": f"Bearer {token}"}


@pytest.mark.slow
@pytest.mark.xdist_group("postgresql")
def test_a_database_that_is_away_is_said_and_waited_for(server: Server, tmp_path):
    site, bearer = opened(tmp_path, server.make("away"))
    login = {"user": "root", "password": PASSWORD}
    with TestClient(create_app(site), raise_server_exceptions=False) as client:
        assert client.get(f"{PREFIX}/users", headers=bearer).status_code == 200
        server.stop()
        gone = time.monotonic()
        asked = 0
        while time.monotonic() - gone < AWAY:
            for answer in (
                client.get(f"{PREFIX}/users", headers=bearer),
                client.post(f"{PREFIX}/users", headers=bearer, json={"name": "erika"}),
                client.get(f"{PREFIX}/events", headers=bearer),
                client.post(f"{PREFIX}/session", json=login),
            ):
                if answer.status_code == 429:
                    continue  # logins that often are not answered anyway
                assert answer.status_code == 503, answer.text
                assert answer.headers["Content-Type"] == "application/problem+json"
                assert int(answer.headers["Retry-After"]) > 0
                assert server.folder.name not in answer.text
            assert client.get("/readyz").status_code == 503
            assert client.get("/healthz").status_code == 200
            asked += 1
            time.sleep(0.2)
        assert asked > 10
        server.start()
        answer = client.post(f"{PREFIX}/users", headers=bearer, json={"name": "erika"})
        assert answer.status_code == 201, answer.text
        assert client.post(f"{PREFIX}/session", json=login).status_code in (201, 429)
        assert client.get("/readyz").status_code == 200
    assert site.access.audit.verify().whole
    site.close()


def test_a_full_disk_is_said_and_passes_by_itself(tmp_path):
    site, bearer = opened(tmp_path)
    engine = site.database.engine
    with engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()

    def no_more(connection, _record):
        connection.execute(f"PRAGMA max_page_count={pages}")

    engine.dispose()
    event.listen(engine, "connect", no_more)
    with TestClient(create_app(site), raise_server_exceptions=False) as client:
        statuses = set()
        for number in range(500):
            told = {"name": f"user-{number:04}" + "x" * 80}
            answer = client.post(f"{PREFIX}/users", json=told, headers=bearer)
            statuses.add(answer.status_code)
            if answer.status_code != 201:
                break
        assert statuses == {201, 507}
        assert answer.json()["type"] == "urn:kizashi:problem:StorageFull"
        assert client.get(f"{PREFIX}/users", headers=bearer).status_code == 200
        event.remove(engine, "connect", no_more)
        engine.dispose()
        again = client.post(f"{PREFIX}/users", json=told, headers=bearer)
        assert again.status_code == 201
    assert site.access.audit.verify().whole
    site.close()
