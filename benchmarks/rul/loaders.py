"""Run-to-failure data: NASA's turbofans (simulated) and a bearing of IMS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

CAP = 125
"""Cycles from which on the published protocol counts an engine as new."""
_FIRST_SENSOR = 5
_AFTER_STOP = 2


@dataclass(frozen=True)
class Turbofans:
    """A set of C-MAPSS.

    Attributes
    ----------
    lives
        Engines to learn from, whole: cycles × sensors.
    courses
        Engines to judge, cut at some cycle.
    left
        Cycles that these had left.  Read by the metric only.
    """

    lives: list[Matrix]
    courses: list[Matrix]
    left: Matrix


def turbofans(folder: Path, name: str = "FD001") -> Turbofans:
    """Return a set as NASA split it."""
    root = folder / "cmapss"
    return Turbofans(
        _engines(root / f"train_{name}.txt"),
        _engines(root / f"test_{name}.txt"),
        np.loadtxt(root / f"RUL_{name}.txt"),
    )


def _engines(path: Path) -> list[Matrix]:
    rows = np.loadtxt(path)
    return [rows[rows[:, 0] == unit][:, _FIRST_SENSOR:] for unit in np.unique(rows[:, 0])]


def bearings(folder: Path) -> tuple[list[Matrix], Matrix]:
    """Return the four bearings' features, and the hours before the end of the run.

    The last two snapshots were taken after the stop.
    """
    frame = pl.read_csv(folder / "ims_bearing" / "ims_test2_features_derived.csv")
    times = frame["timestamp"].str.to_datetime("%Y-%m-%d %H:%M:%S").dt.epoch("s").to_numpy()
    times = times[:-_AFTER_STOP]
    features = [
        frame.select(pl.col(f"^b{number}_.*$")).to_numpy().astype(float)[:-_AFTER_STOP]
        for number in range(1, 5)
    ]
    return features, (times[-1] - times) / 3600.0
