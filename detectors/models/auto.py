"""The default: every sensor's windows in six views, and all sensors' windows together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from typing_extensions import override

from detectors.base import Detector
from detectors.errors import TooLittleData
from detectors.metrics.period import dominant_period
from detectors.models.auto_choices import choices
from detectors.models.auto_columns import Sensors, filled
from detectors.models.auto_joint import JointWindow
from detectors.models.auto_judge import (
    FLOORS,
    Judge,
    Verdicts,
    add_sparse,
    add_to_rows,
    view_weights,
)
from detectors.models.auto_newest import Newest, learn_newest, left_out_newest, settling
from detectors.models.auto_shapes import SHAPE_WEIGHT, ShapeViews
from detectors.models.auto_training import Training
from detectors.models.auto_views import SensorViews
from detectors.models.parameters import require_int, require_number
from detectors.spans import fading_rows
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.base import Explain

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]

_WIDTH = 16
_LONGEST = 256
_JOINT_SIZE = 1000
_BLOCK = 4096


class Auto(Detector):
    """Distance of windows from normal ones, in several views of every sensor.

    Columns that hold only 0 and 1 are switches and left out.  Each sensor is scaled by mean
    and deviation and seen through windows of 16 rows (of one period, for a single sensor) and
    of twice as many.  Six views say how far a window is from its third-nearest among random
    training windows (from 256 on, among groups of four): as it is, with its level removed,
    with level and size removed, the last two again for the long window; the sixth is the
    Mahalanobis distance of its level, log spread and log roughness.  Several sensors are also
    looked at together: what the principal components of their joint windows leave of each.  A
    single sensor is instead compared in shape with every training window, of half the width
    too, and of a quarter where shapes so short repeat.

    A distance is divided by its 90 % quantile over four left-out parts of the training data,
    and log(1 + ratio)² is given to the rows that the window covers.  The score is the root of
    the weighted mean over windows, views and sensors, whose terms are exact contributions.

    Readings are carried over gaps of up to a window.  A sensor is not judged by windows with
    longer gaps and takes no part in the mean there; a row that no window judges scores as
    usual rows do.

    Assumes that normal running repeats itself within the training data, in shape or in level.
    Not for rows without an order in time.

    Parameters
    ----------
    window
        Rows of the short window; None takes 16, or the period (16–256) of a single sensor.
    n_references
        Training windows a sensor that are kept; None takes 1,000, or 3,000 for a single
        sensor.
    joint_weight
        Weight of the joint view, where each of the others has 1.
    quantile
        Left-out quantile that distances are divided by.
    seed
        Of the choice of windows.

    Attributes
    ----------
    widths_ : tuple of int
        Rows of the short, the long and the joint window.
    usual_ : ndarray of shape (7, n_sensors)
        What the distances of the views are divided by; the joint view is last.
    usual_score_ : float
        Score of a row that no window judges.

    References
    ----------
    Paparrizos, Kang, Boniol, Tsay, Palpanas, Franklin (2022), TSB-UAD,
    doi:10.14778/3529337.3529354, on the strength of distances between windows.

    Examples
    --------
    >>> import numpy as np
    >>> time = np.arange(1200)
    >>> noise = np.random.default_rng(0).normal(size=(1200, 2))
    >>> pump = np.sin(time / 5)[:, None] * [1.0, 3.0] + 0.05 * noise
    >>> detector = Auto().fit(pump[:800])
    >>> pump[1000:1010, 1] = pump[1000, 1]
    >>> bool(985 < detector.score(pump[800:]).argmax() + 800 < 1026)
    True
    >>> detector.contributions(pump[800:])[205].argmax()
    np.int64(1)
    """

    tags: ClassVar[Tags] = Tags(
        ordered=True,
        handles_missing=True,
        masks_columns=True,
        exact_contributions=True,
        scale_invariant=True,
        logarithmic=True,
    )
    _single_columns: ClassVar[bool] = True
    _taught: Training | None = None
    """The rows of `fit` and what was found out about them."""

    def __init__(
        self,
        window: int | None = None,
        n_references: int | None = None,
        joint_weight: float = 2.0,
        quantile: float = 0.9,
        seed: int = 0,
    ) -> None:
        self.window = window
        self.n_references = n_references
        self.joint_weight = joint_weight
        self.quantile = quantile
        self.seed = seed

    @override
    def check_parameters(self) -> None:
        if self.window is not None:
            require_int("window", self.window, 2, 100_000)
        if self.n_references is not None:
            require_int("n_references", self.n_references, 16)
        require_number("joint_weight", self.joint_weight, 0, 100, with_low=True)
        require_number("quantile", self.quantile, 0, 1)
        require_int("seed", self.seed, 0)

    @override
    def reach(self) -> tuple[int, int]:
        self._require_fitted()
        short, long, _ = self.widths_
        return (long - 1 + short, long - 1)

    @override
    def fading_rows(self) -> float:
        self._require_fitted()
        return fading_rows(self.widths_[0], len(self._sensors.used))

    # ------------------------------------------------------------------ fit
    @override
    def _fit(self, X: FloatMatrix) -> None:
        self._sensors = Sensors.learn(X)
        self.widths_ = self._widths(X)
        training = self._training(X)
        usual, typical = training.calibrated_views
        judged = np.asarray(np.isfinite(typical).all(axis=0))
        if not judged.any():
            few = f"no sensor has enough windows of {self.widths_[1]} rows without long gaps"
            raise TooLittleData(few)
        self._sensors = self._sensors.only(judged)
        training = training.only(judged)
        n_sensors = len(training.columns)
        self._views = training.kept()
        self._joint: JointWindow | None = None
        self._shapes: ShapeViews | None = None
        self.usual_ = np.vstack([usual[:, judged], np.ones(n_sensors)])
        parts = []
        if n_sensors == 1:
            self._shapes, seen = training.learn_shapes()
            parts += [] if self._shapes is None else [(SHAPE_WEIGHT, seen)]
        parts.append((1.0, typical[view_weights(self._shapes) > 0][:, judged]))
        if self._is_joint(n_sensors):
            self._joint, self.usual_[-1], seen = training.learn_joint(self.widths_[2])
            parts.append((self.joint_weight, seen))
        weights = sum(weight * part.size for weight, part in parts)
        sums = sum(weight * part.sum() for weight, part in parts)
        self.usual_score_ = float(np.sqrt(sums / weights))
        self._taught = training
        self.__dict__.pop("_newest", None)

    @cached_property
    def _newest(self) -> Newest | None:
        """Learned when it is first asked for: final scores do without."""
        if self._taught is None:
            return None
        return learn_newest(self._taught, self._views, self._joint, self.joint_weight)

    def _widths(self, X: FloatMatrix) -> tuple[int, int, int]:
        """Choose the windows by the training rows."""
        columns = self._sensors.apply(X)
        most = max(2, len(X) // 4)
        width = self.window or _WIDTH
        if self.window is None and len(columns) == 1:
            values, _ = filled(columns, len(X))
            width = int(np.clip(dominant_period(values[0]), _WIDTH, _LONGEST))
        short = min(width, most)
        joint = int(np.clip(_JOINT_SIZE // len(columns), 1, short))
        return (short, min(2 * width, most), joint)

    def _training(self, X: FloatMatrix) -> Training:
        columns, missing = filled(self._sensors.apply(X), self.widths_[0])
        rules = (self.widths_, self.n_references, self.quantile, self.seed)
        return Training(columns, missing, *rules)

    @override
    def _choices(self, X: FloatMatrix) -> dict[str, Any]:
        joint = self._joint is not None
        return choices(X, self._sensors, self.widths_, self._shapes, joint=joint)

    # ------------------------------------------------------------------ score
    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        return self._row_scores(X)

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        return np.asarray(self._score_and_explain(X)[1](np.arange(len(X))))

    @override
    def _score_and_explain(self, X: FloatMatrix) -> tuple[FloatVector, Explain]:
        sums, cells = np.zeros((2, len(X))), np.zeros((len(self._sensors.used), len(X)))
        for first, verdicts in self._verdicts(X):
            add_to_rows(sums, first, verdicts.of_rows(), verdicts.width)
            add_to_rows(cells, first, verdicts.of_cells(), verdicts.width)

        def explain(rows: NDArray[np.int64]) -> FloatMatrix:
            out = np.zeros((len(rows), X.shape[1]))
            out[:, self._sensors.used] = cells[:, rows].T
            return out

        return self._means(sums), explain

    @override
    def _calibration_scores(self, X: FloatMatrix) -> FloatVector:
        training = self._left_out_of(X)
        judge, columns, missing = self._judge(), training.columns, training.missing
        verdicts = [*judge.of_views(training.distances, training.starts, len(X), missing)]
        if self._joint is not None:
            found = training.residuals(self.widths_[2])
            verdicts.append(judge.of_joint(found, training.starts, missing))
        if self._shapes is not None:
            folds = training.short_folds()
            for fold in folds:
                others = training.left_out_shapes(fold, self._shapes.usual)
                stop = len(X) if fold is folds[-1] else fold.high
                own = replace(judge, shapes=others)
                verdicts += own.of_shapes(columns, missing, fold.low, stop)
        sums = np.zeros((2, len(X)))
        for one in verdicts:
            add_sparse(sums, one)
        return self._means(sums)

    def _left_out_of(self, X: FloatMatrix) -> Training:
        """Return training rows: those of `fit`, and what it found out, if it was on these."""
        training = self._training(X)
        if self._taught is not None and self._taught.is_of(training):
            return self._taught
        return training

    def _judge(self) -> Judge:
        learned = self._views, self._joint, self._shapes
        return Judge(*learned, self.usual_, self.widths_, self.joint_weight)

    def _row_scores(self, X: FloatMatrix, later: int | None = None) -> FloatVector:
        sums = np.zeros((2, len(X)))
        for first, verdicts in self._verdicts(X):
            add_to_rows(sums, first, verdicts.of_rows(later), verdicts.width, later)
        return self._means(sums)

    def _means(self, sums: FloatMatrix) -> FloatVector:
        judged = sums[1] > 0
        mean = np.divide(sums[0], sums[1], out=np.zeros(sums.shape[1]), where=judged)
        return np.where(judged, np.sqrt(mean), self.usual_score_)

    def _verdicts(self, X: FloatMatrix) -> Iterator[tuple[int, Verdicts]]:
        """Yield what blocks of windows say, each with its first row."""
        short, long, _ = self.widths_
        judge = self._judge()
        for first in range(0, len(X), _BLOCK):
            stop = min(first + _BLOCK, len(X))
            # Readings before the block may be carried into it.
            before = min(first, short)
            rows = X[first - before : stop + long - 1]
            columns, missing = filled(self._sensors.apply(rows), short)
            missing = None if missing is None else missing[:, before:]
            columns = np.ascontiguousarray(columns[:, before:])
            for verdicts in judge.verdicts(columns, missing, stop - first):
                yield first, verdicts

    # ------------------------------------------------------------------ live
    @override
    def has_live_form(self) -> bool:
        self._require_fitted()
        return self._newest is not None

    @override
    def live_reach(self) -> int:
        self._require_fitted()
        return 2 * self.widths_[0] - 1

    @override
    def _score_live(self, X: FloatMatrix, later: int) -> FloatVector:
        newest = self._live_scores(X)
        if later == 0:
            return newest
        covering = self._row_scores(X, later)
        return settling(newest, covering, later, self.reach()[1])

    @override
    def _live_contributions(self, X: FloatMatrix) -> FloatMatrix:
        out = np.zeros(X.shape)
        for rows, sums, _ in self._newest_sums(X):
            out[rows, self._sensors.used] = sums.T
        return out

    @override
    def _live_calibration_scores(self, X: FloatMatrix) -> FloatVector:
        training = self._left_out_of(X)
        if self._newest is None:
            return np.full(len(X), np.nan)
        found = left_out_newest(training, self._joint is not None)
        return self._live_means(*self._newest.sums(found))[training.newest.source]

    def _live_scores(self, X: FloatMatrix) -> FloatVector:
        out = np.empty(len(X))
        for rows, sums, weights in self._newest_sums(X):
            out[rows] = self._live_means(sums, weights)
        return out

    def _live_means(self, sums: FloatMatrix, weights: FloatMatrix) -> FloatVector:
        total, weight = np.zeros((2, sums.shape[1]))
        for sensor, own in zip(sums, weights, strict=True):
            total += sensor  # one by one: a row alone is rounded as among others
            weight += own
        mean = np.divide(total, weight, out=np.zeros(len(total)), where=weight > 0)
        usual = self._newest.usual_score if self._newest else 0.0
        return np.where(weight > 0, np.sqrt(mean), usual)

    def _newest_sums(self, X: FloatMatrix) -> Iterator[tuple[slice, FloatMatrix, FloatMatrix]]:
        """Yield rows, and what `Newest.sums` returns for them, in blocks of bounded size."""
        if self._newest is None:
            return
        for first in range(0, len(X), _BLOCK):
            stop = min(first + _BLOCK, len(X))
            before = min(first, self.live_reach())
            scaled = self._sensors.apply(X[first - before : stop])
            columns, missing = filled(scaled, self.widths_[0])
            rows = np.arange(before, before + stop - first)
            found = self._newest.distances(columns, missing, rows)
            yield slice(first, stop), *self._newest.sums(found)

    # ------------------------------------------------------------------ state
    def __getstate__(self) -> dict[str, Any]:
        if self._taught is None:
            return self.__dict__
        return self.__dict__ | {"_newest": self._newest, "_taught": None}

    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        own = {
            "joint_width": np.array(self.widths_[2], np.int64),
            "usual": self.usual_,
            "usual_score": np.array(self.usual_score_),
        }
        for part in (self._sensors, self._views, self._joint, self._shapes, self._newest):
            own |= {} if part is None else part.state()
        return own

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._sensors = Sensors.restore(state)
        self._views = SensorViews.restore(state)
        self.widths_ = (*self._views.widths, int(state["joint_width"]))
        self.usual_ = np.asarray(state["usual"])
        self.usual_score_ = float(state["usual_score"])
        self._joint = self._shapes = self._taught = None
        if self._is_joint(len(self._sensors.used)):
            self._joint = JointWindow.restore(state)
        if "shape_series" in state:
            self._shapes = ShapeViews.restore(state, self._views.widths)
        self._newest = Newest.restore(state, self._views, self._joint, self.joint_weight)
        if self.usual_.shape != (len(FLOORS) + 1, len(self._sensors.used)):
            raise ValueError(f"usual distances of shape {self.usual_.shape}")

    def _is_joint(self, n_sensors: int) -> bool:
        return n_sensors > 1 and self.joint_weight > 0
