"""How the plant is run: calendar, product campaigns, stops, weather."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from appliance.demo.config import START, ZONE, PlantConfig
from appliance.demo.signals import Flags, Floats, lag, since, wander

_DAY = 86_400
_LINES = 3
_LEVELS = (0.55, 0.7, 0.85, 1.0)
"""Loads that products ask for."""
_LEVEL_SHARES = (0.15, 0.25, 0.35, 0.25)
_WEEKEND = 0.55
_CLOSED_DAYS = frozenset({(1, 12), (2, 11), (2, 23), (3, 20), (4, 29), (5, 4), (5, 5), (8, 11)})
"""Month and day of public holidays on which the plant runs as on Sundays."""
_WARM_UP_SECONDS = 1_200
_LOW_LOAD = 0.45


@dataclass(frozen=True)
class Operation:
    """How one machine was run; every array has one value a row.

    Attributes
    ----------
    interval
        Seconds between rows.
    elapsed
        Days since the recording began.
    running
        Whether the machine is switched on.
    asked, load
        Load set-point, and the load after ramps and process unrest; 0 to 1.
    speed_set, speed
        Set-point of the drive, and the speed itself; 0 to 1.
    ambient
        Temperature of the hall in degC.
    maintained
        Last row of each maintenance stop.
    """

    interval: int
    elapsed: Floats
    running: Flags
    asked: Floats
    load: Floats
    speed_set: Floats
    speed: Floats
    ambient: Floats
    maintained: Flags

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.running.size


@dataclass(frozen=True)
class Stop:
    """Rows ``first`` to ``last`` (excluded) at which a machine stands still."""

    first: int
    last: int


def operate(
    config: PlantConfig, asset: str, index: int, slowest: float, repairs: tuple[Stop, ...]
) -> Operation:
    """Return how a machine is run.

    Parameters
    ----------
    index
        Position of the machine in its fleet, from 0; it decides line and duty.
    slowest
        Speed at no load as a share of full speed; 1 for a drive of fixed speed.
    repairs
        Stops that follow from the machine's history.
    """
    interval, rows = config.interval_seconds, config.rows
    local = _local_seconds(config)
    asked = _campaigns(config, index % _LINES)
    quiet = _closed(local)
    asked = np.where(quiet, np.minimum(asked, _WEEKEND), asked)
    running = np.ones(rows, dtype=np.bool_) if continuous(index) else _two_shifts(local, quiet)
    maintenance = _maintenance(config, asset)
    for stop in (*maintenance, *repairs, *_trips(config, asset)):
        running[stop.first : stop.last] = False
    maintained = np.zeros(rows, dtype=np.bool_)
    maintained[[stop.last - 1 for stop in maintenance]] = True
    warming = running & (since(running) * interval < _WARM_UP_SECONDS)
    asked = np.where(running, np.where(warming, np.minimum(asked, _LOW_LOAD), asked), 0.0)
    speed_set = np.where(running, slowest + (1.0 - slowest) * asked, 0.0)
    unrest = 0.012 * wander(config.rng(f"{asset}/unrest"), rows, 1_500, interval)
    load = lag(asked, 240, interval) * (1.0 + unrest)
    return Operation(
        interval=interval,
        elapsed=local / _DAY,
        running=running,
        asked=asked,
        load=np.where(running, load, 0.0),
        speed_set=speed_set,
        speed=np.where(running, lag(speed_set, 100, interval), 0.0),
        ambient=_hall(config, local) + float(config.rng(f"{asset}/corner").normal(0.0, 0.7)),
        maintained=maintained,
    )


def continuous(index: int) -> bool:
    """Whether a machine runs day and night; the others run two shifts."""
    return index % 3 != 2


def _local_seconds(config: PlantConfig) -> Floats:
    return np.arange(config.rows, dtype=np.float64) * config.interval_seconds


def _closed(local: Floats) -> Flags:
    """Sundays, holidays, and Saturdays from two in the afternoon; shape (rows,)."""
    day = (local // _DAY).astype(np.int64)
    hour = local % _DAY / 3_600
    first = START.astimezone(ZoneInfo(ZONE)).date()
    dates = [first + timedelta(days=number) for number in range(int(day[-1]) + 1)]
    whole = np.array([_is_closed(found) for found in dates])
    saturday = np.array([found.weekday() == 5 for found in dates])
    return np.asarray(whole[day] | (saturday[day] & (hour >= 14)))


def _is_closed(found: date) -> bool:
    return found.weekday() == 6 or (found.month, found.day) in _CLOSED_DAYS


def _two_shifts(local: Floats, quiet: Flags) -> Flags:
    hour = local % _DAY / 3_600
    return (hour >= 6) & (hour < 22) & ~quiet


def _campaigns(config: PlantConfig, line: int) -> Floats:
    """Return the load that a line's products ask for; one campaign lasts 3 to 20 hours."""
    rng = config.rng(f"line {line}")
    longest = config.days * 24 // 3 + 2
    hours = rng.triangular(3, 7, 20, size=longest)
    levels = rng.choice(_LEVELS, p=_LEVEL_SHARES, size=longest)
    lengths = np.maximum((hours * 3_600 / config.interval_seconds).astype(np.int64), 1)
    return np.asarray(np.repeat(levels, lengths)[: config.rows], dtype=np.float64)


def _maintenance(config: PlantConfig, asset: str) -> list[Stop]:
    """Return the planned stops: one in four weeks, half a working day."""
    rng = config.rng(f"{asset}/maintenance")
    stops = []
    for month in range(config.days // 28):
        day = month * 28 + int(rng.integers(0, 4)) * 7 + int(rng.integers(1, 5))
        begin = day * _DAY + int(rng.integers(8, 11)) * 3_600
        length = int(rng.integers(3 * 3_600, 8 * 3_600))
        if (day + 1) * _DAY < config.days * _DAY:
            stops.append(_stop(config, begin, length))
    return stops


def _trips(config: PlantConfig, asset: str) -> list[Stop]:
    """Return short unplanned stops: one in twelve days on average, under an hour."""
    rng = config.rng(f"{asset}/trips")
    count = int(rng.poisson(config.days / 12))
    begins = rng.uniform(0, config.days * _DAY, size=count)
    lengths = rng.uniform(480, 3_000, size=count)
    return [
        _stop(config, int(begin), int(length))
        for begin, length in zip(begins, lengths, strict=True)
    ]


def _stop(config: PlantConfig, begin: int, length: int) -> Stop:
    first = begin // config.interval_seconds
    return Stop(first, min(first + max(length // config.interval_seconds, 1), config.rows))


def _hall(config: PlantConfig, local: Floats) -> Floats:
    """Return the temperature in the hall: season, weather and time of day, damped by walls.

    The season is that of Tokyo's monthly means: 5 degC in late January, 26 in late July.
    """
    interval = config.interval_seconds
    first = START.astimezone(ZoneInfo(ZONE)).timetuple().tm_yday
    season = 15.5 - 10.5 * np.cos(2 * np.pi * (first + local / _DAY - 25) / 365.25)
    daily = 3.8 * np.cos(2 * np.pi * (local / 3_600 - 14.5) / 24)
    weather = 2.6 * wander(config.rng("weather"), config.rows, 1.6 * _DAY, interval)
    outdoor = lag(season + daily + weather, 5_400, interval)
    return np.asarray(16.0 + 0.42 * outdoor)
