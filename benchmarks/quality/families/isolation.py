"""Isolation forests whose cuts are not along the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from typing_extensions import override

from benchmarks.quality.families.base import Scaled

if TYPE_CHECKING:
    from detectors.validation import FloatMatrix, FloatVector

_TURNS, _TREES = 10, 10


class ExtendedForest(Scaled):
    """Ten isolation forests of ten trees, each on rows that were turned at random.

    After Hariri, Kind and Brunner (2019), whose trees cut at a random slope at every node.
    """

    @override
    def reach(self) -> tuple[int, int]:
        return (0, 0)

    @override
    def _learn(self, Z: FloatMatrix) -> None:
        from sklearn.ensemble import IsolationForest

        rng = np.random.default_rng(0)
        self._turned = []
        for seed in range(_TURNS):
            turn = np.linalg.qr(rng.normal(size=(Z.shape[1],) * 2))[0]
            forest = IsolationForest(n_estimators=_TREES, random_state=seed).fit(Z @ turn)
            self._turned.append((turn, forest))

    @override
    def _judge(self, Z: FloatMatrix) -> FloatVector:
        found = [forest.score_samples(Z @ turn) for turn, forest in self._turned]
        return np.asarray(-np.mean(found, axis=0))
