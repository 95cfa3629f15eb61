"""Requests arrive: repeated where that does no harm, told in our words where they do not."""

from __future__ import annotations

import json
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from fastapi import Request, Response

from appliance.client import connect
from appliance.core import errors
from tests.appliance.client.conftest import TOKEN, Ask
from tests.appliance.client.servers import Cutter, Script, serve

EVENT = {
    "asset": "P-1",
    "start": "2026-10-01T00:00:00Z",
    "end": "2026-10-01T01:00:00Z",
    "peak": 9.0,
    "peak_time": "2026-10-01T00:30:00Z",
    "threshold": 5.0,
    "severity": "plan",
    "sensors": [{"name": "flow", "share": 1.0}],
    "id": "evt_1",
    "fleet": "pumps",
    "model_version": 1,
    "score_batch": "sco_1",
    "created": "2026-10-01T02:00:00Z",
    "updated": "2026-10-01T02:00:00Z",
}


def failing(times: int, answer: Response, good: object):
    """Return answers of which the first ones are another."""
    left = [times]

    def reply(request: Request, body: bytes) -> Response:
        left[0] -= 1
        if left[0] >= 0:
            return answer
        return Response(json.dumps(good), media_type="application/json")

    return reply


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_a_token_is_shown_to_the_site_and_to_nobody_else(
    ask: Ask, url: str, script: Script
) -> None:
    script.json("GET", "/session", {"name": "plant"})
    assert ask(url, lambda plant: plant.me()) == {"name": "plant"}
    (seen,) = script.seen
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["user-agent"] == "kizashi-client"
    plant = connect(url, TOKEN)
    for shown in (repr(plant), repr(plant._line._identity), repr(plant.fleet("pumps"))):
        assert TOKEN not in shown
    plant.close()


@pytest.mark.parametrize("status", [429, 503])
def test_a_site_that_is_busy_is_asked_again_when_it_says(
    status: int, ask: Ask, url: str, script: Script
) -> None:
    busy = Response(status_code=status, headers={"Retry-After": "0"})
    script.on("GET", "/session")(failing(3, busy, {"name": "plant"}))
    assert ask(url, lambda plant: plant.me()) == {"name": "plant"}
    assert len(script.seen) == 4


def test_a_date_to_come_back_at_is_kept(ask: Ask, url: str, script: Script) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    busy = Response(status_code=503, headers={"Retry-After": at})
    script.on("GET", "/session")(failing(1, busy, {}))
    begun = time.monotonic()
    with pytest.raises(errors.TryAgain) as raised:
        ask(url, lambda plant: plant.me(), patience=5)
    assert raised.value.status == 503
    assert time.monotonic() - begun < 2, "a wait beyond the patience is not begun"
    assert len(script.seen) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 500, 507])
def test_what_would_fail_again_is_not_repeated(
    status: int, ask: Ask, url: str, script: Script
) -> None:
    script.on("GET", "/session")(lambda *_: Response(status_code=status))
    with pytest.raises(errors.KizashiError) as raised:
        ask(url, lambda plant: plant.me())
    assert raised.value.status == status
    assert len(script.seen) == 1


@pytest.mark.slow
def test_a_lost_answer_is_asked_for_again_under_the_same_key(
    ask: Ask, url: str, script: Script
) -> None:
    script.json("POST", "/events/evt_1/acknowledge", EVENT)
    cutter = Cutter(port_of(url), losses=2)
    event = ask(cutter.url, lambda plant: plant.event("evt_1").acknowledge())
    cutter.close()
    assert (event.id, event.asset) == ("evt_1", "P-1")
    keys = [seen.headers["idempotency-key"] for seen in script.seen]
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_each_call_has_its_own_key(ask: Ask, url: str, script: Script) -> None:
    script.json("POST", "/events/evt_1/acknowledge", EVENT)
    for _ in range(2):
        ask(url, lambda plant: plant.event("evt_1").acknowledge())
    first, second = (seen.headers["idempotency-key"] for seen in script.seen)
    assert first != second


def test_an_edit_of_a_revision_is_not_repeated(ask: Ask, url: str, script: Script) -> None:
    script.on("DELETE", "/schedules/w1")(lambda *_: Response(status_code=204))
    cutter = Cutter(port_of(url), losses=1)
    with pytest.raises(errors.Unreachable):
        ask(cutter.url, lambda plant: plant.schedules.remove("w1", revision=3))
    assert [seen.headers["if-match"] for seen in script.seen] == ['"3"']
    ask(cutter.url, lambda plant: plant.schedules.remove("w1"))
    cutter.close()
    assert "if-match" not in script.seen[-1].headers


def test_nobody_at_the_address(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(errors.Unreachable) as raised:
        ask(f"http://127.0.0.1:{port}", lambda plant: plant.me(), patience=0.3)
    assert 0 < time.monotonic() - begun < 3
    assert f"http://127.0.0.1:{port} cannot be reached" in str(raised.value)
    assert "kizashi status" in raised.value.remedy


@pytest.mark.slow
def test_a_site_that_starts_late_is_met(ask: Ask, script: Script) -> None:
    script.json("GET", "/session", {"name": "plant"})
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found: list[object] = []
    asking = threading.Thread(
        target=lambda: found.append(ask(f"http://127.0.0.1:{port}", lambda p: p.me()))
    )
    asking.start()
    asking.join(0.2)
    with serve(script.app(), port=port):
        asking.join()
    assert found == [{"name": "plant"}]


def test_a_site_that_says_nothing(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(errors.Unreachable, match="nothing came for 0"):
            ask(url, lambda plant: plant.me(), timeout=0.2, patience=0)


# ---------------------------------------------------------------- what errors say
def test_a_problem_becomes_the_error_that_it_was(ask: Ask, url: str, script: Script) -> None:
    problem = {
        "type": "urn:kizashi:problem:BadFile",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "pumps.csv, row 7: no time.",
        "remedy": "Name the column.",
        "instance": "req_1",
    }
    script.json("GET", "/fleets/pumps/quality", problem, 422)
    with pytest.raises(errors.BadFile) as raised:
        ask(url, lambda plant: plant.fleet("pumps").quality())
    error = raised.value
    assert str(error) == "pumps.csv, row 7: no time. Name the column."
    assert (error.status, error.title) == (422, "Unprocessable Content")
    assert error.request_id == "req_1"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.Unauthenticated),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (412, errors.Outdated),
        (413, errors.LimitExceeded),
        (418, errors.InvalidRequest),
        (429, errors.TooOften),
        (500, errors.OperatorError),
        (502, errors.Unreachable),
        (507, errors.StorageFull),
    ],
)
def test_an_answer_of_somebody_between_is_told_by_its_status(
    status: int, kind: type[errors.KizashiError], ask: Ask, url: str, script: Script
) -> None:
    page = Response("<html>", status, headers={"X-Request-ID": "req_2"})
    script.on("GET", "/session")(lambda *_: page)
    with pytest.raises(kind) as raised:
        ask(url, lambda plant: plant.me(), patience=0)
    assert type(raised.value) is kind
    assert f"{url} answered with status {status}" in str(raised.value)
    assert raised.value.request_id == "req_2"


def test_a_newer_site_names_an_error_that_is_not_known(
    ask: Ask, url: str, script: Script
) -> None:
    problem = {"type": "urn:kizashi:problem:FromTheFuture", "detail": "it is late."}
    script.json("GET", "/session", problem, 409)
    with pytest.raises(errors.Conflict, match="it is late"):
        ask(url, lambda plant: plant.me())


def test_another_server(ask: Ask, url: str, script: Script) -> None:
    script.on("GET", "/session")(lambda *_: Response("<html>hello</html>"))
    with pytest.raises(errors.Unreachable, match="no site of Kizashi"):
        ask(url, lambda plant: plant.me())
    script.on("GET", "/session")(
        lambda *_: Response(status_code=302, headers={"Location": "/x"})
    )
    with pytest.raises(errors.KizashiError, match="sends on to /x"):
        ask(url, lambda plant: plant.me())


def test_an_answer_with_more_in_it_is_understood(ask: Ask, url: str, script: Script) -> None:
    sensors = [{**EVENT["sensors"][0], "unit": "bar"}]
    newer = {**EVENT, "sensors": sensors, "new": 1}
    script.json("POST", "/events/evt_1/reopen", newer)
    assert ask(url, lambda plant: plant.event("evt_1").reopen()).sensors[0].name == "flow"


def test_an_answer_that_lacks_something_is_not(ask: Ask, url: str, script: Script) -> None:
    script.json("GET", "/events/evt_1", {"id": "evt_1"})
    with pytest.raises(errors.OperatorError, match="not as this client knows it: asset"):
        ask(url, lambda plant: plant.event("evt_1").get())


def test_names_may_hold_anything(ask: Ask, url: str, script: Script) -> None:
    script.on("DELETE", "/users/a%2Fb%20%E5%85%86%3F/roles/x")(
        lambda *_: Response(status_code=204)
    )
    ask(url, lambda plant: plant.users.revoke("a/b 兆?", "x"))
    assert len(script.seen) == 1


# ---------------------------------------------------------------- what connect refuses
@pytest.mark.parametrize(
    "url",
    [
        "",
        "plant:8443",
        "ftp://plant",
        "https://",
        "https://me:secret@plant",
        "https://p?q=1",
        "https://plant:port",
        "https://plant#top",
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(errors.InvalidRequest) as raised:
        connect(url, TOKEN)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "options",
    [
        {"token": TOKEN, "user": "yuki", "password": "x"},
        {"user": "yuki"},
        {"password": "x"},
        {"token": "two\nlines"},
        {"token": " "},
        {"token": TOKEN, "ca": "/nowhere/ca.pem"},
    ],
)
def test_who_asks_is_said_clearly(options: dict[str, str]) -> None:
    with pytest.raises(errors.InvalidRequest):
        connect("https://plant:8443", **options)


def test_an_address_with_a_path_and_a_slash(ask: Ask, url: str, script: Script) -> None:
    script.json("GET", "/session", {})
    ask(f"{url}/", lambda plant: plant.me())
    assert connect("https://[::1]:8443/kizashi/", TOKEN).url == "https://[::1]:8443/kizashi"
