"""Small made-up machines on which the common checks run."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from detectors.base import Detector
from detectors.validation import FloatMatrix

_NOISE = 0.05


class Planted(NamedTuple):
    """Readings with one fault whose place is known.

    Attributes
    ----------
    readings
        Shape (n_rows, n_columns).
    start, stop
        Rows of the fault.
    column
        The only column it is in.
    """

    readings: FloatMatrix
    start: int
    stop: int
    column: int


def n_columns(detector: Detector) -> int:
    """Return how many columns to give a detector."""
    return 3 if detector.tags.multivariate else 1


def training(detector: Detector, rows: int = 0) -> FloatMatrix:
    """Return normal readings: slow common rhythms, and noise, at different levels and sizes.

    Values are multiples of 1/256 below 64, so that single precision holds them exactly.
    """
    return machine(rows or max(480, 2 * detector.tags.min_rows), n_columns(detector), seed=1)


def unseen(detector: Detector, rows: int = 320) -> FloatMatrix:
    """Return further normal readings of the machine of `training`."""
    return machine(rows, n_columns(detector), seed=2)


def machine(rows: int, columns: int, seed: int) -> FloatMatrix:
    """Return readings of the one machine that all checks use; the seed changes the noise."""
    noise = np.random.default_rng(seed).normal(size=(rows, columns))
    time = np.arange(rows)[:, None]
    common = np.sin(2 * np.pi * time / 40)
    own = np.sin(2 * np.pi * time / np.array([16.0, 25.0, 10.0])[:columns])
    values = common + 0.3 * own + _NOISE * noise
    level, size = np.array([0.0, 5.0, -20.0])[:columns], np.array([1.0, 4.0, 0.5])[:columns]
    return np.asarray(np.round((level + size * values) * 256) / 256)


def planted(detector: Detector) -> Planted:
    """Return unseen readings with a gross fault of eight rows in the last column."""
    readings = unseen(detector).copy()
    start, stop, column = 200, 208, readings.shape[1] - 1
    # Alternating, so that it is as plain to those who look at shapes as to those at levels.
    spread = readings[:, column].std()
    readings[start:stop, column] += spread * np.resize([12.0, 8.0], stop - start)
    return Planted(np.asarray(np.round(readings * 256) / 256), start, stop, column)
