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
_CLOSEST = 0.5
"""Members that differ more than this explains are no reason for narrower bounds."""


@dataclass(frozen=True)
class LeftOut:
    """Errors of predictions for machines that were not learned from.

    Attributes
    ----------
    spreads
        How large errors are for predictions at equal distances from 0 to the cap.
    errors
        Absolute errors in these spreads, one a cut.
    weights
        Of each cut; those of a machine add up to one machine's.
    machines
        How many there are.
    """

    cap: float
    spreads: FloatVector
    errors: FloatVector
    weights: FloatVector
    machines: int

    @classmethod
    def learn(
        cls,
        predicted: FloatVector,
        truth: FloatVector,
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
        return cls(cap, spreads, errors, weights, len(cuts))

    def bounds(self, members: FloatMatrix, coverage: float) -> tuple[FloatVector, FloatVector]:
        """Return the lower and the upper bound around the members' mean.

        The errors are those of single members.  The square of the mean's error is less by the
        members' variance, and the bounds are as much closer.

        Parameters
        ----------
        members
            What each member predicts: rows × members.
        """
        middle, apart = members.mean(axis=1), members.var(axis=1)
        spread = np.interp(middle, np.linspace(0.0, self.cap, _KNOTS), self.spreads)
        closer = np.sqrt(np.maximum(1.0 - apart / spread**2, _CLOSEST**2))
        reach = self._quantile(coverage) * spread * closer
        low, high = np.maximum(middle - reach, 0.0), np.minimum(middle + reach, self.cap)
        return low, high

    def _quantile(self, coverage: float) -> float:
        """Return the weighted quantile of the errors, with one machine more at infinity."""
        order = np.argsort(self.errors, kind="stable")
        mass = np.cumsum(self.weights[order])
        needed = coverage * (self.machines + 1)
        at = int((mass < needed - 1e-9).sum())
        return float(self.errors[order[at]]) if at < len(order) else np.inf

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
            state["weights"],
            int(state["machines"]),
        )
