"""A sub-model that other machines taught, at the level of the machine that it judges.

What it says of a machine that it never saw is how unlike the others that machine is, all the
time.  So each sensor is first moved to where the others' are, by the distance of their middles,
and what is left of the difference is calibrated away: surprise gets a scale of the machine's
own readings.  They were not learned from, so that new ones lie among them by chance alone,
whatever the distance from the others (split conformal prediction, Papadopoulos et al. 2002,
doi:10.1007/3-540-36755-1_29).
"""

from __future__ import annotations

from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.artifact import Arrays, below
from appliance.fleet.calibration import Calibration, Scores
from appliance.fleet.levels import Promise, learn_levels
from appliance.fleet.live import LiveCalibration, level_pairs, moved
from detectors.thresholds import SurpriseScale

_FINAL, _LIVE = "own_level/", "own_live_level/"
_LEVELS = "alarm_levels"
_OFFSET = "own_offset"

_Borrowed: TypeAlias = Calibration | LiveCalibration


class OwnLevel:
    """From what a borrowed sub-model says to a machine's own surprise.

    Parameters
    ----------
    borrowed
        Calibration of the machines that taught the sub-model.
    scale
        From its surprise to the machine's.
    levels
        Of live scores: pairs of alarm levels, as `LiveCalibration` has; None of final ones.
    """

    def __init__(
        self,
        borrowed: _Borrowed,
        scale: SurpriseScale,
        levels: NDArray[np.float64] | None = None,
    ) -> None:
        self._borrowed = borrowed
        self._scale = scale
        self._levels = levels

    def surprise(self, scores: Scores, averages: Scores | None) -> Scores:
        """Return the surprise of rows; NaN where the detector's score is."""
        found = self._scale.surprise(self._borrowed.surprise(scores, averages))
        return found if self._levels is None else moved(found, self._levels)

    def lasting(self, scores: Scores, averages: Scores) -> NDArray[np.bool_]:
        """Tell in which rows the averages are the more surprising."""
        return self._borrowed.lasting(scores, averages)

    @classmethod
    def of(cls, borrowed: _Borrowed, arrays: Arrays, *, live: bool = False) -> Self | None:
        """Return what an asset's arrays keep of it; None where they keep none."""
        own = below(arrays, _LIVE if live else _FINAL)
        if not own:
            return None
        levels = np.asarray(own.pop(_LEVELS), np.float64) if live else None
        return cls(borrowed, SurpriseScale.from_state(own), levels)


Surprising: TypeAlias = Calibration | LiveCalibration | OwnLevel
"""What tells the surprise of scores."""


def own_level_over(borrowed: _Borrowed, arrays: Arrays, *, live: bool = False) -> Surprising:
    """Return a calibration, or the machine's own level over it where the arrays keep one."""
    return OwnLevel.of(borrowed, arrays, live=live) or borrowed


def offset_of(arrays: Arrays) -> NDArray[np.float64] | None:
    """Return how far a machine's sensors lie from the others'; None where none was learned."""
    return np.asarray(arrays[_OFFSET], np.float64) if _OFFSET in arrays else None


def with_offset(arrays: Arrays, offset: NDArray[np.float64]) -> Arrays:
    """Return a sub-model's arrays by which sensors are moved before they are judged."""
    return {**arrays, _OFFSET: offset}


def learn_scale(surprise: Scores) -> tuple[SurpriseScale, Arrays]:
    """Return a machine's scale of final surprise, and the arrays that keep it.

    Parameters
    ----------
    surprise
        By the borrowed sub-model, of the machine's readings in time order; NaN where not
        judged.

    Raises
    ------
    TooLittleData
        Fewer than ten are known.
    """
    scale = SurpriseScale().fit(surprise)
    return scale, {_FINAL + name: array for name, array in scale.state().items()}


def learn_live_scale(surprise: Scores, levels: NDArray[np.float64], promise: Promise) -> Arrays:
    """Return the arrays that keep a machine's scale of live surprise.

    Parameters
    ----------
    surprise
        As for `learn_scale`, by live scores.
    levels, promise
        As for `LiveCalibration.learn`.
    """
    scale = SurpriseScale().fit(surprise)
    own = learn_levels(scale.surprise(surprise), promise)[1]["levels"]
    state = scale.state() | {_LEVELS: level_pairs(own, levels)}
    return {_LIVE + name: array for name, array in state.items()}
