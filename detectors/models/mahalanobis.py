"""Distance from the bulk of the rows, in the units of their own correlated spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from typing_extensions import override

from detectors.base import Detector
from detectors.kernels.products import products
from detectors.models.covariance import concentrated_covariance
from detectors.models.parameters import require_number
from detectors.models.scaling import RobustScale
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Mahalanobis(Detector):
    """Robust Mahalanobis distance.

    Columns are scaled by median and spread; location and covariance come from the rows that
    lie closest together (deterministic minimum covariance determinant), so that up to
    ``1 - support`` of the training rows may be faulty.  The distance is split over columns by
    the transformation whose components stay closest to the columns themselves; their squares
    add up to the squared distance.

    Assumes one cloud of normal rows, roughly elliptical.  Not for machines with several
    operating modes in one model (condition on the mode first, or take ``knn`` or ``auto``),
    nor for faults of order in time: every row is judged alone.

    Parameters
    ----------
    support
        Share of the training rows taken as certainly normal, in [0.5, 1).

    Attributes
    ----------
    location_ : ndarray of shape (n_columns,)
        Centre of the normal rows, in robust deviations.
    transform_ : ndarray of shape (n_columns, n_columns)
        Turns a centred row into the parts of its distance.

    References
    ----------
    Hubert, Rousseeuw, Verdonck (2012), A deterministic algorithm for robust location and
    scatter, doi:10.1080/10618600.2012.672100.  Garthwaite, Koch (2016), Evaluating the
    contributions of individual variables to a quadratic form, doi:10.1111/anzs.12167.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> load = rng.normal(size=(500, 1))
    >>> pump = np.hstack([load, load]) + 0.1 * rng.normal(size=(500, 2))
    >>> detector = Mahalanobis().fit(pump)
    >>> along, across = detector.score([[2.0, 2.0], [1.0, -1.0]])
    >>> bool(across > 5 * along)
    True
    """

    tags: ClassVar[Tags] = Tags(exact_contributions=True, scale_invariant=True)

    def __init__(self, support: float = 0.75) -> None:
        self.support = support

    @override
    def check_parameters(self) -> None:
        require_number("support", self.support, 0.5, 1, with_low=True)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        self._scale = RobustScale.learn(X)
        Z = self._scale.apply(X)
        self.location_, covariance = concentrated_covariance(Z, self.support)
        inverse_spread = 1.0 / np.sqrt(np.diag(covariance))
        correlation = covariance * np.outer(inverse_spread, inverse_spread)
        values, axes = np.linalg.eigh(correlation)
        self.transform_ = ((axes / np.sqrt(values)) @ axes.T) * inverse_spread

    def _parts(self, X: FloatMatrix) -> FloatMatrix:
        return products(self._scale.apply(X) - self.location_, self.transform_)

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        parts = self._parts(X)
        return np.asarray(np.sqrt(np.einsum("ij,ij->i", parts, parts)))

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        return np.asarray(self._parts(X) ** 2)

    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        own = {"location": self.location_, "transform": self.transform_}
        return own | self._scale.state()

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._scale = RobustScale.restore(state)
        self.location_ = np.asarray(state["location"])
        self.transform_ = np.asarray(state["transform"])
