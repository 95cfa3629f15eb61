"""Whether the last rows, taken together, lie in the plane in which such windows lie."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from typing_extensions import override

from detectors import windows
from detectors.kernels.subspace import split_windows
from detectors.models.parameters import require_int, require_number
from detectors.models.plane import FLOOR, WINSOR, PlaneDetector
from detectors.models.scaling import RobustScale
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_COMPONENTS = 64
_MOST_VALUES = 1024
_BLOCK_CELLS = 500_000
_FOLDS = 4
_ENOUGH = 20
"""Rows a value of a window, from which on training rows score like new ones."""


class WindowPCA(PlaneDetector):
    """Principal components of windows: Hotelling's T² and the squared residual Q.

    Each row is taken together with the `window` - 1 rows before it.  Columns are scaled by
    median and spread and cut at five spreads for learning.  T² says how far a window lies
    *within* the plane of its components, Q how far *from* it; each is divided by its own
    `quantile` on the training rows, and the score is the root of their mean.  Both are sums
    over columns and rows of the window, which gives exact contributions.  Windows of more
    than 1,024 values are thinned to every second, third, … row.

    Assumes linear relations between sensors and between what follows one another: rhythms,
    lags, ramps.  A fault is seen for as long as the window holds it.  Not for machines whose
    relations change with the mode of operation.

    Parameters
    ----------
    window
        Rows taken together.
    variance
        Share of the variance that the components explain; there are 64 at most.
    quantile
        Training quantile that T² and Q are divided by.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_lags * n_columns)
    variances_ : ndarray of shape (n_components,)
    units_ : ndarray of shape (2,)
        Training quantiles of T² and Q.

    References
    ----------
    Ku, Storer, Georgakis (1995), Disturbance detection and isolation by dynamic principal
    component analysis, doi:10.1016/0169-7439(95)00076-3.

    Examples
    --------
    >>> import numpy as np
    >>> time = np.arange(1200)
    >>> noise = np.random.default_rng(0).normal(size=(1200, 1))
    >>> pump = np.sin(time / 5)[:, None] + 0.05 * noise
    >>> detector = WindowPCA().fit(pump[:800])
    >>> pump[1000:1016] = pump[1000]
    >>> bool(1000 < detector.score(pump[800:]).argmax() + 800 < 1048)
    True
    """

    tags: ClassVar[Tags] = Tags(ordered=True, exact_contributions=True, scale_invariant=True)

    def __init__(
        self, window: int = 32, variance: float = 0.99, quantile: float = 0.95
    ) -> None:
        self.window = window
        self.variance = variance
        self.quantile = quantile

    @override
    def check_parameters(self) -> None:
        require_int("window", self.window, 1, 1024)
        require_number("variance", self.variance, 0, 1)
        require_number("quantile", self.quantile, 0, 1)

    @override
    def reach(self) -> tuple[int, int]:
        return (self.window - 1, 0)

    def _thinning(self, n_columns: int) -> int:
        return -(-self.window * n_columns // _MOST_VALUES)

    def _lags(self, n_columns: int) -> NDArray[np.int64]:
        """Return the rows of a window that count, the row judged among them."""
        step = self._thinning(n_columns)
        last = (self.window - 1) // step * step
        return np.arange(0, last + 1, step, dtype=np.int64)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        self._scale = RobustScale.learn(X)
        self._learn([self._scale.apply(X)])

    def _learn(self, stretches: list[FloatMatrix]) -> None:
        """Learn from scaled rows; no window reaches from one stretch into the next."""
        learning = [np.clip(Z, -WINSOR, WINSOR) for Z in stretches]
        self.location_ = np.concatenate(learning).mean(axis=0)
        # Where there are rows enough, no window is learned whose beginning is made up.
        long = 2 * self.window
        whole = [Z if len(Z) >= long else self._with_past(Z) for Z in learning]
        self._find_axes(self._gram(whole), self.variance, _MOST_COMPONENTS)
        whole = [Z if len(Z) >= long else self._with_past(Z) for Z in stretches]
        parts = zip(*map(self._parts, whole), strict=True)
        found = [np.quantile(np.concatenate(part), self.quantile) for part in parts]
        self.units_ = np.asarray(np.maximum(found, FLOOR * self.components_.shape[1]))

    def _with_past(self, Z: FloatMatrix) -> FloatMatrix:
        return windows.with_past(Z, int(self._lags(Z.shape[1])[-1]) + 1)

    def _cut(self, Z: FloatMatrix) -> Iterator[tuple[int, FloatMatrix]]:
        """Yield (number of the first, windows) in blocks of copies."""
        lags = self._lags(Z.shape[1])
        thinned = slice(None, None, self._thinning(Z.shape[1]))
        views = sliding_window_view(Z - self.location_, int(lags[-1]) + 1, axis=0)
        views = views[:, :, thinned]
        size = max(_BLOCK_CELLS // (Z.shape[1] * len(lags)), 1)
        for start in range(0, len(views), size):
            part = views[start : start + size].transpose(0, 2, 1)
            yield start, part.reshape(len(part), -1)

    def _gram(self, stretches: list[FloatMatrix]) -> FloatMatrix:
        """Return the covariance of the windows within the stretches."""
        n_columns = stretches[0].shape[1]
        lags, step = len(self._lags(n_columns)), self._thinning(n_columns)
        total = sum(windows.gram(Z - self.location_, lags, step) for Z in stretches)
        count = sum(len(Z) - (lags - 1) * step for Z in stretches)
        return np.asarray(total / max(count - 1, 1))

    def _parts(self, Z: FloatMatrix) -> tuple[FloatVector, FloatVector]:
        """Return T² and Q of every window."""
        lags, rows = self._lags(Z.shape[1]), Z - self.location_
        power, along, within = split_windows(rows, lags, self.components_, self.variances_)
        return within, np.maximum(power - along, 0.0)

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        return self._joined(self._scale.apply(X))

    def _joined(self, Z: FloatMatrix) -> FloatVector:
        within, beside = self._parts(self._with_past(Z))
        return np.asarray(np.sqrt((within / self.units_[0] + beside / self.units_[1]) / 2))

    @override
    def _calibration_scores(self, X: FloatMatrix) -> FloatVector:
        """Score each quarter by what the others teach, unless rows are many a value."""
        Z, gap = self._scale.apply(X), self.window - 1
        if len(X) >= _ENOUGH * self.components_.shape[1]:
            return self._score(X)
        out = np.full(len(X), np.nan)
        for low, high in itertools.pairwise(np.linspace(0, len(X), _FOLDS + 1).astype(int)):
            beside = [Z[: max(low - gap, 0)], Z[high + gap :]]
            stretches = [part for part in beside if len(part) > gap]
            if not stretches:
                return self._score(X)
            other = self.clone()
            other._learn(stretches)
            start = max(low - gap, 0)
            out[low:high] = other._joined(Z[start:high])[low - start :]
        return out

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        out = np.empty_like(X)
        for start, part in self._cut(self._with_past(self._scale.apply(X))):
            terms = self._terms(part).reshape(len(part), -1, X.shape[1])
            out[start : start + len(part)] = terms.sum(1)
        return out
