"""Columns of a score, and its state: was the reading judged, and if not, why."""

from __future__ import annotations

from enum import IntEnum

FIXED = ("asset", "time", "surprise", "alarm", "state", "coverage")
"""Columns of every score; one column of shares a sensor stands beside them."""


class Judgement(IntEnum):
    """State of one reading's score; the numbers are stored, so they never change."""

    FINAL = 0
    """Judged, with its windows complete."""
    PROVISIONAL = 1
    """Judged, but later rows will still refine it."""
    NO_MODEL = 10
    """Not judged: the asset has no model (the manifest holds the reason)."""
    TOO_FEW_SENSORS = 11
    """Not judged: too few sensors are alive."""
    GAP = 12
    """Not judged: too close to a gap for its windows."""
    UNSEEN_MODE = 13
    """Not judged: its context lies outside every mode seen in training."""
    NOT_RUNNING = 14
    """Not judged: the machine is not running."""
    TOO_YOUNG = 15
    """Not judged: fewer rows since the start of the series than the windows need."""
    MAINTENANCE = 16
    """Not judged: the calendar says that the machine did not run as usual."""

    @property
    def judged(self) -> bool:
        """Whether there is a surprise to act on."""
        return self < Judgement.NO_MODEL


def share_column(sensor: str) -> str:
    """Return the name of a sensor's column of shares beside the columns of `FIXED`."""
    return f"{sensor} (sensor)" if sensor in FIXED else sensor
