"""What a fleet measures: sensors, contexts, their units, resolutions and limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.demo.signals import Floats


@dataclass(frozen=True)
class Column:
    """One measured or set column.

    Attributes
    ----------
    name, unit
        As they stand in the exported files.
    resolution
        Smallest step of the transmitter; every value is a multiple of it.
    noise
        Standard deviation of the measuring noise, in the unit.
    lower, upper
        Physical limits: the transmitter cannot show values outside.
    """

    name: str
    unit: str
    resolution: float
    noise: float
    lower: float
    upper: float

    def measure(self, truth: Floats, rng: np.random.Generator) -> NDArray[np.float32]:
        """Return what the transmitter shows: noise, range and resolution added."""
        noisy = truth + self.noise * rng.standard_normal(truth.size)
        steps = np.rint(np.clip(noisy, self.lower, self.upper) / self.resolution)
        # adding 0.0 turns a negative zero into a zero, which prints as people expect
        return (steps * self.resolution + 0.0).astype(np.float32)


@dataclass(frozen=True)
class FleetKind:
    """What machines of one kind have in common.

    Attributes
    ----------
    prefix, first
        Machines are called prefix-first, prefix-(first+1), …
    machines
        How many at scale 1.
    every
        The historian keeps one row of so many.
    """

    name: str
    prefix: str
    first: int
    machines: int
    every: int
    sensors: tuple[Column, ...]
    context: tuple[Column, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Sensors, then contexts."""
        return (*self.sensors, *self.context)
