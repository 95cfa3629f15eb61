"""The faults injected into the demo plant, and their truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from appliance.demo.config import START, PlantConfig
from appliance.demo.operation import Stop, continuous
from appliance.demo.signals import Floats, bursts

Difficulty = Literal["obvious", "medium", "hard"]
Course = Literal["growing", "steady", "bursts"]
_TEST_DAYS = 20.0
_REPAIR = timedelta(hours=4)


@dataclass(frozen=True)
class Fault:
    """One injected fault: what really was the matter.

    Attributes
    ----------
    start, end
        UTC; the end is excluded. Heat that a fault brought fades within hours after it.
    sensors
        The sensors that it changes, the most telling first.
    in_training
        It lies in the training days: the training data are contaminated.
    description
        One sentence for a person.
    """

    fleet: str
    asset: str
    kind: str
    start: datetime
    end: datetime
    sensors: tuple[str, ...]
    difficulty: Difficulty
    in_training: bool
    description: str


@dataclass(frozen=True)
class Plan:
    """A fault before machine and time are known.

    Attributes
    ----------
    begin, length
        Shares of the days after training (of the training days if `in_training`).
    course
        How severe it is over its time.
    repaired
        The machine is stopped for repair at its end.
    """

    fleet: str
    kind: str
    begin: float
    length: float
    course: Course
    sensors: tuple[str, ...]
    difficulty: Difficulty
    description: str
    in_training: bool = False
    repaired: bool = True


PLANS: tuple[Plan, ...] = (
    Plan(
        "pumps", "bearing_wear", 0.30, 0.45, "growing",
        ("vibration_de", "bearing_temp_de", "vibration_nde"), "obvious",
        "The bearing at the drive end wears: vibration first, then heat.",
    ),
    Plan(
        "pumps", "cavitation", 0.55, 0.12, "bursts",
        ("vibration_de", "suction_pressure", "vibration_nde", "discharge_pressure", "flow",
         "seal_pressure"),
        "medium", "The suction line is partly blocked: cavitation in bursts.",
    ),
    Plan(
        "pumps", "sensor_freeze", 0.15, 0.08, "steady", ("discharge_pressure",), "obvious",
        "The transmitter of the discharge pressure hangs and repeats one value.",
        repaired=False,
    ),
    Plan(
        "pumps", "valve_sticking", 0.72, 0.18, "steady",
        ("valve_opening", "flow", "discharge_pressure", "seal_pressure", "suction_pressure"),
        "medium",
        "The control valve sticks and jumps: the flow no longer follows its demand.",
    ),
    Plan(
        "pumps", "slow_leak", 0.45, 0.55, "growing", ("seal_pressure",), "hard",
        "The mechanical seal begins to leak: its barrier pressure sinks over days.",
    ),
    Plan(
        "pumps", "lubrication_loss", 0.55, 0.04, "steady",
        ("bearing_temp_de", "bearing_temp_nde", "motor_current"), "obvious",
        "The bearings ran short of grease until they were served.", in_training=True,
    ),
    Plan(
        "fans", "imbalance", 0.25, 0.20, "steady", ("vibration_h", "vibration_v"), "obvious",
        "Deposits broke off the impeller: it runs out of balance.",
    ),
    Plan(
        "fans", "cooling_blocked", 0.50, 0.12, "steady", ("motor_temp",), "medium",
        "The motor's cooling fins are covered.",
    ),
    Plan(
        "fans", "belt_slip", 0.70, 0.15, "bursts",
        ("fan_speed", "air_flow", "outlet_pressure", "motor_current", "filter_dp"), "medium",
        "The V-belt slips under load: the fan turns slower than its motor.",
    ),
    Plan(
        "fans", "clogged_filter", 0.55, 0.45, "growing",
        ("filter_dp", "air_flow", "outlet_pressure", "motor_current"), "hard",
        "The inlet filter clogs much faster than it used to.",
    ),
    Plan(
        "gearboxes", "tooth_damage", 0.40, 0.60, "growing",
        ("vibration_out", "particle_count", "vibration_in"), "medium",
        "A tooth of the output wheel breaks out: vibration comes and goes, debris in the oil.",
    ),
    Plan(
        "gearboxes", "oil_loss", 0.20, 0.14, "growing",
        ("oil_pressure", "oil_temp", "bearing_temp_out", "bearing_temp_in"), "obvious",
        "Oil is lost at the shaft seal: pressure falls, what remains runs hot.",
    ),
    Plan(
        "gearboxes", "sensor_drift", 0.35, 0.50, "growing", ("bearing_temp_in",), "hard",
        "The thermometer of the input bearing drifts away from the truth.", repaired=False,
    ),
)  # fmt: skip


def place(config: PlantConfig, fleet: str, assets: tuple[str, ...]) -> tuple[Fault, ...]:
    """Return the faults of a fleet, each on a machine of its own.

    Machines that run day and night are taken first. With fewer machines than faults, the
    last faults of the table are left out.
    """
    order = config.rng(f"{fleet}/faulty").permutation(len(assets)).tolist()
    order.sort(key=lambda index: not continuous(index))
    plans = [plan for plan in PLANS if plan.fleet == fleet]
    return tuple(
        _placed(config, plan, assets[index]) for plan, index in zip(plans, order, strict=False)
    )


def _placed(config: PlantConfig, plan: Plan, asset: str) -> Fault:
    origin = 0.0 if plan.in_training else float(config.training)
    period = config.training if plan.in_training else config.days - config.training
    begin = origin + plan.begin * period
    start = START + _whole_minutes(begin)
    end = min(START + _whole_minutes(begin + plan.length * period), config.end)
    return Fault(
        plan.fleet, asset, plan.kind, start, end, plan.sensors, plan.difficulty,
        plan.in_training, plan.description,
    )  # fmt: skip


def _whole_minutes(days: float) -> timedelta:
    return timedelta(minutes=round(days * 1_440))


def _plan(fault: Fault) -> Plan:
    return next(plan for plan in PLANS if (plan.fleet, plan.kind) == (fault.fleet, fault.kind))


def repairs(config: PlantConfig, faults: tuple[Fault, ...]) -> tuple[Stop, ...]:
    """Return the stops at which faults are repaired; shorter where the recording is short."""
    shrink = min((config.days - config.training) / _TEST_DAYS, 1.0)
    return tuple(
        Stop(config.row(fault.end), config.row(fault.end + _REPAIR * shrink))
        for fault in faults
        if _plan(fault).repaired and fault.end < config.end
    )


class Severities:
    """How severe each kind of fault is on one machine, row by row.

    Parameters
    ----------
    faults
        Of this machine; none for a healthy one.
    """

    def __init__(self, config: PlantConfig, faults: tuple[Fault, ...]) -> None:
        self._none = np.zeros(config.rows)
        self._rows = {f.kind: (config.row(f.start), config.row(f.end)) for f in faults}
        self._found = {fault.kind: _severity(config, fault) for fault in faults}

    def of(self, kind: str) -> Floats:
        """Return the severity of a kind of fault, 0 (none) to 1, shape (rows,)."""
        return self._found.get(kind, self._none)

    def rows(self, kind: str) -> slice:
        """Return the rows of a kind of fault; no rows if there is none."""
        return slice(*self._rows.get(kind, (0, 0)))


def _severity(config: PlantConfig, fault: Fault) -> Floats:
    first, last = config.row(fault.start), config.row(fault.end)
    length = last - first
    rng = config.rng(f"{fault.asset}/{fault.kind}")
    course = _plan(fault).course
    if course == "growing":
        inside = (np.arange(1, length + 1) / max(length, 1)) ** 1.6
    elif course == "steady":
        # sets in within the first twentieth
        inside = np.minimum(np.arange(1, length + 1) / max(length / 20, 1), 1.0)
    else:
        inside = bursts(rng, length, config.interval_seconds, per_day=14, minutes=25)
        if length:
            inside[: max(length // 40, 1)] = 1.0  # a burst is what begins it
    severity = np.zeros(config.rows)
    severity[first:last] = inside
    return severity
