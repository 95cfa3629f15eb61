"""The plane in which values lie that normally move together: found, measured from, stored."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from detectors.base import Detector
from detectors.kernels.products import products
from detectors.models.scaling import RobustScale
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

WINSOR = 5.0
FLOOR = 1.0e-6


class PlaneDetector(Detector, ABC):
    """What detectors of principal components share.

    Attributes
    ----------
    location_ : ndarray
        Means that the axes go through.
    components_ : ndarray of shape (n_components, n_values)
    variances_ : ndarray of shape (n_components,)
    units_ : ndarray of shape (2,)
        Training quantiles of T² and Q.
    """

    location_: FloatVector
    components_: FloatMatrix
    variances_: FloatVector
    units_: FloatVector
    _scale: RobustScale

    def _find_axes(
        self, covariance: FloatMatrix, variance: float, most: int | None = None
    ) -> None:
        """Keep the axes that explain a share of the variance, `most` of them at most."""
        # One direction is always left to Q, so that a broken relation has somewhere to show.
        widest = max(len(covariance) - 1, 1)
        most = widest if most is None else min(widest, most)
        values, axes = _widest(covariance, most)
        explained = np.cumsum(values) / max(float(np.trace(covariance)), 1.0e-300)
        count = min(int(np.searchsorted(explained, variance - 1e-12)) + 1, most)
        self.components_ = np.ascontiguousarray(axes[:, :count].T)
        self.variances_ = np.maximum(values[:count], FLOOR)

    def _split(self, centred: FloatMatrix) -> tuple[FloatMatrix, FloatMatrix]:
        """Return parts whose squares add up to T² and Q; both (n_rows, n_values)."""
        along = products(centred, self.components_)
        within = products(along / np.sqrt(self.variances_), self.components_.T)
        return within, np.asarray(centred - products(along, self.components_.T))

    def _terms(self, centred: FloatMatrix) -> FloatMatrix:
        """Return what each value adds to the squared score, (n_rows, n_values)."""
        within, beside = self._split(centred)
        return np.asarray(within**2 / self.units_[0] + beside**2 / self.units_[1]) / 2

    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        own = {
            "location": self.location_,
            "components": self.components_,
            "variances": self.variances_,
            "units": self.units_,
        }
        return own | self._scale.state()

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._scale = RobustScale.restore(state)
        self.location_ = np.asarray(state["location"])
        self.components_ = np.asarray(state["components"])
        self.variances_ = np.asarray(state["variances"])
        self.units_ = np.asarray(state["units"])


def _widest(covariance: FloatMatrix, most: int) -> tuple[FloatVector, FloatMatrix]:
    """Return variances along the axes of the largest, `most` at least, and the axes."""
    size = len(covariance)
    if 4 * most > size:
        values, axes = np.linalg.eigh(covariance)
    else:
        from scipy.linalg import eigh  # half the time where few axes are asked for

        values, axes = eigh(covariance, subset_by_index=(size - most, size - 1))
    return np.maximum(values[::-1], 0.0), axes[:, ::-1]
