"""One machine of the demo plant: what makes it differ from its sisters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.demo.config import PlantConfig
from appliance.demo.faults import Severities
from appliance.demo.operation import Operation
from appliance.demo.signals import Floats, lag, sawtooth, wander


@dataclass(frozen=True)
class Machine:
    """A machine, how it is run and what is wrong with it.

    Attributes
    ----------
    config
        Of the plant.
    asset
        Its name.
    run
        How it is run.
    faults
        How severe its faults are, row by row.
    """

    config: PlantConfig
    asset: str
    run: Operation
    faults: Severities

    def rng(self, stream: str) -> np.random.Generator:
        """Return random numbers of one purpose, the same whatever faults there are."""
        return self.config.rng(f"{self.asset}/{stream}")

    def trait(self, name: str, typical: float, spread: float = 0.05) -> float:
        """Return a constant of this machine: the typical one times a lognormal factor."""
        return typical * float(np.exp(self.rng(f"trait {name}").normal(0.0, spread)))

    def noise(self, name: str, seconds: float) -> Floats:
        """Return noise of unit variance with a memory of `seconds`, shape (rows,)."""
        return wander(self.rng(f"noise {name}"), self.run.rows, seconds, self.run.interval)

    def white(self, name: str) -> Floats:
        """Return noise of unit variance without memory, shape (rows,)."""
        return self.rng(f"white {name}").standard_normal(self.run.rows)

    def inertia(self, signal: Floats, minutes: float) -> Floats:
        """Return a signal as a body of a thermal time constant follows it."""
        return lag(signal, minutes * 60, self.run.interval)

    def vibration(self, name: str, level: Floats) -> Floats:
        """Return the velocity in mm/s that a sensor shows at a level of excitation.

        It scatters by factors, as measured vibration does, with some memory.
        """
        scatter = 0.05 * self.noise(f"{name} slow", 2_400) + 0.05 * self.white(name)
        return np.asarray(0.04 + level * np.exp(scatter))

    def served(self) -> Floats:
        """Return days since the last maintenance, shape (rows,).

        A machine has some days behind it when the recording begins.
        """
        days = sawtooth(self.run.maintained) * self.run.interval / 86_400
        never = ~np.maximum.accumulate(self.run.maintained)
        return days + np.where(never, self.rng("served").uniform(3.0, 20.0), 0.0)
