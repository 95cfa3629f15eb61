"""What a job does, told while it does it: server-sent events.

A stream holds no thread: it looks at the store in short calls, and only when something was
written at all.  Its events carry the number of the last log line as their identifier, so that
whoever comes back with ``Last-Event-ID`` misses no line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
from fastapi import Request
from fastapi.sse import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from appliance.core.clock import monotonic
from appliance.core.errors import NotFound, StorageError, TooOften
from appliance.pipelines.site import Site
from appliance.schemas.job import Job, JobLogLine

MOST = 200
MOST_EACH = 20
"""Streams at once, of all and of one caller."""
_LONGEST = 900.0
"""Seconds after which a stream ends: whoever still may, comes back."""
_TICK = 0.25
_UNTOLD = 1.0
"""Seconds between looks where the database cannot tell whether anything was written."""
_LINES = 500
_RETRY_MS = 1_000


class Room:
    """Counts the streams that are open."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def enter(self, caller: str) -> None:
        """Count one more.

        Raises
        ------
        TooOften
            There are too many.
        """
        if self._open.total() >= MOST or self._open[caller] >= MOST_EACH:
            error = TooOften("too many streams are open.", remedy="Close some of them.")
            error.seconds = int(_RETRY_MS / 1_000) * 5
            raise error
        self._open[caller] += 1

    def leave(self, caller: str) -> None:
        """Count one less."""
        self._open[caller] -= 1
        if self._open[caller] <= 0:
            del self._open[caller]


_room = Room()


async def a_place(request: Request) -> AsyncIterator[None]:
    """Hold a place for a stream while it is open."""
    caller: str = request.state.person.name
    _room.enter(caller)
    try:
        yield
    finally:
        _room.leave(caller)


@dataclass(frozen=True)
class _Look:
    job: Job
    lines: list[JobLogLine]


async def told(site: Site, job: str, after: int) -> AsyncIterator[ServerSentEvent]:
    """Yield what a job does until it is over.

    Parameters
    ----------
    after
        Number of the last log line that was seen.
    """
    until = monotonic() + _LONGEST
    shown: Job | None = None
    stamp: int | None = None
    looked = 0.0
    while monotonic() < until:
        present = site.database.stamp()
        waited = monotonic() - looked >= _UNTOLD if present is None else present != stamp
        if shown is not None and not waited:
            await anyio.sleep(_TICK)
            continue
        stamp, looked = present, monotonic()
        try:
            look = await run_in_threadpool(_look, site, job, after)
        except NotFound:
            return  # removed meanwhile
        except StorageError:
            # Gone for a while: whoever waits for the job waits for the database too.
            stamp, shown = None, None
            await anyio.sleep(_UNTOLD)
            continue
        for line in look.lines:
            after = line.number
            yield ServerSentEvent(event="log", data=line, id=str(after))
        if len(look.lines) == _LINES:
            stamp, shown = None, None  # there are more
            continue
        if look.job != shown:
            kind = "end" if look.job.state.over else "progress"
            retry = _RETRY_MS if shown is None else None
            shown = look.job
            yield ServerSentEvent(event=kind, data=shown, id=str(after), retry=retry)
        if look.job.state.over:
            return


def _look(site: Site, job: str, after: int) -> _Look:
    # The job first: what it says after this is in the lines, or in the next look.
    found = site.jobs.get(job)
    return _Look(found, site.jobs.log(job, after, _LINES))
