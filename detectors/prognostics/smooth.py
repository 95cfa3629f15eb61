"""Smooth functions of many features: kernel ridge regression with a round and a sharp kernel.

Saunders, Gammerman, Vovk (1998), Ridge regression learning algorithm in dual variables.  The
mean of a Gaussian and a Laplacian kernel's predictions: the first carries further, the second
bends quicker; their errors differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.validation import FloatMatrix, FloatVector

_SHARP = 0.25
"""Rate of the sharp kernel in units of the round one's."""
_BLOCK = 4096


@dataclass(frozen=True)
class KernelRidge:
    """A fitted function.

    Attributes
    ----------
    centre, spread
        Of the features.
    points
        Rows it was learned from, in spreads; single precision.
    weights
        A row a point, a column a kernel.
    level
        Mean of the targets, added to what the kernels give.
    rate
        How quickly a kernel falls, for the mean feature.
    """

    centre: FloatVector
    spread: FloatVector
    points: NDArray[np.float32]
    weights: FloatMatrix
    level: float
    rate: float

    @classmethod
    def learn_each(
        cls, rows: FloatMatrix, targets: FloatVector, rate: float, penalties: Sequence[float]
    ) -> list[KernelRidge]:
        """Learn one function a penalty; the kernels are worked out once."""
        from scipy.linalg import solve  # a process that only passes models on has no use for it

        centre, spread = rows.mean(axis=0), rows.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        points = ((rows - centre) / spread).astype(np.float32)
        level = float(targets.mean())
        kernels = _kernels(points, points, rate)
        found = []
        for penalty in penalties:
            weights = [
                solve(_with_diagonal(kernel, penalty), targets - level, assume_a="pos")
                for kernel in kernels
            ]
            stacked = np.column_stack(weights)
            found.append(cls(centre, spread, points, stacked, level, rate))
        return found

    def predict(self, rows: FloatMatrix) -> FloatVector:
        """Return the function's values, shape (n_rows,)."""
        out = np.empty(len(rows))
        for begin in range(0, len(rows), _BLOCK):
            part = rows[begin : begin + _BLOCK]
            scaled = ((part - self.centre) / self.spread).astype(np.float32)
            kernels = _kernels(scaled, self.points, self.rate)
            terms = [k @ self.weights[:, at] for at, k in enumerate(kernels)]
            out[begin : begin + _BLOCK] = self.level + np.mean(terms, axis=0)
        return out

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the function as arrays."""
        return {
            "centre": self.centre,
            "spread": self.spread,
            "points": self.points,
            "weights": self.weights,
            "level": np.array(self.level),
            "rate": np.array(self.rate),
        }

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]]) -> KernelRidge:
        """Return the function of `state`."""
        return cls(
            state["centre"],
            state["spread"],
            state["points"],
            state["weights"],
            float(state["level"]),
            float(state["rate"]),
        )


def _kernels(
    rows: NDArray[np.float32], points: NDArray[np.float32], rate: float
) -> tuple[FloatMatrix, FloatMatrix]:
    from scipy.spatial.distance import cdist  # as above

    own = rate / rows.shape[1]
    return (
        np.exp(-own * cdist(rows, points, "sqeuclidean")),
        np.exp(-own * _SHARP * cdist(rows, points, "cityblock")),
    )


def _with_diagonal(kernel: FloatMatrix, penalty: float) -> FloatMatrix:
    out = kernel.copy()
    out.flat[:: len(out) + 1] += penalty
    return out
