"""What a site paid in a time, and who for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import fsum

from appliance.access.seen import Seen
from appliance.core.errors import InvalidRequest
from appliance.events.store.counts import EventCounts
from appliance.pipelines.site import Site
from appliance.schemas.cost import CostBy, CostDay, CostLine, Costs, UnitCosts
from appliance.telemetry.cost import allocation, budget
from appliance.telemetry.cost.allocation import MachineHour, Run, Split, Stored
from appliance.telemetry.cost.book import price_book

LONGEST = timedelta(days=400)
_NEAR = timedelta(minutes=10)
"""Before now: a time that ends so late ends now, by whichever clock."""
_MOST_LINES = 1_000
_REST = "*"
"""Stands for all that cost less than those that are told by name."""
_STORAGE = "storage"
_TRAINING = frozenset({"train", "retrain"})
_NAMES: dict[CostBy, Callable[[Run | Stored], str]] = {
    CostBy.PROJECT: lambda one: one.project,
    CostBy.FLEET: lambda one: one.fleet or "",
    CostBy.USER: lambda one: one.by if isinstance(one, Run) else "",
    CostBy.PIPELINE: lambda one: one.pipeline if isinstance(one, Run) else _STORAGE,
}


@dataclass(frozen=True)
class Asked:
    """What is to be told, and of what.

    Attributes
    ----------
    projects, seen
        What whoever asks may see: projects, all and the site's own if None; and fleets.
    whole
        Whether machines, and what nobody used of them, are told too.
    """

    by: CostBy
    start: datetime
    end: datetime
    projects: Collection[str] | None
    seen: Seen
    whole: bool


def report(site: Site, asked: Asked, at: datetime) -> Costs:
    """Return what was paid.

    Parameters
    ----------
    at
        Now.

    Raises
    ------
    InvalidRequest
        The time cannot be told of, or the prices cannot be read.
    """
    start, end = asked.start, asked.end
    if end < start:
        raise InvalidRequest("the time ends before it begins.", remedy="Turn it round.")
    if end - start > LONGEST:
        raise InvalidRequest(
            f"that is more than {LONGEST.days} days.", remedy="Ask for less at once."
        )
    currency, zone = price_book(site.settings).currency, site.settings.zone
    every = site.costs.runs(asked.projects, start, end)
    runs = allocation.within([one for one in every if one.currency == currency], start, end)
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    first = start.astimezone(zone).date()
    stored = site.costs.stored(asked.projects, first, last, currency)
    stored = [one for one in stored if one.amount]
    hours = site.costs.hours(_hour(start), end, currency) if asked.whole else []
    split = _split(site, asked.by, runs, stored, hours)
    month = budget.month_of(at, zone)
    told = split.total if asked.whole else split.allocated
    return Costs(
        by=asked.by,
        start=start,
        end=end,
        currency=currency,
        lines=_lines(split),
        days=_days(site, asked, runs, hours),
        units=_units(site, asked, runs, split.allocated),
        allocated=split.allocated,
        forecast=_forecast(site, told, at, hours)
        if start == budget.bounds(month, zone)[0] and end >= at - _NEAR
        else None,
        error_ratio=allocation.error_ratio(runs),
        left_out=sum(one.currency != currency for one in every),
        **(_machines(split, hours) if asked.whole else {}),
    )


def this_month(site: Site, at: datetime) -> tuple[datetime, datetime]:
    """Return the time from the beginning of the month, by the site's clock, until now."""
    zone = site.settings.zone
    return budget.bounds(budget.month_of(at, zone), zone)[0], at


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _split(
    site: Site,
    by: CostBy,
    runs: Sequence[Run],
    stored: Sequence[Stored],
    hours: Sequence[MachineHour],
) -> Split:
    if by is not CostBy.ASSET:
        return allocation.split(runs, stored, hours, _NAMES[by])
    fleets = {one.fleet for one in runs if one.fleet} | {one.fleet for one in stored}
    weights = {
        fleet: {asset.name: float(asset.rows) for asset in site.intake.assets.list(fleet)}
        for fleet in sorted(fleets)
    }
    return allocation.split_by_asset(runs, stored, hours, weights)


def _lines(split: Split) -> tuple[CostLine, ...]:
    ranked = sorted(split.shares.items(), key=lambda item: (-item[1].amount, item[0]))
    found = [
        CostLine(
            name=name,
            amount=share.amount,
            storage_amount=share.storage_amount,
            runs=share.runs,
            core_seconds=share.core_seconds,
        )
        for name, share in ranked
    ]
    if len(found) <= _MOST_LINES:
        return tuple(found)
    rest = found[_MOST_LINES - 1 :]
    together = CostLine(
        name=_REST,
        amount=fsum(one.amount for one in rest),
        storage_amount=fsum(one.storage_amount for one in rest),
        runs=sum(one.runs for one in rest),
        core_seconds=fsum(one.core_seconds for one in rest),
    )
    return (*found[: _MOST_LINES - 1], together)


def _days(
    site: Site, asked: Asked, runs: Sequence[Run], hours: Sequence[MachineHour]
) -> tuple[CostDay, ...]:
    """Return what each day cost; by fleet where it was asked for by machine."""
    zone = site.settings.zone
    by = CostBy.FLEET if asked.by is CostBy.ASSET else asked.by
    found = allocation.by_day(runs, _NAMES[by], zone)
    machines: dict[object, list[MachineHour]] = {}
    for hour in hours:
        machines.setdefault(hour.hour.astimezone(zone).date(), []).append(hour)
    days = []
    day = asked.start.astimezone(zone).date()
    while day <= asked.end.astimezone(zone).date():
        amounts = found.get(day, {})
        idle = None
        if asked.whole:
            idle = allocation.idle_of(machines.get(day, ()), fsum(amounts.values()))
        days.append(CostDay(day=day, amounts=amounts, idle=idle))
        day += timedelta(days=1)
    return tuple(days)


def _units(site: Site, asked: Asked, runs: Sequence[Run], paid: float) -> UnitCosts:
    learned = [one for one in runs if one.pipeline in _TRAINING]
    models = len({one.run for one in learned if one.state == "succeeded"})
    judged = [one for one in runs if one.pipeline == "score"]
    readings = sum(one.rows for one in judged if one.state == "succeeded")
    events = EventCounts(site.database).called(asked.seen, "true", asked.start, asked.end)
    return UnitCosts(
        model=fsum(one.amount for one in learned) / models if models else None,
        models=models,
        million_readings=fsum(one.amount for one in judged) / readings * 1e6
        if readings
        else None,
        readings=readings,
        true_event=paid / events if events else None,
        true_events=events,
    )


def _machines(split: Split, hours: Sequence[MachineHour]) -> dict[str, float]:
    joules = fsum(one.joules for one in hours)
    measured = fsum(one.measured_joules for one in hours)
    return {
        "total": split.total,
        "idle": split.idle,
        "power": fsum(one.power_amount for one in hours),
        "kwh": joules / 3.6e6,
        "measured_ratio": measured / joules if joules > 0 else 0.0,
    }


def _forecast(site: Site, paid: float, at: datetime, hours: Sequence[MachineHour]) -> float:
    zone = site.settings.zone
    start, end = budget.bounds(budget.month_of(at, zone), zone)
    since = hours[0].hour if hours else None
    return budget.forecast(paid, start, at, end, since)
