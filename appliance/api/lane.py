"""The quick lane: readings judged as they come, answered before anything else looks at them.

A machine may send a reading every second, and there are many machines.  Where a token is known
and the body is one that the route would take, the answer is given here: by the connection
itself where nothing has to be waited for, else before the framework looks for a route.  In
every other case the request goes the way of all, its body with it: what is refused is refused
there, and in the same words.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from appliance.access import Person
from appliance.api.guard import admitted, counted
from appliance.api.limits import MOST_BODY, Rate
from appliance.api.passage import head_of
from appliance.api.routes.online import judged
from appliance.core import trail
from appliance.core.clock import monotonic
from appliance.core.db import Database
from appliance.core.errors import KizashiError
from appliance.metrics import instruments
from appliance.pipelines.online_served import FleetsOnline
from appliance.schemas.online import OnlineAnswer, OnlineRequest

_FLEETS, _LAST = "/fleets/", "/online"
_SECONDS = 20.0
_MOST = 2_000
_MOST_AT_ONCE = 64 * 2**10
"""Bytes of a body that a connection keeps until it is whole."""
_HEADERS = frozenset({b"authorization", b"content-type", b"content-length"})
_UNUSUAL = frozenset({b"cookie", b"idempotency-key", b"transfer-encoding", b"content-encoding"})
_PASSED_ON = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})
"""By which a proxy tells where a request comes from: whether it is believed is said later."""
Headers = Sequence[tuple[bytes, bytes]]
Client = tuple[str, int]


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
    app
        Of the application: what judges readings, and how many requests one may send.
    database
        Tells whether anything was written; where it cannot, the lane is closed.
    """

    def __init__(self, prefix: str, route: APIRoute, app: State, database: Database) -> None:
        self._prefix = prefix
        self._route = route
        self._path = prefix.removesuffix(_FLEETS) + route.path
        self._needs = route.openapi_extra or {}
        self._app = app
        self._database = database
        self._known: OrderedDict[bytes, _Admitted] = OrderedDict()
        self._ends = prefix.encode("ascii"), _LAST.encode("ascii")

    # ------------------------------------------------------------------ by the connection
    def takes(self, url: bytes, headers: Headers) -> bool:
        """Whether a request by POST may be answered by `at_once`, once its body is there."""
        if not (url.endswith(self._ends[1]) and url.startswith(self._ends[0])):
            return False
        online: FleetsOnline = self._app.online
        if not online.is_here:
            return False
        found = _usual(headers)
        return (
            found is not None
            and _PASSED_ON.isdisjoint(found)
            and int(found[b"content-length"]) <= _MOST_AT_ONCE
        )

    def at_once(
        self, url: bytes, headers: Headers, client: Client | None, body: bytes
    ) -> bytes | None:
        """Answer a request that `takes` takes, if that needs no wait.

        Returns
        -------
        bytes or None
            The headers and the body of an answer of status 200; None where the request is to
            go the way of all.  It does so too where somebody listens to spans.
        """
        found, stamp = dict(headers), self._database.stamp()
        if stamp is None or trail.heard() or int(found[b"content-length"]) != len(body):
            return None
        begun = monotonic()
        fleet = url[len(self._ends[0]) : -len(self._ends[1])].decode("latin-1")
        person = self._remembered(_key(client, fleet, found), stamp)
        if person is None:
            return None
        online: FleetsOnline = self._app.online
        try:
            answer = online.answer_at_once(fleet, self._asked(person, body))
        except (ValidationError, KizashiError):
            return None  # nothing was taken: the route says what is wrong
        if answer is None:
            return None
        shown = found.get(b"x-request-id", b""), found.get(b"traceparent", b"")
        told = _told(answer)
        identifier = trail.from_headers(*(one.decode("latin-1") for one in shown)).request
        instruments.answered(id(found), self._path, "POST", "2xx", monotonic() - begun)
        return b"%s%s\r\n%s" % (head_of(identifier), _head(told), told)

    # ------------------------------------------------------------------ before the framework
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
        found = _usual(scope["headers"])
        if found is None or "/" in fleet:
            return receive
        person = await self._person(scope, fleet, found)
        if person is None:
            return receive
        body, again = await _read(receive, int(found[b"content-length"]))
        if body is None:
            return again
        try:
            answer = await judged(self._app.online, fleet, self._asked(person, body))
        except (ValidationError, KizashiError):
            return again  # nothing was taken: the route says what is wrong
        scope["route"] = self._route
        told = _told(answer)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(told)).encode("ascii")),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": told})
        return None

    def _asked(self, person: Person, body: bytes) -> OnlineRequest:
        """Return what is asked for, counted as one more request of whoever asks."""
        asked = OnlineRequest.model_validate_json(body)
        rate: Rate = self._app.rate
        rate.spend(counted(person))
        return asked

    async def _person(
        self, scope: Scope, fleet: str, headers: Mapping[bytes, bytes]
    ) -> Person | None:
        """Return who asks, if they may; None where the guard of the route is to say."""
        stamp = self._database.stamp()
        if stamp is None:
            return None
        key = _key(scope.get("client"), fleet, headers)
        if (known := self._remembered(key, stamp)) is not None:
            return known
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

    def _remembered(self, key: bytes, stamp: int) -> Person | None:
        """Return who was found to ask not long ago, and before anything was written."""
        known = self._known.get(key)
        if known is None or known.stamp != stamp or known.until <= monotonic():
            return None
        return known.person


def _key(client: Client | None, fleet: str, headers: Mapping[bytes, bytes]) -> bytes:
    """Return what somebody who asks for a fleet is remembered by: a digest."""
    address = client[0] if client else ""
    shown = headers.get(b"authorization", b"")
    return hashlib.sha256(b"\0".join((address.encode(), fleet.encode(), shown))).digest()


def _usual(headers: Headers) -> dict[bytes, bytes] | None:
    """Return headers by name, where they come with a body that the lane takes."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _UNUSUAL or (name in found and name in _HEADERS):
            return None
        found[name] = value
    kind = found.get(b"content-type", b"").partition(b";")[0].strip().lower()
    length = found.get(b"content-length", b"")
    if kind != b"application/json" or b"authorization" not in found or not length.isdigit():
        return None
    return found if 0 < int(length) <= MOST_BODY else None


def _told(answer: OnlineAnswer) -> bytes:
    return answer.model_dump_json().encode()


def _head(told: bytes) -> bytes:
    return b"content-type: application/json\r\ncontent-length: %d\r\n" % len(told)


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
