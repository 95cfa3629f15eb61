"""Who pays for what a machine costs: runs by what they used, and nobody for the rest.

As in the specification of OpenCost: a run pays for the larger of what was kept free for it and
what it used; what nobody pays for is idle, and is told apart.  All that is told of a time adds
up to what was metered in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from math import fsum
from statistics import median
from zoneinfo import ZoneInfo

from appliance.engine.meter import Used
from appliance.telemetry.cost.prices import GB, HOUR, Rates


@dataclass(frozen=True)
class Run:
    """What one attempt of a run used and cost.

    Attributes
    ----------
    project
        Empty for the whole site.
    started, until
        When it began, and ended or was last heard of.
    rows, sensors, assets
        How large what it worked on is.
    expected
        Seconds and amount that were expected of it, and by what; None if nothing was.
    """

    run: str
    attempt: int
    pipeline: str
    fleet: str | None
    project: str
    by: str
    state: str
    started: datetime
    until: datetime
    used: Used
    wall_seconds: float
    amount: float
    currency: str
    rows: int = 0
    sensors: int = 0
    assets: int = 0
    expected: Expected | None = None


@dataclass(frozen=True)
class Expected:
    """What a run was thought to take before it began."""

    seconds: float
    amount: float
    by: str


@dataclass(frozen=True)
class MachineHour:
    """What one machine cost in one hour, as long as it was looked at.

    Attributes
    ----------
    measured_joules
        Those of its energy that a meter told.
    """

    hour: datetime
    machine: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    joules: float = 0.0
    measured_joules: float = 0.0
    fixed_amount: float = 0.0
    power_amount: float = 0.0
    currency: str = "JPY"

    @property
    def amount(self) -> float:
        """All that it cost."""
        return self.fixed_amount + self.power_amount


@dataclass(frozen=True)
class Stored:
    """What a fleet took on the disk on one day, and what that cost."""

    day: date
    fleet: str
    project: str
    amount: float


@dataclass(frozen=True)
class Share:
    """What one of those among whom costs are split pays."""

    amount: float = 0.0
    storage_amount: float = 0.0
    runs: int = 0
    core_seconds: float = 0.0


@dataclass(frozen=True)
class Split:
    """Costs of a time, split.

    Attributes
    ----------
    shares
        By name; their amounts add up to `allocated`.
    idle
        What machines cost beyond what runs paid for; nothing where they were not looked at.
    """

    shares: Mapping[str, Share] = field(default_factory=dict)
    allocated: float = 0.0
    idle: float = 0.0

    @property
    def total(self) -> float:
        """All that was paid."""
        return self.allocated + self.idle


Weights = Mapping[str, Mapping[str, float]]
"""By fleet: how much of it is each asset's."""


# ---------------------------------------------------------------- one run
def amount_of(used: Used, rates: Rates) -> float:
    """Return what some use of a machine costs."""
    kept = used.core_seconds / HOUR * rates.core_hour
    busy = used.cpu_seconds / HOUR * rates.busy_core_hour
    memory = used.byte_seconds / GB / HOUR * rates.gb_hour
    return kept + busy + memory


def part_within(run: Run, start: datetime, end: datetime) -> float:
    """Return which part of a run lies in a half-open time: times side by side add up to 1."""
    whole = (run.until - run.started).total_seconds()
    if whole <= 0:
        return 1.0 if start <= run.started < end else 0.0
    inside = min(run.until, end) - max(run.started, start)
    return min(max(inside.total_seconds() / whole, 0.0), 1.0)


def within(runs: Iterable[Run], start: datetime, end: datetime) -> list[Run]:
    """Return what of some runs lies in a half-open time."""
    found = []
    for run in runs:
        part = part_within(run, start, end)
        if part == 1.0:
            found.append(run)
        elif part > 0:
            used = replace(
                run.used,
                cpu_seconds=run.used.cpu_seconds * part,
                reserved_seconds=run.used.reserved_seconds * part,
                core_seconds=run.used.core_seconds * part,
                byte_seconds=run.used.byte_seconds * part,
            )
            found.append(
                replace(
                    run,
                    used=used,
                    amount=run.amount * part,
                    wall_seconds=run.wall_seconds * part,
                )
            )
    return found


# ---------------------------------------------------------------- all runs
def split(
    runs: Sequence[Run],
    stored: Sequence[Stored],
    hours: Sequence[MachineHour],
    name: Callable[[Run | Stored], str],
) -> Split:
    """Split what a time cost among those who used it.

    Parameters
    ----------
    name
        Says whose a run, or what is stored, is.
    """
    return _split(runs, stored, hours, lambda one: {name(one): 1.0})


def split_by_asset(
    runs: Sequence[Run],
    stored: Sequence[Stored],
    hours: Sequence[MachineHour],
    weights: Weights,
) -> Split:
    """Split what a time cost among machines: each fleet's by how many readings they have.

    What belongs to no fleet, or to one whose machines are not known, is nobody's: the name is
    empty.
    """

    def parts(one: Run | Stored) -> Mapping[str, float]:
        own = weights.get(one.fleet or "", {})
        whole = fsum(own.values())
        if whole <= 0:
            return {"": 1.0}
        return {f"{one.fleet}/{asset}": rows / whole for asset, rows in own.items()}

    return _split(runs, stored, hours, parts)


def _split(
    runs: Sequence[Run],
    stored: Sequence[Stored],
    hours: Sequence[MachineHour],
    parts: Callable[[Run | Stored], Mapping[str, float]],
) -> Split:
    amounts: dict[str, list[float]] = {}
    storage: dict[str, list[float]] = {}
    cores: dict[str, list[float]] = {}
    seen: dict[str, set[str]] = {}
    for run in runs:
        for name, part in parts(run).items():
            amounts.setdefault(name, []).append(run.amount * part)
            cores.setdefault(name, []).append(run.used.core_seconds * part)
            seen.setdefault(name, set()).add(run.run)
    for one in stored:
        for name, part in parts(one).items():
            storage.setdefault(name, []).append(one.amount * part)
    names = [*dict.fromkeys([*amounts, *storage])]
    shares = {
        name: Share(
            amount=fsum([*amounts.get(name, ()), *storage.get(name, ())]),
            storage_amount=fsum(storage.get(name, ())),
            runs=len(seen.get(name, ())),
            core_seconds=fsum(cores.get(name, ())),
        )
        for name in names
    }
    paid = fsum(run.amount for run in runs)
    return Split(
        shares=shares,
        allocated=paid + fsum(one.amount for one in stored),
        idle=idle_of(hours, paid),
    )


def idle_of(hours: Sequence[MachineHour], paid: float) -> float:
    """Return what machines cost beyond what runs paid; runs elsewhere may pay for more."""
    return max(fsum(hour.amount for hour in hours) - paid, 0.0)


def by_day(
    runs: Sequence[Run], name: Callable[[Run], str], zone: ZoneInfo
) -> dict[date, dict[str, float]]:
    """Return what runs cost by the day on which they ended, by the site's clock."""
    found: dict[date, dict[str, float]] = {}
    for run in runs:
        day = found.setdefault(run.until.astimezone(zone).date(), {})
        day[name(run)] = day.get(name(run), 0.0) + run.amount
    return found


def error_ratio(runs: Sequence[Run]) -> float | None:
    """Return by how much estimates of runs that succeeded were off, the one in the middle."""
    off = [
        abs(run.wall_seconds - run.expected.seconds) / run.wall_seconds
        for run in runs
        if run.expected is not None and run.state == "succeeded" and run.wall_seconds > 0
    ]
    return median(off) if off else None
