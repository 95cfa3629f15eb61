"""What a processor, a GB and an hour of a machine cost, by a price book."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.schemas.cost import PriceBook

HOUR = 3600.0
GB = 1e9
MONTH_SECONDS = 365.25 / 12 * 24 * HOUR
_YEAR_HOURS = 365.25 * 24
_KWH = 3.6e6
"""Joules."""
_CORE_WEIGHT, _GB_WEIGHT = 0.031611, 0.004237
"""How a machine's price is split between a processor and a GB: as the price sheet that comes
with OpenCost has them (configs/default.json, 2026-11)."""
_IDLE_WATTS, _IDLE_WATTS_A_CORE, _WATTS_A_CORE = 15.0, 1.5, 8.0
"""Guesses where nobody measured: a small server, and what each core adds idle and at work."""


@dataclass(frozen=True)
class Machine:
    """What there is to pay for."""

    cores: int
    memory_bytes: int


@dataclass(frozen=True)
class Rates:
    """What a machine and its parts cost.

    Attributes
    ----------
    machine_hour
        The whole of it for an hour in which nothing runs, without its power.
    core_hour, gb_hour
        A processor and a GB for an hour, kept free or used; with the power that the machine
        takes idle they add up to all that it costs idle.
    busy_core_hour
        The power that a processor at work takes beside.
    kwh
        One kilowatt-hour.
    storage_gb_month
        One GB on the disk for a month.
    """

    currency: str
    cores: int
    machine_hour: float
    core_hour: float
    gb_hour: float
    busy_core_hour: float
    kwh: float
    idle_watts: float
    full_watts: float
    storage_gb_month: float

    def energy(self, cpu_ratio: float, seconds: float) -> float:
        """Return the joules that a machine is thought to take, by how busy it is."""
        busy = min(max(cpu_ratio, 0.0), 1.0)
        return (self.idle_watts + (self.full_watts - self.idle_watts) * busy) * seconds

    def power_amount(self, joules: float) -> float:
        """Return what energy costs."""
        return joules / _KWH * self.kwh

    def fixed_amount(self, seconds: float) -> float:
        """Return what the machine costs beside its power."""
        return self.machine_hour * seconds / HOUR

    def storage_amount(self, byte_seconds: float) -> float:
        """Return what bytes on the disk cost."""
        return byte_seconds / GB / MONTH_SECONDS * self.storage_gb_month


def rates(book: PriceBook, machine: Machine) -> Rates:
    """Return what a machine and its parts cost."""
    gigabytes = machine.memory_bytes / GB
    idle, full = watts(book, machine)
    if book.place == "cloud":
        hour, kwh = _cloud_hour(book, machine), 0.0
    else:
        hour = book.hardware.price / (book.hardware.years * _YEAR_HOURS)
        kwh = book.power.per_kwh
    empty = hour + idle / 1000 * kwh
    weight = machine.cores * _CORE_WEIGHT + gigabytes * _GB_WEIGHT
    return Rates(
        currency=book.currency,
        cores=machine.cores,
        machine_hour=hour,
        core_hour=empty * _CORE_WEIGHT / weight,
        gb_hour=empty * _GB_WEIGHT / weight,
        busy_core_hour=(full - idle) / machine.cores / 1000 * kwh,
        kwh=kwh,
        idle_watts=idle,
        full_watts=full,
        storage_gb_month=book.storage.gb_month,
    )


def _cloud_hour(book: PriceBook, machine: Machine) -> float:
    own = book.cloud
    hour = own.instance_hour
    if hour is None:
        gigabytes = machine.memory_bytes / GB
        hour = machine.cores * own.cpu_hour + gigabytes * own.memory_gb_hour
    return hour * own.spot_factor


def watts(book: PriceBook, machine: Machine) -> tuple[float, float]:
    """Return what a machine takes idle and with all processors at work, in watts."""
    guess = _IDLE_WATTS + _IDLE_WATTS_A_CORE * machine.cores
    idle = guess if book.power.idle_watts is None else book.power.idle_watts
    full = book.power.full_watts
    if full is None:
        full = idle + _WATTS_A_CORE * machine.cores
    return idle, max(full, idle)
