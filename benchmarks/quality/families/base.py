"""What rivals share: they are never kept; windows of all columns; columns one by one."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from typing_extensions import override

from detectors import metrics
from detectors.base import Detector
from detectors.errors import DetectorError
from detectors.tags import Tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from detectors.validation import FloatMatrix, FloatVector

_WIDTH, _LONGEST = 16, 256
_MOST_WINDOWS = 2000
_UNIT_QUANTILE, _UNIT_FLOOR = 0.9, 1e-6


class Rival(Detector):
    """A rival is never kept."""

    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        raise DetectorError("a rival is measured, not kept.")

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        raise DetectorError("a rival is measured, not kept.")

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        return np.full(X.shape, 1.0 / X.shape[1])


class Scaled(Rival):
    """A rival that sees columns by mean and deviation, and windows as `auto` chooses them.

    Windows have 16 rows, or one period (16 to 256 rows) of a single column.  Columns that hold
    one value in training are left out; `_is_used` may leave out more.
    """

    tags: ClassVar[Tags] = Tags(ordered=True)

    @override
    def reach(self) -> tuple[int, int]:
        return self._halves()

    def _halves(self) -> tuple[int, int]:
        """Return the rows of a window before and after its middle."""
        return (self._width // 2, self._width - self._width // 2 - 1)

    def _is_used(self, X: FloatMatrix) -> NDArray[np.bool_]:
        """Return which columns are looked at."""
        return np.asarray(X.std(axis=0) > 0)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        self._used = self._is_used(X)
        self._centre, self._spread = X.mean(axis=0)[self._used], X.std(axis=0)[self._used]
        width = _WIDTH
        if X.shape[1] == 1:
            width = int(np.clip(metrics.dominant_period(X[:, 0]), _WIDTH, _LONGEST))
        self._width = max(4, min(width, len(X) // 4))
        self._learn(self._scaled(X))

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        if len(X) < self._width:
            return np.zeros(len(X))
        return np.nan_to_num(self._judge(self._scaled(X)))

    def _scaled(self, X: FloatMatrix) -> FloatMatrix:
        if not self._used.any():
            return np.zeros((len(X), 1))
        return np.asarray((X[:, self._used] - self._centre) / self._spread)

    def _around(self, of_windows: FloatVector) -> FloatVector:
        """Give each row the score of the window around it."""
        return np.pad(of_windows, self._halves(), mode="edge")

    @abstractmethod
    def _learn(self, Z: FloatMatrix) -> None:
        """Learn scaled rows."""

    @abstractmethod
    def _judge(self, Z: FloatMatrix) -> FloatVector:
        """Return the scores of scaled rows, at least a window of them."""


class Windowed(Scaled):
    """A model with ``fit`` and ``decision_function`` on windows of all columns side by side.

    It learns 2,000 windows at most, spread evenly.
    """

    @abstractmethod
    def _made(self) -> Any:
        """Return the model, not fitted."""

    @override
    def _learn(self, Z: FloatMatrix) -> None:
        self._model = self._made()
        self._model.fit(spread_evenly(self._windows(Z)))

    @override
    def _judge(self, Z: FloatMatrix) -> FloatVector:
        return self._around(self._model.decision_function(self._windows(Z)))

    def _windows(self, Z: FloatMatrix) -> FloatMatrix:
        cut = np.lib.stride_tricks.sliding_window_view(Z, self._width, axis=0)
        return np.ascontiguousarray(cut.reshape(len(cut), -1))


class ByColumn(Scaled):
    """A method for a single series, given each column by itself.

    Columns that hold only 0 and 1 are left out, as `auto` leaves them out.  A column's scores
    are divided by their 90 % quantile over the training rows; a row's score is the root mean
    square of its columns'.
    """

    @override
    def _is_used(self, X: FloatMatrix) -> NDArray[np.bool_]:
        switches = np.isin(X, (0.0, 1.0)).all(axis=0)
        return np.asarray((X.std(axis=0) > 0) & ~switches)

    @override
    def _learn(self, Z: FloatMatrix) -> None:
        self._models = [self._learn_column(z) for z in np.ascontiguousarray(Z.T)]
        known = self._of_columns(Z)
        self._unit = np.maximum(np.quantile(known, _UNIT_QUANTILE, axis=1), _UNIT_FLOOR)

    @override
    def _judge(self, Z: FloatMatrix) -> FloatVector:
        ratios = self._of_columns(Z) / self._unit[:, None]
        return np.asarray(np.sqrt((ratios**2).mean(axis=0)))

    def _of_columns(self, Z: FloatMatrix) -> FloatMatrix:
        columns = np.ascontiguousarray(Z.T)
        judged = zip(self._models, columns, strict=True)
        return np.nan_to_num([self._judge_column(model, z) for model, z in judged])

    @abstractmethod
    def _learn_column(self, z: FloatVector) -> Any:
        """Return what is learned of a scaled column."""

    @abstractmethod
    def _judge_column(self, model: Any, z: FloatVector) -> FloatVector:
        """Return a score a row of a scaled column."""


def spread_evenly(rows: FloatMatrix, most: int = _MOST_WINDOWS) -> FloatMatrix:
    """Return at most so many rows, spread evenly."""
    return np.asarray(rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(int)])
