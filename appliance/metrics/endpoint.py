"""A role's metrics on an address of their own, for whoever shows the token.

Beside them, for everybody, whether the role lives and whether it does its work, and no more.
"""

from __future__ import annotations

import hmac
import secrets
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self, cast

from typing_extensions import override

from appliance.core.errors import KizashiError, StorageError
from appliance.core.log import get
from appliance.core.secrets import made_once
from appliance.core.settings import Settings
from appliance.metrics.families import MEDIA_TYPE
from appliance.tls import certificate

_log = get(__name__)
PATH = "/metrics"
ALIVE, READY = "/healthz", "/readyz"
_AT_ONCE = 4
"""Requests that are answered at once; more have to come again."""
_SECONDS = 10.0
_AGAIN = 5.0
"""Seconds between two tries to listen where another process of the role still does."""
_PREFIX = "Bearer "


def token_file(home: Path) -> Path:
    """Return the file of the token that metrics are shown for, made at the first call.

    Raises
    ------
    StorageError
        It cannot be read or written.
    """
    path = home / "secrets" / "metrics.token"
    try:
        made_once(path, lambda: secrets.token_urlsafe(32).encode("ascii"))
    except OSError as error:
        raise StorageError(f"the token {path} cannot be used: {error}.") from error
    return path


def ports(settings: Settings) -> Mapping[str, int]:
    """Return the ports of the roles that show metrics, by role."""
    found = {
        "web": settings.web_metrics_port,
        "worker": settings.worker_metrics_port,
        "ray": settings.ray_metrics_port,
    }
    return {role: port for role, port in found.items() if port}


@dataclass(frozen=True)
class _Answering:
    """What answers need to know."""

    collect: Callable[[], bytes]
    ready: Callable[[], bool]
    token: bytes
    places: threading.Semaphore
    secured: Callable[[], ssl.SSLContext] | None


class Endpoint:
    """Serves a role's metrics in a thread, for as long as it is open.

    Of all the processes of a role on one machine one listens; another takes over where it ends.

    Parameters
    ----------
    settings
        Say where, and whether at all.
    role
        Whose.
    collect
        Gives the text of the metrics.
    ready
        Whether the role does its work by now.
    """

    def __init__(
        self,
        settings: Settings,
        role: str,
        collect: Callable[[], bytes],
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self._settings = settings
        self._role = role
        self._collect = collect
        self._ready = ready
        self._ending = threading.Event()
        self._server: _Server | None = None
        self._said = False
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def __enter__(self) -> Self:
        if self._role in ports(self._settings) and not self._listen():
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(_SECONDS)
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _run(self) -> None:
        while not self._ending.wait(_AGAIN):
            if self._listen():
                return

    def _listen(self) -> bool:
        """Begin to listen; False where that is to be tried again."""
        host, port = self._settings.metrics_host, ports(self._settings)[self._role]
        try:
            token = token_file(self._settings.home).read_bytes().strip()
            answering = _Answering(
                self._collect,
                self._ready,
                token,
                threading.Semaphore(_AT_ONCE),
                None if ip_address(host).is_loopback else self._secured,
            )
            self._server = _Server(host, port, answering)
        except (KizashiError, OSError) as error:
            if not self._said:
                _log.warning("no metrics on port %d yet: %s", port, error)
            self._said = True
            return False
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()
        return True

    def _secured(self) -> ssl.SSLContext:
        """Return how others are spoken to: by the certificate that the site shows now."""
        hosts = self._settings.host, self._settings.metrics_host
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate(self._settings, *hosts), password="")
        return context


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 16

    def __init__(self, host: str, port: int, answering: _Answering) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.answering = answering
        super().__init__((host, port), _Handler)

    @override
    def process_request(self, request: Any, client_address: Any) -> None:
        # No more threads than that: who comes too often is hung up on at once.
        if not self.answering.places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    @override
    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.answering.places.release()

    @override
    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(_SECONDS)
        if self.answering.secured is None:
            super().finish_request(request, client_address)
            return
        # Here, in the thread of this connection: others do not wait for its handshake.
        with self.answering.secured().wrap_socket(request, server_side=True) as safe:
            super().finish_request(safe, client_address)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        _log.debug("a connection to the metrics broke", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server_version = "kizashi"
    sys_version = ""

    @property
    def _answering(self) -> _Answering:
        return cast("_Server", self.server).answering

    def do_GET(self) -> None:
        """Answer with the metrics, to those who show the token; how it is, to all."""
        asked = self.path.partition("?")[0]
        if asked == ALIVE:
            self._answer(200, b"alive\n")
        elif asked == READY:
            self._tell_ready()
        elif asked != PATH:
            self._answer(404, b"metrics are at /metrics\n")
        elif not self._known():
            self._answer(401, b"a token is needed: Authorization: Bearer ...\n")
        else:
            try:
                told = self._answering.collect()
            except KizashiError as error:
                _log.warning("metrics cannot be told: %s", error)
                self._answer(503, f"{error}\n".encode())
            else:
                self._answer(200, told, MEDIA_TYPE)

    def _tell_ready(self) -> None:
        try:
            ready = self._answering.ready()
        except KizashiError as error:
            _log.debug("whether the role is ready is not known: %s", error)
            ready = False
        self._answer(200, b"ready\n") if ready else self._answer(503, b"not ready\n")

    def _known(self) -> bool:
        shown = self.headers.get("Authorization", "")
        token = self._answering.token
        given = shown.removeprefix(_PREFIX).strip().encode("utf-8", "replace")
        return shown.startswith(_PREFIX) and hmac.compare_digest(given, token)

    def _answer(
        self, status: int, body: bytes, media: str = "text/plain; charset=utf-8"
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if status == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        _log.debug(format, *args)
