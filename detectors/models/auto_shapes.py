"""A single sensor's windows compared by shape with every window it was learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from detectors.kernels.shapes import nearest_shapes, on_grid
from detectors.models.auto_folds import Fold, calibrated
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Whole = NDArray[np.int32]
    Starts = NDArray[np.int64]
    Mask = NDArray[np.bool_]

SHAPE_WEIGHT = 1.5
"""Weight of each width, where the views of the other kinds have 1."""
SHAPE_FLOOR = 0.1
"""Least usual distance."""

_FEWEST_ROWS, _ALIKE = 6, 0.5
"""A quarter of the window is compared if it has so many rows, and if its usual distance from
the nearest is so many deviations at most: shapes so short that do not repeat say nothing."""
_FEWEST_WIDTHS = 3
_MOST = 20_000
_RUN = 1000
_SAMPLED, _SAMPLED_RUN = 2048, 256


@dataclass(frozen=True)
class ShapeViews:
    """Every window of one sensor's training rows, as neighbours in shape.

    A shape has to be met at the very row where it repeats: among windows chosen at random the
    nearest is often the right shape a few rows off.

    Attributes
    ----------
    series
        The rows that the windows cover, on the grid of `detectors.kernels.shapes`.
    allowed
        Which rows begin a window, shape (n_starts,); each is followed by one of every width.
    widths
        Rows of the windows that are compared, as `shape_widths` tells them.
    usual
        What distances are divided by, a width.
    """

    series: Whole
    allowed: Mask
    widths: tuple[int, ...]
    usual: FloatVector

    @classmethod
    def pick(
        cls,
        x: Floats,
        starts: Starts,
        widths: tuple[int, int],
        usual: FloatVector | None = None,
    ) -> Self:
        """Take the windows of a series that begin at `starts`.

        Parameters
        ----------
        x
            Scaled readings without NaN, shape (n_rows,).
        starts
            First rows of windows that all fit into the series at the long width, ascending.
            Of more than 20,000 only runs of neighbours are taken, spread evenly.
        widths
            Rows of the short and of the long window.
        usual
            What distances are divided by; 1 as long as it is not learned.
        """
        starts = runs(starts, _MOST, _RUN)
        compared, long = shape_widths(widths), widths[1]
        if usual is not None:
            compared = compared[: len(usual)]
        covered = np.zeros(len(x) + 1, np.int64)
        np.add.at(covered, starts, 1)
        np.add.at(covered, starts + long, -1)
        kept = np.cumsum(covered[:-1]) > 0
        places = (np.cumsum(kept) - 1)[starts]
        allowed = np.zeros(int(kept.sum()) - long + 1, bool)
        allowed[places] = True
        known = np.ones(len(compared)) if usual is None else usual
        return cls(on_grid(x[kept]), allowed, compared, known)

    def ratios(self, x: Floats, number: int) -> Floats:
        """Compare every window of a series; return distance / usual, (n_rows - width + 1,).

        Parameters
        ----------
        x
            Scaled readings without NaN.
        number
            Which of the widths; not more than the rows of `x`.

        Returns
        -------
        ndarray
            NaN if there is nothing to compare with.
        """
        width = self.widths[number]
        if not self.allowed.any():
            return np.full(len(x) - width + 1, np.nan, np.float32)
        distances = nearest_shapes(on_grid(x), self.series, self.allowed, width)
        return distances / np.float32(self.usual[number])

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that `restore` takes."""
        return {
            "shape_series": self.series,
            "shape_starts": self.allowed,
            "usual_shapes": self.usual,
        }

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]], widths: tuple[int, int]) -> Self:
        """Rebuild from `state`."""
        series = np.ascontiguousarray(state["shape_series"], np.int32)
        allowed = np.asarray(state["shape_starts"], bool)
        usual = np.asarray(state["usual_shapes"], np.float64)
        compared = shape_widths(widths)[: max(usual.size, _FEWEST_WIDTHS)]
        if len(allowed) != len(series) - widths[1] + 1 or usual.shape != (len(compared),):
            raise ValueError(f"{len(allowed)} starts of windows in {len(series)} rows")
        return cls(series, allowed, compared, usual)


def shape_widths(widths: tuple[int, int]) -> tuple[int, ...]:
    """Return the rows of the windows whose shapes are compared.

    Half the short one, the short and the long one; and a quarter, if that is not too few rows:
    a fault may be much shorter than a period.
    """
    short, long = widths
    quarter = (short // 4,) if short // 4 >= _FEWEST_ROWS else ()
    return (max(2, short // 2), short, long, *quarter)


def learn_shapes(
    x: Floats,
    whole: Mask,
    starts: Starts,
    folds: Sequence[Fold],
    widths: tuple[int, int],
    quantile: float,
) -> tuple[ShapeViews | None, FloatMatrix]:
    """Keep a sensor's windows, and calibrate their distances by leaving folds out.

    Parameters
    ----------
    x
        Scaled readings without NaN, shape (n_rows,).
    whole
        Which long windows miss nothing, (n_rows - long + 1,).
    starts
        Windows that new rows are compared with, as many as left-out ones are.
    folds
        Of the starts of long windows.
    widths
        Rows of the short and of the long window.
    quantile
        Which quantile of the left-out distances is the usual one.

    Returns
    -------
    views, typical
        The windows to compare with, None where left-out ones had nothing to compare with; and
        the mean of log(1 + ratio)² a width, as of `calibrated`.
    """
    views = ShapeViews.pick(x, starts[whole[starts]], widths)
    found: list[list[Floats]] = [[] for _ in views.widths]
    for fold in folds:
        others = ShapeViews.pick(x, fold.others[whole[fold.others]], widths)
        sample = runs(fold.own, _SAMPLED, _SAMPLED_RUN)
        pieces = np.split(sample, np.flatnonzero(np.diff(sample) > 1) + 1)
        for number, (out, width) in enumerate(zip(found, views.widths, strict=True)):
            for piece in pieces:
                rest = others.ratios(x[piece[0] : piece[-1] + width], number)
                out.append(np.where(whole[piece], rest, np.nan))
    distances = np.array([np.concatenate(out) for out in found], np.float64)[:, None]
    usual, typical = calibrated(distances, quantile, np.full(len(found), SHAPE_FLOOR))
    if len(usual) > _FEWEST_WIDTHS and not usual[-1, 0] <= _ALIKE:
        usual, typical = usual[:-1], typical[:-1]
    if not np.isfinite(typical).all() or not views.allowed.any():
        return None, typical
    return replace(views, widths=views.widths[: len(usual)], usual=usual[:, 0]), typical


def runs(starts: Starts, most: int, length: int) -> Starts:
    """Thin ascending starts to at most so many, in evenly spread runs of neighbours."""
    if len(starts) <= most:
        return starts
    first = np.linspace(0, len(starts) - length, most // length).astype(int)
    return np.asarray(np.concatenate([starts[low : low + length] for low in first]))
