"""Bodies come at a pace, or not at all: nobody holds a connection by sending nothing."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from appliance.core.clock import monotonic

PATIENCE = 30.0
"""Seconds that nothing at all may come for."""
SLOWEST = 4096.0
"""Bytes a second that a body comes with at least, beyond that."""

_DRAINED = 16 * 2**20
_DRAIN_SECONDS = 2.0


class Paced:
    """Receives a request, and gives up where its body comes too slowly.

    Parameters
    ----------
    receive
        Gives what the server hears.
    clock
        Seconds that never jump.

    Attributes
    ----------
    whole
        Whether all of the body has come, or there is none.
    """

    def __init__(
        self, receive: Receive, *, whole: bool, clock: Callable[[], float] = monotonic
    ) -> None:
        self._receive = receive
        self._clock = clock
        self._until: float | None = None
        self.whole = whole

    async def __call__(self) -> Message:
        """Return the next part.

        Raises
        ------
        HTTPException
            It is late.
        """
        if self.whole:  # from here on one waits for the client to leave, however long
            return await self._receive()
        if self._until is None:
            self._until = self._clock() + PATIENCE
        try:
            with anyio.fail_after(max(0.0, self._until - self._clock())):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(
                408, "the body does not come, or too slowly.", {"Connection": "close"}
            ) from error
        if message["type"] == "http.request":
            self._until += len(message.get("body", b"")) / SLOWEST
            self.whole = not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Let some of the rest come and pass, so that the client is able to hear its answer.

        Whoever closes a connection with words unheard takes back what was said last.
        """
        left = _DRAINED
        with anyio.move_on_after(_DRAIN_SECONDS):
            while not self.whole and left > 0:
                message = await self._receive()
                left -= len(message.get("body", b""))
                self.whole = not message.get("more_body", False)
