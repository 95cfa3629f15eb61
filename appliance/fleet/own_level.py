"""A sub-model at the level of readings that it was not learned from.

What one that other machines taught says of a machine that it never saw is how unlike the others
that machine is, all the time.  So each sensor is first moved to where the others' are, by the
distance of their middles, and what is left of the difference is calibrated away: surprise gets
a scale of the machine's own readings.  A machine whose past is too long to learn from all of it
gets the same by the readings that its own sub-model was not learned from.

New readings lie among such ones by chance alone, whatever the distance from what was learned
(split conformal prediction, Papadopoulos et al. 2002, doi:10.1007/3-540-36755-1_29).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.artifact import Arrays, below
from appliance.fleet.calibration import Calibration, Scores
from appliance.fleet.levels import Promise, learn_levels
from appliance.fleet.live import LiveCalibration, level_pairs, moved
from detectors.thresholds import AlarmLevel, SurpriseScale

_FINAL, _LIVE = "own_level/", "own_live_level/"
_LEVELS = "alarm_levels"
_OFFSET = "own_offset"


@dataclass(frozen=True)
class OwnScale:
    """From what a sub-model says to a machine's own surprise.

    Attributes
    ----------
    scale
        From its surprise to the machine's.
    levels
        Of live scores: pairs of alarm levels, as `LiveCalibration` has; None of final ones.
    """

    scale: SurpriseScale
    levels: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, arrays: Arrays, *, live: bool = False) -> Self | None:
        """Return what an asset's arrays keep of it; None where they keep none."""
        own = below(arrays, _LIVE if live else _FINAL)
        if not own:
            return None
        levels = np.asarray(own.pop(_LEVELS), np.float64) if live else None
        return cls(SurpriseScale.from_state(own), levels)

    def surprise(self, said: Scores) -> Scores:
        """Return the machine's surprise of rows; NaN where the sub-model says nothing."""
        found = self.scale.surprise(said)
        return found if self.levels is None else moved(found, self.levels)


@dataclass(frozen=True)
class OwnLevel:
    """The calibration that a sub-model was learned with, and a machine's own over it."""

    borrowed: Calibration | LiveCalibration
    own: OwnScale

    def surprise(self, scores: Scores, averages: Scores | None) -> Scores:
        """Return the surprise of rows; NaN where the detector's score is."""
        return self.own.surprise(self.borrowed.surprise(scores, averages))

    def lasting(self, scores: Scores, averages: Scores) -> NDArray[np.bool_]:
        """Tell in which rows the averages are the more surprising."""
        return self.borrowed.lasting(scores, averages)


Surprising: TypeAlias = Calibration | LiveCalibration | OwnLevel
"""What tells the surprise of scores."""


def own_level_over(
    borrowed: Calibration | LiveCalibration, arrays: Arrays, *, live: bool = False
) -> Surprising:
    """Return a calibration, or the machine's own level over it where the arrays keep one."""
    own = OwnScale.of(arrays, live=live)
    return borrowed if own is None else OwnLevel(borrowed, own)


def offset_of(arrays: Arrays) -> NDArray[np.float64] | None:
    """Return how far a machine's sensors lie from the others'; None where none was learned."""
    return np.asarray(arrays[_OFFSET], np.float64) if _OFFSET in arrays else None


def with_offset(arrays: Arrays, offset: NDArray[np.float64]) -> Arrays:
    """Return a sub-model's arrays by which sensors are moved before they are judged."""
    return {**arrays, _OFFSET: offset}


def learn_own_level(
    surprise: Scores, live: Scores | None, promise: Promise
) -> tuple[AlarmLevel, Arrays]:
    """Return a machine's alarm level, and the arrays that keep its scales and levels.

    Parameters
    ----------
    surprise
        By the sub-model, of readings that it was not learned from in time order; NaN where not
        judged.
    live
        The same by live scores; None where it has none.
    promise
        As for `learn_levels`.

    Raises
    ------
    TooLittleData
        Fewer than ten are known.
    """
    scale = SurpriseScale().fit(surprise)
    alarm, levels = learn_levels(scale.surprise(surprise), promise)
    stored = {_FINAL + name: array for name, array in scale.state().items()} | levels
    if live is not None:
        stored |= _live_scale(live, levels["levels"], promise)
    return alarm, stored


def _live_scale(surprise: Scores, levels: NDArray[np.float64], promise: Promise) -> Arrays:
    scale = SurpriseScale().fit(surprise)
    own = learn_levels(scale.surprise(surprise), promise)[1]["levels"]
    state = scale.state() | {_LEVELS: level_pairs(own, levels)}
    return {_LIVE + name: array for name, array in state.items()}
