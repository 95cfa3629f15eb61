"""The newest windows: how unusual a row is by what is known when it arrives.

A window that ends at a row says less of it than one that goes on: when a fault begins, most of
such a window is still normal, and when it has ended, most of it is not normal yet.  So later
rows of a window count more, by ``exp(-age / (width / 4))``, and windows of half the width and
joint windows of four rows are looked at besides.  No window is spread over the rows before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from detectors.kernels.cuts import centred_windows
from detectors.kernels.views import References, nearest_views, references
from detectors.models.auto_folds import calibrated
from detectors.models.auto_joint import JointWindow
from detectors.models.auto_training import Training
from detectors.models.auto_views import SensorViews, joined, whole_windows
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
    def _normal(self) -> tuple[References, ...]:
        series, starts, known = self.views.series, self.views.starts, self.views.known
        return tuple(
            references(centred_windows(series, starts, _taper(width)), known)
            for width in self.widths
        )

    @property
    def weights(self) -> FloatVector:
        """Weight of each view."""
        return np.append(np.ones(2 * _VIEWS), [self.joint_weight] * len(self.joints))

    def sums(self, distances: Floats) -> tuple[FloatMatrix, FloatMatrix]:
        """Judge rows by the windows that end at them.

        Parameters
        ----------
        distances
            As `distances` returns them.

        Returns
        -------
        squares, weights
            Weighted log(1 + distance / usual)², summed over views, and the weights of the
            views that could judge; both (n_sensors, n_rows).
        """
        sums, weights = np.zeros((2, *distances.shape[1:]))
        for found, usual, weight in zip(distances, self.usual, self.weights, strict=True):
            logs = np.log1p(found / usual[:, None])
            judged = np.isfinite(found)
            sums += np.where(judged, weight * logs * logs, 0.0)
            weights += weight * judged
        return sums, weights

    def distances(self, columns: Floats, missing: Mask | None, rows: Starts) -> Floats:
        """Return the distances of the windows that end at some rows.

        Parameters
        ----------
        columns, missing
            As `filled` returns them.
        rows
            Numbers of rows, ascending.

        Returns
        -------
        ndarray of shape (n_views, n_sensors, n_rows)
            NaN where readings are missing or there are not enough rows yet.
        """
        shape = (2 * _VIEWS + len(self.joints), len(columns), len(rows))
        out = np.full(shape, np.nan, np.float32)
        for width, views in self._scales(len(columns)):
            starts = rows[np.searchsorted(rows, width - 1) :] - (width - 1)
            if not len(starts):
                continue
            known = None if missing is None else whole_windows(missing, width)[:, starts]
            if views.start < 2 * _VIEWS:
                found = self._nearest(columns, starts, views.start // _VIEWS)
            else:
                joint = self.joints[views.start - 2 * _VIEWS]
                cut = joined(columns, starts, width)
                found = joint.residuals(cut, len(columns), known)[None]
            if known is not None:
                found = np.where(known, found, np.float32(np.nan))
            out[views, :, -len(starts) :] = found
        return out

    def _scales(self, n_sensors: int) -> Iterator[tuple[int, slice]]:
        """Yield the width and the views of each kind of window."""
        for scale, width in enumerate(self.widths):
            yield width, slice(scale * _VIEWS, (scale + 1) * _VIEWS)
        for number, joint in enumerate(self.joints, 2 * _VIEWS):
            yield len(joint.mean) // n_sensors, slice(number, number + 1)

    def _nearest(self, columns: Floats, starts: Starts, scale: int) -> Floats:
        """Return distances from reference windows, (3, n_sensors, n_windows)."""
        queries = centred_windows(columns, starts, _taper(self.widths[scale]))
        found = nearest_views(self._normal[scale], queries)
        found[:, ~self.views.judged] = np.nan
        return found

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
    found = left_out_newest(training, joint is not None)
    found = found[:, :, training.newest.drawn]
    usual, typical = calibrated(found, training.quantile, np.full(len(found), _FLOOR))
    joints: tuple[JointWindow, ...] = ()
    if joint is not None:
        joints = (training.joint_models(_quick(training))[-1], joint)
    newest = Newest(views, joints, joint_weight, usual, 0.0)
    score = np.sqrt(np.average(np.nanmean(typical, axis=1), weights=newest.weights))
    return replace(newest, usual_score=float(score))


def left_out_newest(training: Training, is_joint: bool) -> Floats:
    """Return the distances of newest windows from those that share no row with them.

    Returns
    -------
    ndarray of shape (n_views, n_sensors, n_rows)
        As of `Newest.distances`, of the rows of ``training.newest``.
    """
    if is_joint not in training.found_newest:
        training.found_newest[is_joint] = _left_out(training, is_joint)
    return training.found_newest[is_joint]


def _left_out(training: Training, is_joint: bool) -> Floats:
    folds, short = training.folds(), training.widths[0]
    joints: list[tuple[JointWindow, ...]] = [()] * len(folds)
    if is_joint:
        widths = (_quick(training), training.widths[2])
        quick, whole = (training.joint_models(width)[:-1] for width in widths)
        joints = list(zip(quick, whole, strict=True))
    nothing = np.empty((0, 0))
    # A row belongs to the fold in which its window begins.
    rows, ends = training.newest.rows, [fold.high + short - 1 for fold in folds[:-1]]
    parts = np.split(rows, np.searchsorted(rows, ends))
    found = [
        Newest(training.left_out(fold), own, 0.0, nothing, 0.0).distances(
            training.columns, training.missing, mine
        )
        for fold, own, mine in zip(folds, joints, parts, strict=True)
    ]
    return np.concatenate(found, axis=2)


def _quick(training: Training) -> int:
    return min(_QUICK_ROWS, training.widths[2])


@cache
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
