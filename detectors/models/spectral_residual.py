"""What the smooth part of a window's spectrum does not explain: spikes, dips and breaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from typing_extensions import override

from detectors import windows
from detectors.base import Detector
from detectors.errors import InvalidInput
from detectors.kernels.spectral import saliency
from detectors.models.parameters import require_int
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UNIT_QUANTILE = 0.9
_UNIT_FLOOR = 0.25
_FADE = 0.25
"""Share of the window at each end over which it fades in and out."""


class SpectralResidual(Detector):
    """Spectral residual saliency, each column by itself.

    Around every row a window is cut, its level taken off and its ends faded out (a period that
    does not fit into the window is no irregularity).  The logarithm of its amplitude spectrum
    minus that spectrum's own running mean keeps what is unusual in the spectrum; turned back
    into time, with the phase, it is a saliency map that peaks where the window is irregular.
    The row's saliency relative to the mean of its window, in units of the 90 % quantile on
    the training rows, is the column's score; columns are joined as root mean square.

    Assumes that normal running is regular within a window.  It sees short irregularities
    without any model of the level: not for slow drifts, for faults that last longer than the
    window (only their edges show), nor for relations between sensors.

    Parameters
    ----------
    window
        Rows a window.
    ahead
        Rows of the window that come after the row judged.  The last rows of the input are
        judged with the input mirrored, and are final only when the rows ahead are known.
    smoothing
        Length of the spectrum's running mean, in frequencies.

    Attributes
    ----------
    unit_ : ndarray of shape (n_columns,)
        Saliency of an unusual training row, by which a column is divided.

    References
    ----------
    Ren, Xu, Wang, Yi, Huang, Kou, Xing, Yang, Tong, Zhang (2019), Time-series anomaly
    detection service at Microsoft, doi:10.1145/3292500.3330680.

    Examples
    --------
    >>> import numpy as np
    >>> time = np.arange(600)
    >>> pump = np.sin(time / 8)[:, None] + 0.05 * np.random.default_rng(0).normal(size=(600, 1))
    >>> detector = SpectralResidual().fit(pump)
    >>> pump[300] += 2
    >>> int(detector.score(pump).argmax())
    300
    """

    tags: ClassVar[Tags] = Tags(
        ordered=True, exact_contributions=True, scale_invariant=True, min_rows=20
    )

    def __init__(self, window: int = 128, ahead: int = 32, smoothing: int = 3) -> None:
        self.window = window
        self.ahead = ahead
        self.smoothing = smoothing

    @override
    def check_parameters(self) -> None:
        require_int("window", self.window, 8, 65_536)
        require_int("ahead", self.ahead, 0)
        require_int("smoothing", self.smoothing, 1)
        if self.ahead >= self.window // 2 or self.smoothing > self.window // 2:
            raise InvalidInput("ahead and smoothing must be less than half of the window")

    @override
    def reach(self) -> tuple[int, int]:
        return (self.window - 1 - self.ahead, self.ahead)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        saliency = self._saliency(X)
        found = np.quantile(saliency, _UNIT_QUANTILE, axis=0)
        self.unit_ = np.asarray(np.maximum(found, _UNIT_FLOOR))

    def _saliency(self, X: FloatMatrix) -> FloatMatrix:
        """Return each row's saliency beyond its window's mean, relative to it."""
        out, taper = np.empty_like(X), self._taper()
        for column in range(X.shape[1]):
            values, largest = X[:, column], np.abs(X[:, column]).max()
            if largest > 0:
                # Powers of two change no digit, and keep sums in range.
                values = np.ldexp(values, -int(np.frexp(largest)[1]))
            padded = np.pad(values, self.reach(), mode="reflect")
            for start, views in windows.window_blocks(padded, self.window):
                own = saliency(views, taper, self.window - 1 - self.ahead, self.smoothing)
                out[start : start + len(views), column] = own
        return out

    def _taper(self) -> FloatVector:
        place = np.arange(self.window)
        edge = np.minimum(place + 1, self.window - place) / (_FADE * self.window)
        return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.minimum(edge, 1.0)))

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        return np.asarray(np.sqrt(self._contributions(X).mean(axis=1)))

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        return np.asarray((self._saliency(X) / self.unit_) ** 2)

    @override
    def _calibration_scores(self, X: FloatMatrix) -> FloatVector:
        """Return plain scores: all that was learned is one quantile a column."""
        return self._score(X)

    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        return {"unit": self.unit_}

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.unit_ = np.asarray(state["unit"])
