"""One request passed on to one site, and its answer passed back.  Streams stay streams."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from starlette.types import Send

from appliance.core.errors import SiteAway
from appliance.gateway.hub import MOST_ANSWER, Ask, Asker, Begun, Hub
from appliance.gateway.naming import address_out
from appliance.gateway.rewriting import Rewriting

_IN = frozenset(
    {
        "accept",
        "accept-language",
        "content-type",
        "content-encoding",
        "if-match",
        "if-none-match",
        "last-event-id",
        "range",
    }
)
"""Headers of a request that its site is told."""
_NOT_OUT = frozenset(
    {
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "server",
        "set-cookie",
        "transfer-encoding",
        "www-authenticate",
        "x-request-id",
    }
)
"""Headers of an answer that are the site's own affair."""
SITE = "Kizashi-Site"
_JSON = ("application/json", "application/problem+json")
_EVENTS = "text/event-stream"


def headers_in(given: Iterable[tuple[bytes, bytes]], request: str) -> list[tuple[str, str]]:
    """Return the headers that a site is told.

    Parameters
    ----------
    request
        Identifier of the request: the logs of both ends tell of it by the same.
    """
    found = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in given]
    kept = [(name, value) for name, value in found if name in _IN]
    return [*kept, ("x-request-id", request)] if request else kept


class Passing:
    """Passes one request on.

    Parameters
    ----------
    path
        Its address at the gateway, without the API's prefix.
    extra
        What is added to an answer that is an object.
    """

    def __init__(
        self, hub: Hub, site: str, path: str, extra: Mapping[str, Any] | None = None
    ) -> None:
        self._hub = hub
        self._site = site
        self._rewriting = Rewriting(path)
        self._extra = extra or {}

    async def begin(self, who: Asker, ask: Ask) -> Begun:
        """Ask the site; raises `SiteAway` where it cannot be asked."""
        return await self._hub.begin(self._site, who, ask)

    async def give(self, begun: Begun, send: Send) -> None:
        """Give the site's answer as it comes.

        Raises
        ------
        SiteAway
            An answer that must be read whole did not come whole; nothing was sent.
        """
        kind = next((v for n, v in begun.headers if n.lower() == "content-type"), "")
        media = kind.partition(";")[0].strip().lower()
        headers = self._headers(begun)
        if media in _JSON:
            body = await self.whole(begun)
            headers.append((b"content-length", str(len(body)).encode("ascii")))
            await _start(send, begun.status, headers)
            await send({"type": "http.response.body", "body": body})
            return
        length = next((v for n, v in begun.headers if n.lower() == "content-length"), None)
        if length is not None and media != _EVENTS:
            headers.append((b"content-length", length.encode("latin-1")))
        await _start(send, begun.status, headers)
        parts = self._lines(begun.parts()) if media == _EVENTS else begun.parts()
        async for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def whole(self, begun: Begun) -> bytes:
        """Return a JSON answer, rewritten."""
        parts, size = [], 0
        async for part in begun.parts():
            parts.append(part)
            size += len(part)
            if size > MOST_ANSWER:
                raise SiteAway(f"the answer of site {self._site} is too large.")
        return self.rewritten(b"".join(parts), begun.status)

    def rewritten(self, body: bytes, status: int) -> bytes:
        """Return a JSON answer as the gateway gives it."""
        if not body:
            return body
        told = self._rewriting.answer(json.loads(body), self._site, mark=status < 400)
        if isinstance(told, dict) and status < 400:
            told |= self._extra
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()

    def _headers(self, begun: Begun) -> list[tuple[bytes, bytes]]:
        found = []
        for name, value in begun.headers:
            key = name.lower()
            if key in _NOT_OUT:
                continue
            told = address_out(value, self._site) if key == "location" else value
            found.append((key.encode("latin-1"), told.encode("latin-1")))
        return [*found, (SITE.lower().encode(), self._site.encode())]

    async def _lines(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield a stream of events line by line, rewritten."""
        left = b""
        async for part in parts:
            *lines, left = (left + part).split(b"\n")
            if lines:
                told = (
                    self._rewriting.stream(line.decode("utf-8", "replace"), self._site)
                    for line in lines
                )
                yield "".join(f"{line}\n" for line in told).encode()
        if left:
            yield left


async def _start(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
