"""Requests counted at the edge: routes and pages know nothing of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from appliance.api.app import PREFIX
from appliance.core.clock import monotonic
from appliance.metrics import instruments

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEALTH = frozenset({"/healthz", "/readyz"})
_CUT = "cut"
"""Status of a request that was never answered."""
_NONE = "(none)"
_STATUS = (_CUT, "1xx", "2xx", "3xx", "4xx", "5xx")
_PAGES = (
    "/_stcore",
    "/static",
    "/app/static",
    "/component",
    "/media",
    "/vendor",
    "/notebooks/",
)
_ITSELF = frozenset({"/login", "/logout", "/language", "/login/oidc"})


class Measured:
    """Counts the requests and connections of an application.

    Parameters
    ----------
    app
        Answers them.
    route_of
        Gives the template of the address of a request that was answered.
    """

    def __init__(self, app: ASGIApp, route_of: Callable[[Scope], str]) -> None:
        self.app = app
        self._route_of = route_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have one request answered; in as few calls as can be, as there are thousands."""
        if scope["type"] != "http":
            await self._connected(scope, receive, send)
            return
        begun = monotonic()
        status = 0

        def watched(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        request = id(scope)
        instruments.asked(request)
        try:
            await self.app(scope, receive, watched)
        finally:
            method = scope["method"]
            instruments.answered(
                request,
                self._route_of(scope),
                method if method in _METHODS else _NONE,
                _STATUS[status // 100],
                monotonic() - begun,
            )

    async def _connected(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        instruments.connected(1.0)
        try:
            await self.app(scope, receive, send)
        finally:
            instruments.connected(-1.0)


def api_route(scope: Scope) -> str:
    """Return the template of an address of the API."""
    path = getattr(scope.get("route"), "path", None)
    if not isinstance(path, str):
        return _NONE
    # A route knows its address within the API, or the whole of it.
    return path if path.startswith(PREFIX) or path in _HEALTH else PREFIX + path


def page_route(scope: Scope) -> str:
    """Return what kind of address of the pages it is: there are a few alone."""
    path = scope["path"]
    if path in _ITSELF:
        return str(path)
    return next((f"{one.rstrip('/')}/*" for one in _PAGES if path.startswith(one)), "/*")
