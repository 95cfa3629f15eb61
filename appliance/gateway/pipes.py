"""What carries a line: a websocket that the web server holds, or two ends in one process."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Send
from typing_extensions import override

from appliance.core.errors import LinkError
from appliance.gateway.frames import MOST_FRAME
from appliance.gateway.line import Pipe

_WAITING = 64


class ServerPipe(Pipe):
    """A websocket that was accepted.

    Parameters
    ----------
    receive, send
        As ASGI gives them.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._closed = False

    @override
    async def send(self, message: bytes) -> None:
        """Send one message."""
        if self._closed:
            raise LinkError("the line is closed.")
        try:
            await self._send({"type": "websocket.send", "bytes": message})
        except (
            OSError,
            RuntimeError,
        ) as error:  # servers differ in what a lost peer is to them
            raise LinkError(f"the line broke: {error}.") from error

    @override
    async def receive(self) -> bytes | None:
        """Return the next message; None when the other end has hung up."""
        came = await self._receive()
        if came["type"] != "websocket.receive":
            self._closed = True
            return None
        data = came.get("bytes")
        if data is None or len(data) > MOST_FRAME:
            raise LinkError("the other end of the line sends what is no frame.")
        return bytes(data)

    @override
    async def close(self) -> None:
        """Hang up."""
        if not self._closed:
            self._closed = True
            try:
                await self._send({"type": "websocket.close", "code": 1000})
            except (OSError, RuntimeError):
                return  # it has gone by itself


class _Held(Pipe):
    """One end of two in one process."""

    def __init__(
        self, out: asyncio.Queue[bytes | None], into: asyncio.Queue[bytes | None]
    ) -> None:
        self._out = out
        self._in = into
        self._closed = False

    @override
    async def send(self, message: bytes) -> None:
        """Send one message."""
        if self._closed:
            raise LinkError("the line is closed.")
        await self._out.put(message)

    @override
    async def receive(self) -> bytes | None:
        """Return the next message; None when the other end has hung up."""
        if self._closed:
            return None
        found = await self._in.get()
        if found is None:
            self._closed = True
        return found

    @override
    async def close(self) -> None:
        """Hang up at both ends."""
        if self._closed:
            return
        self._closed = True
        for queue in (self._out, self._in):
            if queue.full():
                queue.get_nowait()  # nobody reads it any more
            queue.put_nowait(None)


def pair() -> tuple[Pipe, Pipe]:
    """Return both ends of a pipe within one event loop."""
    one: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING)
    other: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING)
    return _Held(one, other), _Held(other, one)
