"""Real HTTP servers for the client's own behaviour: what fails, and how often."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response

PREFIX = "/api/v1"
Answers = Callable[[Request, bytes], Response]


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass
class Script:
    """What a site answers, path by path, and what it was asked."""

    answers: dict[tuple[str, str], Answers] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    def on(self, method: str, path: str) -> Callable[[Answers], Answers]:
        def known(answer: Answers) -> Answers:
            self.answers[method, path] = answer
            return answer

        return known

    def json(self, method: str, path: str, value: Any, status: int = 200) -> None:
        import json

        body = json.dumps(value)
        self.on(method, path)(lambda *_: Response(body, status, media_type="application/json"))

    def asked(self, path: str) -> list[Seen]:
        return [one for one in self.seen if one.path == path]

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.api_route(
            PREFIX + "/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"]
        )
        async def any_path(request: Request) -> Response:
            body = await request.body()
            path = request.scope["raw_path"].decode().partition("?")[0].removeprefix(PREFIX)
            query = {k: request.query_params.getlist(k) for k in request.query_params}
            seen = Seen(request.method, path, query, dict(request.headers), body)
            self.seen.append(seen)
            answer = self.answers.get((request.method, path))
            return Response(status_code=404) if answer is None else answer(request, body)

        return app


@contextmanager
def serve(
    app: Any, *, port: int = 0, certificate: tuple[Path, Path] | None = None
) -> Iterator[str]:
    """Serve an application on loopback; yield its address."""
    listening = socket.create_server(("127.0.0.1", port))
    tls = {"ssl_certfile": certificate[0], "ssl_keyfile": certificate[1]} if certificate else {}
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1, **tls)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        scheme = "https" if certificate else "http"
        yield f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


class Cutter:
    """Stands before a server and loses the first answers, after the server has had its say."""

    def __init__(self, port: int, losses: int = 0) -> None:
        self._port = port
        self._left = losses
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def lose(self, answers: int) -> None:
        """Lose the next answers."""
        self._left = answers

    def close(self) -> None:
        self._listening.close()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                inner, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(inner,), daemon=True).start()

    def _serve(self, inner: socket.socket) -> None:
        with inner, socket.create_connection(("127.0.0.1", self._port)) as outer:
            up = threading.Thread(target=_pump, args=(inner, outer), daemon=True)
            up.start()
            while data := outer.recv(65536):
                if self._left > 0:
                    self._left -= 1
                    break
                inner.sendall(data)
            for one in (inner, outer):  # closing would wait for the thread that reads
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
