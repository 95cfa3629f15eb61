"""Distance to the most similar windows of normal running, of all sensors together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from typing_extensions import override

from detectors import windows
from detectors.base import Detector
from detectors.kernels.nearest_windows import nearest_windows
from detectors.models.parameters import require_int
from detectors.models.scaling import RobustScale
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.base import Explain
    from detectors.kernels.arrays import Floats, Indices

_STRETCH = 250
"""Windows of a stretch of references."""
_ENOUGH = 0.5
"""Share of the training rows that is to have a score of references beside it."""
_WILDEST = 1e12
"""Spreads from the median at which a reading is cut: those beyond are no more unusual."""


class WindowKNN(Detector):
    """Distance to the nearest windows of the training rows.

    Each row is taken together with the `window` - 1 rows before it.  Columns are scaled by
    median and spread.  All windows within some stretches of the training rows, spread evenly
    over them, are kept as references, of half the rows at most: the others show how far normal
    windows lie from them.  A row's score is the mean Euclidean distance of its
    window to the `k` nearest of them, and none is cut out for it.  A distance is a sum of
    squared gaps, one a column and row of the window, divided by itself: these terms are exact
    contributions.

    Assumes only that what happens comes back, at any speed of operation and in any number of
    modes.  A fault is seen for as long as the window holds it.  Not for very many sensors of
    which one is at fault (its gap drowns in the others' noise); `auto` judges each sensor's
    windows by itself, too.

    Parameters
    ----------
    window
        Rows taken together.
    k
        Neighbours.
    n_references
        Windows kept, about; time and size of the model grow with them.

    Attributes
    ----------
    references_ : ndarray of shape (n_stretches, n_rows, n_columns), float32
        Scaled stretches of training rows.

    References
    ----------
    Ramaswamy, Rastogi, Shim (2000), doi:10.1145/342009.335437, of windows as in Yankov, Keogh,
    Rebbapragada (2008), Disk aware discord discovery, doi:10.1007/s10115-008-0131-9.

    Examples
    --------
    >>> import numpy as np
    >>> time = np.arange(1200)
    >>> noise = np.random.default_rng(0).normal(size=(1200, 1))
    >>> pump = np.sin(time / 5)[:, None] + 0.05 * noise
    >>> detector = WindowKNN().fit(pump[:800])
    >>> pump[1000:1016] = pump[1000]
    >>> bool(1000 < detector.score(pump[800:]).argmax() + 800 < 1048)
    True
    """

    tags: ClassVar[Tags] = Tags(ordered=True, exact_contributions=True, scale_invariant=True)

    def __init__(self, window: int = 32, k: int = 5, n_references: int = 2000) -> None:
        self.window = window
        self.k = k
        self.n_references = n_references

    @override
    def check_parameters(self) -> None:
        require_int("window", self.window, 1, 1024)
        require_int("k", self.k, 1, 1000)
        require_int("n_references", self.n_references, 1, 100_000)

    @override
    def reach(self) -> tuple[int, int]:
        return (self.window - 1, 0)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        self._scale = RobustScale.learn(X)
        self.references_ = self._stretches(self._learned(self._scaled(X)), 0.0)[1]

    def _learned(self, Z: Floats) -> Floats:
        """Return the rows that references are taken from; a past is made up for few only."""
        return Z if len(Z) >= 4 * self.window else windows.with_past(Z, self.window)

    def _stretches(self, rows: Floats, place: float) -> tuple[Indices, Floats]:
        """Cut stretches out of the rows, half of them at most; where they begin, and they.

        Parameters
        ----------
        place
            Where the first begins, as a share of the distance of one to the next.
        """
        most = max(self.n_references // _STRETCH, 1)
        count = int(np.clip(len(rows) // (8 * self.window), 1, most))
        apart = len(rows) // count
        length = -(-self.n_references // count) + self.window - 1
        length = max(min(length, (apart - self.window) // 2), self.window)
        starts = np.arange(count, dtype=np.int64) * apart + int(place * apart)
        starts = np.minimum(starts, len(rows) - length)
        return starts, np.stack([rows[start : start + length] for start in starts])

    def _scaled(self, X: FloatMatrix) -> Floats:
        return np.clip(self._scale.apply(X), -_WILDEST, _WILDEST).astype(np.float32)

    def _nearest(self, X: FloatMatrix) -> tuple[Floats, Floats, Indices]:
        """Return scaled rows with a past, and distance and place of the neighbours."""
        rows = windows.with_past(self._scaled(X), self.window)
        return rows, *nearest_windows(self.references_, rows, self.window, self.k)

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        return self._score_and_explain(X)[0]

    @override
    def _score_and_explain(self, X: FloatMatrix) -> tuple[FloatVector, Explain]:
        rows, distances, places = self._nearest(X)
        scores = np.asarray(distances.mean(axis=1, dtype=np.float64))

        def explain(asked: Indices) -> FloatMatrix:
            return self._terms(rows, asked, distances[asked], places[asked])

        return scores, explain

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        return np.asarray(self._score_and_explain(X)[1](np.arange(len(X))))

    def _terms(
        self, rows: Floats, asked: Indices, distances: Floats, places: Indices
    ) -> FloatMatrix:
        """Return what each column adds to the distances of some windows."""
        length = self.references_.shape[1]
        known = self.references_.reshape(-1, rows.shape[1])
        stretch, within = np.divmod(places, length - self.window + 1)
        begins = stretch * length + within
        out = np.zeros((len(asked), rows.shape[1]))
        for neighbour in range(begins.shape[1]):
            gaps = np.zeros(out.shape)
            for lag in range(self.window):
                part = rows[asked + lag].astype(np.float64)
                gaps += (part - known[begins[:, neighbour] + lag]) ** 2
            far = distances[:, neighbour, None]
            out += np.divide(gaps, far, out=np.zeros_like(gaps), where=far > 0)
        return out

    @override
    def _calibration_scores(self, X: FloatMatrix) -> FloatVector:
        """Score each row by references that share no row with its window.

        Those are the ones kept, or as many from between them.
        """
        Z = self._scaled(X)
        rows, learned = windows.with_past(Z, self.window), self._learned(Z)
        out = np.full(len(X), np.nan)
        for place in (0.5, 0.0):
            starts, references = self._stretches(learned, place)
            first = np.arange(len(X))[:, None] + len(learned) - len(rows)
            beside = (first + self.window <= starts) | (first >= starts + references.shape[1])
            free = beside.all(axis=1)
            found, _ = nearest_windows(references, rows, self.window, self.k)
            out[free] = found.mean(axis=1, dtype=np.float64)[free]
        return out if np.isfinite(out).mean() > _ENOUGH else self._score(X)

    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        return {"references": self.references_} | self._scale.state()

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._scale = RobustScale.restore(state)
        self.references_ = np.asarray(state["references"], np.float32)
