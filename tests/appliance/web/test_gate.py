"""The gate: no page and no connection without a session, and a login that leads back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from appliance.access import shell
from appliance.api.app import create_app
from appliance.api.guard import COOKIE
from appliance.core.settings import Settings
from appliance.pipelines.site import Site
from appliance.web.app import Web
from appliance.web.gate import FONT, Gate, session_in
from appliance.web.login import application, local
from tests.appliance.databases import fresh_home
from tests.appliance.people import PASSWORD, cheap_access

STREAM = "/_stcore/stream"


async def _pages(scope, receive, send):
    """Answer as pages would: to whoever the gate lets through."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"a page"})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(Settings(home=fresh_home(tmp_path / "home"), engine="local"))
    made.access = cheap_access(made)
    made.access.users.add(shell("test"), "yuki", PASSWORD, admin=True)
    yield made
    made.close()


@pytest.fixture
def client(site: Site) -> TestClient:
    api = create_app(site)
    web = Web(api, Gate(_pages, application(site, api.state.rate), api.state.known))
    return TestClient(web, base_url="http://plant", follow_redirects=False)


def _enter(client: TestClient, to: str = "/login", **form: str):
    return client.post(to, data={"user": "yuki", "password": PASSWORD, **form})


def test_a_page_is_behind_the_login_and_the_login_leads_to_it(client):
    away = client.get("/events?fleet=pumps")
    assert away.status_code == 303
    assert away.headers["location"] == "/login?next=%2Fevents%3Ffleet%3Dpumps"
    shown = client.get(away.headers["location"])
    assert 'action="/login?next=%2Fevents%3Ffleet%3Dpumps"' in shown.text
    entered = _enter(client, away.headers["location"])
    assert (entered.status_code, entered.headers["location"]) == (303, "/events?fleet=pumps")
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/events").text == "a page"


def test_what_pages_load_for_themselves_is_refused_and_not_led_elsewhere(client):
    for path in ("/_stcore/health", "/static/js/main.js", "/media/x"):
        assert client.get(path).status_code == 401


def test_a_connection_needs_a_session_and_the_sites_own_page(client):
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect(STREAM):
        pass
    assert closed.value.code == 4401
    # The test client opens connections to another host than it asks for pages.
    client.cookies.set(COOKIE, _enter(client).cookies[COOKIE], domain="testserver.local")
    with client.websocket_connect(STREAM) as socket:
        assert socket.receive_text() == "hello"
    foreign = {"origin": "http://elsewhere"}
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(STREAM, headers=foreign),
    ):
        pass


def test_logging_out_ends_the_session_wherever_its_cookie_is_kept(client):
    _enter(client)
    kept = dict(client.cookies)
    assert client.get("/logout").status_code == 303
    client.cookies.update(kept)
    assert client.get("/events").status_code == 303


def test_a_wrong_password_says_no_more_than_that(client):
    for user in ("yuki", "nobody"):
        told = client.post("/login", data={"user": user, "password": "wrong"})
        assert told.status_code == 401
        assert "The name or the password is wrong." in told.text
        assert "set-cookie" not in told.headers


def test_a_form_of_another_site_is_refused(client):
    answer = client.post(
        "/login",
        data={"user": "yuki", "password": PASSWORD},
        headers={"origin": "http://elsewhere"},
    )
    assert answer.status_code == 403


def test_too_many_attempts_are_told(client):
    answers = {_enter(client, password=str(n)).status_code for n in range(12)}
    assert 401 in answers
    told = _enter(client, password="again")
    assert "Too many attempts" in told.text


@pytest.mark.parametrize(
    ("wanted", "to"),
    [
        ("/events?x=1", "/events?x=1"),
        ("//elsewhere", "/"),
        ("https://elsewhere", "/"),
        ("/\\elsewhere", "/"),
        ("/a\r\nX: y", "/"),
        ("", "/"),
    ],
)
def test_a_login_leads_only_to_this_site(wanted, to):
    assert local(wanted) == to


def test_the_login_speaks_the_readers_language(client):
    assert "パスワード" in client.get("/login", headers={"accept-language": "ja,en"}).text
    assert client.get("/language?set=ja&next=/login").headers["location"] == "/login"
    assert "パスワード" in client.get("/login").text
    assert client.get("/language?set=xx&next=/login").status_code == 303


def test_the_login_looks_like_the_pages_and_offers_their_languages(client):
    shown = client.get("/login?next=/events")
    assert FONT in shown.text
    assert client.get(FONT).status_code == 200
    assert "set=ja&amp;next=%2Flogin%3Fnext%3D%252Fevents" in shown.text


def test_what_is_put_into_the_login_is_shown_as_text(client):
    shown = client.get('/login?next=/"><script>alert(1)</script>')
    assert "<script>" not in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]


def test_the_api_is_on_the_same_port_with_its_own_answers(client):
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/api/v1/session").status_code == 401
    _enter(client)
    assert client.get("/api/v1/session").json()["user"] == "yuki"


@pytest.mark.parametrize("header", ["", "x=1", 'kizashi_session="; bad', "=;;;"])
def test_a_cookie_header_may_be_anything(header):
    assert session_in(header) is None
