"""Answers given again: never after anything was written, never to somebody else."""

from __future__ import annotations

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from appliance.api.app import create_app
from appliance.api.guard import Caller as Asking
from appliance.api.guard import GuardedRoute
from appliance.api.needs import Over, needs
from appliance.schemas.access import Right, Role
from tests.appliance.api.conftest import ME, PASSWORD, PREFIX


@pytest.fixture
def counted(site):
    """Return a client, and a list that a route adds to each time it really runs."""
    runs: list[str] = []
    router = APIRouter(route_class=GuardedRoute)

    @router.get("/counted", **needs(Right.READ, Over.VISIBLE, recent=True))
    def count(person: Asking) -> dict[str, str]:
        runs.append(person.name)
        return {"you": person.name}

    app = create_app(site)
    app.include_router(router, prefix=PREFIX)
    with TestClient(app) as client:
        yield client, runs


def _logged_in(client, name):
    answer = client.post(f"{PREFIX}/session", json={"user": name, "password": PASSWORD})
    cookie = answer.cookies["kizashi_session"]
    client.cookies.clear()
    return {"Cookie": f"kizashi_session={cookie}"}


def test_an_answer_is_given_again_until_something_is_written(counted, site):
    client, runs = counted
    viewer, analyst = _logged_in(client, "viewer"), _logged_in(client, "analyst")
    for _ in range(3):
        assert client.get(f"{PREFIX}/counted", headers=viewer).json() == {"you": "viewer"}
    again = len(runs)
    assert again == (1 if site.database.stamp() is not None else 3)
    assert client.get(f"{PREFIX}/counted", headers=analyst).json() == {"you": "analyst"}
    assert client.get(f"{PREFIX}/counted?x=1", headers=viewer).json() == {"you": "viewer"}
    assert len(runs) == again + 2
    site.access.users.grant(ME, "stranger", "default", Role.VIEWER)
    client.get(f"{PREFIX}/counted", headers=viewer)
    assert len(runs) == again + 3


def test_a_right_that_is_taken_away_is_gone_at_once(counted, site):
    client, _ = counted
    viewer = _logged_in(client, "viewer")
    assert client.get(f"{PREFIX}/counted", headers=viewer).status_code == 200
    site.access.users.disable(ME, "viewer")
    assert client.get(f"{PREFIX}/counted", headers=viewer).status_code == 401


def test_an_answer_has_its_own_identifier_each_time(counted):
    client, _ = counted
    viewer = _logged_in(client, "viewer")
    seen = {
        client.get(f"{PREFIX}/counted", headers=viewer).headers["x-request-id"]
        for _ in range(3)
    }
    assert len(seen) == 3
