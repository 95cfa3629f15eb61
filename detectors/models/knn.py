"""Distance to the most similar rows of normal running."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from typing_extensions import override

from detectors.base import Detector
from detectors.kernels.nearest import nearest
from detectors.models.parameters import require_int, require_one_of
from detectors.models.scaling import RobustScale
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray


class KNN(Detector):
    """Distance to the nearest training rows.

    Columns are scaled by median and spread.  A random sample of the training rows is kept as
    references; a row's score is its Euclidean distance to the `k` nearest of them (their
    mean, or the k-th).  A distance is a sum of squared gaps, one a column, divided by itself:
    these terms are exact contributions.

    Assumes only that normal rows come back: any number of operating modes is fine.  Not for
    very many sensors of which one is at fault (its gap drowns in the others' noise), nor for
    faults of order in time; `auto` does both by windows of single sensors.

    Parameters
    ----------
    k
        Neighbours.  Faults of which more than `k` similar rows stand in the references are
        taken for normal.
    method
        ``mean`` of the k distances, or the ``largest`` of them.
    n_references
        Training rows kept; time and size of the model grow with it.
    seed
        Decides which rows are kept.

    Attributes
    ----------
    references_ : ndarray of shape (n_kept, n_columns), float32
        Scaled training rows.

    References
    ----------
    Ramaswamy, Rastogi, Shim (2000), doi:10.1145/342009.335437; Angiulli, Pizzuti (2002),
    doi:10.1007/3-540-45681-3_2; on small samples of references Sugiyama, Borgwardt (2013),
    Rapid distance-based outlier detection via sampling.

    Examples
    --------
    >>> import numpy as np
    >>> pump = np.random.default_rng(0).normal(size=(1000, 3))
    >>> detector = KNN(k=3).fit(pump)
    >>> normal, faulty = detector.score([[0.0, 0.0, 0.0], [0.0, 9.0, 0.0]])
    >>> bool(faulty > 5 * normal)
    True
    >>> detector.contributions([[0.0, 9.0, 0.0]]).argmax()
    np.int64(1)
    """

    tags: ClassVar[Tags] = Tags(exact_contributions=True, scale_invariant=True)

    def __init__(
        self,
        k: int = 5,
        method: Literal["mean", "largest"] = "mean",
        n_references: int = 2000,
        seed: int = 0,
    ) -> None:
        self.k = k
        self.method = method
        self.n_references = n_references
        self.seed = seed

    @override
    def check_parameters(self) -> None:
        require_int("k", self.k, 1, 1000)
        require_one_of("method", self.method, ("mean", "largest"))
        require_int("n_references", self.n_references, 1, 1_000_000)
        require_int("seed", self.seed, 0, 2**32 - 1)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        self._scale = RobustScale.learn(X)
        rows = X
        if len(X) > self.n_references:
            random = np.random.default_rng(self.seed)
            kept = random.choice(len(X), self.n_references, replace=False, shuffle=False)
            rows = X[np.sort(kept)]
        self.references_ = self._scale.apply(rows).astype(np.float32)

    def _nearest(self, X: FloatMatrix) -> tuple[FloatMatrix, FloatMatrix, NDArray[np.int64]]:
        """Return scaled rows, and distance and place of the neighbours that count."""
        Z = self._scale.apply(X).astype(np.float32)
        distances, places = nearest(self.references_, Z, self.k)
        first = distances.shape[1] - 1 if self.method == "largest" else 0
        return (
            Z.astype(np.float64),
            distances[:, first:].astype(np.float64),
            places[:, first:],
        )

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        return np.asarray(self._nearest(X)[1].mean(axis=1))

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        Z, distances, places = self._nearest(X)
        out = np.zeros_like(Z)
        for neighbour in range(places.shape[1]):
            gaps = (Z - self.references_[places[:, neighbour]]) ** 2
            length = distances[:, neighbour, None]
            out += np.divide(gaps, length, out=np.zeros_like(gaps), where=length > 0)
        return out

    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        return {"references": self.references_} | self._scale.state()

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._scale = RobustScale.restore(state)
        self.references_ = np.asarray(state["references"], np.float32)
