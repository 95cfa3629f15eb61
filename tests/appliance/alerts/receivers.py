"""A mail server and an address that take what is sent to them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.appliance.api.ports import free_port


@dataclass
class Post:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Address:
    """Where posts are sent to, and what it answers."""

    url: str = ""
    status: int = 200
    location: str = ""
    posts: list[Post] = field(default_factory=list)


@contextmanager
def address() -> Iterator[Address]:
    """Serve an address for webhooks."""
    told = Address()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            told.posts.append(Post(self.path, dict(self.headers), body))
            self.send_response(told.status)
            if told.location:
                self.send_header("Location", told.location)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Mailbox:
    """What a mail server took."""

    port: int = 0
    refuse: str = ""
    logins: list[tuple[str, str]] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(self, _s: Any, _: Any, envelope: Any, to: str, __: Any) -> str:
        """Take a receiver, or not."""
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, _s: Any, _: Any, envelope: Any) -> str:
        """Take a message."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"


@contextmanager
def mailbox(tls: Any = None) -> Iterator[Mailbox]:
    """Serve a mailbox; with a context for TLS, one that wants it and a password."""
    told = Mailbox(free_port())

    def authenticate(_s: Any, _: Any, __: Any, mechanism: str, given: Any) -> AuthResult:
        told.logins.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=given.password == b"open sesame")

    wanted: dict[str, Any] = {"enable_SMTPUTF8": True}
    if tls is not None:
        wanted |= {"tls_context": tls, "require_starttls": True, "authenticator": authenticate}
    server = Controller(told, hostname="127.0.0.1", port=told.port, **wanted)
    server.start()
    yield told
    server.stop()
