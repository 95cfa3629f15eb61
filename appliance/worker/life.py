"""The end of this process, as its threads see it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from appliance.core.clock import monotonic
from appliance.core.errors import StorageError
from appliance.core.log import get

_log = get(__name__)

Result = TypeVar("Result")
_PAUSE = 1.0


class Life:
    """Whether this process goes on."""

    def __init__(self) -> None:
        self._ending = threading.Event()
        self._resting = threading.Semaphore(0)

    def end(self) -> None:
        """Let the process end."""
        self._ending.set()

    @property
    def ending(self) -> bool:
        """Whether the process is about to end."""
        return self._ending.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until the process is about to end, or so long; whether it is."""
        return self._ending.wait(seconds)

    def insist(self, write: Callable[[], Result]) -> Result:
        """Repeat a write until the database takes it; for as long as this process lives."""
        tries = 0
        while True:
            if self.ending:
                self.rest()
            try:
                return write()
            except StorageError as error:
                tries += 1
                if tries == 1:
                    _log.warning("%s It is tried again.", error)
                self._ending.wait(_PAUSE)

    def rest(self) -> None:
        """Let this thread do nothing more: its job goes on in another process."""
        self._resting.release()
        while True:
            threading.Event().wait()

    def calm(self, threads: int, seconds: float) -> None:
        """Wait until so many threads rest, or so long."""
        until = monotonic() + seconds
        for _ in range(threads):
            self._resting.acquire(timeout=max(until - monotonic(), 0))
