"""Made-up sensors for tests of single detectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def related(
    rng: np.random.Generator, rows: int, columns: int = 6, noise: float = 0.2
) -> NDArray[np.float64]:
    """Sensors that follow two common loads, with levels and sizes of their own."""
    weights = np.random.default_rng(7).normal(size=(2, columns))
    values = rng.normal(size=(rows, 2)) @ weights + noise * rng.normal(size=(rows, columns))
    return 10.0 * np.arange(columns) + values * np.geomspace(0.1, 30, columns)


def rhythm(rng: np.random.Generator, rows: int, noise: float = 0.05) -> NDArray[np.float64]:
    """Three sensors with a common period of 32 rows."""
    time = np.arange(rows)[:, None]
    phase = np.array([0.0, 1.0, 2.0])
    values = np.sin(2 * np.pi * time / 32 + phase) + 0.3 * np.sin(2 * np.pi * time / 16)
    return values + noise * rng.normal(size=(rows, 3))


def separation(normal: NDArray[np.float64], faulty: NDArray[np.float64]) -> float:
    """Probability that a faulty row scores higher than a normal one."""
    ranks = np.searchsorted(np.sort(normal), faulty, side="left")
    ties = np.searchsorted(np.sort(normal), faulty, side="right") - ranks
    return float((ranks + ties / 2).mean() / len(normal))
