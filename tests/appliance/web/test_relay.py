"""What a notebook server is shown of a request, and what of its answer is given back."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

from websockets.asyncio.server import ServerConnection, serve

from appliance.access import Access
from appliance.access.person import Person, Via
from appliance.notebooks.place import Server
from appliance.notebooks.pods.servers import InPod
from appliance.notebooks.running import Running
from appliance.notebooks.tokens import ServerToken
from appliance.web import relay
from tests.appliance.api.ports import free_port

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nService-Worker-Allowed: /\r\n"
    b"Set-Cookie: kizashi_session=planted; Path=/\r\nSet-Cookie: _xsrf=fine\r\n"
    b"Content-Security-Policy: default-src *\r\nX-Kept: yes\r\n\r\ndone"
)


def running(run: Path) -> Running:
    """A server that another process is said to be."""
    who = Person("ana", Via.SESSION, admin=True)
    token = ServerToken(cast(Access, None), who, run / "token")
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return Running(who, "/notebooks/ana/", run, "the-secret", process, token)


def in_pod(port: int) -> InPod:
    """A server that listens at an address."""
    who = Person("ana", Via.SESSION, admin=True)
    return InPod(who, "/notebooks/ana/", "the-secret", ("127.0.0.1", port))


def asked(server: Server, path: str, *headers: tuple[bytes, bytes]) -> tuple[bytes, Any]:
    """Ask by the relay; give what the server was sent, and the start of the answer."""
    heard: list[bytes] = []
    told: list[Any] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    async def whole() -> None:
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"a=1",
            "headers": headers,
        }
        if server.address is not None:
            async with await asyncio.start_server(serve, *server.address):
                await relay.hand_on(server, scope, receive, send)
        elif server.socket is not None and server.socket.parent.exists():
            async with await asyncio.start_unix_server(serve, server.socket):
                await relay.hand_on(server, scope, receive, send)
        else:
            await relay.hand_on(server, scope, receive, send)

    asyncio.run(whole())
    return (heard or [b""])[0], told[0]


def test_sessions_and_forged_words_stay_outside_and_nothing_reaches_beyond() -> None:
    with tempfile.TemporaryDirectory() as made:
        server = running(Path(made))
        server.used = 0
        heard, start = asked(
            server,
            "/notebooks/ana/lab",
            (b"cookie", b"kizashi_session=ks_x; _xsrf=y; kizashi_language=en"),
            (b"authorization", b"Bearer kz_x"),
            (b"x-kizashi-gate", b"forged"),
            (b"x-kizashi-user", b"root"),
            (b"host", b"plant.example"),
            (b"origin", b"https://plant.example"),
        )
    lines = heard.decode().lower().split("\r\n")
    assert lines[0] == "get /notebooks/ana/lab?a=1 http/1.1"
    assert "cookie: _xsrf=y" in lines
    assert "x-kizashi-gate: the-secret" in lines
    assert "x-kizashi-user: ana" in lines
    assert "origin: http://kizashi" in lines
    assert not any(
        word in heard.decode() for word in ("ks_x", "kz_x", "forged", "plant.example")
    )
    given = {(name.lower(), value) for name, value in start["headers"]}
    assert {name for name, _ in given} == {b"content-length", b"set-cookie", b"x-kept"}
    assert (b"set-cookie", b"_xsrf=fine") in given
    assert server.used > 0


def test_asking_for_lists_is_no_use_and_a_server_that_is_away_is_told() -> None:
    with tempfile.TemporaryDirectory() as made:
        server = running(Path(made))
        server.used = 0
        asked(server, "/notebooks/ana/api/kernels")
        assert server.used == 0
    _, start = asked(server, "/notebooks/ana/lab")
    assert start["status"] == 503


def test_a_server_in_a_pod_is_told_what_is_use() -> None:
    server = in_pod(free_port())
    heard, start = asked(server, "/notebooks/ana/lab", (b"x-kizashi-use", b"forged"))
    lines = heard.decode().lower().split("\r\n")
    assert lines.count("x-kizashi-use: 1") == 1
    assert "host: kizashi" in lines
    assert "x-kizashi-gate: the-secret" in lines
    assert start["status"] == 200
    heard, _ = asked(in_pod(free_port()), "/notebooks/ana/api/kernels")
    assert b"x-kizashi-use:" not in heard.lower()


def test_a_connection_to_a_pod_is_handed_on_both_ways() -> None:
    told: list[Any] = []
    shown: list[str] = []

    async def echo(line: ServerConnection) -> None:
        assert line.request is not None
        shown.append(line.request.headers["X-Kizashi-Gate"])
        async for message in line:
            await line.send(message)

    async def whole() -> None:
        answered = asyncio.Event()
        coming: list[Any] = [
            {"type": "websocket.connect"},
            {"type": "websocket.receive", "text": "a cell"},
        ]

        async def receive() -> Any:
            if coming:
                return coming.pop(0)
            await answered.wait()
            return {"type": "websocket.disconnect"}

        async def send(message: Any) -> None:
            told.append(message)
            if message["type"] == "websocket.send":
                answered.set()

        async def admitted() -> bool:
            return True

        scope = {"raw_path": b"/notebooks/ana/x", "query_string": b"", "headers": []}
        async with serve(echo, "127.0.0.1", 0) as served:
            (listens,) = served.sockets
            server = in_pod(listens.getsockname()[1])
            await relay.connect(server, scope, receive, send, admitted)

    asyncio.run(whole())
    assert shown == ["the-secret"]
    assert told[0]["type"] == "websocket.accept"
    assert told[1] == {"type": "websocket.send", "text": "a cell"}
