"""From what an asset's detectors say of a row to one surprise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.artifact import Arrays, below
from appliance.fleet.suspicion import NOBODY, Vouched, suspicious_of
from detectors.thresholds import SurpriseScale

Scores = NDArray[np.float64]

_WEIGHT = 0.5
"""Of the averages' surprise, where the detector's has 1."""
_SUM, _HIGHER = "sum_scale", "highest_scale"
_LASTING_WEIGHT = "lasting_weight"


class Calibration:
    """Scales of the detector, of the averages beside it, and of both together.

    Each is calibrated to surprise by itself, so that a shift that lasts for hours is compared
    with what hours of normal running do, and a sudden change with what single rows do.  The
    weighted sum of the two, as of logarithms of probabilities [1]_ [2]_, is calibrated once
    more: they are not independent.

    Parameters
    ----------
    single
        Of the detector's scores.
    lasting, together
        Of the averages' scores and of both surprises together; None without averages.
    weight
        Of the averages' surprise in the sum.  None for what was learned when the higher of the
        two was taken instead.

    References
    ----------
    .. [1] Fisher, R. A. (1932). Statistical Methods for Research Workers, 4th ed., 21.1.
    .. [2] Good, I. J. (1955). On the weighted combination of significance tests. Journal of the
       Royal Statistical Society B 17(2). doi:10.1111/j.2517-6161.1955.tb00200.x
    """

    def __init__(
        self,
        single: SurpriseScale,
        lasting: SurpriseScale | None = None,
        together: SurpriseScale | None = None,
        weight: float | None = _WEIGHT,
    ) -> None:
        self._single = single
        self._lasting = lasting
        self._together = together
        self._weight = weight

    @classmethod
    def learn(
        cls,
        scores: Scores,
        averages: Scores | None,
        suspicious: Sequence[tuple[int, int]] | None = None,
        vouched: Vouched = NOBODY,
        *,
        logarithmic: bool = False,
        beside: Calibration | None = None,
    ) -> Self:
        """Learn from left-out scores of the training rows, NaN where not computed.

        Parameters
        ----------
        suspicious
            What `suspicious_of` returned for the detector's scores; looked for if not given.
        vouched
            Rows that are normal, however unusual they look.
        logarithmic
            What the detector's tags say of its scores.
        beside
            Learned of other scores with the same averages and vouched rows, whose scale is
            taken as it is.

        Raises
        ------
        TooLittleData
            Too few scores.
        """
        if suspicious is None:
            suspicious = suspicious_of(scores, vouched)
        single = SurpriseScale(logarithmic=logarithmic).fit(scores, suspicious)
        if averages is None:
            return cls(single)
        lasting = None if beside is None else beside._lasting
        if lasting is None:
            lasting = SurpriseScale().fit(averages, suspicious_of(averages, vouched))
        both = _joined(single.surprise(scores), lasting.surprise(averages), _WEIGHT)
        together = SurpriseScale().fit(both, suspicious_of(both, vouched))
        return cls(single, lasting, together)

    def surprise(self, scores: Scores, averages: Scores | None) -> Scores:
        """Return the surprise of rows; NaN where the detector's score is."""
        single = self._single.surprise(scores)
        if self._lasting is None or self._together is None or averages is None:
            return single
        both = _joined(single, self._lasting.surprise(averages), self._weight)
        return self._together.surprise(both)

    def lasting(self, scores: Scores, averages: Scores) -> NDArray[np.bool_]:
        """Tell in which rows the averages are the greater part of the surprise."""
        if self._lasting is None:
            return np.zeros(len(scores), bool)
        part = self._lasting.surprise(averages) * (
            1.0 if self._weight is None else self._weight
        )
        return np.asarray(part > self._single.surprise(scores))

    def state(self) -> Arrays:
        """Return what was learned as arrays."""
        scales = {"scale": self._single, "lasting_scale": self._lasting}
        scales[_HIGHER if self._weight is None else _SUM] = self._together
        arrays = {
            f"{name}/{key}": np.asarray(array)
            for name, scale in scales.items()
            if scale is not None
            for key, array in scale.state().items()
        }
        if self._together is not None and self._weight is not None:
            arrays[_LASTING_WEIGHT] = np.array(self._weight)
        return arrays

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
        weight = float(arrays[_LASTING_WEIGHT]) if _LASTING_WEIGHT in arrays else None
        lasting, together = (
            SurpriseScale.from_state(below(arrays, f"{name}/"))
            for name in ("lasting_scale", _HIGHER if weight is None else _SUM)
        )
        return cls(single, lasting, together, weight)


def _joined(single: Scores, lasting: Scores, weight: float | None) -> Scores:
    """Return both surprises together; NaN where the detector's is."""
    if weight is None:
        both = np.fmax(single, lasting)
        both[np.isnan(single)] = np.nan
        return both
    return np.asarray(single + weight * np.nan_to_num(lasting))
