"""What needs care beyond this moment: what will go wrong, or has stopped without a word.

`health` judges the figures of now; here stands what a look every minute finds, and what is
told to those who are not looking.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.schemas.cost import Budget
from appliance.schemas.platform import Severity, Trouble
from appliance.telemetry.filling import Filling
from appliance.telemetry.trouble_words import trouble

_FULL_SOON, _FULL_LATER = 14.0, 45.0
_FAILURES = 3
"""Looks at a source in vain, one after the other, before anybody is told."""
_ENDS_SOON = timedelta(days=30)
_RENEWED = timedelta(days=7)
"""Before its end a certificate that renews itself has been renewed."""
_MODEL_OLD = timedelta(days=180)
_NO_BACKUP = timedelta(days=2)
_CLOCKS = timedelta(seconds=10)


@dataclass(frozen=True)
class SourceFacts:
    """How a source fares.

    Attributes
    ----------
    failures
        Looks that failed, one after the other.
    silent
        Seconds by which what it brings lies behind now.
    patience
        Seconds that are usual for it; None where nobody can say yet.
    """

    name: str
    failures: int
    silent: float | None = None
    patience: float | None = None


@dataclass(frozen=True)
class CertificateFacts:
    """Until when a certificate is good; `renews` where the appliance makes the next itself."""

    name: str
    until: datetime
    renews: bool = False


@dataclass(frozen=True)
class ModelFacts:
    """The champion of a fleet.

    Attributes
    ----------
    changed
        Machines whose normal is no more as it learned it.
    """

    fleet: str
    learned: datetime
    changed: int = 0


def disk_fills(found: Filling | None) -> Iterable[Trouble]:
    """Yield that the disk will be full."""
    if found is None or found.days > _FULL_LATER:
        return
    severity: Severity = "warning" if found.days <= _FULL_SOON else "note"
    yield trouble("disk_fills", severity, days=found.days, per_day=found.per_day)


def sources(found: Iterable[SourceFacts]) -> Iterable[Trouble]:
    """Yield the sources that fail, and those from which nothing comes any more."""
    for one in found:
        if one.failures >= _FAILURES:
            yield trouble("source_fails", "warning", one.name, failures=float(one.failures))
        elif one.silent is not None and one.patience is not None and one.silent > one.patience:
            yield trouble("source_lags", "warning", one.name, seconds=one.silent)


def certificates(found: Iterable[CertificateFacts], at: datetime) -> Iterable[Trouble]:
    """Yield the certificates that end soon, or have ended."""
    for one in found:
        left = one.until - at
        if left <= timedelta():
            yield trouble("certificate_ended", "broken", one.name, days=-left / _DAY)
        elif left <= (_RENEWED if one.renews else _ENDS_SOON):
            yield trouble("certificate_ends", "warning", one.name, days=left / _DAY)


def backups(
    last: datetime | None, began: datetime | None, every: float, at: datetime
) -> Iterable[Trouble]:
    """Yield that there is no backup, or none of late.

    Parameters
    ----------
    last
        When one was last made.
    began
        Since when there is something to lose; None where there is nothing.
    every
        Days within which one is to be made; 0 where something else makes them.
    """
    if not every or began is None:
        return
    if last is None:
        if at - began > _NO_BACKUP:
            yield trouble("no_backup", "warning", days=(at - began) / _DAY)
    elif at - last > timedelta(days=every):
        yield trouble("backup_old", "warning", days=(at - last) / _DAY)


def models(found: Iterable[ModelFacts], at: datetime) -> Iterable[Trouble]:
    """Yield the fleets whose model has not seen how their machines run now."""
    for one in found:
        if one.changed:
            yield trouble("normal_changed", "warning", one.fleet, assets=float(one.changed))
        elif at - one.learned > _MODEL_OLD:
            yield trouble("model_old", "note", one.fleet, days=(at - one.learned) / _DAY)


def schedules(failing: Iterable[str]) -> Iterable[Trouble]:
    """Yield the schedules whose last job failed."""
    for name in failing:
        yield trouble("schedule_fails", "warning", name)


def workers(alive: int, usual: int) -> Iterable[Trouble]:
    """Yield that some workers are missing; that all are is told by `health`."""
    if 0 < alive < usual:
        missing = float(usual - alive)
        yield trouble("workers_missing", "warning", missing=missing, usual=float(usual))


def clocks(ahead: timedelta) -> Iterable[Trouble]:
    """Yield that a worker's clock is ahead of this machine's."""
    if ahead > _CLOCKS:
        yield trouble("clocks_differ", "warning", seconds=ahead.total_seconds())


def budgets(found: Iterable[Budget]) -> Iterable[Trouble]:
    """Yield the budgets of the month that are spent, or nearly."""
    for one in found:
        if one.state != "within":
            word = "spent" if one.state == "spent" else "near"
            code = f"site_budget_{word}" if one.project is None else f"budget_{word}"
            percent = 100 * one.spent / one.monthly
            yield trouble(code, "warning", one.project or "", percent=percent)


_DAY = timedelta(days=1)
CODES = frozenset(
    {
        "disk_fills",
        "source_fails",
        "source_lags",
        "certificate_ends",
        "certificate_ended",
        "no_backup",
        "backup_old",
        "normal_changed",
        "model_old",
        "schedule_fails",
        "workers_missing",
        "clocks_differ",
        "budget_near",
        "budget_spent",
        "site_budget_near",
        "site_budget_spent",
    }
)
"""What is found here."""
