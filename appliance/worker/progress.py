"""What a pipeline says of its progress, kept with its job without burdening the database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from appliance.core.clock import monotonic, now
from appliance.core.errors import StorageError
from appliance.engine.stop import Stop
from appliance.jobs.store.runs import RunStore, Told

BETWEEN = 0.5
"""Seconds between two writes."""


class JobProgress:
    """Keeps where a job is; asked to stop, the job ends the next time it says something.

    Parameters
    ----------
    store
        Of the worker.
    job
        Which one.
    stop
        By which its end is asked for.
    """

    def __init__(
        self, store: RunStore, job: str, stop: Stop, clock: Callable[[], float] = monotonic
    ) -> None:
        self._store = store
        self._job = job
        self._stop = stop
        self._clock = clock
        self._number: int | None = None
        self._done = 0
        self._total: int | None = None
        self._written = clock()
        self._lines: list[tuple[datetime, str, str]] = []
        self._lock = threading.Lock()

    # ------------------------------------------------------------------ for the pipeline
    def step(self, name: str, total: int | None = None) -> None:
        """Begin a part of a step; `total` units of work if known."""
        self._done, self._total = 0, total
        self.say("info", name if total is None else f"{name}: {total}")

    def advance(self, units: int = 1) -> None:
        """Note that units of the current part are done."""
        self._done += units
        self._tick()

    def note(self, text: str) -> None:
        """Keep something worth a line."""
        self.say("info", text)

    # ------------------------------------------------------------------ for the worker
    def enter(self, number: int) -> None:
        """Begin a step of the job."""
        self._number, self._done, self._total = number, 0, None

    def say(self, level: str, text: str) -> None:
        """Add a line to the job's log."""
        with self._lock:
            self._lines.append((now(), level, text))
        self._tick()

    def rest(self, number: int | None = None) -> Told:
        """Return what was not written yet, to be written with something else.

        Parameters
        ----------
        number
            Of a step: what is told of another one, which goes on beside it, is not its own.
        """
        with self._lock:
            own = number in (None, self._number)
            counted = (self._done, self._total) if own else (0, None)
            told = Told(*counted, tuple(self._lines))
            self._lines = []
            self._written = self._clock()
        return told

    def last(self, *texts: str) -> Told:
        """Return what was not written yet, and the last lines."""
        with self._lock:
            self._lines += [(now(), "info", text) for text in texts]
        return self.rest()

    def _tick(self) -> None:
        self._stop.check()
        if self._clock() - self._written >= BETWEEN:
            # A database that is away for a while costs lines, not the job.
            with suppress(StorageError):
                self._store.report(self._job, self.rest(), self._number)
