"""The quick lane: readings judged as they come, answered before anything else looks at them.

A machine may send a reading every second, and there are many machines.  Where a token is known
and the body is one that the route would take, the answer is given here.  In every other case
the request goes the way of all, its body with it: what is refused is refused there, and in the
same words.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from appliance.access import Person
from appliance.api.guard import admitted, counted
from appliance.api.limits import MOST_BODY, Rate
from appliance.api.routes.online import judged
from appliance.core.clock import monotonic
from appliance.core.db import Database
from appliance.core.errors import KizashiError
from appliance.schemas.online import OnlineRequest

_LAST = "/online"
_SECONDS = 20.0
_MOST = 2_000
_HEADERS = frozenset({b"authorization", b"content-type", b"content-length"})
_UNUSUAL = frozenset({b"cookie", b"idempotency-key", b"transfer-encoding", b"content-encoding"})


@dataclass(frozen=True, slots=True)
class _Admitted:
    person: Person
    stamp: int
    until: float


class Lane:
    """Answers requests of one route at once where that is possible.

    Parameters
    ----------
    prefix
        Of the addresses of fleets, with the slash at its end.
    route
        The route that every other request goes to; it says what is needed.
    database
        Tells whether anything was written; where it cannot, the lane is closed.
    """

    def __init__(self, prefix: str, route: APIRoute, database: Database) -> None:
        self._prefix = prefix
        self._route = route
        self._needs = route.openapi_extra or {}
        self._database = database
        self._known: OrderedDict[bytes, _Admitted] = OrderedDict()

    async def answered(self, scope: Scope, receive: Receive, send: Send) -> Receive | None:
        """Answer a request.

        Returns
        -------
        Receive or None
            None if it is answered; else what its body is still to be had from.
        """
        path: str = scope["path"]
        if not (path.startswith(self._prefix) and path.endswith(_LAST)):
            return receive
        fleet = path[len(self._prefix) : -len(_LAST)]
        length = _length(scope)
        if length is None or "/" in fleet:
            return receive
        person = await self._person(scope, fleet)
        if person is None:
            return receive
        body, again = await _read(receive, length)
        if body is None:
            return again
        rate: Rate = scope["app"].state.rate
        try:
            asked = OnlineRequest.model_validate_json(body)
            rate.spend(counted(person))
            answer = await judged(scope["app"].state.online, fleet, asked)
        except (ValidationError, KizashiError):
            return again  # nothing was taken: the route says what is wrong
        scope["route"] = self._route
        told = answer.model_dump_json().encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(told)).encode("ascii")),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": told})
        return None

    async def _person(self, scope: Scope, fleet: str) -> Person | None:
        """Return who asks, if they may; None where the guard of the route is to say."""
        stamp = self._database.stamp()
        if stamp is None:
            return None
        shown = next((v for name, v in scope["headers"] if name == b"authorization"), b"")
        client = scope.get("client") or ("",)
        key = hashlib.sha256(b"\0".join((client[0].encode(), fleet.encode(), shown))).digest()
        known = self._known.get(key)
        if known is not None and known.stamp == stamp and known.until > monotonic():
            return known.person
        scope["path_params"] = {"fleet": fleet}
        try:
            person = await run_in_threadpool(admitted, Request(scope), self._needs)
        except KizashiError:
            return None
        self._known[key] = _Admitted(person, stamp, monotonic() + _SECONDS)
        self._known.move_to_end(key)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return person


def _length(scope: Scope) -> int | None:
    """Return the bytes of a body that the lane takes; None of any other."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _UNUSUAL or (name in _HEADERS and name in found):
            return None
        found[name] = value
    kind = found.get(b"content-type", b"").partition(b";")[0].strip().lower()
    length = found.get(b"content-length", b"")
    if kind != b"application/json" or b"authorization" not in found or not length.isdigit():
        return None
    return int(length) if 0 < int(length) <= MOST_BODY else None


async def _read(receive: Receive, length: int) -> tuple[bytes | None, Receive]:
    """Return a body, and what gives it once more; None where it did not come."""
    messages: list[Message] = []
    size, more = 0, True
    while more and size <= length:
        try:
            message = await receive()
        except HTTPException:
            break  # it comes too slowly: the route hears so too
        messages.append(message)
        size += len(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
    taken = iter(messages)

    async def again() -> Message:
        message = next(taken, None)
        return await receive() if message is None else message

    if more or size != length:
        return None, again
    return b"".join(message.get("body", b"") for message in messages), again
