"""What comes over a real connection to do harm: endless, slow, huge or no HTTP at all."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress

import pytest
import uvicorn

from appliance.api import pace
from appliance.api.app import create_app
from appliance.core.settings import Settings
from appliance.pipelines.site import Site
from appliance.web import wire
from tests.appliance.people import ME, PASSWORD

GB = 2**30
LIMIT = 5 * 2**20
PATIENCE = 20
"""Seconds that the test waits for an answer that should come at once."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve a site as the appliance does; return its port and a token."""
    home = tmp_path_factory.mktemp("wire") / "home"
    site = Site(Settings(home=home, engine="local", max_upload_bytes=LIMIT))
    site.access.users.add(ME, "root", PASSWORD, admin=True)
    secret = site.access.tokens.create(ME, "root", "wire", ["ingest", "manage_users"]).secret
    with socket.create_server(("127.0.0.1", 0)) as held:
        config = uvicorn.Config(
            create_app(site), log_level="error", proxy_headers=False, **wire.OPTIONS
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([held],))
        thread.start()
        yield held.getsockname()[1], secret
        server.should_exit = True
        thread.join()


@contextmanager
def line(served):
    with socket.create_connection(("127.0.0.1", served[0]), timeout=PATIENCE) as made:
        yield made


def head(served, path="/users", *more: str) -> bytes:
    lines = [
        f"POST /api/v1{path} HTTP/1.1",
        "Host: plant",
        f"Authorization: Bearer {served[1]}",
        "Content-Type: application/json",
        *more,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer(made) -> str:
    """Return what comes until the connection ends, or the whole of one answer."""
    told = b""
    while b"\r\n\r\n" not in told:
        part = made.recv(65536)
        if not part:
            break
        told += part
    return told.decode("latin-1")


def alive(served) -> bool:
    with line(served) as made:
        made.sendall(b"GET /healthz HTTP/1.1\r\nHost: plant\r\n\r\n")
        return answer(made).startswith("HTTP/1.1 200")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/users", "/session", "/fleets/pumps/readings"])
def test_two_gigabytes_are_refused_before_they_come(served, path):
    with line(served) as made:
        made.sendall(head(served, path, f"Content-Length: {2 * GB}"))
        told = answer(made)
        assert told.startswith("HTTP/1.1 413"), told
        assert "application/problem+json" in told


@pytest.mark.parametrize("path", ["/users", "/fleets/pumps/readings"])
def test_what_does_not_say_how_much_it_is_is_refused_when_it_is_too_much(served, path):
    chunk = b"%x\r\n" % 65536 + b"x" * 65536 + b"\r\n"
    sent = 0
    with line(served) as made:
        made.sendall(head(served, path, "Transfer-Encoding: chunked"))
        try:
            while sent < 64 * LIMIT:
                made.sendall(chunk)
                sent += 65536
        except OSError:
            pass  # the server hung up: it has seen enough
        assert sent < 64 * LIMIT
    assert alive(served)


def test_chunks_too_large_are_answered_with_a_problem(served):
    with line(served) as made:
        made.sendall(head(served, "/users", "Transfer-Encoding: chunked"))
        for _ in range(40):
            made.sendall(b"%x\r\n" % 65536 + b"x" * 65536 + b"\r\n")
        told = answer(made)
        assert told.startswith("HTTP/1.1 413"), told
        assert "application/problem+json" in told


@pytest.mark.parametrize("path", ["/users", "/session", "/fleets/pumps/readings"])
def test_a_body_that_does_not_come_is_not_waited_for(served, monkeypatch, path):
    monkeypatch.setattr(pace, "PATIENCE", 0.2)
    with line(served) as made:
        made.sendall(head(served, path, "Content-Length: 1000") + b'{"name"')
        told = answer(made)
        assert told.startswith("HTTP/1.1 408"), told
        assert "connection: close" in told.lower()
    assert alive(served)


def test_a_body_that_drips_is_given_up(served, monkeypatch):
    monkeypatch.setattr(pace, "PATIENCE", 0.2)
    with line(served) as made:
        made.sendall(head(served, "/users", "Content-Length: 100000"))
        made.settimeout(0.01)
        told = ""
        for _ in range(1000):
            made.send(b"x")
            try:
                told = answer(made)
                break
            except TimeoutError:
                continue
        assert told.startswith("HTTP/1.1 408"), told


NO_REQUESTS = {
    "a header without end": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 2**20,
    "an address without end": b"GET /" + b"y" * 2**20,
    "headers without end": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "a version to come": b"GET / HTTP/9.9\r\n\r\n",
    "less than nothing": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
    b"Content-Length: 6\r\n\r\nhello!",
    "no length": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize(
    "begun",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX: ",
        b"GET /",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n",
        b"POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
    ],
    ids=["header", "address", "headers", "trailer"],
)
def test_a_head_without_an_end_is_ended(served, begun):
    more = b"X: y\r\n" * 100 if begun.endswith(b"y\r\n") else b"y" * 1000
    with line(served) as made:
        made.sendall(begun)
        made.settimeout(0.001)
        assert _hung_up(made, more, 4 * wire.LONGEST_HEAD)
    assert alive(served)


def _hung_up(made, more, most):
    """Send until the other side ends the connection; tell whether it did."""
    try:
        for _ in range(most // len(more)):
            made.sendall(more)
            with suppress(TimeoutError):
                if made.recv(65536) == b"":
                    return True
    except OSError:
        return True
    return False


@pytest.mark.parametrize("sent", NO_REQUESTS.values(), ids=NO_REQUESTS)
def test_what_is_no_request_is_turned_away(served, sent):
    with line(served) as made:
        try:
            made.sendall(sent)
            made.shutdown(socket.SHUT_WR)
            told = answer(made)
        except OSError:
            told = ""  # the server hung up before all of it was sent
        assert not told or told[9] == "4", told[:200]
    assert alive(served)
