"""What the machine costs while it runs, and what fleets take on its disk, measured and kept."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

import psutil  # type: ignore[import-untyped]

from appliance.access.store.audit import AuditLog
from appliance.access.store.projects import ProjectStore
from appliance.core.clock import monotonic, now
from appliance.core.db import Database
from appliance.core.settings import Settings
from appliance.lake import Lake
from appliance.objects import shelf
from appliance.telemetry.cost.allocation import MachineHour
from appliance.telemetry.cost.book import price_book, rates_here
from appliance.telemetry.cost.power import Rapl
from appliance.telemetry.host import Values
from appliance.telemetry.store.costs import CostStore, StoredNow

_LONGEST = 120.0
"""Seconds for which one look counts at most: in a longer gap nobody looked."""
_WRITTEN = 60.0
SELDOM = 1_800.0
"""Seconds between two looks at what fleets take on the disk."""


def machine_of(settings: Settings) -> str:
    """Return what the machine is called that this process runs on."""
    return settings.machine or platform.node() or "machine"


class MachineProbe:
    """Adds up what this machine costs, hour by hour.

    Parameters
    ----------
    settings
        Of the home: its prices.
    database
        Gives where it is kept.
    """

    def __init__(
        self, settings: Settings, database: Callable[[], Database], rapl: Rapl | None = None
    ) -> None:
        self._settings = settings
        self._database = database
        self._rapl = rapl or Rapl()
        self._at = monotonic()
        self._busy, self._all = _times()
        self._pending: dict[tuple[datetime, str], MachineHour] = {}
        self._written = self._at

    def __call__(self) -> Values:
        """Measure; it is kept once a minute, and tells no metric.

        Raises
        ------
        KizashiError
            The prices cannot be read, or the database is away: it is kept later.
        """
        at = monotonic()
        seconds, self._at = min(at - self._at, _LONGEST), at
        busy, whole = _times()
        share = (busy - self._busy) / (whole - self._all) if whole > self._all else 0.0
        self._busy, self._all = busy, whole
        self._note(seconds, min(max(share, 0.0), 1.0))
        if at - self._written >= _WRITTEN:
            self.write()
        return {}

    def _note(self, seconds: float, share: float) -> None:
        book, rates = price_book(self._settings), rates_here(self._settings)
        measured = self._rapl.joules() if book.power.measure else None
        # The meters do not see what the rest of the machine takes: that is there when idle.
        joules = rates.energy(share, seconds)
        if measured is not None:
            joules = max(measured, rates.energy(0.0, seconds))
        hour = now().replace(minute=0, second=0, microsecond=0)
        key = hour, rates.currency
        before = self._pending.get(key) or MachineHour(
            hour, machine_of(self._settings), currency=rates.currency
        )
        self._pending[key] = replace(
            before,
            seconds=before.seconds + seconds,
            cpu_seconds=before.cpu_seconds + share * rates.cores * seconds,
            joules=before.joules + joules,
            measured_joules=before.measured_joules + (joules if measured is not None else 0.0),
            fixed_amount=before.fixed_amount + rates.fixed_amount(seconds),
            power_amount=before.power_amount + rates.power_amount(joules),
        )

    def write(self) -> None:
        """Keep what was measured since the last time.

        Raises
        ------
        StorageError, StorageFull
            It cannot be kept: it is not lost, but kept the next time.
        """
        store = CostStore(self._database())
        for key in list(self._pending):
            store.add(self._pending[key])
            del self._pending[key]
        self._written = monotonic()


class StoredProbe:
    """Adds up what fleets take on the disk, day by day.

    Parameters
    ----------
    settings
        Of the home: where its lake and models are, and its prices.
    """

    def __init__(self, settings: Settings, database: Callable[[], Database]) -> None:
        self._settings = settings
        self._database = database
        self._at = monotonic()

    def __call__(self) -> Values:
        """Measure and keep it.

        Raises
        ------
        KizashiError
            The lake or the prices cannot be read, or the database is away.
        """
        at = monotonic()
        seconds = min(at - self._at, 2 * SELDOM)
        rates, database = rates_here(self._settings), self._database()
        sizes = self._sizes()
        projects = ProjectStore(database, AuditLog(database)).of(sizes)
        today = now().astimezone(self._settings.zone).date()
        CostStore(database).add_stored(
            StoredNow(
                day=today,
                fleet=fleet,
                project=projects[fleet],
                currency=rates.currency,
                size_bytes=size,
                byte_seconds=size * seconds,
                amount=rates.storage_amount(size * seconds),
            )
            for fleet, size in sizes.items()
        )
        self._at = at
        return {}

    def _sizes(self) -> Mapping[str, int]:
        lake, models = Lake(self._settings.lake_root), shelf(self._settings.place("models"))
        return {
            fleet: lake.size(fleet) + sum(entry.size for entry in models.entries(fleet))
            for fleet in sorted(lake.fleets())
        }


def _times() -> tuple[float, float]:
    """Return how long processors were at work, and all of their time."""
    told = psutil.cpu_times()
    whole = sum(told) - getattr(told, "guest", 0.0) - getattr(told, "guest_nice", 0.0)
    return whole - told.idle - getattr(told, "iowait", 0.0), whole
