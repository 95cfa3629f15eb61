"""Surprise of rows whose final score cannot be known yet."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.artifact import Arrays, below
from appliance.fleet.calibration import Calibration, Scores
from appliance.fleet.levels import Promise, learn_levels
from appliance.fleet.suspicion import Vouched

_PREFIX = "live/"
_LEVELS = "alarm_levels"


class LiveCalibration:
    """From live scores to a surprise that alarms no more often than the final one.

    Live scores are calibrated by themselves, as the final ones are.  They are rougher, so that
    as many rows above a level make more events.  The surprise is therefore moved on, so that
    one alarm level holds its budget by both: where the live one alone would raise so many
    events a month, it is given the level at which the final one does.

    Parameters
    ----------
    calibration
        Of live scores.
    levels
        Alarm levels of the same budgets for the surprise by `calibration` and for the final
        one, ascending, shape (2, n_budgets).
    """

    def __init__(self, calibration: Calibration, levels: NDArray[np.float64]) -> None:
        self._calibration = calibration
        self._levels = levels

    @classmethod
    def learn(
        cls,
        scores: Scores,
        averages: Scores | None,
        vouched: Vouched,
        levels: NDArray[np.float64],
        promise: Promise,
        *,
        logarithmic: bool = False,
        final: Calibration | None = None,
    ) -> Self:
        """Learn from left-out live scores of the training rows.

        Parameters
        ----------
        scores, averages, vouched, logarithmic
            As for `Calibration.learn`.
        levels
            Budgets and alarm levels of the final surprise, as `learn_levels` keeps them.
        promise
            As for `learn_levels`.
        final
            Of the final scores, beside the same averages.
        """
        calibration = Calibration.learn(
            scores, averages, None, vouched, logarithmic=logarithmic, beside=final
        )
        surprise = calibration.surprise(scores, averages)
        own = learn_levels(surprise, promise)[1]["levels"]
        return cls(calibration, level_pairs(own, levels))

    def surprise(self, scores: Scores, averages: Scores | None) -> Scores:
        """Return the surprise of rows; NaN where the detector's score is."""
        return moved(self._calibration.surprise(scores, averages), self._levels)

    def lasting(self, scores: Scores, averages: Scores) -> NDArray[np.bool_]:
        """Tell in which rows the averages are the more surprising."""
        return self._calibration.lasting(scores, averages)

    def state(self) -> Arrays:
        """Return what was learned as arrays."""
        own = self._calibration.state() | {_LEVELS: self._levels}
        return {_PREFIX + name: array for name, array in own.items()}

    @classmethod
    def from_state(cls, arrays: Arrays) -> Self | None:
        """Rebuild from `state`; None where a model has no live scores."""
        own = below(arrays, _PREFIX)
        if not own:
            return None
        return cls(Calibration.from_state(own), np.asarray(own[_LEVELS], np.float64))


def level_pairs(own: NDArray[np.float64], final: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return alarm levels of the same budgets beside each other, ascending, (2, n_budgets).

    Parameters
    ----------
    own, final
        Of live and of final surprise, as `learn_levels` keeps them.
    """
    pairs = np.array([own[::-1, 1], final[::-1, 1]])
    return np.asarray(np.maximum.accumulate(pairs, axis=1))


def moved(surprise: Scores, levels: NDArray[np.float64]) -> Scores:
    """Return live surprise moved on, so that it reaches the final one's level as often.

    Parameters
    ----------
    levels
        As `level_pairs` returns them.
    """
    own, final = levels
    within = np.interp(surprise, np.r_[0.0, own], np.r_[0.0, final])
    return np.where(surprise > own[-1], final[-1] + surprise - own[-1], within)
