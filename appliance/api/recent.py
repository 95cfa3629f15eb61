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

from appliance.core.clock import monotonic
from appliance.core.db import Database

_SECONDS = 20.0
"""Kept no longer, so that sessions and tokens are looked at again and again."""
_MOST_BYTES = 32 * 2**20
_LARGEST = 2**20
_OVERHEAD = 1000
_SAYS = ("authorization", "cookie", "accept", "accept-language")
"""Headers that an answer depends on, who asks among them."""


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: int
    until: float
    caller: str
    body: bytes
    headers: dict[str, str]


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
    clock
        Seconds that never jump.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = monotonic) -> None:
        self._database = database
        self._clock = clock
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._coming: dict[tuple[bytes, int | None], _Coming] = {}
        self._bytes = 0

    async def answer(
        self, request: Request, make: Callable[[], Awaitable[tuple[Response, str]]]
    ) -> tuple[Response, str | None]:
        """Return a request's answer: one that still holds, one on its way, or a new one.

        After a write many ask for the same at once: it is made once, and the others wait.

        Parameters
        ----------
        make
            Gives a new answer, and what its caller is counted under.

        Returns
        -------
        Response, str or None
            The answer; if it was not made for this request, whom to count it for.
        """
        key, stamp = _key(request), self._database.stamp()
        kept = self._find(key, stamp)
        if kept is None and (coming := self._coming.get((key, stamp))) is not None:
            await coming.made.wait()
            kept = coming.kept
        if kept is not None:
            return Response(kept.body, headers=kept.headers), kept.caller
        if stamp is None:
            return (await make())[0], None
        mine = self._coming.setdefault((key, stamp), _Coming())
        try:
            answer, caller = await make()
            mine.kept = self._keep(key, stamp, caller, answer)
        finally:
            self._coming.pop((key, stamp), None)
            mine.made.set()
        return answer, None

    def _find(self, key: bytes, stamp: int | None) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.stamp != stamp or kept.until < self._clock():
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return kept

    def _keep(self, key: bytes, stamp: int, caller: str, answer: Response) -> _Kept | None:
        """Keep an answer that was begun when the database had a stamp, if it may be kept."""
        body = getattr(answer, "body", None)
        if answer.status_code != 200 or body is None or len(body) > _LARGEST:
            return None
        headers = {k: v for k, v in answer.headers.items() if k != "content-length"}
        self._drop(key)
        until = self._clock() + _SECONDS
        kept = _Kept(stamp, until, caller, bytes(body), headers)
        self._kept[key] = kept
        self._bytes += len(body) + _OVERHEAD
        while self._bytes > _MOST_BYTES:
            self._drop(next(iter(self._kept)))
        return kept

    def _drop(self, key: bytes) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= len(kept.body) + _OVERHEAD


def _key(request: Request) -> bytes:
    """Return a digest of all that an answer depends on; credentials are kept nowhere."""
    scope = request.scope
    digest = hashlib.sha256(scope["path"].encode("utf-8", "surrogatepass"))
    digest.update(b"?" + scope["query_string"])
    headers = request.headers
    for name in _SAYS:
        digest.update(b"\0" + headers.get(name, "").encode("latin-1", "replace"))
    return digest.digest()
