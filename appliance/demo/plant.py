"""The demo plant: three fleets of machines, generated one machine at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from appliance.core.errors import NotFound
from appliance.demo import fans, gearboxes, pumps
from appliance.demo.columns import FleetKind
from appliance.demo.config import START, PlantConfig
from appliance.demo.faults import Fault, Severities, place, repairs
from appliance.demo.losses import kept_rows, lose_values
from appliance.demo.machine import Machine
from appliance.demo.operation import operate
from appliance.demo.signals import Floats

FROZEN = "sensor_freeze"


@dataclass(frozen=True)
class _Kind:
    """A fleet's columns and its physics."""

    columns: FleetKind
    simulate: Callable[[Machine], dict[str, Floats]]
    slowest: float


_FLEETS = {
    "pumps": _Kind(pumps.KIND, pumps.simulate, pumps.SLOWEST),
    "fans": _Kind(fans.KIND, fans.simulate, fans.SLOWEST),
    "gearboxes": _Kind(gearboxes.KIND, gearboxes.simulate, gearboxes.SLOWEST),
}
FLEETS: tuple[str, ...] = tuple(_FLEETS)
"""Names of the plant's fleets."""


def fleet_kind(fleet: str) -> FleetKind:
    """Return what the machines of a fleet measure.

    Raises
    ------
    NotFound
        The plant has no fleet of that name.
    """
    return _fleet(fleet).columns


def assets(config: PlantConfig, fleet: str) -> tuple[str, ...]:
    """Return the names of a fleet's machines.

    Raises
    ------
    NotFound
        The plant has no fleet of that name.
    """
    kind = fleet_kind(fleet)
    count = max(round(kind.machines * config.scale), 2)
    return tuple(f"{kind.prefix}-{kind.first + index}" for index in range(count))


def interval_seconds(config: PlantConfig, fleet: str) -> int:
    """Return the seconds between two readings of a fleet.

    The gearboxes' historian keeps every fifth row.
    """
    return config.interval_seconds * fleet_kind(fleet).every


def faults(config: PlantConfig) -> tuple[Fault, ...]:
    """Return every fault of the plant: the truth, ordered by fleet and start."""
    found = [fault for fleet in FLEETS for fault in place(config, fleet, assets(config, fleet))]
    return tuple(sorted(found, key=lambda fault: (FLEETS.index(fault.fleet), fault.start)))


def generate_fleet(
    config: PlantConfig, fleet: str, *, with_faults: bool = True
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the recording of each machine of a fleet; one is in memory at a time.

    Parameters
    ----------
    with_faults
        Without them, the very same plant in good health: what differs is the faults' work.

    Yields
    ------
    tuple
        The machine's name and a frame: `time` (UTC, microseconds), then sensors and context
        columns (Float32, null where a value is missing), sorted by time.

    Raises
    ------
    NotFound
        The plant has no fleet of that name.
    """
    names = assets(config, fleet)
    return (
        (asset, generate_asset(config, fleet, asset, with_faults=with_faults))
        for asset in names
    )


def generate_asset(
    config: PlantConfig, fleet: str, asset: str, *, with_faults: bool = True
) -> pl.DataFrame:
    """Return the recording of one machine; see `generate_fleet`.

    Raises
    ------
    NotFound
        The plant has no such fleet, or the fleet no such machine.
    """
    kind, names = _fleet(fleet), assets(config, fleet)
    if asset not in names:
        raise NotFound(f"the demo plant's {fleet} are {names[0]} to {names[-1]}, not {asset}.")
    mine = tuple(fault for fault in place(config, fleet, names) if fault.asset == asset)
    run = operate(config, asset, names.index(asset), kind.slowest, repairs(config, mine))
    active = mine if with_faults else ()
    machine = Machine(config, asset, run, Severities(config, active))
    truth = kind.simulate(machine)
    measured = {
        column.name: column.measure(truth[column.name], machine.rng(f"sensor {column.name}"))
        for column in kind.columns.columns
    }
    for fault in active:
        if fault.kind == FROZEN:
            _freeze(measured, fault.sensors, machine.faults.rows(FROZEN))
    lose_values(config, asset, {c.name: measured[c.name] for c in kind.columns.sensors})
    return _frame(config, measured, kept_rows(config, asset), kind.columns.every)


def _freeze(
    measured: dict[str, NDArray[np.float32]], sensors: tuple[str, ...], rows: slice
) -> None:
    for name in sensors:
        if rows.stop > rows.start:
            measured[name][rows] = measured[name][rows.start]


def _frame(
    config: PlantConfig,
    measured: dict[str, NDArray[np.float32]],
    kept: NDArray[np.bool_],
    every: int,
) -> pl.DataFrame:
    rows = np.flatnonzero(kept[::every]) * every
    origin = np.datetime64(START.replace(tzinfo=None), "us")
    step = np.timedelta64(timedelta(seconds=config.interval_seconds), "us")
    time = pl.Series("time", origin + rows * step).dt.replace_time_zone("UTC")
    columns = [
        pl.Series(name, values[rows], nan_to_null=True) for name, values in measured.items()
    ]
    return pl.DataFrame([time, *columns])


def _fleet(name: str) -> _Kind:
    kind = _FLEETS.get(name)
    if kind is None:
        raise NotFound(f"the demo plant has no fleet {name}; it has {', '.join(FLEETS)}.")
    return kind
