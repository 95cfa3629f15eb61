"""Six ways to look at the windows of one sensor, each a distance from its normal windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from detectors.kernels.cuts import Windows, nested_windows, roughness
from detectors.kernels.quantiles import quantiles
from detectors.kernels.views import SIZE_FLOOR, References, nearest_views, references

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Starts = NDArray[np.int64]
    Mask = NDArray[np.bool_]

_ROUGHNESS_FLOOR = 0.02
_RIDGE = 0.01
_FEWEST = 3
_NEAREST, _SUMMARY = [0, 1, 2, 4, 5], 3


class _Normal(NamedTuple):
    """Reference windows ready to be compared with.

    Attributes
    ----------
    windows
        As they are.
    centre
        Median of their summaries, (3, n_sensors, 1).
    root
        What gaps from it are multiplied by, (n_sensors, 3, 3).
    """

    windows: References
    centre: Doubles
    root: Doubles


@dataclass(frozen=True)
class SensorViews:
    """Reference windows of every sensor.

    Attributes
    ----------
    series
        Sensors × rows, scaled, without NaN; the rows that reference windows cover.
    starts
        First row of each reference window, shape (n_references,).
    known
        Which of them each sensor has readings for, (n_sensors, n_references).
    widths
        Rows of the short and of the long window.
    """

    series: Floats
    starts: Starts
    known: Mask
    widths: tuple[int, int]

    @classmethod
    def pick(
        cls, columns: Floats, missing: Mask | None, starts: Starts, widths: tuple[int, int]
    ) -> Self:
        """Take the windows of a series that begin at `starts` as references."""
        known = np.ones((len(columns), len(starts)), bool)
        if missing is not None:
            known = whole_windows(missing, widths[1])[:, starts]
        return cls(columns, starts, known, widths)

    def compact(self) -> Self:
        """Return the same windows with only the rows that they cover, in half precision."""
        covered = np.zeros(self.series.shape[1] + 1, np.int64)
        np.add.at(covered, self.starts, 1)
        np.add.at(covered, self.starts + self.widths[1], -1)
        kept = np.cumsum(covered[:-1]) > 0
        places = np.cumsum(kept) - 1
        half = self.series[:, kept].astype(np.float16)
        series = np.ascontiguousarray(half, np.float32)
        return type(self)(series, places[self.starts], self.known, self.widths)

    @cached_property
    def judged(self) -> Mask:
        """Which sensors have enough references."""
        return np.asarray(self.known.sum(axis=1) >= _FEWEST)

    @cached_property
    def _normal(self) -> _Normal:
        windows = nested_windows(self.series, self.starts, self.widths)
        features = _summary(windows, self.series, self.starts, self.widths[0])
        count = np.maximum(self.known.sum(axis=1), 2)[:, None]
        mean = (features * self.known).sum(axis=2, keepdims=True) / count
        gaps = ((features - mean) * self.known).transpose(1, 0, 2)
        spread = gaps @ gaps.transpose(0, 2, 1) / (count[:, :, None] - 1)
        centre = np.zeros_like(mean)
        for sensor, known in enumerate(self.known):
            if known.any():
                centre[:, sensor, 0] = quantiles(features[:, sensor, known], 0.5)
        root = np.linalg.cholesky(np.linalg.inv(spread + _RIDGE * np.eye(len(features))))
        return _Normal(references(windows, self.known), centre, root)

    def distances(self, columns: Floats, starts: Starts) -> Floats:
        """Return the distances of windows in six views.

        Parameters
        ----------
        columns
            Sensors × rows, scaled, without NaN, float32.
        starts
            First row of each short window, and of the long one that it begins.

        Returns
        -------
        ndarray of shape (6, n_sensors, n_windows)
            Of the short window as it is, with level removed, with level and size removed, its
            summary; of the long one with level removed, with level and size removed.  NaN for
            a sensor without references.
        """
        out = np.empty((6, len(columns), len(starts)), np.float32)
        windows = nested_windows(columns, starts, self.widths)
        out[_NEAREST] = nearest_views(self._normal.windows, windows)
        gaps = _summary(windows, columns, starts, self.widths[0]) - self._normal.centre
        squares = np.zeros(gaps.shape[1:])
        for axis in self._normal.root.transpose(2, 1, 0)[..., None]:
            # One by one: a window is rounded as among others.
            along = gaps[0] * axis[0] + gaps[1] * axis[1] + gaps[2] * axis[2]
            squares += along * along
        out[_SUMMARY] = np.sqrt(squares)
        out[:, ~self.judged] = np.nan
        return out

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that `restore` takes; of a `compact` one, to the last bit."""
        return {
            "series": self.series.astype(np.float16),
            "starts": self.starts,
            "known": self.known,
            "widths": np.array(self.widths, np.int64),
        }

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild from `state`."""
        short, long = (int(width) for width in state["widths"])
        series = np.ascontiguousarray(state["series"], np.float32)
        starts = np.ascontiguousarray(state["starts"], np.int64)
        known = np.asarray(state["known"], bool)
        if len(starts) and starts.max() + long > series.shape[1]:
            raise ValueError("reference windows lie outside of their series")
        if known.shape != (len(series), len(starts)):
            raise ValueError(f"{known.shape} marks for {len(series)} × {len(starts)} windows")
        return cls(series, starts, known, (short, long))


def whole_windows(missing: Mask, width: int) -> Mask:
    """Tell which windows miss nothing, (n_sensors, n_rows - width + 1)."""
    count = np.cumsum(np.pad(missing, ((0, 0), (1, 0))), axis=1)
    return np.asarray(count[:, width:] == count[:, :-width])


def whole_first(missing: Mask | None, n_rows: int, width: int) -> Mask:
    """Tell which windows of the first sensor miss nothing, (n_rows - width + 1,)."""
    if missing is None:
        return np.ones(n_rows - width + 1, bool)
    return np.asarray(whole_windows(missing[:1], width)[0])


def joined(columns: Floats, starts: Starts, width: int) -> Floats:
    """Return the windows of all sensors side by side, (n_windows, n_sensors × width)."""
    cut = sliding_window_view(columns, width, axis=1)[:, starts]
    return np.ascontiguousarray(cut.transpose(1, 0, 2)).reshape(len(starts), -1)


def _summary(windows: Windows, columns: Floats, starts: Starts, width: int) -> Doubles:
    """Return level, log spread and log roughness of windows, (3, n_sensors, n_windows)."""
    spread = windows.spread.astype(np.float64) + SIZE_FLOOR
    rough = roughness(columns, starts, width).astype(np.float64) + _ROUGHNESS_FLOOR
    return np.stack([windows.level.astype(np.float64), np.log(spread), np.log(rough)])
