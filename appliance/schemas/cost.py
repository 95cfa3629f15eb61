"""Costs: prices, what was used and by whom, estimates and budgets."""

from __future__ import annotations

import math
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from appliance.schemas.base import Schema

_MOMENT = "2026-03-01T08:00:00Z"
_MOST = 1e12
_WHOLE, _NOTHING = 9.95, 1e-6
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""A currency by its code of ISO 4217, such as JPY."""
Price = Annotated[float, Field(ge=0, le=_MOST, allow_inf_nan=False)]
Watts = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


def money(amount: float, currency: str) -> str:
    """Return an amount as people read it: yen whole from 10 on, two figures below.

    Currencies that have smaller parts keep two decimals at least.
    """
    sign = {"JPY": "¥", "USD": "$", "EUR": "€"}.get(currency, f"{currency} ")
    size, minus = abs(amount), "-" if amount < 0 else ""
    least = 0 if currency == "JPY" else 2
    if size < _NOTHING:
        return f"{sign}0"
    wanted = 0 if size >= _WHOLE else max(1 - math.floor(math.log10(size)), 0)
    return f"{minus}{sign}{size:,.{max(wanted, least)}f}"


# ---------------------------------------------------------------- prices
class PowerPrices(Schema):
    """What electricity costs, and how much of it the machine takes.

    Attributes
    ----------
    per_kwh
        Of one kilowatt-hour.
    idle_watts, full_watts
        What the machine takes when nothing runs and when all processors are at work; guessed
        from the number of its processors if not given.
    measure
        Whether the processors' own meters are believed where they can be read.
    """

    per_kwh: Price = Field(31.0, examples=[31.0])
    idle_watts: Watts | None = Field(None, examples=[35.0])
    full_watts: Watts | None = Field(None, examples=[120.0])
    measure: bool = True


class HardwarePrices(Schema):
    """What the machine cost, and for how many years it is written off."""

    price: Price = Field(300_000.0, examples=[300_000.0])
    years: float = Field(5.0, gt=0, le=50, allow_inf_nan=False, examples=[5.0])


class CloudPrices(Schema):
    """What a machine of others costs.

    Attributes
    ----------
    instance_hour
        Of the whole machine; its processors and memory by themselves if not given.
    cpu_hour, memory_gb_hour
        Of one processor, and of one GB of memory.
    spot_factor
        By which all this is multiplied: less than 1 for machines that may be taken away.
    """

    instance_hour: Price | None = Field(None, examples=[0.2])
    cpu_hour: Price = Field(0.031611, examples=[0.031611])
    memory_gb_hour: Price = Field(0.004237, examples=[0.004237])
    spot_factor: float = Field(1.0, gt=0, le=1, allow_inf_nan=False, examples=[1.0])


class StoragePrices(Schema):
    """What one GB on the disk costs in a month; nothing where the disk is the machine's."""

    gb_month: Price = Field(0.0, examples=[0.0])


class PriceBook(Schema):
    """What everything costs.

    Attributes
    ----------
    place
        ``on-premises``: power and hardware count; ``cloud``: what the machine is rented for.
    as_of, source
        When the prices were true, and who says so.
    """

    place: Literal["on-premises", "cloud"] = Field("on-premises", examples=["on-premises"])
    currency: Currency = Field("JPY", examples=["JPY"])
    as_of: date = Field(date(2026, 11, 1), examples=["2026-11-01"])
    source: str = Field("", max_length=500, examples=["the bill of October"])
    power: PowerPrices = PowerPrices()
    hardware: HardwarePrices = HardwarePrices()
    cloud: CloudPrices = CloudPrices()
    storage: StoragePrices = StoragePrices()


class Prices(Schema):
    """The prices of a site, and what they make of its machine.

    Attributes
    ----------
    file
        Where the site says otherwise than what comes along; empty if it does not.
    cores, memory_bytes
        Of the machine.
    machine_hour
        What it costs in an hour in which nothing runs.
    core_hour, gb_hour
        What a processor and a GB of memory cost for an hour, kept free or used.
    busy_core_hour
        What a processor costs beside that for an hour at work: the power that it takes.
    idle_watts, full_watts
        As they are reckoned with.
    measured
        Whether the processors' own meters can be read.
    """

    book: PriceBook
    file: str = Field("", examples=["/home/kizashi/prices.toml"])
    cores: int = Field(examples=[8])
    memory_bytes: int = Field(examples=[16_000_000_000])
    machine_hour: float = Field(examples=[8.1])
    core_hour: float = Field(examples=[0.5])
    gb_hour: float = Field(examples=[0.07])
    busy_core_hour: float = Field(examples=[0.25])
    idle_watts: float = Field(examples=[35.0])
    full_watts: float = Field(examples=[120.0])
    measured: bool = Field(examples=[False])


# ---------------------------------------------------------------- estimates and runs
class Estimate(Schema):
    """How long a run will take and what it will cost, before it is asked for.

    Attributes
    ----------
    seconds, amount
        As likely more as less.
    seconds_low, seconds_high, amount_low, amount_high
        Between which four of five runs end.
    basis
        ``past``: runs of the same kind; ``prior``: what is usual elsewhere, for there are none.
    runs
        How many runs it follows from.
    error_ratio
        By how much estimates of this kind were off so far, the one in the middle: 0.2 for a
        fifth; None if there were none.
    """

    pipeline: str = Field(examples=["train"])
    fleet: str | None = Field(None, examples=["pumps"])
    seconds: float = Field(examples=[240.0])
    seconds_low: float = Field(examples=[180.0])
    seconds_high: float = Field(examples=[330.0])
    amount: float = Field(examples=[12.0])
    amount_low: float = Field(examples=[9.0])
    amount_high: float = Field(examples=[17.0])
    currency: str = Field(examples=["JPY"])
    basis: Literal["past", "prior"] = Field(examples=["past"])
    runs: int = Field(examples=[14])
    error_ratio: float | None = Field(None, examples=[0.2])


class RunCost(Schema):
    """What a run used and cost; all its attempts together.

    Attributes
    ----------
    cpu_seconds, reserved_seconds, core_seconds
        Time of processors used, kept free, and the larger of both: what is paid for.
    gb_hours
        Memory, times how long it was held.
    estimated_seconds, estimated_amount, estimated_by
        What had been expected; None and empty if nothing was.
    """

    run: str = Field(examples=["job_01"])
    attempts: int = Field(examples=[1])
    wall_seconds: float = Field(examples=[236.0])
    cpu_seconds: float = Field(examples=[310.0])
    reserved_seconds: float = Field(examples=[0.0])
    core_seconds: float = Field(examples=[310.0])
    gb_hours: float = Field(examples=[0.04])
    peak_bytes: int = Field(examples=[600_000_000])
    tasks: int = Field(examples=[8])
    amount: float = Field(examples=[11.4])
    currency: str = Field(examples=["JPY"])
    estimated_seconds: float | None = Field(None, examples=[240.0])
    estimated_amount: float | None = Field(None, examples=[12.0])
    estimated_by: Literal["past", "prior", ""] = Field("", examples=["past"])


# ---------------------------------------------------------------- who pays
class CostBy(StrEnum):
    """What costs are told by."""

    PROJECT = "project"
    FLEET = "fleet"
    ASSET = "asset"
    USER = "user"
    PIPELINE = "pipeline"


class CostLine(Schema):
    """What one project, fleet, asset, user or pipeline costs.

    Attributes
    ----------
    name
        Empty for what belongs to none of them: the whole site's.
    amount
        Runs and storage together.
    """

    name: str = Field(examples=["pumps"])
    amount: float = Field(examples=[310.0])
    storage_amount: float = Field(0.0, examples=[4.0])
    runs: int = Field(examples=[42])
    core_seconds: float = Field(examples=[41_000.0])


class CostDay(Schema):
    """What one day cost, by the site's clock; `idle` only for those who operate the site."""

    day: date = Field(examples=["2026-03-01"])
    amounts: dict[str, float] = Field(examples=[{"pumps": 12.0}])
    idle: float | None = Field(None, examples=[150.0])


class UnitCosts(Schema):
    """What one thing that people want costs; None where there was none of it.

    Attributes
    ----------
    model
        A model trained, with the trainings that failed.
    million_readings
        A million readings scored.
    true_event
        An event that somebody called true: all that was paid, divided by them.
    """

    model: float | None = Field(None, examples=[11.4])
    models: int = Field(0, examples=[6])
    million_readings: float | None = Field(None, examples=[1.9])
    readings: int = Field(0, examples=[4_200_000])
    true_event: float | None = Field(None, examples=[86.0])
    true_events: int = Field(0, examples=[3])


class Costs(Schema):
    """What was paid in a time, and who for.

    Attributes
    ----------
    lines
        The dearest first; they add up to `allocated`.
    allocated
        Paid for runs and storage that whoever asks may see.
    total, idle, power, kwh, measured_ratio
        Of all machines: `idle` is what nobody used.  Told to those who operate the site, where
        `total` is `allocated` and `idle` together; `measured_ratio` is the share of the power
        that was measured rather than estimated.
    forecast
        What will have been paid at the end of the month, if `end` lies in it and the days to
        come are as those before; None for other times.
    error_ratio
        By how much estimates of runs were off, the one in the middle.
    left_out
        Runs paid in another currency, which are not counted.
    """

    by: CostBy = Field(examples=["fleet"])
    start: AwareDatetime = Field(examples=[_MOMENT])
    end: AwareDatetime = Field(examples=["2026-03-31T08:00:00Z"])
    currency: str = Field(examples=["JPY"])
    lines: tuple[CostLine, ...] = ()
    days: tuple[CostDay, ...] = ()
    units: UnitCosts = UnitCosts()
    allocated: float = Field(examples=[310.0])
    total: float | None = Field(None, examples=[4_600.0])
    idle: float | None = Field(None, examples=[4_290.0])
    power: float | None = Field(None, examples=[900.0])
    kwh: float | None = Field(None, examples=[29.0])
    measured_ratio: float | None = Field(None, examples=[0.0])
    forecast: float | None = Field(None, examples=[9_900.0])
    error_ratio: float | None = Field(None, examples=[0.2])
    left_out: int = Field(0, examples=[0])


# ---------------------------------------------------------------- budgets
class BudgetDraft(Schema):
    """What may be paid in a month.

    Attributes
    ----------
    monthly
        At which jobs that can wait are not begun any more.
    warn_ratio
        The share of it at which people are warned.
    """

    monthly: float = Field(gt=0, le=_MOST, allow_inf_nan=False, examples=[5_000.0])
    warn_ratio: float = Field(0.8, gt=0, le=1, allow_inf_nan=False, examples=[0.8])


class Budget(BudgetDraft):
    """What may be paid in a month, and what was.

    Attributes
    ----------
    project
        Whose; None for the whole site, where machines count with what nobody uses of them.
    month
        Its first day, by the site's clock.
    spent, forecast
        Since then, and at its end if things go on so.
    state
        ``within``, ``warned``: beyond the share at which people are warned; ``spent``: jobs
        that can wait are refused.
    """

    project: str | None = Field(None, examples=["line2"])
    currency: str = Field(examples=["JPY"])
    month: date = Field(examples=["2026-03-01"])
    spent: float = Field(examples=[3_100.0])
    forecast: float = Field(examples=[4_700.0])
    state: Literal["within", "warned", "spent"] = Field(examples=["within"])
    revision: int = Field(examples=[1])
    updated: AwareDatetime = Field(examples=[_MOMENT])
    updated_by: str = Field(examples=["erika"])


class Budgets(Schema):
    """Budgets as they stand, the site's first."""

    budgets: tuple[Budget, ...] = ()
