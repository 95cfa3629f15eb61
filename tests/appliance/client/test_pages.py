"""Lists come page by page, when they are needed."""

from __future__ import annotations

import json

import pytest
from fastapi import Request, Response

from appliance.client import connect
from tests.appliance.client.conftest import TOKEN, Ask
from tests.appliance.client.servers import Script

USERS = [
    {
        "name": f"u{number:03d}",
        "admin": False,
        "disabled": False,
        "password": True,
        "created": "2026-10-01T00:00:00Z",
        "roles": {},
    }
    for number in range(450)
]


@pytest.fixture
def users(script: Script) -> Script:
    @script.on("GET", "/users")
    def page(request: Request, body: bytes) -> Response:
        start = int(request.query_params.get("cursor", "0"))
        end = start + int(request.query_params["limit"])
        following = str(end) if end < len(USERS) else None
        found = {"items": USERS[start:end], "next": following}
        return Response(json.dumps(found), media_type="application/json")

    return script


def test_every_item_once_in_order(ask: Ask, url: str, users: Script) -> None:
    found = ask(url, lambda plant: plant.users.list())
    assert [user.name for user in found] == [user["name"] for user in USERS]
    assert [seen.query.get("cursor") for seen in users.seen] == [None, ["200"], ["400"]]


def test_a_page_is_asked_for_when_it_is_needed(url: str, users: Script) -> None:
    with connect(url, TOKEN) as plant:
        pages = plant.users.list()
        assert users.seen == []
        walk = iter(pages)
        assert [next(walk).name for _ in range(200)][-1] == "u199"
        assert len(users.seen) == 1
        assert next(walk).name == "u200"
        assert len(users.seen) == 2
        assert next(iter(pages)).name == "u000", "each loop begins anew"


def test_an_empty_list(ask: Ask, url: str, script: Script) -> None:
    script.json("GET", "/users", {"items": [], "next": None})
    assert ask(url, lambda plant: plant.users.list()) == []


@pytest.mark.parametrize("limit", [0, 1, 200, 201, 999])
def test_no_more_than_wanted(limit: int, ask: Ask, url: str, script: Script) -> None:
    entry = {
        "at": "2026-10-01T00:00:00Z",
        "by": "yuki",
        "action": "user.added",
        "object": "user:x",
        "origin": "",
        "before": None,
        "after": None,
        "previous": "0",
        "digest": "1",
    }

    @script.on("GET", "/audit")
    def page(request: Request, body: bytes) -> Response:
        start = int(request.query_params.get("cursor", "0"))
        end = min(start + int(request.query_params["limit"]), 450)
        found = {
            "items": [{"number": number, **entry} for number in range(start, end)],
            "next": str(end) if end < 450 else None,
        }
        return Response(json.dumps(found), media_type="application/json")

    found = ask(url, lambda plant: plant.audit(by="yuki", limit=limit))
    assert [entry.number for entry in found] == list(range(min(limit, 450)))
    assert len(script.seen) == -(-min(limit, 450) // 200)
