"""Work that several workers do together, and what is kept of it on the site's storage.

Each of them is a `Member` that runs the same function.  What must not be lost is kept step by
step: whoever begins the work again, after a worker or the whole job was killed, goes on there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TypeAlias, TypeVar

from appliance.core.errors import Cancelled, NotFound
from appliance.engine.meter import AloneInProcess, Used
from appliance.objects import Shelf, shelf

Item = TypeVar("Item")

_KEPT, _TOLD, _STOP, _DONE, _FAILED = "kept", "told.json", "stop", "done", "failed"
_USED = "used"


@dataclass(frozen=True, slots=True)
class Told:
    """How far joint work is.

    Attributes
    ----------
    step
        That was kept last.
    note
        What it gave, in words.
    size
        Members that did it.
    went_on
        Step that they had begun after: above 0 where something was cut off.
    """

    step: int
    note: str
    size: int
    went_on: int = 0


class Member:
    """One of those who do a piece of work together.

    Parameters
    ----------
    rank, size
        Its number, from 0 on, and how many there are.
    place
        Address of a folder that all of them reach, for this piece of work alone.
    agree
        From whether this one says so to what the first one says: all ask at the same time.
    """

    def __init__(
        self,
        rank: int,
        size: int,
        place: str,
        agree: Callable[[bool], bool] = bool,
        *,
        alone_in_process: bool = False,
    ) -> None:
        self.rank = rank
        self.size = size
        self._shelf = shelf(place)
        self._agree = agree
        self._gauge = AloneInProcess() if alone_in_process else None
        self._went_on = 0

    def kept(self) -> tuple[int, bytes] | None:
        """Return the last step that was kept and its content; None at the very beginning."""
        try:
            content = self._shelf.read(_KEPT)
        except NotFound:
            return None
        step, _, rest = content.partition(b"\n")
        self._went_on = int(step)
        return self._went_on, rest

    def keep(self, step: int, note: str, content: bytes) -> None:
        """Keep what a step gave; every member calls it, the first one's content counts.

        Raises
        ------
        Cancelled
            Somebody asked for the work's end.
        """
        if self.rank == 0:
            self._shelf.put(_KEPT, b"%d\n" % step + content)
            told = Told(step, note, self.size, self._went_on)
            self._shelf.put(_TOLD, json.dumps(asdict(told)).encode())
        self.tell_used()
        if self._agree(self.rank == 0 and _stands(self._shelf, _STOP)):
            raise Cancelled("somebody asked for its end")

    def tell_used(self) -> None:
        """Write down what this member has used of its machine so far."""
        if self._gauge is not None:
            used = json.dumps(asdict(self._gauge.used())).encode()
            self._shelf.put(f"{_USED}/{os.uname().nodename}-{os.getpid()}.json", used)

    def done(self, result: bytes) -> None:
        """Hand over what came out of it all; the first one's counts."""
        if self.rank == 0:
            self._shelf.put(_DONE, result)

    def failed(self, reason: str) -> None:
        """Say that it cannot be done, and need not be tried again."""
        self._shelf.put(_FAILED, reason.encode())

    def is_stopped(self) -> bool:
        """Whether somebody asked for the work's end."""
        return _stands(self._shelf, _STOP)

    def is_over(self) -> bool:
        """Whether nothing is left to be done."""
        return any(_stands(self._shelf, name) for name in (_STOP, _DONE, _FAILED))


Work: TypeAlias = Callable[[Item, Member], bytes]
"""What each member runs; the first one's result counts."""
Tell: TypeAlias = Callable[[Told], None]


class Board:
    """What whoever waits for joint work reads and writes of it.

    Parameters
    ----------
    place
        As of the members.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._shelf = shelf(place)
        self._last: Told | None = None

    def begin(self) -> None:
        """Forget how an earlier attempt ended, not what it kept."""
        self._shelf.delete([_STOP, _FAILED, _DONE])
        self._shelf.clear(_USED)

    def news(self) -> Told | None:
        """Return how far it is, if that is not what was returned before."""
        try:
            found = Told(**json.loads(self._shelf.read(_TOLD)))
        except NotFound:
            return None
        if found == self._last:
            return None
        self._last = found
        return found

    def stop(self) -> None:
        """Ask the members to end after the step they are in."""
        self._shelf.put(_STOP, b"")

    def result(self) -> bytes | None:
        """Return what came out; None where nothing did."""
        try:
            return self._shelf.read(_DONE)
        except NotFound:
            return None

    def failure(self) -> str:
        """Return why it cannot be done; empty if nobody says so."""
        try:
            return self._shelf.read(_FAILED).decode()
        except NotFound:
            return ""

    def used(self) -> Used:
        """Return what all members have used, those of attempts that were cut off too."""
        total = Used()
        for entry in self._shelf.entries(_USED):
            told = json.loads(self._shelf.read(entry.key))
            machines = tuple((str(name), int(tasks)) for name, tasks in told.pop("machines"))
            total = total.plus(Used(**told, machines=machines))
        return total

    def discard(self) -> None:
        """Remove everything that was kept."""
        above, _, name = self._place.rpartition("/")
        shelf(above).clear(name)


def _stands(place: Shelf, name: str) -> bool:
    return any(True for _ in place.entries(name))
