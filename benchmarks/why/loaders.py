"""Faults whose sensors are labelled: the servers of SMD and ASD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

SETS = ("smd", "asd")
_FLAT_SHARE, _FLAT = 0.01, 1e-3
"""What counts as the deviation of a sensor that was constant in training."""


@dataclass(frozen=True, eq=False)
class Fault:
    """A labelled stretch of a series, and the sensors that people named for it.

    Attributes
    ----------
    rows
        Of the test part.
    causes
        A flag a sensor.
    """

    rows: slice
    causes: NDArray[np.bool_]


def faults(folder: Path, name: str, series: str, sensors: int) -> list[Fault]:
    """Return the faults of a series; its files count sensors from 1 and name last rows."""
    path = folder / name / "interpretation_label" / f"{series}.txt"
    return [_fault(line, sensors) for line in path.read_text().split()]


def deviations(train: Matrix, test: Matrix) -> Matrix:
    """Return how many training deviations readings are from the training mean."""
    middle, spread = np.nanmean(train, axis=0), np.nanstd(train, axis=0)
    flat = np.maximum(_FLAT_SHARE * np.abs(middle), _FLAT)
    return np.asarray(np.abs(test - middle) / np.where(spread > 0, spread, flat))


def _fault(line: str, sensors: int) -> Fault:
    span, named = line.split(":")
    first, last = (int(row) for row in span.split("-"))
    causes = np.zeros(sensors, bool)
    causes[[int(number) - 1 for number in named.split(",")]] = True
    return Fault(slice(first, last + 1), causes)
