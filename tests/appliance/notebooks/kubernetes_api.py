"""The part of Kubernetes' API that notebooks ask, over real HTTPS; a test changes what is."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from appliance.core.clock import now
from appliance.notebooks.pods.wire import Kubernetes
from appliance.tls import Authority

NAMESPACE = "site"


@dataclass
class Cluster:
    """What is in it, and who asked.

    Attributes
    ----------
    objects
        By kind and name.
    tokens
        That were shown, in their order.
    refuses
        Status and message with which whatever is to be made is refused.
    """

    folder: Path
    address: str = ""
    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    refuses: tuple[int, str] | None = None

    def client(self) -> Kubernetes:
        """Return what asks it, with the account of its folder."""
        return Kubernetes(self.folder, self.address)

    def pods(self) -> list[dict[str, Any]]:
        """Return all pods."""
        return [one for (kind, _), one in self.objects.items() if kind == "pods"]


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Serve one, with an account in a folder."""
    authority = Authority(folder / "authority")
    shown = authority.issue(["127.0.0.1", "localhost"])
    (folder / "ca.crt").write_bytes(authority.certificate.read_bytes())
    (folder / "token").write_text("first")
    (folder / "namespace").write_text(NAMESPACE)
    made = Cluster(folder)

    class Handler(_Handler):
        cluster = made

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.address = f"https://127.0.0.1:{server.server_port}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    cluster: Cluster
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _asked(self) -> tuple[str, str, Any]:
        self.cluster.tokens.append(self.headers["Authorization"].removeprefix("Bearer "))
        path = urlsplit(self.path).path
        kind, _, name = path.removeprefix(f"/api/v1/namespaces/{NAMESPACE}/").partition("/")
        length = int(self.headers.get("Content-Length", 0))
        return kind, name, json.loads(self.rfile.read(length)) if length else None

    def _say(self, status: int, told: Any) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        kind, name, _ = self._asked()
        if name:
            found = self.cluster.objects.get((kind, name))
            self._say(404 if found is None else 200, found or {"message": "not found"})
            return
        (selector,) = parse_qs(urlsplit(self.path).query)["labelSelector"]
        wanted = dict(one.split("=") for one in selector.split(","))
        all_of_kind = [one for (own, _), one in self.cluster.objects.items() if own == kind]
        items = [
            one for one in all_of_kind if wanted.items() <= one["metadata"]["labels"].items()
        ]
        self._say(200, {"items": items})

    def do_POST(self) -> None:
        kind, _, told = self._asked()
        key = (kind, told["metadata"]["name"])
        if self.cluster.refuses is not None:
            self._say(self.cluster.refuses[0], {"message": self.cluster.refuses[1]})
        elif key in self.cluster.objects:
            self._say(409, {"message": "already exists"})
        else:
            told["metadata"] |= {"uid": "u1", "creationTimestamp": now().isoformat()}
            self.cluster.objects[key] = told
            self._say(201, told)

    def do_DELETE(self) -> None:
        kind, name, told = self._asked()
        found = self.cluster.objects.get((kind, name))
        if found is not None and told["preconditions"]["uid"] != found["metadata"]["uid"]:
            self._say(409, {"message": "the uid is another"})
        else:
            self.cluster.objects.pop((kind, name), None)
            self._say(200, {})
