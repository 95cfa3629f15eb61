"""The streaming matrix profile: whether the shape of a window came before, ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from typing_extensions import override

from benchmarks.quality.families.base import ByColumn
from detectors.kernels.growing import GrowingJoin

if TYPE_CHECKING:
    from detectors.validation import FloatVector

_KEPT = 20_000


class LeftProfile(ByColumn):
    """Distance in shape to the nearest window before it, of training or already judged.

    The left matrix profile of Yeh and others (2016), kept up row by row.  What comes a second
    time is no longer unusual.
    """

    @override
    def reach(self) -> tuple[int, int]:
        return (_KEPT, self._halves()[1])

    @override
    def _learn_column(self, z: FloatVector) -> FloatVector:
        return z[-_KEPT:]

    @override
    def _judge_column(self, model: FloatVector, z: FloatVector) -> FloatVector:
        join = GrowingJoin(self._width)
        if np.array_equal(z[-len(model) :], model):
            # Training rows are judged by those before them; the first have none.
            distance, _ = join.push(z)
            known = np.isfinite(distance)
            return self._around(np.where(known, distance, np.median(distance[known])))
        join.push(model)
        distance, _ = join.push(z)
        ahead = self._halves()[1]
        return np.pad(distance[ahead:], (0, ahead), mode="edge")
