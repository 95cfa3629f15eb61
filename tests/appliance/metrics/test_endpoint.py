"""A role's port: for whoever shows the token, in the clear on this machine alone."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import ExitStack
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from appliance.core.errors import StorageError
from appliance.core.settings import Settings
from appliance.metrics import endpoint
from appliance.metrics.endpoint import Endpoint, token_file
from appliance.tls import Authority
from tests.appliance.api.ports import free_port


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, web_metrics_port=free_port())


def _ask(settings, path="/metrics", shown=None, *, secure=None, method="GET"):
    token = token_file(settings.home).read_text()
    headers = {"Authorization": f"Bearer {token}" if shown is None else shown}
    kind = "https" if secure else "http"
    url = f"{kind}://127.0.0.1:{settings.web_metrics_port}{path}"
    asked = Request(url, headers=headers, method=method)
    try:
        with urlopen(asked, timeout=10, context=secure) as answer:
            return answer.status, answer.read(), answer.headers
    except HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


@pytest.mark.slow
def test_metrics_are_shown_for_the_token(settings):
    with Endpoint(settings, "web", lambda: b"up 1\n"):
        status, body, headers = _ask(settings)
        assert (status, body) == (200, b"up 1\n")
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        for shown in (
            "",
            "Bearer",
            "Bearer x",
            "Basic eDp5",
            "Bearer é".encode().decode("latin-1"),
        ):
            status, body, headers = _ask(settings, shown=shown)
            assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
        assert _ask(settings, "/")[0] == 404
        assert _ask(settings, method="POST")[0] == 501
    with pytest.raises(OSError, match="refused"):
        _ask(settings)


def test_the_token_is_its_owners_alone(settings):
    path = token_file(settings.home)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text()) >= 40
    assert token_file(settings.home).read_text() == path.read_text()


@pytest.mark.slow
def test_what_cannot_be_told_is_said(settings):
    def fail() -> bytes:
        raise StorageError("the database cannot be used.")

    with Endpoint(settings, "web", fail):
        status, body, _ = _ask(settings)
        assert (status, body) == (503, b"the database cannot be used.\n")


@pytest.mark.slow
def test_another_process_of_the_role_takes_over(settings, monkeypatch):
    monkeypatch.setattr(endpoint, "_AGAIN", 0.05)
    with ExitStack() as held:
        with Endpoint(settings, "web", lambda: b"first\n"):
            held.enter_context(Endpoint(settings, "web", lambda: b"second\n"))
            assert _ask(settings)[1] == b"first\n"
        assert _soon(settings) == b"second\n"


def _soon(settings):
    """Ask until somebody listens."""
    for _ in range(500):
        try:
            return _ask(settings)[1]
        except OSError:
            threading.Event().wait(0.02)
    return None


def test_a_role_without_a_port_shows_nothing(tmp_path):
    settings = Settings(home=tmp_path, web_metrics_port=0)
    with Endpoint(settings, "web", lambda: b""):
        pass
    assert not (tmp_path / "secrets").exists()


@pytest.mark.slow
def test_who_says_nothing_keeps_nobody_waiting(settings):
    with Endpoint(settings, "web", lambda: b"up 1\n"):
        where = ("127.0.0.1", settings.web_metrics_port)
        silent = [socket.create_connection(where) for _ in range(3)]
        try:
            assert _ask(settings)[0] == 200
            crowd = [socket.create_connection(where) for _ in range(8)]
            for one in crowd:
                one.close()
        finally:
            for one in silent:
                one.close()


@pytest.mark.slow
def test_others_are_spoken_to_over_tls(tmp_path):
    settings = Settings(home=tmp_path, metrics_host="0.0.0.0", web_metrics_port=free_port())
    with Endpoint(settings, "web", lambda: b"up 1\n"):
        with pytest.raises(OSError, match=r".*"):
            _ask(settings)
        authority = Authority(tmp_path / "secrets")
        context = ssl.create_default_context(cafile=str(authority.certificate))
        assert _ask(settings, secure=context)[:2] == (200, b"up 1\n")
