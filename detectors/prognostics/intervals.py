"""Intervals from errors on machines that were left out, each machine weighing the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.validation import FloatMatrix, FloatVector

    IntVector = NDArray[np.int64]

_KNOTS = 21
_BANDWIDTH = 0.08
"""Of the smoothing of errors over predictions, as a share of the cap."""
_LEAST = 0.004


@dataclass(frozen=True)
class LeftOut:
    """Errors of predictions for machines that were not learned from (CV+).

    Attributes
    ----------
    spreads
        How large errors are for predictions at equal distances from 0 to the cap.
    errors
        Absolute errors in these spreads, one a cut.
    folds
        Which member's error it is.
    weights
        Of each cut; those of a machine add up to one machine's.
    machines
        How many there are.
    """

    cap: float
    spreads: FloatVector
    errors: FloatVector
    folds: IntVector
    weights: FloatVector
    machines: int

    @classmethod
    def learn(
        cls,
        predicted: FloatVector,
        truth: FloatVector,
        folds: IntVector,
        machines: IntVector,
        cap: float,
    ) -> LeftOut:
        """Learn how far predictions are from the truth, depending on the prediction."""
        _, of_cut, cuts = np.unique(machines, return_inverse=True, return_counts=True)
        weights = 1.0 / cuts[of_cut]
        off = np.abs(truth - predicted)
        knots = np.linspace(0.0, cap, _KNOTS)
        near = (
            np.exp(-0.5 * ((knots[:, None] - predicted[None]) / (_BANDWIDTH * cap)) ** 2)
            * weights
        )
        total = near.sum(axis=1)
        every = float(np.sqrt(np.average(off**2, weights=weights)))
        # One machine's worth of the mean error, for where nothing was predicted.
        local = np.sqrt((near @ off**2 + every**2) / (total + 1.0))
        spreads = np.maximum(local, _LEAST * cap)
        errors = off / np.interp(predicted, knots, spreads)
        return cls(cap, spreads, errors, folds, weights, len(cuts))

    def bounds(self, members: FloatMatrix, coverage: float) -> tuple[FloatVector, FloatVector]:
        """Return the lower and the upper bound.

        Parameters
        ----------
        members
            What each member predicts: rows × members.
        """
        spread = np.interp(members, np.linspace(0.0, self.cap, _KNOTS), self.spreads)
        reach = spread[:, self.folds] * self.errors
        middle = members[:, self.folds]
        high = self._quantile(middle + reach, coverage)
        low = -self._quantile(reach - middle, coverage)
        return np.clip(low, 0.0, self.cap), np.clip(high, 0.0, self.cap)

    def _quantile(self, values: FloatMatrix, coverage: float) -> FloatVector:
        """Return the weighted quantile of each row, with one machine more at infinity."""
        order = np.argsort(values, axis=1, kind="stable")
        mass = np.cumsum(self.weights[order], axis=1)
        needed = coverage * (self.machines + 1)
        at = (mass < needed - 1e-9).sum(axis=1)
        ranked = np.take_along_axis(values, order, axis=1)
        padded = np.hstack([ranked, np.full((len(ranked), 1), np.inf)])
        return np.asarray(np.take_along_axis(padded, at[:, None], axis=1)[:, 0])

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the errors as arrays."""
        return {name: np.asarray(getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]]) -> LeftOut:
        """Return the errors of `state`."""
        return cls(
            float(state["cap"]),
            state["spreads"],
            state["errors"],
            state["folds"],
            state["weights"],
            int(state["machines"]),
        )
