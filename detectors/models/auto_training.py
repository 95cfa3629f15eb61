"""The training rows of `auto`: which windows are kept, and how far left-out ones lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from detectors.models.auto_folds import (
    Choice,
    Fold,
    calibrated,
    folds_of,
    short_folds_of,
    thinned,
)
from detectors.models.auto_joint import JointWindow, Moments
from detectors.models.auto_judge import FLOORS, JOINT_FLOOR
from detectors.models.auto_sample import Sample, sampled
from detectors.models.auto_shapes import ShapeViews, learn_shapes
from detectors.models.auto_views import SensorViews, joined, whole_first, whole_windows
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]
    Starts = NDArray[np.int64]

_REFERENCES_ONE, _REFERENCES_MANY = 3000, 1000
_JOINT_WINDOWS = 6000
_FEWEST_STARTS = 2000
_OVER_A_ROW = 4
_LEAST_PART, _BLOCK_WINDOWS = 4, 4
_CELLS = 50_000


@dataclass(frozen=True)
class Training:
    """Scaled training rows, and the rules by which windows of them are chosen.

    Attributes
    ----------
    columns, missing
        As `filled` returns them.
    widths
        Rows of the short, long and joint window.
    n_references
        Windows a sensor that are kept; None for the default.
    quantile
        Left-out quantile that distances are divided by.
    seed
        Of every choice.
    found_newest
        What `left_out_newest` found, with joint windows and without.
    """

    columns: Floats
    missing: Mask | None
    widths: tuple[int, int, int]
    n_references: int | None
    quantile: float
    seed: int
    found_newest: dict[bool, Floats] = field(default_factory=dict)
    _joints: dict[int, list[JointWindow]] = field(default_factory=dict)
    _residuals: dict[int, Floats] = field(default_factory=dict)

    def only(self, kept: Mask) -> Training:
        """Return the rows of these sensors."""
        if kept.all():
            return self
        missing = None if self.missing is None else self.missing[kept]
        nothing: dict[str, Any] = {"found_newest": {}, "_joints": {}, "_residuals": {}}
        return replace(self, columns=self.columns[kept], missing=missing, **nothing)

    def folds(self, gap: int | None = None) -> list[Fold]:
        """Return the folds of the windows that are followed by a whole long one.

        Parameters
        ----------
        gap
            As for `folds_of`; the rows of a long window if not given.
        """
        long = self.widths[1]
        return folds_of(self.columns.shape[1] - long + 1, long if gap is None else gap)

    def short_folds(self) -> list[Fold]:
        """Return the folds by which windows are compared in shape with all others."""
        long = self.widths[1]
        return short_folds_of(self.columns.shape[1] - long + 1, long)

    def whole(self) -> Mask:
        """Tell which long windows of the first sensor miss nothing."""
        return whole_first(self.missing, self.columns.shape[1], self.widths[1])

    def is_of(self, other: Training) -> bool:
        """Tell whether the rows are those of another, under the same rules."""
        rules = ("widths", "n_references", "quantile", "seed")
        if any(getattr(self, rule) != getattr(other, rule) for rule in rules):
            return False
        if self.missing is None or other.missing is None:
            same = self.missing is other.missing
        else:
            same = np.array_equal(self.missing, other.missing)
        return same and np.array_equal(self.columns, other.columns)

    # ------------------------------------------------------------------ windows left out
    @cached_property
    def starts(self) -> Starts:
        """First rows of the windows that are left out to see how far they lie.

        Neighbours say nearly the same: of many windows, as many as leave four over each row.
        """
        count = self.folds()[-1].high
        step = np.clip(count // _FEWEST_STARTS, 1, max(self.widths[0] // _OVER_A_ROW, 1))
        return np.unique(np.r_[np.arange(0, count, step), count - 1])

    def starts_in(self, fold: Fold) -> Starts:
        """Return those of `starts` that are of a fold."""
        return self.starts[slice(*np.searchsorted(self.starts, [fold.low, fold.high]))]

    @cached_property
    def newest(self) -> Sample:
        """Which rows are judged live by what was learned without them.

        Of many rows of many sensors a quarter, and those where the windows lie farthest.
        """
        count, length = self.columns.shape[1], _BLOCK_WINDOWS * self.widths[0]
        most = min(count // _FEWEST_STARTS, count * len(self.columns) // _CELLS)
        part = int(np.clip(most, 1, _LEAST_PART))
        strain = np.zeros(count // length + 1)
        if part > 1:
            usual = self.calibrated_views[0][:, :, None].astype(np.float32)
            squares = np.log1p(self.distances / usual) ** 2
            # Where a short window has ended, and a long one has not.
            ends = self.starts + self.widths[0]
            np.maximum.at(strain, ends // length, np.nansum(squares, axis=(0, 1)))
        whole = strain[: count // length]
        return sampled(count, part, length, whole, (self.seed, Choice.NEWEST))

    # ------------------------------------------------------------------ windows that are kept
    def kept(self) -> SensorViews:
        """Return the references that new rows are compared with."""
        return self._references(self._as_many(self.folds()), -1).compact()

    def left_out(self, fold: Fold) -> SensorViews:
        """Return references that share no row with a fold."""
        return self._references(fold.others, fold.number)

    def _as_many(self, folds: Sequence[Fold]) -> Starts:
        """Return starts of windows, as many as left-out windows are compared with.

        With more references than those, new rows would always look better than left-out ones.
        """
        others = int(np.mean([len(fold.others) for fold in folds]))
        return self._thinned(np.arange(folds[-1].high), others, Choice.AS_MANY)

    def _references(self, allowed: Starts, fold: int) -> SensorViews:
        most = self.n_references
        if most is None:
            most = _REFERENCES_ONE if len(self.columns) == 1 else _REFERENCES_MANY
        starts = self._thinned(allowed, most, Choice.REFERENCES, fold)
        return SensorViews.pick(self.columns, self.missing, starts, self.widths[:2])

    def _thinned(self, starts: Starts, most: int, choice: Choice, fold: int = -1) -> Starts:
        return thinned(starts, most, (self.seed, choice, fold + 1))

    # ------------------------------------------------------------------ views
    @cached_property
    def distances(self) -> Floats:
        """Distances of windows from those of other folds, (6, n_sensors, n_starts)."""
        found = [
            self.left_out(fold).distances(self.columns, self.starts_in(fold))
            for fold in self.folds()
        ]
        return np.concatenate(found, axis=2)

    @cached_property
    def calibrated_views(self) -> tuple[FloatMatrix, FloatMatrix]:
        """`calibrated` for the views of each sensor, both (6, n_sensors)."""
        found = self.distances
        if self.missing is not None:
            known = whole_windows(self.missing, self.widths[1])[:, self.starts]
            found = np.where(known, found, np.float32(np.nan))
        return calibrated(found, self.quantile, np.array(FLOORS))

    # ------------------------------------------------------------------ shapes
    def learn_shapes(self) -> tuple[ShapeViews | None, FloatMatrix]:
        """Return what `learn_shapes` finds for the first sensor."""
        folds, widths = self.short_folds(), self.widths[:2]
        starts = self._as_many(folds)
        return learn_shapes(self.columns[0], self.whole(), starts, folds, widths, self.quantile)

    def left_out_shapes(self, fold: Fold, usual: FloatVector) -> ShapeViews:
        """Return all windows that share no row with a fold."""
        others = fold.others[self.whole()[fold.others]]
        return ShapeViews.pick(self.columns[0], others, self.widths[:2], usual)

    # ------------------------------------------------------------------ joint windows
    def joint_models(self, width: int) -> list[JointWindow]:
        """Return components learned without each fold, and last those of everything."""
        if width not in self._joints:
            self._joints[width] = self._learned_joints(width)
        return self._joints[width]

    def _learned_joints(self, width: int) -> list[JointWindow]:
        parts, folds = [], self.folds(width)
        most = _JOINT_WINDOWS // len(folds)
        for fold in folds:
            # Without its edges a fold shares no row with its neighbours.
            inner = fold.own[width:-width] if len(fold.own) > 4 * width else fold.own
            starts = self._thinned(inner, most, Choice.JOINT, fold.number)
            parts.append(Moments.of(joined(self.columns, starts, width)))
        others = [[*parts[:number], *parts[number + 1 :]] for number in range(len(parts))]
        return [JointWindow.learn(Moments.joined(chosen)) for chosen in [*others, parts]]

    def residuals(self, width: int) -> Floats:
        """Return what components learned without it leave of each window.

        Returns
        -------
        ndarray of shape (n_sensors, n_starts)
            A sensor's is NaN where its readings are missing.
        """
        if width not in self._residuals:
            known = None if self.missing is None else whole_windows(self.missing, width)
            found = []
            for fold, without in zip(self.folds(width), self.joint_models(width), strict=False):
                starts = self.starts_in(fold)
                there = None if known is None else known[:, starts]
                cut = joined(self.columns, starts, width)
                rest = without.residuals(cut, len(self.columns), there)
                nothing = np.float32(np.nan)
                found.append(rest if there is None else np.where(there, rest, nothing))
            self._residuals[width] = np.concatenate(found, axis=1)
        return self._residuals[width]

    def learn_joint(self, width: int) -> tuple[JointWindow, FloatVector, FloatVector]:
        """Learn the components; with them, `calibrated` for each sensor's residual."""
        distances = self.residuals(width)[None]
        usual, typical = calibrated(distances, self.quantile, np.array([JOINT_FLOOR]))
        return self.joint_models(width)[-1], usual[0], typical[0]
