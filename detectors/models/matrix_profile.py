"""Whether the shape of the last rows has been seen before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from typing_extensions import override

from detectors import windows
from detectors.base import Detector
from detectors.errors import TooLittleData
from detectors.kernels.join import ab_join, self_join
from detectors.models.parameters import require_int, require_one_of
from detectors.models.scaling import RobustScale
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHORTEST, _LONGEST, _USUAL = 16, 128, 32
_WINSOR = 50.0
_UNIT_QUANTILE = 0.9
_UNIT_FLOOR = 0.05
_APART = 4
_APART_SHARE = 16
_FEWEST_WINDOWS = 4
_ENOUGH_WINDOWS = 24


class MatrixProfile(Detector):
    """Matrix profile of new rows against the training rows, each column by itself.

    Every window of a column is compared, level and size removed, with all training windows
    of that column; the distance to the nearest one (in [0, 2], per root of the window) says
    how new its shape is.  A row takes the mean or the maximum over the windows that cover
    it, divided by the 90 % quantile of the same over the training rows, whose windows are
    compared with others well apart in time; columns are joined as root mean square, whose
    terms are exact contributions.

    Assumes that the shapes of normal running repeat.  Level and size are invisible to it: not
    for slow drifts or a shifted but steady sensor; a sensor at rest shows nothing but its
    noise, whose shapes never repeat.

    Parameters
    ----------
    window
        Rows a window; None takes the period that most columns share (16–128 rows), or 32,
        but no more than a 24th of the training rows.
    covering
        What a row takes of the windows that cover it: their ``mean`` or ``maximum``.
    n_references
        Latest training rows that are kept; time grows with it, and memory with it and the
        number of columns.

    Attributes
    ----------
    window_ : int
    training_ : ndarray of shape (n_columns, n_kept), float32
    unit_, usual_ : ndarray of shape (n_columns,)
        What a column's distances are divided by, and their median.

    References
    ----------
    Yeh, Zhu, Ulanova, Begum, Ding, Dau, Silva, Mueen, Keogh (2016), Matrix profile I,
    doi:10.1109/ICDM.2016.0179.

    Examples
    --------
    >>> import numpy as np
    >>> time = np.arange(1200)
    >>> noise = np.random.default_rng(0).normal(size=(1200, 1))
    >>> pump = np.sin(time / 5)[:, None] + 0.05 * noise
    >>> detector = MatrixProfile().fit(pump[:800])
    >>> pump[1000:1016] = pump[1000]
    >>> bool(990 < detector.score(pump[800:]).argmax() + 800 < 1026)
    True
    """

    tags: ClassVar[Tags] = Tags(ordered=True, exact_contributions=True, scale_invariant=True)

    def __init__(
        self,
        window: int | None = None,
        covering: Literal["mean", "maximum"] = "mean",
        n_references: int = 20_000,
    ) -> None:
        self.window = window
        self.covering = covering
        self.n_references = n_references

    @override
    def check_parameters(self) -> None:
        if self.window is not None:
            require_int("window", self.window, 4, 100_000)
        require_one_of("covering", self.covering, ("mean", "maximum"))
        require_int("n_references", self.n_references, _FEWEST_WINDOWS * (self.window or 16))

    @override
    def reach(self) -> tuple[int, int]:
        if self.window is None:
            self._require_fitted()
        width = self.window or self.window_
        return (width - 1, width - 1)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        if self.window is not None and len(X) < _FEWEST_WINDOWS * self.window:
            raise TooLittleData(
                f"{len(X)} rows: four windows of {self.window} rows are the least"
            )
        self._scale = RobustScale.learn(X)
        columns = self._prepared(X[-self.n_references :])
        self.window_ = self.window or _shared_period(columns)
        self.training_ = columns.astype(np.float32)
        known = self._left_out()
        self.unit_ = np.maximum(np.quantile(known, _UNIT_QUANTILE, axis=0), _UNIT_FLOOR)
        self.usual_ = np.median(known, axis=0)

    def _prepared(self, X: FloatMatrix) -> FloatMatrix:
        # Cut: one wild reading would cost all later windows their digits in running sums.
        scaled = np.clip(self._scale.apply(X), -_WINSOR, _WINSOR)
        return np.ascontiguousarray(scaled.T)

    def _profile(self, queries: FloatVector, references: FloatVector) -> FloatVector:
        distances, _ = ab_join(queries, references, self.window_)
        return np.asarray(distances / np.sqrt(self.window_))

    def _to_rows(self, profile: FloatVector) -> FloatVector:
        if self.covering == "mean":
            return windows.rows_from_windows(profile, self.window_)
        padded = np.pad(profile, self.window_ - 1, constant_values=-np.inf)
        return np.asarray(windows.sliding(padded, self.window_).max(axis=1))

    def _left_out(self) -> FloatMatrix:
        """Return each training row's distances to windows that are apart from its own."""
        columns = self.training_.astype(np.float64)
        width = self.window_
        # Neighbours in time resemble each other more than rows to come will resemble either.
        apart = max(width - 1, min(_APART * width, columns.shape[1] // _APART_SHARE))
        found = [
            self._to_rows(self_join(values, width, apart)[0] / np.sqrt(width))
            for values in columns
        ]
        return np.stack(found, axis=1)

    def _distances(self, X: FloatMatrix) -> FloatMatrix:
        """Return each column's distance at each row, (n_rows, n_columns)."""
        if len(X) < self.window_:
            return np.tile(self.usual_, (len(X), 1))
        references = self.training_.astype(np.float64)
        found = [
            self._to_rows(self._profile(values, known))
            for values, known in zip(self._prepared(X), references, strict=True)
        ]
        return np.stack(found, axis=1)

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        """Score rows; where they are fewer than a window, they score as usual rows do."""
        return np.asarray(np.sqrt(self._contributions(X).mean(axis=1)))

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        return np.asarray((self._distances(X) / self.unit_) ** 2)

    @override
    def _calibration_scores(self, X: FloatMatrix) -> FloatVector:
        out = np.full(len(X), np.nan)
        known = (self._left_out() / self.unit_) ** 2
        out[len(X) - len(known) :] = np.sqrt(known.mean(axis=1))
        return out

    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        own: dict[str, NDArray[Any]] = {
            "window": np.array(self.window_, np.int64),
            "training": self.training_,
            "unit": self.unit_,
            "usual": self.usual_,
        }
        return own | self._scale.state()

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._scale = RobustScale.restore(state)
        self.window_ = int(state["window"])
        self.training_ = np.asarray(state["training"], np.float32)
        self.unit_ = np.asarray(state["unit"])
        self.usual_ = np.asarray(state["usual"])


def _fits(part: slice, width: int) -> bool:
    return int(part.stop) - int(part.start) >= width


def _shared_period(columns: FloatMatrix) -> int:
    """Return the median of the columns' periods, or the usual window; 24 fit the rows.

    With fewer windows to choose from, a row left out of training lies much further from the
    nearest one than a new row does, and calibration would be blind.
    """
    most = max(columns.shape[1] // _ENOUGH_WINDOWS, 4)
    longest = min(most, _LONGEST)
    periods = [windows.dominant_period(values, _SHORTEST, longest) for values in columns]
    found = [period for period in periods if period is not None]
    return int(min(np.median(found) if found else _USUAL, most))
