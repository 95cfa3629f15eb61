"""No page and no connection without a session: whoever has none is led to the login."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from appliance.api.guard import COOKIE
from appliance.api.known import Known
from appliance.core.errors import KizashiError, Unauthenticated

LOGIN = "/login"
LOGOUT = "/logout"
LANGUAGE = "/language"
FONT = "/app/static/inter.woff2"
"""The one file of the pages that the login shows too."""
_OPEN = frozenset({LOGIN, LOGOUT, LANGUAGE})
_INSIDE = ("/_stcore", "/static", "/component", "/media", "/vendor")
"""Addresses that pages ask for themselves: nobody would want to be led back to them."""
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws: wss:; worker-src 'self' blob:; frame-ancestors 'self'; "
    "base-uri 'self'; form-action 'self'; object-src 'none'"
)
_LOST = 4401
"""Code that a connection is closed with when its session is not good."""


class Gate:
    """Stands before pages and their connections.

    Parameters
    ----------
    pages
        What is behind the gate.
    login
        Serves login and logout, to everybody.
    known
        Knows whose a session is.
    """

    def __init__(self, pages: ASGIApp, login: ASGIApp, known: Known) -> None:
        self._pages = pages
        self._login = login
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request or connection through, or not."""
        if scope["type"] == "lifespan":
            await self._pages(scope, receive, send)
            return
        dressed = _dressed(send) if scope["type"] == "http" else send
        if scope["type"] == "http" and scope["path"] in _OPEN:
            await self._login(scope, receive, dressed)
        elif scope["path"] == FONT or await self._admits(scope):
            await self._pages(scope, receive, dressed)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _LOST})
        else:
            await _turned_away(scope)(scope, receive, dressed)

    async def _admits(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        if scope["type"] == "websocket" and not same_origin(headers):
            return False
        secret = session_in(headers.get("cookie", ""))
        if secret is None:
            return False
        origin = scope["client"][0] if scope.get("client") else ""
        try:
            await run_in_threadpool(self._known.authenticate, secret, origin)
        except Unauthenticated:
            return False
        except KizashiError:
            return True  # the pages say what is wrong; they get nothing from the API either
        return True


def session_in(header: str) -> str | None:
    """Return the session's secret in a cookie header."""
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return found.value if found else None


def same_origin(headers: Headers) -> bool:
    """Whether a browser opens a connection from a page of this site."""
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host", "")


def _turned_away(scope: Scope) -> Response:
    path = scope["path"]
    if path.startswith(_INSIDE) or scope["method"] != "GET":
        return Response("nobody is logged in", 401, media_type="text/plain")
    query = scope["query_string"].decode("latin-1")
    wanted = quote(path + (f"?{query}" if query else ""), safe="")
    return RedirectResponse(f"{LOGIN}?next={wanted}" if path != "/" else LOGIN, 303)


def _dressed(send: Send) -> Send:
    async def out(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Content-Security-Policy", _POLICY)
            headers["X-Frame-Options"] = "SAMEORIGIN"
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "same-origin"
        await send(message)

    return out
