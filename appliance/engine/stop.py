"""Asking work to stop: from any thread, for all that another thread does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from appliance.core.errors import Cancelled

LOOK = 0.25
"""Seconds between two looks whether work is to stop."""


class Stop:
    """Whether, and why, a piece of work is to stop."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.reason = ""

    def ask(self, reason: str) -> None:
        """Ask for the work's end; the first reason stays."""
        self.reason = self.reason or reason
        self._event.set()

    @property
    def asked(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until somebody asks, or so long; whether somebody asked."""
        return self._event.wait(seconds)

    def check(self) -> None:
        """Go on, unless somebody asked.

        Raises
        ------
        Cancelled
            Somebody did.
        """
        if self.asked:
            raise Cancelled(self.reason)


_current: ContextVar[Stop | None] = ContextVar("stop", default=None)


@contextmanager
def stoppable(stop: Stop) -> Iterator[None]:
    """Let engines that this thread uses stop when asked."""
    before = _current.set(stop)
    try:
        yield
    finally:
        _current.reset(before)


def current() -> Stop:
    """Return what this thread's work is stopped by; nobody ever asks it if nothing is."""
    return _current.get() or Stop()
