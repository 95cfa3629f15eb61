"""One line between a site and its gateway: many exchanges at once over one connection.

Each exchange has a window each way: bytes that may be on their way before the reader has taken
them.  A reader that is slow holds up its own exchange alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from appliance.core.errors import LinkError, TryAgain
from appliance.core.log import get
from appliance.gateway import frames
from appliance.gateway.frames import MOST_DATA, Frame, Kind

_log = get(__name__)
WINDOW = 256 * 2**10
"""Bytes of one body that are on their way at most."""
MOST_EXCHANGES = 128
"""Requests at once on one line."""


class Pipe(Protocol):
    """Carries messages, whole and in order."""

    async def send(self, message: bytes) -> None:
        """Send one; waits while the connection is full.

        Raises
        ------
        LinkError
            The connection is gone.
        """

    async def receive(self) -> bytes | None:
        """Return the next one; None when the other end has hung up.

        Raises
        ------
        LinkError
            The connection broke, or what came is no message of ours.
        """

    async def close(self) -> None:
        """Hang up."""


class Exchange:
    """One request and its answer, as one end sees it."""

    def __init__(self, line: Line, number: int) -> None:
        self._line = line
        self.number = number
        self._came: deque[bytes] = deque()
        self._ended = False
        self._credit = WINDOW
        self._held = 0
        self._taken = 0
        self._change = asyncio.Event()
        self._head: dict[str, Any] | None = None
        self._broken: LinkError | None = None
        self.lost: Callable[[], None] = lambda: None
        """Called when the exchange ends before its time."""

    async def head(self) -> dict[str, Any]:
        """Return the head of the answer, when it is there.

        Raises
        ------
        LinkError
            The line broke, or the other end gave the exchange up.
        """
        while self._head is None:
            await self._wait()
        return self._head

    async def take(self) -> bytes | None:
        """Return the next part of the other end's body; None after the last.

        Raises
        ------
        LinkError
            The line broke, or the other end gave the exchange up.
        """
        while not self._came:
            if self._ended:
                return None
            await self._wait()
        part = self._came.popleft()
        self._held -= len(part)
        self._taken += len(part)
        if self._taken >= WINDOW // 2 and not self._ended:
            await self._line.send(frames.credit(self.number, self._taken))
            self._taken = 0
        return part

    async def put(self, data: bytes, *, last: bool = False) -> None:
        """Send a part of a body, as fast as the other end reads.

        Raises
        ------
        LinkError
            The line broke, or the other end gave the exchange up.
        """
        view = memoryview(data)
        while len(view) > 0:
            while self._credit <= 0:
                await self._wait()
            size = min(len(view), self._credit, MOST_DATA)
            part, view = bytes(view[:size]), view[size:]
            self._credit -= size
            kind = Kind.LAST if last and not len(view) else Kind.DATA
            await self._line.send(frames.encode(kind, self.number, part))
        if last and not data:
            await self._line.send(frames.encode(Kind.LAST, self.number))

    async def answer(self, told: Mapping[str, Any]) -> None:
        """Send the head of the answer."""
        await self._line.send(frames.head(Kind.HEAD, self.number, told))

    async def give_up(self, why: str) -> None:
        """End the exchange before its time, where the line still holds."""
        if self._line.forget(self.number) and self._broken is None:
            self._broken = LinkError(f"the request was given up: {why}.")
            self._change.set()
            told = why.encode()[:200]
            await self._line.send(frames.encode(Kind.RESET, self.number, told))

    def close(self) -> None:
        """Forget the exchange: both bodies are done."""
        self._line.forget(self.number)

    def hear(self, frame: Frame) -> None:
        """Take in what came for this exchange.

        Raises
        ------
        LinkError
            The other end does not keep to what was agreed.
        """
        match frame.kind:
            case Kind.DATA | Kind.LAST:
                self._held += len(frame.data)
                if self._ended or self._held > WINDOW:
                    raise LinkError("the other end of the line sends more than it may.")
                if frame.data:
                    self._came.append(frame.data)
                self._ended = frame.kind is Kind.LAST
            case Kind.HEAD:
                self._head = frame.told()
            case Kind.CREDIT:
                self._credit = min(self._credit + frame.credit(), WINDOW)
            case _:
                self.break_off(LinkError(_why(frame.data)))
        self._change.set()

    def break_off(self, error: LinkError) -> None:
        """Let whoever waits know that nothing more comes."""
        self._broken = self._broken or error
        self._change.set()
        self.lost()

    async def _wait(self) -> None:
        self._raise_if_broken()
        self._change.clear()
        await self._change.wait()
        if not self._came:
            self._raise_if_broken()

    def _raise_if_broken(self) -> None:
        if self._broken is not None:
            raise self._broken


class Line:
    """One end of a line.

    Parameters
    ----------
    pipe
        What carries it.
    asked
        Told of each request that comes, with its head; None where none may come.
    """

    def __init__(
        self, pipe: Pipe, asked: Callable[[Exchange, dict[str, Any]], None] | None = None
    ) -> None:
        self._pipe = pipe
        self._asked = asked
        self._exchanges: dict[int, Exchange] = {}
        self._number = 0
        self._loop = asyncio.get_running_loop()
        self.open = True

    @property
    def busy(self) -> int:
        """How many exchanges go on."""
        return len(self._exchanges)

    async def send(self, message: bytes) -> None:
        """Send a frame.

        Raises
        ------
        LinkError
            The line is broken.
        """
        if not self.open:
            raise LinkError("the line is broken.")
        await self._pipe.send(message)

    async def ask(self, told: Mapping[str, Any]) -> Exchange:
        """Begin an exchange by the head of a request.

        Raises
        ------
        TryAgain
            As many go on as may.
        LinkError
            The line is broken.
        """
        if len(self._exchanges) >= MOST_EXCHANGES:
            raise TryAgain("the line to the site is busy.", remedy="Ask again in a moment.")
        self._number = self._number % (2**32 - 1) + 1
        made = self._exchanges[self._number] = Exchange(self, self._number)
        try:
            await self.send(frames.head(Kind.OPEN, made.number, told))
        except BaseException:
            self.forget(made.number)
            raise
        return made

    def end_soon(self) -> None:
        """Hang up as soon as may be; from any thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop)

    async def _end(self) -> None:
        self.open = False
        await self._pipe.close()

    def forget(self, number: int) -> bool:
        """Forget an exchange; whether it was known."""
        return self._exchanges.pop(number, None) is not None

    async def run(self) -> None:
        """Hear the other end until it hangs up.

        Raises
        ------
        LinkError
            The connection broke, or the other end does not keep to what was agreed.
        """
        why = LinkError("the line to the other end broke.")
        try:
            while (message := await self._pipe.receive()) is not None:
                await self._hear(frames.decode(message))
        except LinkError as error:
            why = error
            raise
        finally:
            self.open = False
            for one in list(self._exchanges.values()):
                one.break_off(why)
            self._exchanges.clear()
            await self._pipe.close()

    async def _hear(self, frame: Frame) -> None:
        if frame.kind is Kind.OPEN:
            await self._begin(frame)
            return
        known = self._exchanges.get(frame.exchange)
        if frame.kind is Kind.HELLO:
            raise LinkError("the other end of the line greets twice.")
        if known is None:
            return  # it was given up here while this was on its way
        if frame.kind is Kind.RESET:
            self.forget(frame.exchange)
        known.hear(frame)

    async def _begin(self, frame: Frame) -> None:
        if self._asked is None or frame.exchange in self._exchanges or not frame.exchange:
            raise LinkError("the other end of the line asks what it may not.")
        made = Exchange(self, frame.exchange)
        told = frame.told()
        if len(self._exchanges) >= MOST_EXCHANGES:
            _log.warning("more than %d requests at once: one is refused", MOST_EXCHANGES)
            busy = frames.encode(Kind.RESET, frame.exchange, b"the site is busy")
            await self.send(busy)
            return
        self._exchanges[frame.exchange] = made
        self._asked(made, told)


def _why(told: bytes) -> str:
    said = told.decode("utf-8", "replace")
    plain = "".join(letter for letter in said if letter.isprintable())[:200]
    return f"the other end gave the request up: {plain}."
