"""Rivals by name: PyOD's detectors on windows, river's streaming trees, families that lead.

PyOD's on single rows, scikit-learn's, and the matrix profile that stumpy gives as well are in
the catalog already.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from typing_extensions import override

from benchmarks.quality.families.base import Rival, Windowed
from detectors import catalog
from detectors.tags import Tags

if TYPE_CHECKING:
    from detectors.base import Detector
    from detectors.validation import FloatMatrix, FloatVector

WINDOWED, FAMILY, RIVER = "windowed:", "family:", "river:HalfSpaceTrees"
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

FAMILIES = {
    "Convolutional": "forecasters",
    "ExtendedForest": "isolation",
    "KMeansAD": "clusters",
    "KShapeAD": "clusters",
    "LeftProfile": "profiles",
    "LocalLevel": "forecasters",
    "PatchEmbeddings": "embeddings",
    "Polynomial": "forecasters",
    "Pretrained": "forecasters",
    "RandomConvolutions": "embeddings",
    "Series2Graph": "graph",
}
"""Module of `benchmarks.quality.families` by class: ``family:<Class>`` is a rival's name."""


def make(recipe: str) -> Detector:
    """Return a rival, or a detector of the catalog, by name."""
    if recipe == RIVER:
        return HalfSpaceTrees()
    if recipe.startswith(WINDOWED):
        return OfPyOD(recipe.removeprefix(WINDOWED))
    if recipe.startswith(FAMILY):
        return _of_family(recipe.removeprefix(FAMILY))
    return catalog.make(recipe)


def _of_family(name: str) -> Detector:
    module = importlib.import_module(f"benchmarks.quality.families.{FAMILIES[name]}")
    made: Detector = getattr(module, name)()
    return made


class OfPyOD(Windowed):
    """A detector of PyOD on windows, its defaults left as they are."""

    def __init__(self, name: str) -> None:
        self.name = name

    @override
    def _made(self) -> Any:
        module = importlib.import_module(f"pyod.models.{self.name.lower()}")
        return getattr(module, self.name)()


class HalfSpaceTrees(Rival):
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
