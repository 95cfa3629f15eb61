"""Belt-driven supply fans with an inlet filter."""

from __future__ import annotations

import numpy as np

from appliance.demo.columns import Column, FleetKind
from appliance.demo.machine import Machine
from appliance.demo.signals import Floats

KIND = FleetKind(
    name="fans",
    prefix="F",
    first=201,
    machines=14,
    every=1,
    sensors=(
        Column("air_flow", "m3/h", 10.0, 60.0, 0.0, 40_000.0),
        Column("filter_dp", "Pa", 1.0, 1.5, 0.0, 1_000.0),
        Column("outlet_pressure", "Pa", 1.0, 4.0, 0.0, 4_000.0),
        Column("fan_speed", "rpm", 1.0, 1.2, 0.0, 2_500.0),
        Column("motor_current", "A", 0.1, 0.12, 0.0, 100.0),
        Column("motor_temp", "°C", 0.1, 0.15, -20.0, 180.0),
        Column("bearing_temp", "°C", 0.1, 0.12, -20.0, 160.0),
        Column("vibration_h", "mm/s", 0.01, 0.02, 0.0, 50.0),
        Column("vibration_v", "mm/s", 0.01, 0.02, 0.0, 50.0),
    ),
    context=(
        Column("speed_setpoint", "%", 1.0, 0.0, 0.0, 100.0),
        Column("ambient_temp", "°C", 0.1, 0.08, -20.0, 60.0),
    ),
)
SLOWEST = 0.5


def simulate(machine: Machine) -> dict[str, Floats]:
    """Return what really goes on in a fan: one array a column, shape (rows,).

    Flow goes with speed, pressure with its square, power with its cube (fan laws).
    """
    run, severity = machine.run, machine.faults
    slip = severity.of("belt_slip") * (0.7 + 0.3 * np.abs(machine.white("slip")))
    dust = _dust(machine)
    speed = run.speed * (1.0 - 0.035 * slip)
    # a dustier filter takes pressure, and with it some of the flow
    flow = speed * (1.0 - 0.05 * (dust - 0.5)) * (1.0 + 0.006 * machine.noise("draught", 1_200))
    density = 293.0 / (273.0 + run.ambient)
    rated = machine.trait("rated flow", 21_500.0, 0.06)
    filter_dp = machine.trait("clean filter", 85.0, 0.06) * (0.6 + 1.3 * dust) * flow**1.7
    pressure = machine.trait("pressure", 1_150.0) * flow**2 * density
    current = _current(machine, flow, density, slip)
    return {
        "air_flow": rated * flow,
        "filter_dp": filter_dp,
        "outlet_pressure": pressure * (1.0 + 0.008 * machine.noise("duct", 300)),
        "fan_speed": machine.trait("rated speed", 1_380.0, 0.02) * speed,
        "motor_current": current,
        "motor_temp": _motor_temp(machine),
        "bearing_temp": _bearing_temp(machine),
        **_vibrations(machine),
        "speed_setpoint": 100.0 * run.speed_set,
        "ambient_temp": run.ambient,
    }


def _dust(machine: Machine) -> Floats:
    """How clogged the filter is: 0 clean, 1 due for cleaning; it is cleaned when serviced.

    This clogging is harmless; the fault comes on top of it.
    """
    full = machine.trait("days to a full filter", 38.0, 0.15)
    dust = np.minimum(machine.served() / full, 1.2)
    return np.asarray(dust + 0.75 * machine.faults.of("clogged_filter"))


def _current(machine: Machine, flow: Floats, density: Floats, slip: Floats) -> Floats:
    run = machine.run
    loaded = machine.trait("rated current", 33.0) * flow**2.6 * density
    idle = machine.trait("magnetising current", 10.5)
    grid = 1.0 + 0.006 * machine.noise("grid", 1_800)
    return np.asarray(np.hypot(idle, loaded) * grid * run.running * (1.0 - 0.01 * slip))


def _motor_temp(machine: Machine) -> Floats:
    run = machine.run
    loss = machine.trait("motor loss", 42.0) * run.speed**2.2 + 6.0 * run.running
    heat = loss * (1.0 + 0.28 * machine.faults.of("cooling_blocked"))
    rise = machine.inertia(heat, machine.trait("motor inertia", 52.0, 0.1))
    return np.asarray(run.ambient + rise + 0.4 * machine.noise("motor", 5_400))


def _bearing_temp(machine: Machine) -> Floats:
    run = machine.run
    source = machine.trait("friction", 21.0) * run.speed**1.5
    rise = machine.inertia(source, machine.trait("bearing inertia", 34.0, 0.1))
    return np.asarray(run.ambient + rise + 0.3 * machine.noise("bearing", 5_400))


def _vibrations(machine: Machine) -> dict[str, Floats]:
    """Excitation by imbalance grows as the square of speed, with a weak resonance below it."""
    run = machine.run
    resonance = 0.35 * np.exp(-(((run.speed - 0.72) / 0.05) ** 2))
    level = (0.25 + 0.75 * run.speed**2 + resonance) * run.running
    grown = machine.faults.of("imbalance") * run.speed**2
    found = {}
    for name, typical, share in (("vibration_h", 2.1, 1.1), ("vibration_v", 1.4, 0.7)):
        healthy = machine.trait(name, typical, 0.15) * level
        found[name] = machine.vibration(name, healthy * (1.0 + share * grown))
    return found
