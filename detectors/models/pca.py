"""Distance within and from the plane in which the sensors normally move together."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from typing_extensions import override

from detectors.models.parameters import require_number
from detectors.models.plane import FLOOR, WINSOR, PlaneDetector
from detectors.models.scaling import RobustScale
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector


class PCA(PlaneDetector):
    """Robust principal components: Hotelling's T² and the squared residual Q.

    Columns are scaled by median and spread and cut at five spreads for learning; components
    are found, the `trim` share of rows that fit them worst is set aside, and they are found
    again.  T² says how far a row lies *within* the plane of the components, Q how far *from*
    it; each is divided by its own `quantile` on the training rows, and the score is the root
    of their mean.  Both are sums over columns (Q of squared residuals, T² by its complete
    decomposition), which gives exact contributions.

    Assumes linear relations between sensors.  Not for machines whose relations change with
    the mode of operation, nor for a single sensor, where it is only a squared deviation.

    Parameters
    ----------
    variance
        Share of the variance that the components explain.
    trim
        Share of training rows set aside as possibly faulty, in [0, 0.5).
    quantile
        Training quantile that T² and Q are divided by.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_columns)
    variances_ : ndarray of shape (n_components,)
    units_ : ndarray of shape (2,)
        Training quantiles of T² and Q.

    References
    ----------
    Jackson, Mudholkar (1979), doi:10.1080/00401706.1979.10489779.  Alcala, Qin (2009),
    Reconstruction-based contribution for process monitoring,
    doi:10.1016/j.automatica.2009.02.027 (complete decomposition).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> load = rng.normal(size=(500, 1))
    >>> pump = load @ [[1.0, 2.0, -1.0]] + 0.1 * rng.normal(size=(500, 3))
    >>> detector = PCA().fit(pump)
    >>> together, alone = detector.score([[1.0, 2.0, -1.0], [1.0, 2.0, 1.0]])
    >>> bool(alone > 5 * together)
    True
    >>> detector.contributions([[1.0, 2.0, 1.0]]).argmax()
    np.int64(2)
    """

    tags: ClassVar[Tags] = Tags(exact_contributions=True, scale_invariant=True)

    def __init__(
        self, variance: float = 0.9, trim: float = 0.05, quantile: float = 0.95
    ) -> None:
        self.variance = variance
        self.trim = trim
        self.quantile = quantile

    @override
    def check_parameters(self) -> None:
        require_number("variance", self.variance, 0, 1)
        require_number("quantile", self.quantile, 0, 1)
        require_number("trim", self.trim, 0, 0.5, with_low=True)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        self._scale = RobustScale.learn(X)
        Z = self._scale.apply(X)
        learning = np.clip(Z, -WINSOR, WINSOR)
        self._find_components(learning)
        self.units_ = np.full(2, 1.0)
        if self.trim > 0:
            self.units_ = self._quantiles(learning)
            misfit = self._terms(Z - self.location_).sum(axis=1)
            self._find_components(learning[misfit <= np.quantile(misfit, 1 - self.trim)])
        self.units_ = self._quantiles(Z)

    def _find_components(self, rows: FloatMatrix) -> None:
        self.location_ = rows.mean(axis=0)
        centred = rows - self.location_
        self._find_axes(centred.T @ centred / max(len(rows) - 1, 1), self.variance)

    def _quantiles(self, Z: FloatMatrix) -> FloatVector:
        within, beside = self._split(Z - self.location_)
        found = [
            np.quantile(np.einsum("ij,ij->i", part, part), self.quantile)
            for part in (within, beside)
        ]
        return np.asarray(np.maximum(found, FLOOR * Z.shape[1]))

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        return np.asarray(np.sqrt(self._contributions(X).sum(axis=1)))

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        return self._terms(self._scale.apply(X) - self.location_)
