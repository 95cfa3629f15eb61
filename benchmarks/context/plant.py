"""Machines under six operating conditions, as NASA's turbofans FD002 and FD004 are flown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from scipy.signal import lfilter

CONTEXT = ("altitude", "mach", "throttle")
SENSORS = tuple(f"s{number}" for number in range(1, 9))
STEP = timedelta(minutes=10)
DAY = timedelta(days=1)
LEARNED_DAYS, CLEAN_DAYS, FAULT_DAYS = 40, 20, 1
_ROWS_A_DAY = DAY // STEP
_START = datetime(2026, 1, 1, tzinfo=UTC)
_CONDITIONS = np.array(
    [
        [0.0, 0.0, 100.0],
        [10.0, 0.25, 100.0],
        [20.0, 0.7, 100.0],
        [25.0, 0.62, 60.0],
        [35.0, 0.84, 100.0],
        [42.0, 0.84, 100.0],
    ]
)
"""Of C-MAPSS: altitude (1,000 ft), Mach number, throttle (%)."""
_JITTER = np.array([0.003, 0.0005, 0.0])
_APART = 20.0
"""Deviations of the noise by which conditions move a sensor."""
_DWELL = (3, 24)
_MEMORY = 0.5


@dataclass(frozen=True)
class Machine:
    """One machine: a normal past, a normal present, and a present that ends in a fault.

    Attributes
    ----------
    learned, judged
        Frames with asset, time, sensors and contexts.
    fault
        First and last moment of the fault, at the end of `judged`.
    """

    learned: pl.DataFrame
    judged: pl.DataFrame
    fault: tuple[datetime, datetime]


def machine(number: int, *, shift: float = 3.0, faulty: int = 3) -> Machine:
    """Return a machine.

    Parameters
    ----------
    number
        Its name, and the seed of everything about it.
    shift
        By how many deviations of the noise a fault moves a sensor, up or down.
    faulty
        How many sensors it moves.
    """
    rng = np.random.default_rng([number, 6])
    days = LEARNED_DAYS + CLEAN_DAYS + FAULT_DAYS
    rows = days * _ROWS_A_DAY
    flown = _flown(rng, rows)
    levels = _APART * rng.uniform(-1, 1, (len(_CONDITIONS), len(SENSORS)))
    noise = lfilter(
        [np.sqrt(1 - _MEMORY**2)], [1, -_MEMORY], rng.normal(size=(rows, 8)), axis=0
    )
    values = levels[flown] + noise
    begin = (LEARNED_DAYS + CLEAN_DAYS) * _ROWS_A_DAY
    moved = rng.permutation(len(SENSORS))[:faulty]
    values[begin:, moved] += shift * rng.choice([-1.0, 1.0], faulty)
    context = _CONDITIONS[flown] + _JITTER * rng.normal(size=(rows, len(CONTEXT)))
    frame = pl.DataFrame(
        {"asset": [f"E-{number}"] * rows, "time": [_START + n * STEP for n in range(rows)]}
        | dict(zip(SENSORS, values.T, strict=True))
        | dict(zip(CONTEXT, context.T, strict=True))
    )
    ends = _START + begin * STEP, _START + (rows - 1) * STEP
    until = LEARNED_DAYS * _ROWS_A_DAY
    return Machine(frame[:until], frame[until:], ends)


def _flown(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Return the condition of each row; each lasts for some rows."""
    lengths = rng.integers(*_DWELL, rows)
    return np.repeat(rng.integers(0, len(_CONDITIONS), rows), lengths)[:rows]
