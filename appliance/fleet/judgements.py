"""What becomes of the rows of one asset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.cleaning import FaultKind
from appliance.fleet.series import Floats, Mask

EXPLAINED_FROM = 1.0
"""Shares are given from this surprise on: below it they would explain noise."""


class SensorFault(NamedTuple):
    """A stretch in which a sensor could not be trusted; times in microseconds, closed."""

    sensor: str
    kind: FaultKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of each row of one asset.

    Attributes
    ----------
    surprise
        NaN where a row is not judged, shape (n_rows,).
    alarm
        Surprise at or above the threshold.
    state
        `Judgement` as a number.
    coverage
        Share of the asset's sensors that were alive.
    shares
        Shape (n_sensors, n_rows), adding up to 1 over the sensors; NaN below
        `EXPLAINED_FROM`, zero for a sensor that was missing.
    faults
        Sensor faults within the rows.
    """

    surprise: NDArray[np.float64]
    alarm: Mask
    state: NDArray[np.int8]
    coverage: NDArray[np.float32]
    shares: NDArray[np.float32] | None
    faults: list[SensorFault]


def alive_only(shares: Floats, gone: Mask | None) -> Floats:
    """Take the share of sensors that were missing away and give it to the others."""
    if gone is None or not gone.any():
        return shares
    kept = np.where(gone, 0.0, shares)
    total = kept.sum(axis=0)
    alive = np.maximum((~gone).sum(axis=0), 1)
    even = np.where(gone, 0.0, 1.0 / alive)
    return np.asarray(np.where(total > 0, kept / np.where(total > 0, total, 1.0), even))
