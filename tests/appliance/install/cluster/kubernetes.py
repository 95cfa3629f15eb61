"""A server that answers as the API of Kubernetes does, for the Secrets of one namespace."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from appliance.tls import Authority

PATH = "/api/v1/namespaces/plant/secrets"
TOKEN = "of-the-service-account"


@dataclass
class Kubernetes:
    """What the server holds, and how it is reached.

    Attributes
    ----------
    account
        The folder that a pod would find.
    refuses
        A status that it answers everything with.
    meanwhile
        Secrets that somebody else makes right before the next one is made here.
    """

    account: Path
    address: str = ""
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)
    refuses: int = 0
    meanwhile: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def serving(folder: Path) -> Iterator[Kubernetes]:
    """Serve on a port of this machine, over TLS by an authority of its own."""
    authority = Authority(folder / "tls")
    certificate = authority.issue(["127.0.0.1", "localhost"])
    account = folder / "account"
    account.mkdir()
    (account / "token").write_text(TOKEN)
    (account / "namespace").write_text("plant")
    (account / "ca.crt").write_bytes(authority.certificate.read_bytes())
    held = Kubernetes(account)
    handler = type("Handler", (_Handler,), {"held": held})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    held.address = f"https://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    held: Kubernetes

    def do_GET(self) -> None:
        self._answer(lambda name, _sent: self.held.secrets.get(name) or 404)

    def do_POST(self) -> None:
        self._answer(self._create)

    def do_PUT(self) -> None:
        self._answer(self._replace)

    def _create(self, _name: str, sent: dict[str, Any]) -> dict[str, Any] | int:
        self.held.secrets |= self.held.meanwhile
        self.held.meanwhile = {}
        name = sent["metadata"]["name"]
        if name in self.held.secrets:
            return 409
        return self._kept(sent, 1)

    def _replace(self, name: str, sent: dict[str, Any]) -> dict[str, Any] | int:
        found = self.held.secrets.get(name)
        if found is None:
            return 404
        version = found["metadata"]["resourceVersion"]
        if sent["metadata"].get("resourceVersion") != version:
            return 409
        return self._kept(sent, int(version) + 1)

    def _kept(self, sent: dict[str, Any], version: int) -> dict[str, Any]:
        sent["metadata"]["resourceVersion"] = str(version)
        self.held.secrets[sent["metadata"]["name"]] = sent
        return sent

    def _answer(self, act: Any) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(size)) if size else {}
        with self.held.lock:
            self.held.asked.append(f"{self.command} {self.path}")
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                found: dict[str, Any] | int = 401
            elif self.held.refuses:
                found = self.held.refuses
            elif not self.path.startswith(PATH):
                found = 403
            else:
                found = act(self.path.removeprefix(PATH).strip("/"), sent)
            body = json.dumps({} if isinstance(found, int) else found).encode()
        self.send_response(found if isinstance(found, int) else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
