"""Answers given a moment ago, given again as long as nothing at all was written since.

Screens ask the same few questions again and again.  An answer is kept for whoever asked it
and the very address; the database tells whether any process has committed anything since, so
a right that was taken away or an event that changed is seen by the next request.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

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
        self._bytes = 0

    def stamp(self) -> int | None:
        """Return what is to be told to `keep`: asked before an answer is made."""
        return self._database.stamp()

    def find(self, request: Request, stamp: int | None) -> tuple[Response, str] | None:
        """Return an answer that still holds, and what its caller is counted under."""
        key = _key(request)
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.stamp != stamp or kept.until < self._clock():
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return Response(kept.body, headers=kept.headers), kept.caller

    def keep(self, request: Request, stamp: int | None, caller: str, answer: Response) -> None:
        """Keep an answer that was begun when the database had a stamp."""
        body = getattr(answer, "body", None)
        if stamp is None or answer.status_code != 200 or body is None or len(body) > _LARGEST:
            return
        headers = {k: v for k, v in answer.headers.items() if k != "content-length"}
        key = _key(request)
        self._drop(key)
        until = self._clock() + _SECONDS
        self._kept[key] = _Kept(stamp, until, caller, bytes(body), headers)
        self._bytes += len(body) + _OVERHEAD
        while self._bytes > _MOST_BYTES:
            self._drop(next(iter(self._kept)))

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
