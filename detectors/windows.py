"""Windows of a series: views without copies, back from windows to rows, and a ring buffer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from detectors.errors import InvalidInput
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

Number = TypeVar("Number", np.float32, np.float64)

_BLOCK_CELLS = 100_000
"""Small enough for a block's copies to stay in the processor's cache."""


def sliding(x: FloatVector, width: int) -> FloatMatrix:
    """Return all windows of a series as a read-only view, shape (n_rows - width + 1, width).

    Raises
    ------
    InvalidInput
        The series is shorter than one window.
    """
    if not 1 <= width <= len(x):
        raise InvalidInput(f"a window of {width} rows does not fit into {len(x)} rows")
    return sliding_window_view(x, width)


def window_blocks(x: FloatVector, width: int) -> Iterator[tuple[int, FloatMatrix]]:
    """Yield (first window, windows) in blocks of bounded size, for work that copies them."""
    views = sliding(x, width)
    step = max(_BLOCK_CELLS // width, 1)
    for start in range(0, len(views), step):
        yield start, views[start : start + step]


def with_past(rows: NDArray[Number], width: int) -> NDArray[Number]:
    """Return rows with a made-up beginning, the first row again and again.

    Parameters
    ----------
    rows
        Shape (n_rows, n_columns).
    width
        Rows a window.

    Returns
    -------
    ndarray of shape (n_rows + width - 1, n_columns)
        Row i of the input ends its window i.
    """
    return np.concatenate([np.repeat(rows[:1], width - 1, axis=0), rows])


def gram(rows: FloatMatrix, lags: int, step: int = 1) -> FloatMatrix:
    """Return the inner products of all values of all windows, without cutting any out.

    Two rows of a window and the next two have the same sum of products but for the rows at
    either end of the series: only those of the first row with all others are added up.

    Parameters
    ----------
    rows
        Shape (n_rows, n_columns).
    lags, step
        Rows a window, and the distance from one to the next of them.

    Returns
    -------
    ndarray of shape (lags * n_columns, lags * n_columns)
        What ``windows.T @ windows`` gives for windows laid out row by row, to rounding.

    Raises
    ------
    InvalidInput
        The series is shorter than one window.
    """
    count, width = len(rows) - (lags - 1) * step, rows.shape[1]
    if min(lags, step, count) < 1:
        raise InvalidInput(f"{lags} rows, {step} apart, do not fit into {len(rows)} rows")
    out = np.empty((lags, width, lags, width))
    for lag in range(lags):
        out[0, :, lag] = rows[:count].T @ rows[lag * step : lag * step + count]
    for lag in range(1, lags):
        row = out[lag - 1, :, lag - 1 : -1].copy()
        for place, sign in (((lag - 1) * step, -1.0), ((lag - 1) * step + count, 1.0)):
            # What one window more at an end adds to those of this lag, or takes from them.
            edge = rows[place : place + step]
            after = rows[place : place + (lags - lag) * step].reshape(-1, step, width)
            row += sign * np.einsum("si,tsj->itj", edge, after)
        out[lag, :, lag:] = row
        out[lag, :, :lag] = out[:lag, :, lag].transpose(2, 0, 1)
    return out.reshape(lags * width, lags * width)


def rows_from_windows(values: FloatVector, width: int) -> FloatVector:
    """Return for each row the mean over the windows that cover it.

    Parameters
    ----------
    values
        One value a window, shape (n_windows,); window i covers rows i … i + width - 1.
    width
        Rows a window.

    Returns
    -------
    ndarray of shape (n_windows + width - 1,)
        Each mean is summed by itself: a row's value does not depend on windows that do not
        cover it, not even by rounding.
    """
    padded = np.pad(np.asarray(values, np.float64), width - 1)
    counts = np.convolve(np.ones(len(values)), np.ones(width))
    out = np.empty(len(values) + width - 1)
    for start, views in window_blocks(padded, width):
        out[start : start + len(views)] = np.einsum("ij->i", views)
    return np.asarray(out / np.round(counts))


def dominant_period(x: FloatVector, low: int, high: int) -> int | None:
    """Return the lag within [low, high] at which a series resembles itself most.

    The autocorrelation must have a local maximum there of at least 0.3; otherwise None.  A
    straight trend is taken off first.

    Parameters
    ----------
    x
        Shape (n_rows,), without NaN.
    low, high
        Shortest and longest period, in rows.
    """
    high = min(high, len(x) // 3)
    if high <= low:
        return None
    centred = x - np.polyval(np.polyfit(np.arange(len(x)), x, 1), np.arange(len(x)))
    size = 1 << (2 * len(x) - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    correlation = np.fft.irfft(power, size)[: high + 2]
    # A constant or straight line leaves nothing but rounding.
    if not correlation[0] > 1e-20 * max(float(x @ x), 1e-300):
        return None
    # Each lag is a sum over fewer products; compare their means.
    correlation = correlation / correlation[0] * len(x) / (len(x) - np.arange(high + 2))
    middle = correlation[low : high + 1]
    peaks = (middle >= correlation[low - 1 : high]) & (middle > correlation[low + 1 :])
    peaks &= middle >= _FAINTEST_PERIOD
    if not peaks.any():
        return None
    # The first that is nearly as high as the highest: multiples of a period look as good.
    enough = peaks & (middle >= _NEARLY * middle[peaks].max())
    return low + int(np.argmax(enough))


_FAINTEST_PERIOD = 0.3
_NEARLY = 0.9


class RingBuffer:
    """The last rows of a stream, always readable as one contiguous block.

    Each row is written twice, `capacity` rows apart, so that the latest rows never wrap.

    Parameters
    ----------
    capacity
        Most rows kept.
    n_columns
        Values a row.

    Examples
    --------
    >>> buffer = RingBuffer(3, 1)
    >>> buffer.push([[1.0], [2.0], [3.0], [4.0]])
    >>> buffer.latest().ravel()
    array([2., 3., 4.])
    """

    def __init__(self, capacity: int, n_columns: int) -> None:
        if capacity < 1 or n_columns < 1:
            raise InvalidInput(
                f"a buffer of {capacity} rows × {n_columns} columns holds nothing"
            )
        self.capacity = capacity
        self.seen = 0
        self._rows = np.zeros((2 * capacity, n_columns))

    def __len__(self) -> int:
        return min(self.seen, self.capacity)

    def push(self, rows: FloatMatrix | list[list[float]]) -> None:
        """Append rows of shape (n_rows, n_columns); the oldest make room."""
        block = np.asarray(rows, np.float64)
        if block.ndim != 2 or block.shape[1] != self._rows.shape[1]:
            raise InvalidInput(f"rows of {self._rows.shape[1]} values expected")
        if len(block) == 1:  # as a stream sends them: the shortest way
            place = self.seen % self.capacity
            self._rows[place] = self._rows[place + self.capacity] = block[0]
            self.seen += 1
            return
        kept = block[-self.capacity :]
        first = self.seen + len(block) - len(kept)
        places = np.arange(first, first + len(kept)) % self.capacity
        self._rows[places] = kept
        self._rows[places + self.capacity] = kept
        self.seen += len(block)

    def latest(self, count: int | None = None) -> FloatMatrix:
        """Return a read-only view of the last `count` rows (or all kept), oldest first."""
        wanted = len(self) if count is None else min(count, len(self))
        end = (self.seen - 1) % self.capacity + 1 + self.capacity if self.seen else 0
        view = self._rows[end - wanted : end]
        view.flags.writeable = False
        return view
