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
    starts
        First row of each window.
    width
        Rows of a window.
    weight
        Weight of all views together.
    """

    squares: Floats
    judged: Mask | None
    starts: Starts
    width: int
    weight: float

    def of_windows(self) -> FloatMatrix:
        """Return (weighted squares, weights) a window, summed over sensors."""
        total = self.squares.sum(axis=0, dtype=np.float64)
        sensors = np.full(len(total), float(len(self.squares)))
        if self.judged is not None:
            sensors = self.judged.sum(axis=0, dtype=np.float64)
        return np.stack([total, self.weight * sensors])

    def of_rows(self, later: int | None = None) -> FloatMatrix:
        """Return the same a row, summed over windows, of which none is left out.

        Parameters
        ----------
        later
            Count only windows that end at most so many rows after the row.
        """
        return spread(self.of_windows(), self.width, later)

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
        rows = columns.shape[1]
        starts = np.arange(min(count, rows - self.widths[0] + 1))
        if len(starts):
            # Short windows fit where long ones do not any more.
            room = self.widths[1] - self.widths[0]
            padded = np.pad(columns, ((0, 0), (0, room)), mode="edge")
            found = self.views.distances(padded, starts)
            yield from self.of_views(found, starts, rows, missing)
        starts = np.arange(min(count, rows - self.widths[2] + 1))
        if self.joint is not None and len(starts):
            known = None
            if missing is not None:
                known = whole_windows(missing, self.widths[2])[:, starts]
            cut = joined(columns, starts, self.widths[2])
            rest = self.joint.residuals(cut, len(columns), known)
            yield self.of_joint(rest, starts, missing)
        yield from self.of_shapes(columns, missing, 0, count)

    def of_views(
        self, distances: Floats, starts: Starts, rows: int, missing: Mask | None
    ) -> Iterator[Verdicts]:
        """Judge windows by their distances from the sensors' references.

        Parameters
        ----------
        distances
            In six views, (6, n_sensors, n_starts).
        starts
            First row of each short window and of the long one that it begins, ascending.
        rows
            How many there are: windows that go on beyond them are left out.
        missing
            Readings that are not there; None if all are.
        """
        weights = view_weights(self.shapes)
        for width, views in zip(self.widths[:2], (_SHORT, _LONG), strict=True):
            at = starts[: np.searchsorted(starts, rows - width, side="right")]
            if len(at):
                usual = self.usual[views, :, None]
                found = _surprise(distances[views, :, : len(at)], usual)
                squares = np.einsum("v,vsn->sn", weights[views], found)
                yield self._masked(squares, missing, at, width, float(weights[views].sum()))

    def of_joint(self, residuals: Floats, starts: Starts, missing: Mask | None) -> Verdicts:
        """Judge joint windows by what components leave of them, (n_sensors, n_starts)."""
        squares = self.joint_weight * _surprise(residuals, self.usual[-1][:, None])
        return self._masked(squares, missing, starts, self.widths[2], self.joint_weight)

    def of_shapes(
        self, columns: Floats, missing: Mask | None, first: int, stop: int
    ) -> Iterator[Verdicts]:
        """Judge the windows of a single sensor that begin in some rows by their shape."""
        if self.shapes is None:
            return
        for number, width in enumerate(self.shapes.widths):
            starts = np.arange(first, min(stop, columns.shape[1] - width + 1))
            if len(starts):
                x = columns[0, first : starts[-1] + width]
                logs = np.log1p(self.shapes.ratios(x, number))[None]
                squares = np.float32(SHAPE_WEIGHT) * logs * logs
                yield self._masked(squares, missing, starts, width, SHAPE_WEIGHT)

    @staticmethod
    def _masked(
        squares: Floats, missing: Mask | None, starts: Starts, width: int, weight: float
    ) -> Verdicts:
        judged = None if missing is None else whole_windows(missing, width)[:, starts]
        without_references = np.isnan(squares[:, 0])
        if judged is None and without_references.any():
            judged = np.ones(squares.shape, bool)
        if judged is not None:
            judged &= ~without_references[:, None]
            squares = np.where(judged, squares, np.float32(0))
        return Verdicts(squares, judged, starts, width, weight)


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


def add_sparse(sums: FloatMatrix, verdicts: Verdicts) -> None:
    """Add verdicts of some windows as means over those of them that cover a row."""
    starts = verdicts.starts
    if not len(starts):
        return
    found = np.vstack([verdicts.of_windows(), np.ones(len(starts))])
    total = np.zeros((len(found), sums.shape[1]))
    # Nearly all windows lie evenly, in places that a slice can name.
    step = int(starts[1] - starts[0]) if len(starts) > 1 else 1
    uneven = np.flatnonzero(np.diff(starts) != step)
    even = int(uneven[0]) + 1 if len(uneven) else len(starts)
    for offset in range(verdicts.width):
        first, rest = starts[0] + offset, starts[even:] + offset
        total[:, first : first + step * even : step] += found[:, :even]
        if len(rest):
            total[:, rest] += found[:, even:]
    sums += total[:-1] / np.maximum(total[-1], 1.0)


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
