"""The newest windows: how unusual a row is by what is known when it arrives.

A window that ends at a row says less of it than one that goes on: when a fault begins, most of
such a window is still normal, and when it has ended, most of it is not normal yet.  So later
rows of a window count more, by ``exp(-age / (width / 4))``, and windows of half the width and
joint windows of four rows are looked at besides.  No window is spread over the rows before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from detectors.kernels.views import Windows, centred_windows, nearest_views
from detectors.models.auto_folds import calibrated
from detectors.models.auto_joint import JointWindow
from detectors.models.auto_training import Training
from detectors.models.auto_views import FEWEST, SensorViews, joined, whole_windows
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]
    Starts = NDArray[np.int64]

_TAPER = 0.25
_QUICK_ROWS = 4
_FLOOR = 0.2
_VIEWS = 3
"""As it is, with its level removed, with level and size removed."""


@dataclass(frozen=True)
class Newest:
    """What the newest windows are compared with.

    Attributes
    ----------
    views
        Reference windows of each sensor.
    joints
        Components of short and of longer joint windows; none for a single sensor.
    joint_weight
        Weight of each of them, where each of the other views has 1.
    usual
        What distances are divided by, (6 + number of joints, n_sensors): three views of the
        half and of the whole window, then the joint ones.
    usual_score
        Score of a row that no window judges.
    """

    views: SensorViews
    joints: tuple[JointWindow, ...]
    joint_weight: float
    usual: FloatMatrix
    usual_score: float

    @property
    def widths(self) -> tuple[int, int]:
        """Rows of the half and of the whole window."""
        short = self.views.widths[0]
        return (max(2, short // 2), short)

    @cached_property
    def _normal(self) -> list[tuple[Windows, ...] | None]:
        return [self._prepared(sensor) for sensor in range(len(self.views.series))]

    def _prepared(self, sensor: int) -> tuple[Windows, ...] | None:
        starts = self.views.starts[self.views.known[sensor]]
        if len(starts) < FEWEST:
            return None
        x = self.views.series[sensor]
        return tuple(centred_windows(x, starts, _taper(width)) for width in self.widths)

    def sums(self, columns: Floats, missing: Mask | None) -> tuple[FloatMatrix, FloatMatrix]:
        """Judge rows by the windows that end at them.

        Parameters
        ----------
        columns, missing
            As `filled` returns them.

        Returns
        -------
        squares, weights
            Weighted log(1 + distance / usual)², summed over views, and the weights of the
            views that could judge; both (n_sensors, n_rows).
        """
        sums, weights = np.zeros((2, *columns.shape))
        for width, weight, first, distances in self._distances(columns, missing, None):
            whole = None if missing is None else whole_windows(missing, width)
            for found, usual in zip(distances, self.usual[first:], strict=False):
                logs = np.log1p(found / usual[:, None])
                judged = np.isfinite(found) if whole is None else whole & np.isfinite(found)
                sums[:, width - 1 :] += np.where(judged, weight * logs * logs, 0.0)
                weights[:, width - 1 :] += weight * judged
        return sums, weights

    def left_out_distances(
        self, columns: Floats, missing: Mask | None, starts: Starts
    ) -> FloatMatrix:
        """Return distances of the windows that begin at `starts`, (n_views, n_sensors, n).

        NaN where readings are missing.
        """
        found = []
        for width, _, _, distances in self._distances(columns, missing, starts):
            rest = np.asarray(distances, np.float64)
            if missing is not None:
                rest[:, ~whole_windows(missing, width)[:, starts]] = np.nan
            found.append(rest)
        return np.concatenate(found)

    def _distances(
        self, columns: Floats, missing: Mask | None, starts: Starts | None
    ) -> Iterator[tuple[int, float, int, Floats]]:
        """Yield width, weight of a view, number of the first, and their distances.

        Distances have the shape (n_views, n_sensors, n_windows), of the windows that begin at
        `starts`, or of all.
        """
        rows = columns.shape[1]
        for scale, width in enumerate(self.widths):
            if rows < width:
                continue
            at = np.arange(rows - width + 1) if starts is None else starts
            found = np.full((_VIEWS, len(columns), len(at)), np.nan, np.float32)
            for sensor, x in enumerate(columns):
                normal = self._normal[sensor]
                if normal is not None:
                    queries = centred_windows(x, at, _taper(width))
                    found[:, sensor] = nearest_views(normal[scale], queries)
            yield width, 1.0, scale * _VIEWS, found
        for number, joint in enumerate(self.joints):
            width = len(joint.mean) // len(columns)
            if rows < width:
                continue
            at = np.arange(rows - width + 1) if starts is None else starts
            known = None if missing is None else whole_windows(missing, width)[:, at]
            cut = joined(columns, at, width)
            rest = joint.residuals(cut, len(columns), known)
            yield width, self.joint_weight, 2 * _VIEWS + number, rest[None]

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that `restore` takes, but for the views and the longer joint."""
        quick = self.joints[0].state("newest_") if self.joints else {}
        score = np.array(self.usual_score)
        return {"newest_usual": self.usual, "newest_usual_score": score} | quick

    @classmethod
    def restore(
        cls,
        state: Mapping[str, NDArray[Any]],
        views: SensorViews,
        joint: JointWindow | None,
        joint_weight: float,
    ) -> Self | None:
        """Rebuild from `state`; None where a model was learned before there was one."""
        if not any(name.startswith("newest_") for name in state):
            return None
        joints = () if joint is None else (JointWindow.restore(state, "newest_"), joint)
        usual = np.asarray(state["newest_usual"], np.float64)
        if usual.shape != (2 * _VIEWS + len(joints), len(views.series)):
            raise ValueError(f"usual distances of newest windows of shape {usual.shape}")
        return cls(views, joints, joint_weight, usual, float(state["newest_usual_score"]))


def learn_newest(
    training: Training, views: SensorViews, joint: JointWindow | None, joint_weight: float
) -> Newest:
    """Calibrate the distances of newest windows by leaving folds out.

    Parameters
    ----------
    training
        The rows.
    views, joint
        What new rows are compared with.
    joint_weight
        Weight of a joint view.
    """
    columns, missing = training.columns, training.missing
    models = left_out_newest(training, joint, joint_weight)
    distances = [
        model.left_out_distances(columns, missing, training.sample(fold))
        for model, fold in zip(models, training.folds(), strict=True)
    ]
    found = np.concatenate(distances, axis=2)
    usual, typical = calibrated(found, training.quantile, np.full(len(found), _FLOOR))
    weights = np.r_[np.ones(2 * _VIEWS), np.full(len(found) - 2 * _VIEWS, joint_weight)]
    score = float(np.sqrt(np.average(np.nanmean(typical, axis=1), weights=weights)))
    joints: tuple[JointWindow, ...] = ()
    if joint is not None:
        joints = (training.joint_models(_quick(training))[-1], joint)
    return Newest(views, joints, joint_weight, usual, score)


def left_out_newest(
    training: Training,
    joint: JointWindow | None,
    joint_weight: float,
    learned: Newest | None = None,
) -> Iterator[Newest]:
    """Yield for each fold what its windows are compared with, which shares no row with it.

    Parameters
    ----------
    training, joint, joint_weight
        As for `learn_newest`.
    learned
        What distances are divided by; 1 if not given.
    """
    shape = (2 * _VIEWS + (0 if joint is None else 2), len(training.columns))
    usual = np.ones(shape) if learned is None else learned.usual
    score = 0.0 if learned is None else learned.usual_score
    joints: list[tuple[JointWindow, ...]] = [()] * len(training.folds())
    if joint is not None:
        widths = (_quick(training), training.widths[2])
        quick, whole = (training.joint_models(width) for width in widths)
        joints = list(zip(quick, whole, strict=True))
    for fold in training.folds():
        views = training.left_out(fold)
        yield Newest(views, joints[fold.number], joint_weight, usual, score)


def _quick(training: Training) -> int:
    return min(_QUICK_ROWS, training.widths[2])


def _taper(width: int) -> Floats:
    """Return weights that add up to 1, the newest row's the greatest."""
    age = np.arange(width)[::-1]
    weights = np.exp(-age / (_TAPER * width))
    return np.asarray(weights / weights.sum(), np.float32)


def settling(newest: FloatVector, covering: FloatVector, later: int, after: int) -> FloatVector:
    """Return scores that are on their way from provisional to final.

    Parameters
    ----------
    newest
        What newest windows say of each row.
    covering
        What the windows say that cover a row and end at most `later` rows after it.
    later, after
        Rows known after each row, and rows needed until it is final.

    Returns
    -------
    ndarray of shape (n_rows,)
        Of the mean square of the highest of `newest` among the row and the `later` ones after
        it, and of `covering`, the latter with the weight later / after.
    """
    highest, reached = newest.copy(), 0
    while reached < later:
        step = min(later - reached, reached + 1)
        highest[:-step] = np.maximum(highest[:-step], highest[step:])
        reached += step
    share = later / after
    return np.asarray(np.sqrt((1.0 - share) * highest**2 + share * covering**2))
