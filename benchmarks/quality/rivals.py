"""Rivals as their users would run them: PyOD's detectors on windows, river's streaming trees.

PyOD's on single rows, scikit-learn's, and the matrix profile that stumpy gives as well are in
the catalog already.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from typing_extensions import override

from detectors import catalog, metrics
from detectors.base import Detector
from detectors.errors import DetectorError
from detectors.tags import Tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from detectors.validation import FloatMatrix, FloatVector

WINDOWED, RIVER = "windowed:", "river:HalfSpaceTrees"
NAMES = (
    "windowed:KNN",
    "windowed:IForest",
    "pyod:IForest",
    "pyod:KNN",
    "pyod:ECOD",
    "pyod:HBOS",
    "window_knn",
    "matrix_profile",
    "spectral_residual",
    RIVER,
)
"""What `--rivals` measures."""

_WIDTH, _LONGEST = 16, 256
_MOST_WINDOWS = 2000


def make(recipe: str) -> Detector:
    """Return a rival, or a detector of the catalog, by name."""
    if recipe == RIVER:
        return HalfSpaceTrees()
    if recipe.startswith(WINDOWED):
        return Windowed(recipe.removeprefix(WINDOWED))
    return catalog.make(recipe)


class _Rival(Detector):
    """A rival is never kept."""

    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        raise DetectorError("a rival is measured, not kept.")

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        raise DetectorError("a rival is measured, not kept.")

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        return np.full(X.shape, 1.0 / X.shape[1])


class Windowed(_Rival):
    """A detector of PyOD on windows, its defaults left as they are.

    Windows of 16 rows of all sensors side by side, or of one period (16 to 256 rows) of a
    single one, learned from 2,000 of them at most, spread evenly.  A row's score is that of the
    window around it.
    """

    tags: ClassVar[Tags] = Tags(ordered=True)

    def __init__(self, name: str) -> None:
        self.name = name

    @override
    def reach(self) -> tuple[int, int]:
        return (self._width // 2, self._width - self._width // 2 - 1)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        self._centre, spread = X.mean(axis=0), X.std(axis=0)
        self._moves = spread > 0
        self._spread = spread
        width = _WIDTH
        if X.shape[1] == 1:
            width = int(np.clip(metrics.dominant_period(X[:, 0]), _WIDTH, _LONGEST))
        self._width = max(2, min(width, len(X) // 4))
        windows = self._windows(X)
        chosen = np.linspace(0, len(windows) - 1, min(len(windows), _MOST_WINDOWS)).astype(int)
        module = importlib.import_module(f"pyod.models.{self.name.lower()}")
        self._model = getattr(module, self.name)()
        self._model.fit(windows[chosen])

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        if len(X) < self._width:
            return np.zeros(len(X))
        scores = np.nan_to_num(self._model.decision_function(self._windows(X)))
        before, after = self.reach()
        return np.pad(scores, (before, after), mode="edge")

    def _windows(self, X: FloatMatrix) -> FloatMatrix:
        moving = (X[:, self._moves] - self._centre[self._moves]) / self._spread[self._moves]
        if not moving.shape[1]:
            moving = np.zeros((len(X), 1))
        cut = np.lib.stride_tricks.sliding_window_view(moving, self._width, axis=0)
        return np.ascontiguousarray(cut.reshape(len(cut), -1))


class HalfSpaceTrees(_Rival):
    """River's half-space trees, which learn each row once it is scored.

    Rows are brought to 0 to 1 by the training rows' range, as river's trees ask for; a row's
    score is known when it arrives.
    """

    tags: ClassVar[Tags] = Tags(ordered=True)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        from river.anomaly import HalfSpaceTrees as Trees

        low, high = X.min(axis=0), X.max(axis=0)
        self._low, self._range = low, np.where(high > low, high - low, 1.0)
        self._make = lambda: Trees(seed=0)
        self._train = X

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        model = self._make()
        for row in self._rows(self._train):
            model.learn_one(row)
        out = np.empty(len(X))
        for i, row in enumerate(self._rows(X)):
            out[i] = model.score_one(row)
            model.learn_one(row)
        return out

    def _rows(self, X: FloatMatrix) -> list[dict[int, float]]:
        scaled = np.clip((X - self._low) / self._range, 0.0, 1.0)
        return [dict(enumerate(row)) for row in scaled.tolist()]
