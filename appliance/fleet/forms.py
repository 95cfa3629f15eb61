"""What a row is judged by: all that bears on it, or what is known when it arrives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.artifact import Arrays
from appliance.fleet.calibration import Calibration, Scores
from appliance.fleet.live import LiveCalibration
from appliance.fleet.own_level import Surprising, own_level_over
from appliance.fleet.series import Floats
from detectors.base import Detector

Explain = Callable[[NDArray[np.int64]], Scores]


class Scored(NamedTuple):
    """Rows of readings, and what was found of those after the first `lead`.

    Attributes
    ----------
    explain
        Gives the shares of some rows by the detector.
    """

    readings: Floats
    lead: int
    scores: Scores
    averages: Scores | None
    surprise: Scores
    explain: Explain


@dataclass(frozen=True, slots=True)
class Form:
    """One of the two forms in which an asset's model judges.

    Attributes
    ----------
    score, score_and_explain
        Of the detector.
    averages
        The detector of what lasts, beside it; None without one.
    calibration
        Of the scores of both.
    before
        Cells before a row that its score depends on.
    """

    score: Callable[[Floats], Scores]
    score_and_explain: Callable[[Floats], tuple[Scores, Explain]]
    averages: Detector | None
    calibration: Surprising
    before: int

    def scored(self, readings: Floats, lead: int, *, explain: bool) -> Scored:
        """Score rows of shape (n_rows, n_sensors), those after the first `lead`.

        Parameters
        ----------
        explain
            Whether `shares` will be asked for: they cost less then.
        """
        if explain:
            scores, why = self.score_and_explain(readings)
        else:
            scores, why = self.score(readings), partial(self._explained_after, readings)
        scores = scores[lead:]
        averages = None if self.averages is None else self.averages.score(readings)[lead:]
        surprise = self.calibration.surprise(scores, averages)
        return Scored(readings, lead, scores, averages, surprise, why)

    def _explained_after(self, readings: Floats, rows: NDArray[np.int64]) -> Scores:
        return self.score_and_explain(readings)[1](rows)

    def shares(self, found: Scored, rows: NDArray[np.int64]) -> Scores:
        """Return the sensors' shares in some of the rows scored, (n_rows, n_sensors)."""
        at = found.lead + rows
        shares = found.explain(at)
        if self.averages is not None and found.averages is not None:
            lasting = self.calibration.lasting(found.scores[rows], found.averages[rows])
            if lasting.any():
                shares[lasting] = self.averages.contributions(found.readings)[at[lasting]]
        return shares


def forms_of(
    detector: Detector, averages: Detector | None, arrays: Arrays
) -> tuple[Form, Form | None]:
    """Return the final form of an asset's model, and the live one where that is another."""
    lasting = 0 if averages is None else averages.reach()[0]
    final = Form(
        detector.score,
        detector.score_and_explain,
        averages,
        own_level_over(Calibration.from_state(arrays), arrays),
        max(detector.reach()[0], lasting),
    )
    calibration = LiveCalibration.from_state(arrays)
    if calibration is None:
        return final, None
    live = Form(
        detector.score_live,
        partial(_explained_live, detector),
        averages,
        own_level_over(calibration, arrays, live=True),
        max(detector.live_reach(), lasting),
    )
    return final, live


def _explained_live(detector: Detector, readings: Floats) -> tuple[Scores, Explain]:
    def explain(rows: NDArray[np.int64]) -> Scores:
        return detector.live_contributions(readings)[rows]

    return detector.score_live(readings), explain
