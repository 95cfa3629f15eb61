"""What a row is judged by: all that bears on it, or what is known when it arrives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
        Gives the shares of some rows, where scoring found them out as well.
    """

    readings: Floats
    lead: int
    scores: Scores
    averages: Scores | None
    surprise: Scores
    explain: Explain | None


@dataclass(frozen=True, slots=True)
class Form:
    """One of the two forms in which an asset's model judges.

    Attributes
    ----------
    score, contributions
        Of the detector.
    score_and_explain
        The same in one go; None where a row is explained without others, or is not so.
    averages
        The detector of what lasts, beside it; None without one.
    calibration
        Of the scores of both.
    before
        Cells before a row that its score depends on.
    alone
        A row can be explained without others.
    """

    score: Callable[[Floats], Scores]
    contributions: Callable[[Floats], Scores]
    score_and_explain: Callable[[Floats], tuple[Scores, Explain]] | None
    averages: Detector | None
    calibration: Surprising
    before: int
    alone: bool

    def scored(self, readings: Floats, lead: int, *, explain: bool) -> Scored:
        """Score rows of shape (n_rows, n_sensors), those after the first `lead`.

        Parameters
        ----------
        explain
            Whether `shares` may be asked for.
        """
        found = None
        if explain and self.score_and_explain is not None:
            scores, found = self.score_and_explain(readings)
        else:
            scores = self.score(readings)
        scores = scores[lead:]
        averages = None if self.averages is None else self.averages.score(readings)[lead:]
        surprise = self.calibration.surprise(scores, averages)
        return Scored(readings, lead, scores, averages, surprise, found)

    def shares(self, found: Scored, rows: NDArray[np.int64]) -> Scores:
        """Return the sensors' shares in some of the rows scored, (n_rows, n_sensors)."""
        at = found.lead + rows
        if found.explain is not None:
            shares = found.explain(at)
        elif self.alone:
            shares = self.contributions(found.readings[at])
        else:
            shares = self.contributions(found.readings)[at]
        if self.averages is not None and found.averages is not None:
            lasting = self.calibration.lasting(found.scores[rows], found.averages[rows])
            if lasting.any():
                shares[lasting] = self.averages.contributions(found.readings)[at[lasting]]
        return shares


def forms_of(
    detector: Detector, averages: Detector | None, arrays: Arrays
) -> tuple[Form, Form | None]:
    """Return the final form of an asset's model, and the live one where that is another."""
    reach = detector.reach()
    lasting = 0 if averages is None else averages.reach()[0]
    final = Form(
        detector.score,
        detector.contributions,
        None if reach == (0, 0) else detector.score_and_explain,
        averages,
        own_level_over(Calibration.from_state(arrays), arrays),
        max(reach[0], lasting),
        alone=reach == (0, 0),
    )
    calibration = LiveCalibration.from_state(arrays)
    if calibration is None:
        return final, None
    live = Form(
        detector.score_live,
        detector.live_contributions,
        None,
        averages,
        own_level_over(calibration, arrays, live=True),
        max(detector.live_reach(), lasting),
        alone=False,
    )
    return final, live
