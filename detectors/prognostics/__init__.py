"""Wear: whether a machine goes towards failure, and how much of its life is left.

`RemainingLife` learns from machines that ran to failure; `trend` and `time_to_limit` need none:
they carry the course of a health index on, if it goes anywhere; `HealthIndex` makes one.
"""

from detectors.prognostics.health import HealthIndex, running_low
from detectors.prognostics.limit import MATTERS, TimeToLimit, time_to_limit
from detectors.prognostics.remaining import Remaining, RemainingLife
from detectors.prognostics.tendency import Trend, trend

__all__ = [
    "MATTERS",
    "HealthIndex",
    "Remaining",
    "RemainingLife",
    "TimeToLimit",
    "Trend",
    "running_low",
    "time_to_limit",
    "trend",
]
