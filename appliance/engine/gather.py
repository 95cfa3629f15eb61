"""What waits for a place is gathered: one call takes all of it, and everybody hears their own.

A key has its place among those that there are.  While a call to a place is under way, what
comes for it waits, and goes as the next one: nobody waits longer so that more may come.  One
call at a time to a place keeps what is asked for a key in its order.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from appliance.core.clock import monotonic
from appliance.core.errors import EngineError, KizashiError, TryAgain

Item = TypeVar("Item")
Result = TypeVar("Result")
Call = Callable[[str, "list[Item]", float], Awaitable["Sequence[Result | KizashiError] | None"]]

NOWHERE = ""
"""The place of all keys while there is none."""
_LOOK = 1.0
"""Seconds after which it is looked whether anybody still waits for a call."""
_PAUSE = 0.05
"""Seconds after which what went to a wrong place is sent to another."""


@dataclass(slots=True)
class _Waiting(Generic[Item, Result]):
    key: str
    item: Item
    answer: Future[Result] = field(default_factory=Future)
    since: float = field(default_factory=monotonic)

    def tell(self, given: Result | KizashiError) -> None:
        if self.answer.set_running_or_notify_cancel():
            if isinstance(given, KizashiError):
                self.answer.set_exception(given)
            else:
                self.answer.set_result(given)

    def fail(self, error: BaseException) -> None:
        """Tell of an error that others hear of too: each has one of their own to raise."""
        if self.answer.set_running_or_notify_cancel():
            own = copy.copy(error) if isinstance(error, KizashiError) else error
            own.__cause__ = error.__cause__
            self.answer.set_exception(own)


@dataclass(slots=True)
class _Line(Generic[Item, Result]):
    """What waits for a place."""

    place: str
    waiting: deque[_Waiting[Item, Result]] = field(default_factory=deque)
    moves: bool = False

    def has_room(self, most: int) -> bool:
        if len(self.waiting) >= most:  # who gave up no longer counts
            self.waiting = deque(one for one in self.waiting if not one.answer.cancelled())
        return len(self.waiting) < most


class Gatherer(Generic[Item, Result]):
    """Asks at places, by a thread of its own, for all who wait.

    Parameters
    ----------
    call
        Is given a place, what is asked there, and how many seconds all of it waited together;
        gives of each item the result or the error that it ends with, or None where nothing was
        taken, as the place is another one.  An error that it raises is everybody's.  It is
        cancelled when nobody waits for it any more.
    weigh
        Of an item; what is heavy shares its call with fewer.
    most
        Weight of a call; only a single item may weigh more.
    waiting
        Items that wait for a place at most, beside those of the call that is under way.
    """

    def __init__(
        self,
        call: Call[Item, Result],
        *,
        weigh: Callable[[Item], int] = lambda _: 1,
        most: int,
        waiting: int,
    ) -> None:
        self._call, self._weigh = call, weigh
        self._most, self._room = most, waiting
        self._come: deque[_Waiting[Item, Result]] = deque()
        self._is_told = False
        self._lines: dict[str, _Line[Item, Result]] = {}
        self._places: tuple[str, ...] = ()
        self._place_of: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="gather", daemon=True)
        self._thread.start()

    def put(self, key: str, item: Item) -> Future[Result]:
        """Have an item worked on where its key is; it may be cancelled as long as it waits.

        Returns
        -------
        Future
            Ends with the result, or with a `KizashiError`: that of the item, or `TryAgain`
            where too much waits.
        """
        one: _Waiting[Item, Result] = _Waiting(key, item)
        self._come.append(one)
        if not self._is_told:  # what is told twice does no harm
            self._is_told = True
            self._soon(self._sort)
        return one.answer

    def move(self, places: Collection[str]) -> None:
        """Say which places there are now: what waits is sent to its own."""
        self._soon(self._moved, tuple(sorted(places)))

    def close(self) -> None:
        """End; who still waits hears so."""
        self._soon(self._end)
        self._thread.join()

    # ------------------------------------------------------------------ in the thread
    def _soon(self, do: Callable[..., None], *given: object) -> None:
        try:
            self._loop.call_soon_threadsafe(do, *given)
        except RuntimeError as error:  # the loop is closed
            raise EngineError("what was asked for came after the end.") from error

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def _end(self) -> None:
        self._sort()
        gone = EngineError("what was asked for is not waited for any more.")
        for line in self._lines.values():
            while line.waiting:
                line.waiting.popleft().fail(gone)
        for task in self._tasks:
            task.cancel()
        ends = asyncio.gather(*self._tasks, return_exceptions=True)
        ends.add_done_callback(lambda _: self._loop.stop())

    def _sort(self) -> None:
        self._is_told = False  # first: what comes from now on is told of again
        while self._come:
            one = self._come.popleft()
            line = self._line(one.key)
            if line.has_room(self._room):
                line.waiting.append(one)
            else:
                one.fail(TryAgain("more readings come than are judged."))
        self._start()

    def _line(self, key: str) -> _Line[Item, Result]:
        place = self._place_of.get(key)
        if place is None:
            place = self._place_of[key] = place_of(key, self._places)
        if place not in self._lines:
            self._lines[place] = _Line(place)
        return self._lines[place]

    def _moved(self, places: tuple[str, ...]) -> None:
        if places == self._places:
            return
        self._places, self._place_of = places, {}
        waiting = [one for line in self._lines.values() for one in line.waiting]
        for line in self._lines.values():
            line.waiting.clear()
        self._lines = {place: line for place, line in self._lines.items() if line.moves}
        # Those of a key were in one line: they stay in their order.
        for one in waiting:
            self._line(one.key).waiting.append(one)
        self._start()

    def _start(self) -> None:
        for line in self._lines.values():
            if line.waiting and not line.moves:
                line.moves = True
                task = self._loop.create_task(self._move_on(line))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _move_on(self, line: _Line[Item, Result]) -> None:
        """Send what waits in a line, call after call, until nothing does."""
        while asked := self._taken(line):
            if not await self._ask(line.place, asked):
                await asyncio.sleep(_PAUSE)
                for one in reversed(asked):
                    self._line(one.key).waiting.appendleft(one)
                self._start()
        line.moves = False

    def _taken(self, line: _Line[Item, Result]) -> list[_Waiting[Item, Result]]:
        taken: list[_Waiting[Item, Result]] = []
        weight = 0
        while line.waiting:
            if line.waiting[0].answer.cancelled():
                line.waiting.popleft()
                continue
            weight += self._weigh(line.waiting[0].item)
            if taken and weight > self._most:
                break
            taken.append(line.waiting.popleft())
        return taken

    async def _ask(self, place: str, asked: list[_Waiting[Item, Result]]) -> bool:
        """Ask at a place; return whether it was the right one."""
        now = monotonic()
        waited = sum(now - one.since for one in asked)
        call = asyncio.ensure_future(self._call(place, [one.item for one in asked], waited))
        try:
            while not call.done():
                await asyncio.wait((call,), timeout=_LOOK)
                if all(one.answer.cancelled() for one in asked):
                    call.cancel()
            given = call.result()
        except asyncio.CancelledError:
            call.cancel()
            for one in asked:
                one.fail(EngineError("what was asked for is not waited for any more."))
            return True
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            for one in asked:
                one.fail(error)
            return True
        for one, result in zip(asked, given or (), strict=given is not None):
            one.tell(result)
        return given is not None


def place_of(key: str, places: Sequence[str]) -> str:
    """Return the place of a key by rendezvous hashing [1]_.

    When a place comes or goes, only the keys move that go to it, or that were there.

    References
    ----------
    .. [1] D. G. Thaler, C. V. Ravishankar, "Using name-based mappings to increase hit rates",
       IEEE/ACM Transactions on Networking 6 (1998).
    """
    return max(places, key=lambda place: _draw(place, key), default=NOWHERE)


def _draw(place: str, key: str) -> bytes:
    return hashlib.blake2b(f"{place}\0{key}".encode(), digest_size=8).digest()
