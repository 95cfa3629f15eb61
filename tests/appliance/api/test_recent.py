"""Answers given again: never after anything was written, never to somebody else."""

from __future__ import annotations

import anyio
import pytest
from fastapi import APIRouter, Request, Response
from fastapi.testclient import TestClient

from appliance.api.app import create_app
from appliance.api.guard import Caller as Asking
from appliance.api.guard import GuardedRoute
from appliance.api.limits import Rate
from appliance.api.needs import Over, needs
from appliance.api.recent import Recent
from appliance.core.errors import StorageError
from appliance.schemas.access import Right, Role
from tests.appliance.api.conftest import PREFIX
from tests.appliance.people import ME, PASSWORD

SCOPE = {"type": "http", "method": "GET", "path": "/x", "query_string": b""}


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


def test_many_who_ask_for_the_same_at_once_wait_for_one_answer(site):
    """After a write every screen asks again: the answer is made once."""
    made = []

    async def make():
        made.append(1)
        await anyio.sleep(0.05)
        return Response(b"{}", media_type="application/json"), "somebody"

    async def ask(recent, request, answers):
        answers.append(await recent.answer(request, make))

    async def all_at_once():
        recent, answers = Recent(site.database, Rate(1e6, 1e6)), []
        request = Request({**SCOPE, "headers": []})
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(ask, recent, request, answers)
        return answers

    answers = anyio.run(all_at_once)
    assert [answer.body for answer in answers] == [b"{}"] * 10
    assert len(made) == (10 if site.database.stamp() is None else 1)


def test_who_waited_for_an_answer_that_failed_makes_their_own(site):
    async def fail():
        await anyio.sleep(0.05)
        raise StorageError("away.")

    async def make():
        return Response(b"{}"), "somebody"

    async def first(recent, request):
        with pytest.raises(StorageError):
            await recent.answer(request, fail)

    async def second(recent, request, answers):
        answers.append(await recent.answer(request, make))

    async def both():
        recent, answers = Recent(site.database, Rate(1e6, 1e6)), []
        request = Request({**SCOPE, "headers": []})
        async with anyio.create_task_group() as group:
            group.start_soon(first, recent, request)
            group.start_soon(second, recent, request, answers)
        return answers

    (answer,) = anyio.run(both)
    assert answer.body == b"{}"


def test_what_is_given_again_counts_and_too_much_is_told(counted, site):
    client, _ = counted
    viewer = _logged_in(client, "viewer")
    client.app.state.recent._rate = client.app.state.rate = Rate(0.001, 3)
    told = [client.get(f"{PREFIX}/counted", headers=viewer) for _ in range(5)]
    assert [answer.status_code for answer in told] == [200, 200, 200, 429, 429]
    assert told[-1].headers["content-type"] == "application/problem+json"
    assert "retry-after" in told[-1].headers
    same = ("content-type", "cache-control", "x-content-type-options", "content-length")
    assert [told[1].headers[name] for name in same] == [told[0].headers[name] for name in same]
