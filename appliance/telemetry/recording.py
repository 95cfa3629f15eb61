"""One run while it goes on: what it uses is measured, priced, and kept again and again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from appliance.core.clock import monotonic, now
from appliance.core.errors import StorageError
from appliance.core.log import get
from appliance.engine.meter import Meter, metered, settle
from appliance.telemetry.cost.allocation import Run, amount_of
from appliance.telemetry.cost.prices import Rates
from appliance.telemetry.store.costs import CostStore

_log = get(__name__)


class Recorder:
    """Keeps what a run uses and costs; made in the thread that the run is done in.

    Parameters
    ----------
    store
        Where it is kept.
    rates
        The prices that it is paid at.
    run
        What is known of it at its beginning.

    Attributes
    ----------
    rows
        Readings that it worked on after all; to be set where it is known.
    """

    def __init__(self, store: CostStore, rates: Rates, run: Run) -> None:
        self._store = store
        self._rates = rates
        self._run = run
        self._meter = Meter()
        self._began = monotonic()
        self._over = False
        self._writing = threading.Lock()
        self.rows: int | None = None

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Measure what this thread does, and what engines do for it."""
        with metered(self._meter):
            yield

    def keep(self) -> None:
        """Keep what was used so far, from any thread; a database that is away is no matter."""
        settle()
        with self._writing:  # two that write the same row anew would be in each other's way
            if self._over:
                return
            try:
                self._store.keep(self.told())
            except StorageError as error:  # the end of the run says it again
                _log.debug("what %s costs is kept later: %s", self._run.run, error)

    def end(self, state: str) -> Run:
        """Keep how the run ended, and return that.

        Raises
        ------
        StorageError
            The database is away: the same call, repeated, does it.
        """
        with self._writing:
            self._over = True
            rows = self._run.rows if self.rows is None else self.rows
            self._run = replace(self._run, state=state, rows=rows)
            told = self.told()
            self._store.keep(told)
        return told

    def told(self) -> Run:
        """Return what was used so far."""
        used, moment = self._meter.used(), now()
        return replace(
            self._run,
            used=used,
            until=_not_before(moment, self._run.started),
            wall_seconds=monotonic() - self._began,
            amount=amount_of(used, self._rates),
        )


def _not_before(moment: datetime, first: datetime) -> datetime:
    """Return a moment; the first one where the clock was set back."""
    return max(moment, first)
