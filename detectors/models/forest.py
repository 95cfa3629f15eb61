"""How few random cuts set a row apart from the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from typing_extensions import override

from detectors.base import Detector
from detectors.kernels.forest import (
    ForestArrays,
    compile_forest,
    fit_forest,
    forest_contributions,
    score_forest,
)
from detectors.models.parameters import require_int
from detectors.models.scaling import SinglePrecision
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Forest(Detector):
    """Isolation forest.

    Each tree cuts a random sample of the rows by random sensors at random values until every
    row stands alone; unusual rows stand alone after few cuts.  The score is
    ``2 ** (-mean depth / expected depth)``, in (0, 1].  A column's contribution is what the
    cuts on it did towards isolating the row.

    Assumes that faults are few and lie outside of where the rows are dense.  It is fast and
    asks for no scale, but cuts are parallel to the axes: not for faults that only break a
    relation between sensors (``mahalanobis``, ``pca``), nor for faults of order in time.
    A reading beyond every training value scores the same however far it is.

    Parameters
    ----------
    n_trees
        Trees; more give steadier scores.
    sample_size
        Rows a tree is grown on.
    seed
        Decides everything random.

    Attributes
    ----------
    forest_ : ForestArrays
        The trees, about 75 kB for the defaults.

    References
    ----------
    Liu, Ting, Zhou (2008), Isolation forest, doi:10.1109/ICDM.2008.17; contributions after
    Carletti, Terzi, Susto (2023), Interpretable anomaly detection with DIFFI,
    doi:10.1016/j.engappai.2022.105730.

    Examples
    --------
    >>> import numpy as np
    >>> pump = np.random.default_rng(0).normal(size=(1000, 3))
    >>> detector = Forest().fit(pump)
    >>> normal, faulty = detector.score([[0.0, 0.0, 0.0], [0.0, 9.0, 0.0]])
    >>> bool(faulty > normal)
    True
    >>> detector.contributions([[0.0, 9.0, 0.0]]).argmax()
    np.int64(1)
    """

    tags: ClassVar[Tags] = Tags(scale_invariant=True)
    _single_columns: ClassVar[bool] = True

    def __init__(self, n_trees: int = 100, sample_size: int = 256, seed: int = 0) -> None:
        self.n_trees = n_trees
        self.sample_size = sample_size
        self.seed = seed

    @override
    def check_parameters(self) -> None:
        require_int("n_trees", self.n_trees, 1, 100_000)
        require_int("sample_size", self.sample_size, 2, 65_535)
        require_int("seed", self.seed, 0, 2**32 - 1)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        self._columns = SinglePrecision.learn(X)
        XT = self._columns.apply(X)
        self.forest_ = fit_forest(XT, self.n_trees, self.sample_size, self.seed)
        self._compiled = compile_forest(self.forest_, X.shape[1])

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        scores = score_forest(self._compiled, self._columns.apply(X))
        return np.asarray(scores, np.float64)

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        shares = forest_contributions(self._compiled, self._columns.apply(X))
        return np.asarray(shares, np.float64)

    @override
    def _calibration_scores(self, X: FloatMatrix) -> FloatVector:
        """Return plain scores: they are nearly those of rows left out.

        A tree sees 256 rows.  Of 10,000 training rows each is in 2.6 % of the trees, so at
        most that share of a row's mean depth comes from trees that knew it, and in those it
        is deeper by a fraction of a cut.  With few rows the share grows (all trees at 256
        rows or fewer): then folds are left out as for other detectors.
        """
        if len(X) >= _MANY_SAMPLES * self.sample_size:
            return self._score(X)
        return super()._calibration_scores(X)

    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        return dict(self.forest_._asdict()) | self._columns.state()

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._columns = SinglePrecision.restore(state)
        self.forest_ = ForestArrays(*(state[name] for name in ForestArrays._fields))
        self._compiled = compile_forest(self.forest_, self.n_features_in_)


_MANY_SAMPLES = 8
