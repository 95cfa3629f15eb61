"""Centrifugal pumps with speed control and a control valve behind them."""

from __future__ import annotations

import numpy as np

from appliance.demo.columns import Column, FleetKind
from appliance.demo.machine import Machine
from appliance.demo.signals import Floats, stick

KIND = FleetKind(
    name="pumps",
    prefix="P",
    first=101,
    machines=16,
    every=1,
    sensors=(
        Column("flow", "m3/h", 0.1, 0.5, 0.0, 250.0),
        Column("suction_pressure", "bar", 0.01, 0.008, 0.0, 6.0),
        Column("discharge_pressure", "bar", 0.01, 0.015, 0.0, 16.0),
        Column("seal_pressure", "bar", 0.01, 0.012, 0.0, 16.0),
        Column("valve_opening", "%", 0.1, 0.15, 0.0, 100.0),
        Column("motor_current", "A", 0.1, 0.25, 0.0, 160.0),
        Column("bearing_temp_de", "°C", 0.1, 0.12, -20.0, 160.0),
        Column("bearing_temp_nde", "°C", 0.1, 0.12, -20.0, 160.0),
        Column("vibration_de", "mm/s", 0.01, 0.02, 0.0, 40.0),
        Column("vibration_nde", "mm/s", 0.01, 0.02, 0.0, 40.0),
    ),
    context=(
        Column("speed_setpoint", "rpm", 10.0, 0.0, 0.0, 3_600.0),
        Column("flow_demand", "m3/h", 1.0, 0.0, 0.0, 250.0),
        Column("ambient_temp", "°C", 0.1, 0.08, -20.0, 60.0),
    ),
)
SLOWEST = 0.62
_STATIC_HEAD = 2.1
_SHUTOFF_HEAD = 6.8
_FALL = 1.7
"""Bar that the head falls from no flow to rated flow at full speed."""


def simulate(machine: Machine) -> dict[str, Floats]:
    """Return what really goes on in a pump: one array a column, shape (rows,).

    Head and power follow the affinity laws (flow as speed, head as its square); the valve
    takes the head that the pipe does not need.
    """
    run, severity = machine.run, machine.faults
    rated = machine.trait("rated flow", 138.0, 0.06)
    vapour = severity.of("cavitation") * (0.75 + 0.25 * np.abs(machine.white("vapour")))
    demand = run.load * run.running
    command, opening = _valve(machine, demand)
    # 1 % of opening is about 1.2 % of the flow at the working point
    relative = demand * (1.0 + 0.012 * (opening - command)) - 0.035 * vapour * run.speed
    head = _SHUTOFF_HEAD * machine.trait("head", 1.0, 0.03) * run.speed**2
    head = np.maximum(head - _FALL * relative**2, 0.0) * run.running
    suction = _suction(machine, relative) - 0.16 * vapour
    discharge = suction + head * (1.0 - 0.03 * vapour) + _STATIC_HEAD * ~run.running * 0.6
    return {
        "flow": relative * rated * _ageing_meter(machine),
        "suction_pressure": suction,
        "discharge_pressure": discharge,
        "valve_opening": opening,
        "seal_pressure": _seal(machine, suction, head),
        "motor_current": _current(machine, demand, severity.of("lubrication_loss")),
        **_bearings(machine),
        **_vibrations(machine, vapour),
        "speed_setpoint": 2_950.0 * run.speed_set,
        "flow_demand": rated * run.asked,
        "ambient_temp": run.ambient,
    }


def _suction(machine: Machine, relative: Floats) -> Floats:
    """A tank that empties and is filled in turn, less the losses of the suction line."""
    run = machine.run
    cycle = machine.trait("tank cycle", 7.0, 0.2) / 24
    early = 0.3 * machine.inertia(machine.noise("tank", 86_400), 30)
    phase = (run.elapsed / cycle + machine.rng("tank").uniform() + early) % 1.0
    level = np.where(phase < 0.8, 1.0 - phase / 0.8, (phase - 0.8) / 0.2)
    mean = machine.trait("tank level", 1.45)
    return np.asarray(mean + 0.28 * level - 0.22 * relative**2 + 0.01 * machine.noise("s", 900))


def _valve(machine: Machine, demand: Floats) -> tuple[Floats, Floats]:
    """Return the opening that the controller asks for and the one that the valve takes."""
    run = machine.run
    spare = np.maximum(_SHUTOFF_HEAD * run.speed**2 - _FALL * demand**2 - _STATIC_HEAD, 0.25)
    needed = machine.trait("valve size", 88.0, 0.06) * demand / np.sqrt(spare)
    command = np.clip(needed + 0.5 * machine.noise("valve", 420), 0.0, 100.0) * run.running
    sticking = machine.faults.of("valve_sticking")
    rows = machine.faults.rows("valve_sticking")
    position = command.copy()
    position[rows] = stick(command[rows], 4.5)
    # a sticking valve makes its controller hunt
    hunting = 2.2 * np.sign(np.sin(2 * np.pi * run.elapsed * 86_400 / 2_700))
    position += sticking * hunting * run.running * (demand > 0)
    return command, np.clip(position, 0.0, 100.0)


def _ageing_meter(machine: Machine) -> Floats:
    """One flow meter in five reads a little less each week: harmless, and no fault."""
    drifts = machine.rng("meter").uniform() < 0.2
    return np.asarray(1.0 - (0.00025 if drifts else 0.0) * machine.run.elapsed)


def _seal(machine: Machine, suction: Floats, head: Floats) -> Floats:
    barrier = suction + machine.trait("barrier", 0.42) * head + 0.8 * machine.run.running
    slow = 0.03 * machine.noise("seal", 4 * 86_400)
    return np.asarray(barrier + slow - 0.45 * machine.faults.of("slow_leak"))


def _current(machine: Machine, demand: Floats, dry: Floats) -> Floats:
    run = machine.run
    power = demand * (_SHUTOFF_HEAD * run.speed**2 - _FALL * demand**2) / 5.1
    loaded = machine.trait("rated current", 74.0) * (0.12 * run.speed**3 + 0.88 * power)
    idle = machine.trait("magnetising current", 24.0)
    grid = 1.0 + 0.006 * machine.noise("grid", 1_800)
    return np.asarray(np.hypot(idle, loaded) * grid * run.running * (1.0 + 0.03 * dry))


def _bearings(machine: Machine) -> dict[str, Floats]:
    run, severity = machine.run, machine.faults
    wear, dry = severity.of("bearing_wear"), severity.of("lubrication_loss")
    friction = run.speed**1.5
    heat = {
        "bearing_temp_de": (23.0 + 9.0 * wear + 11.0 * dry, 9.0, 38.0),
        "bearing_temp_nde": (17.0 + 7.0 * dry, 4.0, 31.0),
    }
    found = {}
    for name, (own, from_load, minutes) in heat.items():
        source = (own * friction + from_load * run.load) * machine.trait(name, 1.0)
        rise = machine.inertia(source, machine.trait(f"{name} inertia", minutes, 0.1))
        found[name] = run.ambient + rise + 0.25 * machine.noise(name, 5_400)
    return found


def _vibrations(machine: Machine, vapour: Floats) -> dict[str, Floats]:
    run = machine.run
    wear = machine.faults.of("bearing_wear")
    beside = np.abs(run.load - 0.9 * run.speed)
    level = (0.35 + 0.65 * run.speed**2 + 1.1 * beside) * run.running
    de = machine.trait("vibration de", 1.7, 0.12) * level
    nde = machine.trait("vibration nde", 1.2, 0.12) * level
    de = de * (1.0 + 1.5 * wear + 0.55 * vapour)
    nde = nde * (1.0 + 0.5 * wear + 0.45 * vapour)
    return {
        "vibration_de": machine.vibration("vibration_de", de),
        "vibration_nde": machine.vibration("vibration_nde", nde),
    }
