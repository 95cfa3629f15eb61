"""What a score says beyond its number: was the reading judged, and if not, why."""

from __future__ import annotations

from enum import IntEnum


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

    @property
    def judged(self) -> bool:
        """Whether there is a surprise to act on."""
        return self < Judgement.NO_MODEL
