"""Readings that a connection answers itself: the same answers, and the same refusals."""

from __future__ import annotations

import json
import queue
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from appliance.api.app import create_app
from appliance.api.limits import Rate
from appliance.core import trail
from appliance.pipelines.adjust import adjust
from appliance.pipelines.online import OnlineFleets
from appliance.pipelines.site import Site
from appliance.schemas.access import Right
from appliance.schemas.online import OnlineAnswer, OnlineRequest
from appliance.web import wire
from tests.appliance.people import ME, PASSWORD, cheap_access
from tests.appliance.pipelines.sites import FLEET, next_day, open_site

AT = f"/api/v1/fleets/{FLEET}/online"
PATIENCE = 20


@dataclass
class Served:
    """A site that listens.

    Attributes
    ----------
    passed
        Paths of the requests that its application was asked for.
    """

    site: Site
    app: Any
    port: int
    secret: str
    token: str
    passed: list[str]

    def send(self, body: Any, **headers: str) -> tuple[int, dict[str, str], Any]:
        """Ask on a connection of its own."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as line:
            told = {
                "Authorization": f"Bearer {self.secret}",
                "Content-Type": "application/json",
                **headers,
            }
            line.request("POST", AT, json.dumps(body), told)
            answer = line.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, named, json.loads(answer.read())

    def raw(self, body: bytes) -> bytes:
        """Return a request as it goes over the wire."""
        head = (
            f"POST {AT} HTTP/1.1\r\nHost: plant\r\nAuthorization: Bearer {self.secret}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("ascii") + body


class Elsewhere:
    """Judges as others do: whoever asks awaits them."""

    is_here = False

    def __init__(self, site: Site) -> None:
        self._fleets = OnlineFleets(site)

    def answer_at_once(self, fleet: str, asked: OnlineRequest) -> None:
        """Nothing is known here."""

    async def awaited(self, fleet: str, asked: OnlineRequest) -> OnlineAnswer:
        """Judge."""
        return self._fleets.answer(fleet, asked)


@pytest.fixture
def served(learned_home: Path, tmp_path: Path) -> Iterator[Served]:
    shutil.copytree(learned_home, tmp_path / "home")
    site = open_site(tmp_path / "home")
    site.access = cheap_access(site)
    site.access.users.add(ME, "root", PASSWORD, admin=True)
    made = site.access.tokens.create(ME, "root", "line", [Right.SCORE])
    app, passed = create_app(site), []

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            passed.append(scope["path"])
        await app(scope, receive, send)

    with socket.create_server(("127.0.0.1", 0)) as held:
        options = wire.with_lane(app.state.lane)
        server = uvicorn.Server(uvicorn.Config(counted, log_level="error", **options))
        thread = threading.Thread(target=server.run, args=([held],))
        thread.start()
        port = held.getsockname()[1]
        yield Served(site, app, port, made.secret, made.token.id, passed)
        server.should_exit = True
        thread.join()


@cache
def rows_of(asset: str) -> list[dict[str, Any]]:
    frame = next_day()
    return frame.filter(frame["asset"] == asset).sort("time").to_dicts()


def readings(first: int, count: int = 1, asset: str = "P-1") -> dict[str, Any]:
    return {
        "readings": [
            {
                "asset": asset,
                "time": row["time"].isoformat(),
                "values": {n: v for n, v in row.items() if n not in ("asset", "time")},
            }
            for row in rows_of(asset)[first : first + count]
        ]
    }


@pytest.mark.slow
def test_once_token_and_asset_are_known_the_application_is_not_asked(served: Served) -> None:
    sent = [readings(n) for n in range(30, 50)]
    quick = [served.send(one) for one in sent]
    # The first had the lake and the token looked up, and it was written that it was used.
    assert served.passed == [AT] * 2
    served.app.state.online = OnlineFleets(served.site)
    served.app.state.lane._known.clear()
    usual = [served.send(one, Cookie="none=1") for one in sent]
    assert len(served.passed) == 2 + len(sent)
    assert [one[2] for one in quick] == [one[2] for one in usual]
    assert {one[0] for one in (*quick, *usual)} == {200}
    shown, expected = (
        {k: v for k, v in one[1].items() if k not in ("x-request-id", "date")}
        for one in (quick[-1], usual[-1])
    )
    assert shown == expected
    assert quick[-1][1]["x-request-id"] != quick[-2][1]["x-request-id"]
    named = served.send(readings(50), **{"X-Request-ID": "line-7-reading-50"})
    assert named[1]["x-request-id"] == "line-7-reading-50"


def test_what_is_refused_is_refused_by_the_application(served: Served) -> None:
    assert served.send(readings(30))[0] == 200
    assert served.send(readings(31))[0] == 200
    before = len(served.passed)
    for body, status in (
        (readings(30), 409),
        ({"readings": []}, 422),
        ({"readings": [{**readings(32)["readings"][0], "values": {"s0": "much"}}]}, 422),
    ):
        told = served.send(body)
        assert (told[0], told[1]["content-type"]) == (status, "application/problem+json")
    assert len(served.passed) == before + 3
    assert served.send(readings(32), Authorization="Bearer kz_0_none")[0] == 401
    assert served.send(readings(32))[0] == 200


@pytest.mark.slow
def test_a_token_that_is_revoked_opens_nothing_from_then_on(served: Served) -> None:
    assert [served.send(readings(n))[0] for n in (30, 31, 32)] == [200] * 3
    served.site.access.tokens.revoke(ME, served.token)
    assert served.send(readings(33))[0] == 401


@pytest.mark.slow
def test_what_others_judge_counts_once_and_is_refused_as_here(served: Served) -> None:
    served.app.state.online = Elsewhere(served.site)
    assert [served.send(readings(n))[0] for n in (30, 31, 31)] == [200, 200, 409]
    served.app.state.rate = Rate(per_second=1e-3, burst=3)
    found = [served.send(readings(n)) for n in range(32, 37)]
    assert [one[0] for one in found] == [200] * 3 + [429] * 2
    assert [one[2]["scores"][0]["state"] for one in found[:3]] == ["final"] * 3


@pytest.mark.slow
def test_who_asks_too_often_waits_here_too(served: Served) -> None:
    assert [served.send(readings(n))[0] for n in (30, 31)] == [200] * 2
    served.app.state.rate = Rate(per_second=1e-3, burst=3)
    found = [served.send(readings(n)) for n in range(32, 38)]
    assert [one[0] for one in found] == [200] * 3 + [429] * 3
    assert "retry-after" in found[-1][1]


@pytest.mark.slow
def test_a_body_in_pieces_and_requests_in_a_row_are_answered_in_order(served: Served) -> None:
    assert served.send(readings(30))[0] == 200
    bodies = [json.dumps(readings(n)).encode() for n in range(31, 37)]
    before = len(served.passed)
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as line:
        whole = served.raw(bodies[0])
        line.sendall(whole[:-20])
        time.sleep(0.01)
        line.sendall(whole[-20:])
        assert answers(line, 1) == [200]
        late = served.raw(bodies[1])
        line.sendall(late[:-20])
        time.sleep(5 * wire._WHOLE_WITHIN)  # longer than it is kept for the rest
        line.sendall(late[-20:])
        assert answers(line, 1) == [200]
        line.sendall(b"".join(served.raw(body) for body in bodies[2:]))
        assert answers(line, 4) == [200] * 4
        # One that has to wait lets those behind it wait, too.
        stranger = json.dumps(readings(30, asset="P-2")).encode()
        again = json.dumps(readings(37)).encode()
        line.sendall(served.raw(stranger) + served.raw(again))
        assert answers(line, 2) == [200] * 2
    assert len(served.passed) - before <= 4


def test_who_leaves_in_the_middle_harms_nobody(served: Served) -> None:
    assert served.send(readings(30))[0] == 200
    with socket.create_connection(("127.0.0.1", served.port)) as line:
        line.sendall(served.raw(json.dumps(readings(31)).encode())[:-20])
    time.sleep(2 * wire._WHOLE_WITHIN)
    assert served.send(readings(31))[0] == 200


@pytest.mark.slow
def test_champions_change_under_load_and_no_request_is_dropped(served: Served) -> None:
    adjust(served.site, FLEET, budget=2.0)
    over = threading.Event()

    def swap() -> int:
        swaps = 0
        while not over.wait(0.3):
            swaps += 1
            served.site.registry.promote(FLEET, 1 + swaps % 2, ME, show=False)
        return swaps

    def line(asset: str) -> list[tuple[int, int, str]]:
        found = []
        for number in range(144):
            status, _, told = served.send(readings(number, asset=asset))
            found.append((status, told.get("version"), told["scores"][0]["state"]))
            time.sleep(0.02)
        return found

    with ThreadPoolExecutor(5) as pool:
        swaps = pool.submit(swap)
        answered = [*pool.map(line, ("P-1", "P-2", "P-3", "P-4"))]
        over.set()
    assert {(status, state) for told in answered for status, _, state in told} == {
        (200, "final")
    }
    assert [len(told) for told in answered] == [144] * 4
    assert {version for told in answered for _, version, _ in told} == {1, 2}
    assert swaps.result() > 1


def test_where_spans_are_listened_to_each_request_is_told_of(served: Served) -> None:
    heard: queue.Queue[trail.Span] = queue.Queue()
    assert [served.send(readings(n))[0] for n in (30, 31)] == [200] * 2
    before = trail.listen(heard.put)
    try:
        assert served.send(readings(32))[0] == 200
        assert heard.get(timeout=PATIENCE).name == "POST /fleets/{fleet}/online"
    finally:
        trail.listen(before)


def answers(line: socket.socket, count: int) -> list[int]:
    """Return the statuses of so many answers that come one after the other."""
    found, told = [], b""
    while len(found) < count:
        part = line.recv(65536)
        assert part, f"the connection ended after {found}"
        told += part
        while b"\r\n\r\n" in told:
            head, _, rest = told.partition(b"\r\n\r\n")
            lines = head.lower().split(b"\r\n")
            length = next(int(one[15:]) for one in lines if one.startswith(b"content-length"))
            if len(rest) < length:
                break
            found.append(int(head[9:12]))
            told = rest[length:]
    return found
