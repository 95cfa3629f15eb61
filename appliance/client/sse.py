"""Server-sent events, as the HTML standard has them, from bytes that come in any pieces."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections import deque
from dataclasses import dataclass

from appliance.client.wire.base import Stream


@dataclass(frozen=True)
class Message:
    """One event of a stream."""

    event: str
    data: str
    id: str


class Messages:
    """The events of a stream, in order.

    Parameters
    ----------
    stream
        Where the bytes come from.
    last
        Identifier of the last event of an earlier stream.
    """

    def __init__(self, stream: Stream, last: str = "") -> None:
        self._stream = stream
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._ready: deque[Message] = deque()
        self._event = ""
        self._data: list[str] = []
        self._id = last
        self.last = last

    async def next(self) -> Message | None:
        """Return the next event; None at the end of the stream.

        Raises
        ------
        Unreachable
            The line is broken.
        """
        while not self._ready:
            chunk = await self._stream.next()
            if chunk is None:
                return None
            self._take(self._decoder.decode(chunk))
        found = self._ready.popleft()
        self.last = found.id
        return found

    async def close(self) -> None:
        """Hang up."""
        await self._stream.close()

    def _take(self, text: str) -> None:
        # A line may end in CR LF, whose halves may come apart: a CR at the end waits.
        whole = self._rest + text
        held = "\r" if whole.endswith("\r") else ""
        lines = whole.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = lines.pop() + held
        for line in lines:
            self._line(line)

    def _line(self, line: str) -> None:
        if not line:
            self._end()
            return
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value

    def _end(self) -> None:
        if self._data:
            text = "\n".join(self._data)
            self._ready.append(Message(self._event or "message", text, self._id))
        self._event, self._data = "", []
