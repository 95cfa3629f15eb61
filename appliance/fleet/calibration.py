"""From what an asset's detectors say of a row to one surprise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.artifact import Arrays, below
from detectors.thresholds import SurpriseScale, suspicious_stretches

Scores = NDArray[np.float64]


def suspicious_of(
    scores: Scores, vouched: NDArray[np.bool_] | None = None
) -> list[tuple[int, int]]:
    """Return the stretches that look like faults and that nobody called normal."""
    found = suspicious_stretches(scores)
    if vouched is None:
        return found
    return [(start, stop) for start, stop in found if not vouched[start:stop].any()]


class Calibration:
    """Scales of the detector, of the averages beside it, and of the higher of the two.

    Each is calibrated to surprise by itself, so that a shift that lasts for hours is compared
    with what hours of normal running do, and a sudden change with what single rows do.  The
    higher one is calibrated once more: the higher of two is more often high.

    Parameters
    ----------
    single
        Of the detector's scores.
    lasting, highest
        Of the averages' scores and of the higher surprise; None without averages.
    """

    def __init__(
        self,
        single: SurpriseScale,
        lasting: SurpriseScale | None = None,
        highest: SurpriseScale | None = None,
    ) -> None:
        self._single = single
        self._lasting = lasting
        self._highest = highest

    @classmethod
    def learn(
        cls,
        scores: Scores,
        averages: Scores | None,
        suspicious: Sequence[tuple[int, int]] | None = None,
        vouched: NDArray[np.bool_] | None = None,
    ) -> Self:
        """Learn from left-out scores of the training rows, NaN where not computed.

        Parameters
        ----------
        suspicious
            What `suspicious_of` returned for the detector's scores; looked for if not given.
        vouched
            Rows that a person called normal.

        Raises
        ------
        TooLittleData
            Too few scores.
        """
        if suspicious is None:
            suspicious = suspicious_of(scores, vouched)
        single = SurpriseScale().fit(scores, suspicious)
        if averages is None:
            return cls(single)
        lasting = SurpriseScale().fit(averages, suspicious_of(averages, vouched))
        higher = np.fmax(single.surprise(scores), lasting.surprise(averages))
        higher[np.isnan(scores)] = np.nan
        highest = SurpriseScale().fit(higher, suspicious_of(higher, vouched))
        return cls(single, lasting, highest)

    def surprise(self, scores: Scores, averages: Scores | None) -> Scores:
        """Return the surprise of rows; NaN where the detector's score is."""
        single = self._single.surprise(scores)
        if self._lasting is None or self._highest is None or averages is None:
            return single
        higher = np.fmax(single, self._lasting.surprise(averages))
        higher[np.isnan(scores)] = np.nan
        return self._highest.surprise(higher)

    def lasting(self, scores: Scores, averages: Scores) -> NDArray[np.bool_]:
        """Tell in which rows the averages are the more surprising."""
        if self._lasting is None:
            return np.zeros(len(scores), bool)
        return np.asarray(self._lasting.surprise(averages) > self._single.surprise(scores))

    def state(self) -> Arrays:
        """Return what was learned as arrays."""
        return {
            f"{name}/{key}": np.asarray(array)
            for name, scale in (
                ("scale", self._single),
                ("lasting_scale", self._lasting),
                ("highest_scale", self._highest),
            )
            if scale is not None
            for key, array in scale.state().items()
        }

    @classmethod
    def from_state(cls, arrays: Arrays) -> Self:
        """Rebuild from `state`.

        Raises
        ------
        StateCorrupt
            An array is missing or has the wrong shape.
        """
        single = SurpriseScale.from_state(below(arrays, "scale/"))
        if not below(arrays, "lasting_scale/"):
            return cls(single)
        lasting, highest = (
            SurpriseScale.from_state(below(arrays, f"{name}_scale/"))
            for name in ("lasting", "highest")
        )
        return cls(single, lasting, highest)
