"""Measures the platform every 15 seconds, in one of its processes."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Self

from appliance.core.clock import monotonic, now
from appliance.core.db import Database
from appliance.core.errors import KizashiError
from appliance.core.locks import Lead
from appliance.core.log import get
from appliance.core.settings import Settings
from appliance.jobs.store.figures import JobFigures
from appliance.schemas.platform import Metric
from appliance.telemetry.history import History
from appliance.telemetry.host import HostProbe, ProcessProbe, Values
from appliance.telemetry.machinecost import SELDOM, MachineProbe, StoredProbe, machine_of
from appliance.telemetry.rollup import RESOLUTIONS
from appliance.telemetry.storage import StorageProbe

_log = get(__name__)
_EVERY = float(RESOLUTIONS[0].step)
_SELDOM = 300.0
"""Seconds between two looks at all the files of the home."""
_LOCK = "telemetry.lock"


@dataclass
class Probe:
    """Measures something, no more often than every so many seconds."""

    measure: Callable[[], Mapping[Metric, float]]
    every: float = 0.0
    due: float = 0.0


def probes(settings: Settings, database: Callable[[], Database]) -> list[Probe]:
    """Return what measures all that there is of a home."""
    return [
        Probe(HostProbe(settings.home)),
        Probe(ProcessProbe(settings.home)),
        Probe(lambda: _queue(JobFigures(database()))),
        Probe(StorageProbe(settings, database), _SELDOM),
        # Pods on one node are one machine, which is paid for once.
        Probe(
            _Once(
                settings,
                database,
                f"machine-{machine_of(settings)}",
                MachineProbe(settings, database),
            )
        ),
        Probe(_Once(settings, database, "stored", StoredProbe(settings, database)), SELDOM),
    ]


class _Once:
    """Lets one process of a site measure what all would find the same, and add up."""

    def __init__(
        self,
        settings: Settings,
        database: Callable[[], Database],
        work: str,
        measure: Callable[[], Values],
    ) -> None:
        self._lead = Lead(database, settings.home, work)
        self._measure = measure

    def __call__(self) -> Values:
        return self._measure() if self._lead.mine() else {}


def _queue(figures: JobFigures) -> Values:
    at = now()
    found = figures.standing(at)
    waits = 0.0 if found.oldest is None else (at - found.oldest).total_seconds()
    return {
        Metric.JOBS_QUEUED: float(found.queued),
        Metric.JOBS_RUNNING: float(found.running),
        Metric.JOBS_WAITED: max(waits, 0.0),
        Metric.JOBS_WORKERS: float(found.workers),
    }


class Sampler:
    """Measures in a thread, for as long as it is open.

    Of all the processes of a home that have one, one measures: that which holds a lock.  The
    lock goes with its process, and another takes over.

    Parameters
    ----------
    settings
        Of the home.
    measured
        What measures; see `probes`.
    every
        Seconds between two measurements.
    """

    def __init__(
        self, settings: Settings, measured: Sequence[Probe], every: float = _EVERY
    ) -> None:
        self._home = settings.home
        self._history = History(settings.home)
        self._probes = measured
        self._every = every
        self._ending = threading.Event()
        self._lock: IO[str] | None = None
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(self._every)
        if self._lock is not None:
            self._lock.close()

    def _run(self) -> None:
        while True:
            try:
                if self._mine():
                    self.measure()
                self._failing = False
            except (KizashiError, OSError) as error:
                if not self._failing:
                    _log.warning("nothing is measured: %s", error)
                self._failing = True
            if self._ending.wait(self._every):
                return

    def measure(self) -> None:
        """Measure once, and keep it.

        Raises
        ------
        StorageError, StorageFull
            It cannot be kept.
        """
        told: Values = {}
        for probe in self._probes:
            at = monotonic()
            if at < probe.due:
                continue
            probe.due = at + probe.every
            try:
                told.update(probe.measure())
            except KizashiError as error:  # the others go on where the database is away
                _log.debug("a probe failed: %s", error)
        self._history.add(now(), told)

    def _mine(self) -> bool:
        """Whether this process is the one that measures."""
        if self._lock is None:
            folder = self._home / "locks"
            folder.mkdir(mode=0o700, exist_ok=True)
            handle = (folder / _LOCK).open("w")
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                handle.close()
                return False
            self._lock = handle
        return True
