"""Follows a job to its end: by its stream while that works, by asking again where not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from appliance.client.line import Line, parsed
from appliance.client.request import Request
from appliance.client.resource import at
from appliance.client.sse import Messages
from appliance.core.clock import monotonic
from appliance.core.errors import (
    Forbidden,
    KizashiError,
    TryAgain,
    Unauthenticated,
    Unreachable,
)
from appliance.schemas.job import Job

_SNAPSHOTS = frozenset({"progress", "end"})
_SILENT_STREAMS = 3
_FIRST_POLL = 0.25
_LONGEST_POLL = 5.0
_RECONNECT = 0.5
_SILENCE = 45.0
"""Seconds without a sign of life after which a stream is taken for dead."""


@dataclass
class _Follower:
    line: Line
    job: Job
    seen: Callable[[Job], None]
    until: float | None
    last: str = ""

    @property
    def left(self) -> float:
        """Seconds until there is no more time; many if there is no such limit."""
        return _SILENCE if self.until is None else max(0.0, self.until - monotonic())

    @property
    def over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.job.state.over or self.left == 0

    async def stream(self) -> bool:
        """Follow one stream until it ends; return whether it said anything."""
        headers = {"Last-Event-ID": self.last} if self.last else {}
        request = Request(
            "GET",
            at("jobs", self.job.id, "stream"),
            accept="text/event-stream",
            headers=headers,
            timeout=max(0.05, min(self.left, _SILENCE)),
        )
        messages = Messages(await self.line.open(request), self.last)
        said = False
        try:
            while not self.over and (message := await messages.next()) is not None:
                said = True
                self.last = message.id
                if message.event in _SNAPSHOTS:
                    self._take(json.loads(message.data))
        finally:
            await messages.close()
        return said

    async def look(self) -> None:
        """Ask once."""
        self._take(await self.line.get(at("jobs", self.job.id)))

    async def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of time."""
        await self.line.wire.sleep(min(seconds, self.left))

    def _take(self, data: object) -> None:
        self.job = parsed(Job, data)
        self.seen(self.job)


async def followed(line: Line, job: Job) -> Job:
    """Follow a job until it is over; return it as it is then."""
    last = [job]
    await follow(line, job, last.append, None)
    return last[-1]


async def follow(
    line: Line, job: Job, seen: Callable[[Job], None], until: float | None
) -> None:
    """Follow a job until it is over or there is no more time.

    Parameters
    ----------
    seen
        Called with each snapshot of the job.
    until
        On the clock of `monotonic`; None: however long it takes.

    Raises
    ------
    KizashiError
        The site refuses to tell, or does not answer for longer than the line's patience.
    """
    follower = _Follower(line, job, seen, until)
    silent = 0
    while not follower.over and silent < _SILENT_STREAMS:
        try:
            silent = 0 if await follower.stream() else silent + 1
        except (Unauthenticated, Forbidden):
            raise
        except (Unreachable, TryAgain):
            silent += 1
        except KizashiError:
            break  # no streams here: a proxy without them, or an older site
        if not follower.over:
            await follower.pause(_RECONNECT)
    poll = _FIRST_POLL
    while not follower.over:
        await follower.look()
        if not follower.over:
            await follower.pause(poll)
            poll = min(2 * poll, _LONGEST_POLL)
