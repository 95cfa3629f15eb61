"""Logging in, being known, logging out; problems, keys, rates and headers on the way."""

from __future__ import annotations

import pytest

from appliance.api.limits import Rate
from appliance.core.errors import TooOften
from tests.appliance.api.conftest import PREFIX
from tests.appliance.people import PASSWORD


def test_a_login_gives_a_cookie_that_scripts_cannot_read(client):
    answer = client.post(f"{PREFIX}/session", json={"user": "viewer", "password": PASSWORD})
    assert answer.status_code == 201
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert answer.json()["roles"] == {"default": "viewer"}


def test_a_wrong_password_is_a_problem_that_does_not_say_what_was_wrong(client):
    for user in ("viewer", "who is that"):
        answer = client.post(f"{PREFIX}/session", json={"user": user, "password": "wrong"})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:kizashi:problem:Unauthenticated"
        assert answer.json()["instance"] == answer.headers["x-request-id"]


def test_who_am_i(as_, nobody):
    assert as_("viewer").get("/session").json()["user"] == "viewer"
    assert nobody.get("/session").status_code == 401


def test_a_write_by_cookie_needs_the_word_that_only_the_sites_pages_know(as_):
    viewer = as_("viewer")
    forged = {"X-CSRF-Token": "0" * 64}
    assert viewer.delete("/session", headers=forged).status_code == 403
    assert viewer.get("/session").status_code == 200
    assert viewer.delete("/session").status_code == 204
    assert viewer.get("/session").status_code == 401


def test_what_is_not_there_is_a_problem_too(as_, nobody):
    for caller in (as_("viewer"), nobody):
        answer = caller.get("/nothing")
        assert answer.status_code == 404
        assert answer.json()["title"] == "Not Found"


def test_a_body_that_does_not_fit_says_where(client):
    answer = client.post(f"{PREFIX}/session", json={"user": "viewer"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == ["body", "password"]
    assert PASSWORD not in answer.text


def test_a_body_too_large_is_refused_before_it_is_read(client):
    def endless():
        yield b"{"
        raise AssertionError("it was read")

    answer = client.post(
        f"{PREFIX}/session",
        content=b"x" * 100,
        headers={"Content-Length": str(2**31), "Content-Type": "application/json"},
    )
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:kizashi:problem:LimitExceeded"


def test_text_that_is_none_is_refused(as_):
    assert as_("viewer").get("/fleets?cursor=%00").status_code == 400


def test_health_needs_no_login(client):
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_a_rate_is_kept_and_says_when_to_come_back():
    at = [0.0]
    rate = Rate(2.0, 3.0, clock=lambda: at[0])
    for _ in range(3):
        rate.spend("a")
    with pytest.raises(TooOften) as caught:
        rate.spend("a")
    assert caught.value.seconds == 1
    rate.spend("b")
    at[0] = 0.5
    rate.spend("a")
    with pytest.raises(TooOften):
        rate.spend("a")
