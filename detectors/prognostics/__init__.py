"""Wear: whether a machine goes towards failure, and how much of its life is left.

`RemainingLife` learns from machines that ran to failure; `trend` and `time_to_limit` need none:
they carry the course of a health index on, if it goes anywhere; `HealthIndex` makes one.
`drift` tells days that went away from what was normal from those that changed at once.
"""

from detectors.prognostics.drift import Drift, drift
from detectors.prognostics.health import HealthIndex, running_low
from detectors.prognostics.limit import MATTERS, TimeToLimit, time_to_limit
from detectors.prognostics.remaining import (
    FEWEST_LIVES,
    Remaining,
    RemainingLife,
    fewest_rows,
)
from detectors.prognostics.tendency import Trend, trend

__all__ = [
    "FEWEST_LIVES",
    "MATTERS",
    "Drift",
    "HealthIndex",
    "Remaining",
    "RemainingLife",
    "TimeToLimit",
    "Trend",
    "drift",
    "fewest_rows",
    "running_low",
    "time_to_limit",
    "trend",
]
