"""Two-stage gearboxes with forced oil lubrication, driven at two speeds."""

from __future__ import annotations

import numpy as np

from appliance.demo.columns import Column, FleetKind
from appliance.demo.machine import Machine
from appliance.demo.signals import Floats

KIND = FleetKind(
    name="gearboxes",
    prefix="G",
    first=301,
    machines=10,
    every=5,
    sensors=(
        Column("oil_temp", "°C", 0.1, 0.1, -20.0, 150.0),
        Column("oil_pressure", "bar", 0.01, 0.012, 0.0, 10.0),
        Column("bearing_temp_in", "°C", 0.1, 0.12, -20.0, 160.0),
        Column("bearing_temp_out", "°C", 0.1, 0.12, -20.0, 160.0),
        Column("vibration_in", "mm/s", 0.01, 0.02, 0.0, 50.0),
        Column("vibration_out", "mm/s", 0.01, 0.02, 0.0, 50.0),
        Column("particle_count", "1/ml", 1.0, 6.0, 0.0, 20_000.0),
        Column("motor_current", "A", 0.1, 0.3, 0.0, 250.0),
    ),
    context=(
        Column("torque_setpoint", "%", 1.0, 0.0, 0.0, 100.0),
        Column("input_speed", "rpm", 1.0, 0.8, 0.0, 2_000.0),
        Column("ambient_temp", "°C", 0.1, 0.08, -20.0, 60.0),
    ),
)
SLOWEST = 0.75
_FAST = 0.92
_OIL_REFERENCE = 45.0


def simulate(machine: Machine) -> dict[str, Floats]:
    """Return what really goes on in a gearbox: one array a column, shape (rows,).

    Losses are churning (speed) and meshing (torque times speed); warm oil is thin, so its
    pressure falls with its temperature.
    """
    run, severity = machine.run, machine.faults
    leak = severity.of("oil_loss")
    speed = np.where(run.speed > _FAST, 1.0, run.speed)
    churning = 8.0 * speed**2 * (1.0 - 0.3 * leak)
    meshing = 22.0 * run.load * speed * (1.0 + 0.55 * leak)
    heat = (churning + meshing) * machine.trait("losses", 1.0)
    oil = run.ambient + machine.inertia(heat, machine.trait("oil inertia", 95.0, 0.1))
    oil = oil + 0.3 * machine.noise("oil", 7_200)
    return {
        "oil_temp": oil,
        "oil_pressure": _oil_pressure(machine, oil, speed, leak),
        **_bearings(machine, oil, leak),
        **_vibrations(machine, speed),
        "particle_count": _particles(machine),
        "motor_current": _current(machine),
        "torque_setpoint": 100.0 * run.asked,
        "input_speed": machine.trait("rated speed", 1_480.0, 0.003) * speed,
        "ambient_temp": run.ambient,
    }


def _oil_pressure(machine: Machine, oil: Floats, speed: Floats, leak: Floats) -> Floats:
    """The oil filter takes a little more pressure each day until it is changed: harmless."""
    thinness = np.exp(-0.011 * (oil - _OIL_REFERENCE))
    filtered = 1.0 - 0.0022 * machine.served()
    level = machine.trait("oil pressure", 2.9) * speed**0.6 * thinness * filtered
    return np.asarray(
        level * (1.0 + 0.006 * machine.noise("oil pump", 900)) * (1.0 - 0.3 * leak)
    )


def _bearings(machine: Machine, oil: Floats, leak: Floats) -> dict[str, Floats]:
    run = machine.run
    drift = 7.0 * machine.faults.of("sensor_drift")
    found = {}
    heat = {"bearing_temp_in": (9.0, 6.0, 3.0), "bearing_temp_out": (5.0, 12.0, 6.0)}
    for name, (from_speed, from_load, dry) in heat.items():
        source = (from_speed * run.speed + from_load * run.load) * machine.trait(name, 1.0)
        source = source + dry * leak * run.speed
        rise = machine.inertia(source, machine.trait(f"{name} inertia", 28.0, 0.1))
        found[name] = oil + rise + 0.2 * machine.noise(name, 5_400)
    found["bearing_temp_in"] = found["bearing_temp_in"] + drift
    return found


def _vibrations(machine: Machine, speed: Floats) -> dict[str, Floats]:
    """A broken tooth modulates the mesh: seen by the minute, the level beats up and down.

    The beat between turning and sampling is slow, and deeper the higher the torque.
    """
    run = machine.run
    level = (0.3 + 0.4 * speed**2 + 0.5 * run.load * speed) * run.running
    beat = np.sin(2 * np.pi * run.elapsed * 86_400 / 4_300) ** 2
    knock = np.abs(machine.white("knock"))
    broken = machine.faults.of("tooth_damage") * run.load * (0.3 + 0.8 * beat + 0.4 * knock)
    incoming = machine.trait("vibration in", 1.3, 0.12) * level * (1.0 + 0.25 * broken)
    outgoing = machine.trait("vibration out", 1.8, 0.12) * level * (1.0 + 0.9 * broken)
    return {
        "vibration_in": machine.vibration("vibration_in", incoming),
        "vibration_out": machine.vibration("vibration_out", outgoing),
    }


def _particles(machine: Machine) -> Floats:
    """Debris in the oil: it gathers slowly until the oil is changed; a broken tooth adds."""
    days = machine.served()
    own = machine.trait("particles", 240.0, 0.15) + machine.trait("wear", 3.2, 0.2) * days
    scatter = np.exp(0.06 * machine.noise("particles", 5_400))
    return np.asarray(own * scatter * (1.0 + 1.1 * machine.faults.of("tooth_damage")))


def _current(machine: Machine) -> Floats:
    run = machine.run
    loaded = machine.trait("rated current", 118.0) * run.load * run.running
    grid = 1.0 + 0.006 * machine.noise("grid", 1_800)
    return np.asarray(
        np.hypot(machine.trait("idle current", 38.0), loaded) * grid * run.running
    )
