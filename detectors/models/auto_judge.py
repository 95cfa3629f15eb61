"""What windows say in all views, and how it comes to the rows that they cover."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from detectors.models.auto_joint import JointWindow
from detectors.models.auto_shapes import SHAPE_WEIGHT, ShapeViews
from detectors.models.auto_views import SensorViews, joined, whole_windows
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]
    Starts = NDArray[np.int64]

FLOORS = (0.2, 0.2, 0.2, 0.5, 0.2, 0.2)
"""Least usual distance of the raw, level-free, shape and summary view of the short window, and
of the level-free and shape view of the long one."""
JOINT_FLOOR = 0.2

_SHORT, _LONG = slice(0, 4), slice(4, 6)
_SHAPES = [2, 5]


class Verdicts(NamedTuple):
    """What the windows of one width say.

    Attributes
    ----------
    squares
        Sum over views of log(1 + distance / usual)², (n_sensors, n_windows); 0 where not
        judged.
    judged
        Where a sensor could be judged; None if everywhere.
    width
        Rows of a window.
    weight
        Weight of all views together.
    """

    squares: Floats
    judged: Mask | None
    width: int
    weight: float

    def of_rows(self, later: int | None = None) -> FloatMatrix:
        """Return (weighted squares, weights) a row, summed over sensors and windows.

        Parameters
        ----------
        later
            Count only windows that end at most so many rows after the row.
        """
        total = self.squares.sum(axis=0, dtype=np.float64)
        sensors = np.full(len(total), float(len(self.squares)))
        if self.judged is not None:
            sensors = self.judged.sum(axis=0, dtype=np.float64)
        return spread(np.stack([total, self.weight * sensors]), self.width, later)

    def of_cells(self) -> FloatMatrix:
        """Return the weighted squares a sensor and row, summed over windows."""
        return spread(self.squares, self.width)


@dataclass(frozen=True)
class Judge:
    """What windows are compared with.

    Attributes
    ----------
    views
        Reference windows of each sensor.
    joint
        Components of the sensors together; None for a single sensor.
    shapes
        All windows of a single sensor, whose nearest in shape takes the place of that among
        the reference windows; None for several.
    usual
        What distances are divided by, (7, n_sensors).
    widths
        Rows of the short, long and joint window.
    joint_weight
        Weight of the joint view.
    """

    views: SensorViews
    joint: JointWindow | None
    shapes: ShapeViews | None
    usual: FloatMatrix
    widths: tuple[int, int, int]
    joint_weight: float

    def verdicts(self, columns: Floats, missing: Mask | None, count: int) -> Iterator[Verdicts]:
        """Judge the first `count` windows of every width, or as many as fit.

        Parameters
        ----------
        columns
            Sensors × rows, scaled, without NaN.
        missing
            Readings that are not there; None if all are.
        count
            Windows to judge.
        """
        short, long, joint = self.widths
        rows, weights = columns.shape[1], view_weights(self.shapes)
        for width, method, views in (
            (short, self.views.short, _SHORT),
            (long, self.views.long, _LONG),
        ):
            starts = np.arange(min(count, rows - width + 1))
            if not len(starts):
                continue
            squares = np.empty((len(columns), len(starts)), np.float32)
            for sensor, x in enumerate(columns):
                usual = self.usual[views, sensor, None]
                found = _surprise(method(sensor, x, starts), usual)
                squares[sensor] = (weights[views, None] * found).sum(axis=0)
            yield self._masked(squares, missing, width, float(weights[views].sum()))
        starts = np.arange(min(count, rows - joint + 1))
        if self.joint is not None and len(starts):
            known = None if missing is None else whole_windows(missing, joint)[:, starts]
            cut = joined(columns, starts, joint)
            rest = self.joint.residuals(cut, len(columns), known)
            squares = self.joint_weight * _surprise(rest, self.usual[-1][:, None])
            yield self._masked(squares, missing, joint, self.joint_weight)
        yield from self._verdicts_on_shapes(columns, missing, count)

    def _verdicts_on_shapes(
        self, columns: Floats, missing: Mask | None, count: int
    ) -> Iterator[Verdicts]:
        if self.shapes is None:
            return
        for number, width in enumerate(self.shapes.widths):
            rows = min(count + width - 1, columns.shape[1])
            if rows >= width:
                logs = np.log1p(self.shapes.ratios(columns[0, :rows], number))[None]
                squares = np.float32(SHAPE_WEIGHT) * logs * logs
                yield self._masked(squares, missing, width, SHAPE_WEIGHT)

    @staticmethod
    def _masked(squares: Floats, missing: Mask | None, width: int, weight: float) -> Verdicts:
        judged = None if missing is None else whole_windows(missing, width)
        without_references = np.isnan(squares[:, 0])
        if judged is None and without_references.any():
            judged = np.ones(squares.shape, bool)
        if judged is not None:
            judged = judged[:, : squares.shape[1]] & ~without_references[:, None]
            squares = np.where(judged, squares, np.float32(0))
        return Verdicts(squares, judged, width, weight)


def view_weights(shapes: ShapeViews | None) -> Floats:
    """Return the weights of the six views of reference windows."""
    weights = np.ones(len(FLOORS), np.float32)
    if shapes is not None:
        weights[_SHAPES] = 0.0
    return weights


def add_to_rows(
    sums: FloatMatrix, first: int, found: FloatMatrix, width: int, later: int | None = None
) -> None:
    """Add sums over windows as means over the windows that cover a row, from row `first` on."""
    rows = np.arange(first, first + found.shape[1])
    count = np.maximum(covering(rows, sums.shape[1], width, later), 1.0)
    sums[:, first : first + len(rows)] += found / count


def covering(
    rows: NDArray[np.int64], n_rows: int, width: int, later: int | None = None
) -> FloatVector:
    """Return how many windows cover each of some rows, of all that fit into `n_rows`.

    With `later`, of those that end at most so many rows after the row.
    """
    newest = np.minimum(rows - _youngest(width, later), n_rows - width)
    oldest = np.maximum(rows - width + 1, 0)
    return np.asarray(newest - oldest + 1, np.float64)


def _youngest(width: int, later: int | None) -> int:
    """Return how many rows before a row a window begins at least."""
    return 0 if later is None else max(width - 1 - later, 0)


def spread(
    values: NDArray[np.floating[Any]], width: int, later: int | None = None
) -> FloatMatrix:
    """Return for each row the sum over the windows that cover it.

    Parameters
    ----------
    values
        Some vectors over windows, (m, n_windows).
    width
        Rows a window.
    later
        Leave out windows that end more than so many rows after the row.

    Returns
    -------
    ndarray of shape (m, n_windows + width - 1)
        Summed one by one in a fixed order: windows elsewhere do not matter, not even by
        rounding.
    """
    count = values.shape[1]
    out = np.zeros((len(values), count + width - 1))
    for offset in range(_youngest(width, later), width):
        out[:, offset : offset + count] += values
    return out


def _surprise(distances: Floats, usual: FloatMatrix) -> Floats:
    """Return log(1 + distance / usual)²."""
    logs = np.log1p(distances / usual.astype(np.float32))
    return np.asarray(logs * logs, np.float32)
