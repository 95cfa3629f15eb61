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
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from appliance.core.clock import monotonic
from appliance.core.errors import EngineError, KizashiError, TryAgain

Item = TypeVar("Item")
Result = TypeVar("Result")
Call = Callable[[str, "list[Item]", float], Awaitable["Sequence[Result | KizashiError] | None"]]

NOWHERE = ""
"""The place of all keys while there is none."""
TOO_MUCH = "more readings come than are judged."
"""What is said where more waits than is taken, here or before a replica."""
_GIVEN_UP = "what was asked for is not waited for any more."
_LOOK = 0.1
"""Seconds after which it is looked whether anybody still waits for a call."""
_PAUSE = 0.05
"""Seconds after which what went to a wrong place is sent to another."""


@dataclass(slots=True)
class _Waiting(Generic[Item, Result]):
    key: str
    item: Item
    answer: asyncio.Future[Result]
    since: float = field(default_factory=monotonic)

    def tell(self, given: Result | BaseException) -> None:
        """Tell whoever asked, in their thread."""
        if self.answer.done():
            return
        if isinstance(given, BaseException):
            self.answer.set_exception(given)
        else:
            self.answer.set_result(given)


@dataclass(slots=True)
class _Line(Generic[Item, Result]):
    """What waits for a place.

    Attributes
    ----------
    moves
        Whether a call is under way.
    spent
        Seconds that all of the call before took together.
    """

    place: str
    waiting: deque[_Waiting[Item, Result]] = field(default_factory=deque)
    moves: bool = False
    spent: float = 0.0

    def has_room(self, most: int) -> bool:
        if len(self.waiting) >= most:  # who gave up no longer counts
            self.waiting = deque(one for one in self.waiting if not one.answer.cancelled())
        return len(self.waiting) < most


class Gatherer(Generic[Item, Result]):
    """Asks at places, by a thread of its own, for all who wait.

    Parameters
    ----------
    call
        Is given a place, what is asked there, and how many seconds were waited for the place,
        by all that waited there together and that no call told of yet.  It gives of each item
        the result or the error that it ends with, or None where nothing was taken, as the
        place is another one.  An error that it raises is everybody's.  It is cancelled when
        nobody waits for it any more.
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
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="gather", daemon=True)
        self._thread.start()

    def put(self, key: str, item: Item) -> asyncio.Future[Result]:
        """Have an item worked on where its key is, for a task; who cancels it asks no more.

        Returns
        -------
        Future
            Ends with the result, or with a `KizashiError`: that of the item, or `TryAgain`
            where too much waits.
        """
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._come.append(_Waiting(key, item, answer))
        # Where calls are under way to all places it is looked for after them: being woken for
        # each costs as much as the rest.  What is told twice does no harm.
        if not self._is_told or len(self._come) > self._room:
            self._is_told = True
            self._soon(self._sort)
        return answer

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
        left = [one for line in self._lines.values() for one in line.waiting]
        for line in self._lines.values():
            line.waiting.clear()
        _tell_all(left, EngineError(_GIVEN_UP))
        for task in self._tasks:
            task.cancel()
        ends = asyncio.gather(*self._tasks, return_exceptions=True)
        ends.add_done_callback(lambda _: self._loop.stop())

    def _sort(self) -> None:
        """Put what came in line, and see that calls are under way wherever something waits."""
        self._is_told = False  # first: what comes from now on is told of again
        refused = []
        while self._come:
            one = self._come.popleft()
            line = self._line(one.key)
            if line.has_room(self._room):
                line.waiting.append(one)
            else:
                refused.append(one)
        _tell_all(refused, TryAgain(TOO_MUCH))
        for line in self._lines.values():
            if line.waiting and not line.moves:
                line.moves = True
                task = self._loop.create_task(self._move_on(line))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

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
        self._sort()

    async def _move_on(self, line: _Line[Item, Result]) -> None:
        """Send what waits in a line, call after call, until nothing does."""
        while asked := self._taken(line):
            self._is_told = all(self._is_busy(place) for place in self._places)
            if not await self._ask(line, asked):
                await asyncio.sleep(_PAUSE)
                for one in reversed(asked):
                    self._line(one.key).waiting.appendleft(one)
            self._sort()
        line.moves = False

    def _is_busy(self, place: str) -> bool:
        line = self._lines.get(place)
        return line is not None and line.moves

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

    async def _ask(
        self, line: _Line[Item, Result], asked: list[_Waiting[Item, Result]]
    ) -> bool:
        """Ask at a place; return whether it was the right one."""
        now = monotonic()
        waited = line.spent + sum(now - one.since for one in asked)
        items = [one.item for one in asked]
        call = asyncio.ensure_future(self._call(line.place, items, waited))
        try:
            while not call.done():
                await asyncio.wait((call,), timeout=_LOOK)
                if all(one.answer.cancelled() for one in asked):
                    call.cancel()
            given = call.result()
            if given is None:
                return False
            _tell(list(zip(asked, given, strict=True)))
        except asyncio.CancelledError:
            call.cancel()
            _tell_all(asked, EngineError(_GIVEN_UP))
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            _tell_all(asked, error)
        finally:
            line.spent = len(asked) * (monotonic() - now)
        return True


def _tell_all(asked: Iterable[_Waiting[Any, Any]], error: Exception) -> None:
    """Tell of an error that others hear of too: each has one of their own to raise."""
    _tell((one, _own(error)) for one in asked)


def _own(error: Exception) -> Exception:
    if not isinstance(error, KizashiError):
        return error
    own = copy.copy(error)
    own.__cause__ = error.__cause__
    return own


def _tell(told: Iterable[tuple[_Waiting[Any, Any], Any]]) -> None:
    """Tell whoever asked, all of a thread at once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting[Any, Any], Any]]] = {}
    for one, given in told:
        by_loop.setdefault(one.answer.get_loop(), []).append((one, given))
    for loop, those in by_loop.items():
        with suppress(RuntimeError):  # who asked is gone, and their loop closed
            loop.call_soon_threadsafe(_told, those)


def _told(told: list[tuple[_Waiting[Any, Any], Any]]) -> None:
    for one, given in told:
        one.tell(given)


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
