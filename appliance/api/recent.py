"""Answers given a moment ago, given again as long as nothing at all was written since.

Screens ask the same few questions again and again.  An answer is kept for whoever asked it
and the very address; the database tells whether any process has committed anything since, so
a right that was taken away or an event that changed is seen by the next request.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
from fastapi import Request, Response
from starlette.types import Scope, Send

from appliance.api.limits import Rate
from appliance.core.clock import monotonic
from appliance.core.db import Database

_SECONDS = 20.0
"""Kept no longer, so that sessions and tokens are looked at again and again."""
_MOST_BYTES = 32 * 2**20
_LARGEST = 2**20
_OVERHEAD = 1000
_LENGTH = b"content-length"
_SAYS = frozenset({b"authorization", b"cookie", b"accept", b"accept-language"})
"""Headers that an answer depends on, who asks among them."""


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: int
    until: float
    caller: str
    body: bytes
    route: object
    raw: list[tuple[bytes, bytes]]

    @property
    def headers(self) -> dict[str, str]:
        """The headers as text."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.raw}


@dataclass(slots=True)
class _Coming:
    """An answer that is being made; `kept` stays None where it cannot be given again."""

    made: anyio.Event = field(default_factory=anyio.Event)
    kept: _Kept | None = None


class Recent:
    """Keeps answers in memory, the least recently used of them no longer.

    Parameters
    ----------
    database
        Tells whether anything was written; where it cannot, nothing is kept.
    rate
        Counts who asks, also for what is given again.
    clock
        Seconds that never jump.
    """

    def __init__(
        self, database: Database, rate: Rate, clock: Callable[[], float] = monotonic
    ) -> None:
        self._database = database
        self._rate = rate
        self._clock = clock
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._coming: dict[tuple[bytes, int | None], _Coming] = {}
        self._bytes = 0

    async def at_once(self, scope: Scope, send: Send) -> bool:
        """Answer a request if its answer still holds; before anything else looks at it.

        Raises
        ------
        TooOften
            Whoever asks, asks too often.
        """
        kept = self._find(_key(scope), self._database.stamp())
        if kept is None:
            return False
        self._rate.spend(kept.caller)
        scope["route"] = kept.route  # it was never asked which this is
        length = (_LENGTH, str(len(kept.body)).encode("ascii"))
        headers = [*kept.raw, length]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": kept.body})
        return True

    async def answer(
        self, request: Request, make: Callable[[], Awaitable[tuple[Response, str]]]
    ) -> Response:
        """Return a request's answer: one that is on its way, or a new one.

        After a write many ask for the same at once: it is made once, and the others wait.

        Parameters
        ----------
        make
            Gives a new answer, and what its caller is counted under.
        """
        key, stamp = _key(request.scope), self._database.stamp()
        if stamp is None:
            return (await make())[0]
        if (coming := self._coming.get((key, stamp))) is not None:
            await coming.made.wait()
            if coming.kept is not None:
                self._rate.spend(coming.kept.caller)
                return Response(coming.kept.body, headers=coming.kept.headers)
        mine = self._coming.setdefault((key, stamp), _Coming())
        try:
            answer, caller = await make()
            mine.kept = self._keep(key, stamp, caller, answer, request.scope.get("route"))
        finally:
            self._coming.pop((key, stamp), None)
            mine.made.set()
        return answer

    def _find(self, key: bytes, stamp: int | None) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.stamp != stamp or kept.until < self._clock():
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return kept

    def _keep(
        self, key: bytes, stamp: int, caller: str, answer: Response, route: object
    ) -> _Kept | None:
        """Keep an answer that was begun when the database had a stamp, if it may be kept."""
        body = getattr(answer, "body", None)
        if answer.status_code != 200 or body is None or len(body) > _LARGEST:
            return None
        raw = [(name, value) for name, value in answer.raw_headers if name != _LENGTH]
        self._drop(key)
        until = self._clock() + _SECONDS
        kept = _Kept(stamp, until, caller, bytes(body), route, raw)
        self._kept[key] = kept
        self._bytes += len(body) + _OVERHEAD
        while self._bytes > _MOST_BYTES:
            self._drop(next(iter(self._kept)))
        return kept

    def _drop(self, key: bytes) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= len(kept.body) + _OVERHEAD


def _key(scope: Scope) -> bytes:
    """Return a digest of all that an answer depends on; credentials are kept nowhere."""
    parts = [scope["path"].encode("utf-8", "surrogatepass"), scope["query_string"]]
    parts += [name + value for name, value in scope["headers"] if name in _SAYS]
    return hashlib.sha256(b"\0".join(parts)).digest()
