"""The site's end of the line: what the gateway asks is answered by the site's own API."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message

from appliance.access import Person
from appliance.api.guard import VOUCHED
from appliance.core.errors import Forbidden, KizashiError, LinkError
from appliance.core.log import get
from appliance.gateway.line import Exchange

_log = get(__name__)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_OWN = frozenset({"authorization", "cookie", "host", "connection", "transfer-encoding"})
"""Headers that are the line's own to say."""
_LONGEST_PATH = 8_192
_MOST_HEADERS = 100
Vouch = Callable[[str], Awaitable[Person]]


class Answering:
    """Answers what comes over a line.

    Parameters
    ----------
    app
        The site's API.
    own
        Answers what is for the line alone, below ``/link/``.
    vouch
        Returns who asks, by the gateway's claim.
    origin
        Where requests come from, as the site's log is to tell.
    """

    def __init__(self, app: ASGIApp, own: ASGIApp, vouch: Vouch, origin: str) -> None:
        self._app = app
        self._own = own
        self._vouch = vouch
        self._origin = origin
        self._salt = secrets.token_hex(16)
        self._going: set[asyncio.Task[None]] = set()

    def asked(self, exchange: Exchange, told: dict[str, Any]) -> None:
        """Begin to answer a request; see `Line`."""
        task = asyncio.ensure_future(self._answer(exchange, told))
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        exchange.lost = task.cancel  # type: ignore[assignment]

    async def _answer(self, exchange: Exchange, told: dict[str, Any]) -> None:
        try:
            try:
                scope = await self._scope(told)
            except KizashiError as error:
                await _refuse(exchange, error)
                return
            app = self._own if scope["path"].startswith("/link/") else self._app
            await app(scope, _Receive(exchange), _Send(exchange))
        except LinkError as error:
            _log.debug("a request of the gateway was given up: %s", error)
        except Exception:  # noqa: BLE001 - whatever fails in one request must not end the line
            _log.exception("a request of the gateway failed")
            await _quietly(exchange.give_up("the site failed"))
        finally:
            exchange.close()

    async def _scope(self, told: Mapping[str, Any]) -> dict[str, Any]:
        method, path, query = (str(told.get(name, "")) for name in ("method", "path", "query"))
        given = told.get("headers", [])
        if method not in _METHODS or not path.startswith("/") or len(path) > _LONGEST_PATH:
            raise Forbidden("the gateway asks what is no request.")
        if not isinstance(given, list) or len(given) > _MOST_HEADERS:
            raise Forbidden("the gateway sends headers that are none.")
        claim = str(told.get("claim", ""))
        person = await self._vouch(claim)
        headers = [
            (str(name).lower().encode("latin-1"), str(value).encode("latin-1"))
            for name, value in given
            if str(name).lower() not in _OWN
        ]
        # Answers are kept by what these headers say: nobody else can say this.
        mark = hashlib.sha256(f"{self._salt}{claim}".encode()).hexdigest()
        headers += [(b"authorization", f"Link {mark}".encode()), (b"host", b"site")]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": unquote_to_bytes(path).decode("utf-8", "replace"),
            "raw_path": path.encode("latin-1", "replace"),
            "query_string": query.encode("latin-1", "replace"),
            "root_path": "",
            "headers": headers,
            "client": (self._origin, 0),
            "server": ("site", 443),
            "state": {},
            VOUCHED: person,
        }


class _Receive:
    """What the application hears: the body, then that whoever asked has gone."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._done = False

    async def __call__(self) -> Message:
        if self._done:
            # Ends with the task, which is ended when the exchange is lost.
            await asyncio.Event().wait()
        part = await self._exchange.take()
        self._done = part is None
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}


class _Send:
    """What the application says."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in message.get("headers", ())
            ]
            await self._exchange.answer({"status": message["status"], "headers": headers})
        elif message["type"] == "http.response.body":
            last = not message.get("more_body", False)
            await self._exchange.put(message.get("body", b""), last=last)


async def _refuse(exchange: Exchange, error: KizashiError) -> None:
    """Say that whoever asks is not known here; as a problem, like every refusal."""
    told = f'{{"type":"urn:kizashi:problem:{type(error).__name__}","title":"Forbidden",'
    told += f'"status":403,"detail":"{error.message}"}}'
    headers = [("content-type", "application/problem+json")]
    await exchange.answer({"status": 403, "headers": headers})
    await exchange.put(told.encode(), last=True)


async def _quietly(doing: Awaitable[None]) -> None:
    try:
        await doing
    except LinkError:
        return
