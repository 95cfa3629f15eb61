"""What every request passes on its way in and every answer on its way out."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from appliance.api.pace import Paced
from appliance.api.problems import MEDIA_TYPE, Problem
from appliance.core.trail import Span, following, from_headers, span

_FAILED = 500
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
}
_WRITTEN = "".join(f"{name.lower()}: {value}\r\n" for name, value in _HEADERS.items()).encode()


def head_of(identifier: str) -> bytes:
    """Return the headers that every answer has, as they go over the wire."""
    return b"x-request-id: %s\r\n%s" % (identifier.encode("ascii"), _WRITTEN)


class Passage:
    """Gives a request its identifier and an answer its headers; refuses what is no text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked = headers.get("X-Request-ID", ""), headers.get("traceparent", "")
        trail = from_headers(*asked)
        scope.setdefault("state", {})["request_id"] = trail.request
        with following(trail), span(scope["method"], server=True) as told:
            await self._passed(scope, receive, send, trail.request)
            if told is not None:
                _describe(told, scope)

    async def _passed(
        self, scope: Scope, receive: Receive, send: Send, identifier: str
    ) -> None:
        paced = Paced(receive, whole=not _has_body(scope))
        dressed = _Dressed(scope, send, identifier, paced)
        if "\0" in scope["path"] or b"%00" in scope.get("query_string", b""):
            told = "the address holds a character that no text has (NUL)."
            await _problem(400, "InvalidRequest", "Bad Request", told, identifier)(
                scope, receive, dressed
            )
            return
        await self._app(scope, paced, dressed)
        if dressed.refused:
            told = "the body is larger than this route takes."
            await _problem(413, "LimitExceeded", "Content Too Large", told, identifier)(
                scope, receive, _Dressed(scope, send, identifier, paced)
            )


class _Dressed:
    """Sends an answer with our headers, but not the framework's own words on a large body.

    An answer that comes before all of the body ends the connection: what is still to come
    would be heard for nothing.
    """

    def __init__(self, scope: Scope, send: Send, identifier: str, paced: Paced) -> None:
        self._send = send
        self._identifier = identifier
        self._paced = paced
        self.refused = False
        self._scope = scope

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            self.refused = message["status"] == 413 and headers["Content-Type"] != MEDIA_TYPE
            headers["X-Request-ID"] = self._identifier
            self._scope["state"]["status"] = message["status"]
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if not self._paced.whole:
                headers["Connection"] = "close"
        if self.refused:
            return
        if message["type"] == "http.response.body" and not self._paced.whole:
            last = not message.get("more_body", False)
            await self._send({**message, "more_body": True})
            if last:
                await self._paced.drain()
                await self._send({"type": "http.response.body", "body": b""})
            return
        await self._send(message)


def _describe(told: Span, scope: Scope) -> None:
    """Tell of a request by its route: addresses have names in them."""
    route = getattr(scope.get("route"), "path", "")
    status = int(scope["state"].get("status", 0))
    told.name = f"{scope['method']} {route}".strip()
    told.facts |= {"http.request.method": scope["method"], "http.route": route}
    told.facts["http.response.status_code"] = status
    if status >= _FAILED:
        told.error = str(status)


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in headers


def _problem(status: int, kind: str, title: str, told: str, identifier: str) -> JSONResponse:
    problem = Problem(
        type=f"urn:kizashi:problem:{kind}",
        title=title,
        status=status,
        detail=told,
        instance=identifier,
    )
    return JSONResponse(
        problem.model_dump(mode="json"), status_code=status, media_type=MEDIA_TYPE
    )
