"""Statistics that run along a series, each value from the ones before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import float32, float64, int64, njit, types, void

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Doubles, Indices, between, series

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_f1 = types.Array(float32, 1, "C", readonly=True)
_d1 = types.Array(float64, 1, "C", readonly=True)


@njit(
    [void(_f1, float64, float64, float32[::1]), void(_d1, float64, float64, float64[::1])],
    cache=True,
    nogil=True,
)
def _hold(x: Array, keep: float, before: float, out: Array) -> None:
    held = before
    for i in range(len(x)):
        held = max(float(x[i]), held * keep)
        out[i] = held


def peak_hold(x: ArrayLike, tau: float, before: float = 0.0) -> Array:
    """Rise at once, fall by ``exp(-1 / tau)`` a row.

    Parameters
    ----------
    x
        Values of at least 0, (n_rows,); float32 stays float32.
    tau
        Rows in which a peak falls to 37 %; above 0.
    before
        Held value of the row before the first: the last value of the part before it, for a
        series that comes in parts.

    Returns
    -------
    ndarray of shape (n_rows,)

    Raises
    ------
    InvalidInput
        Not a vector, or ``tau`` not above 0.
    """
    values = series(x, "x", single=True)
    if not tau > 0:
        raise InvalidInput(f"tau must be above 0, got {tau}")
    out = np.empty_like(values)
    _hold(values, float(np.exp(-1.0 / tau)), float(before), out)
    return out


@njit(cache=True, nogil=True)
def _from_boundary(
    x: Array, at: int, step: int, count: int, means: Array, powers: Array
) -> None:
    """Mean and sum of squared deviations of the 1, 2, ... values from ``at`` on, by Welford."""
    mean = 0.0
    power = 0.0
    for k in range(count):
        gap = x[at + step * k] - mean
        mean += gap / (k + 1)
        power += gap * (x[at + step * k] - mean)
        means[k] = mean
        powers[k] = power


@njit(
    [
        void(_f1, int64, float64[::1], float64[::1]),
        void(_d1, int64, float64[::1], float64[::1]),
    ],
    cache=True,
    nogil=True,
)
def _rolling(x: Array, window: int, mean: Array, std: Array) -> None:
    count = len(x) - window + 1
    back = np.empty((2, window))
    ahead = np.empty((2, window))
    for begin in range(0, count, window):
        edge = begin + window
        _from_boundary(x, edge - 1, -1, window, back[0], back[1])
        used = min(window, count - begin)
        _from_boundary(x, edge, 1, used - 1, ahead[0], ahead[1])
        mean[begin] = back[0, window - 1]
        std[begin] = np.sqrt(back[1, window - 1] / window)
        for k in range(1, used):
            gap = ahead[0, k - 1] - back[0, window - k - 1]
            share = k / window
            mean[begin + k] = back[0, window - k - 1] + gap * share
            power = back[1, window - k - 1] + ahead[1, k - 1]
            power += gap * gap * share * (window - k)
            std[begin + k] = np.sqrt(power / window)


def rolling_mean_std(x: ArrayLike, window: int) -> tuple[Doubles, Doubles]:
    """Mean and standard deviation of every window of a series.

    The series is cut every ``window`` rows; a window is the end of one piece and the beginning
    of the next, whose moments are merged (Chan, Golub and LeVeque 1983,
    doi:10.1080/00031305.1983.10483115).  Nothing is ever subtracted again, so that a jump
    leaves no error behind, and equal values have a deviation of exactly 0.

    Parameters
    ----------
    x
        Finite values, (n_rows,), n_rows >= window.
    window
        Rows of a window.

    Returns
    -------
    mean, std : ndarray of shape (n_rows - window + 1,)
        Entry i is that of ``x[i:i + window]``; the deviation divides by ``window``.

    Raises
    ------
    InvalidInput
        Not a vector, or a window longer than it.
    """
    values = series(x, "x", single=True)
    width = between(window, 1, len(values), "window")
    mean, std = np.empty(len(values) - width + 1), np.empty(len(values) - width + 1)
    _rolling(values, width, mean, std)
    return mean, std


@njit([void(_f1, int64[::1]), void(_d1, int64[::1])], cache=True, nogil=True)
def _runs(x: Array, out: Array) -> None:
    begin = 0
    for i in range(1, len(x) + 1):
        if i == len(x) or x[i] != x[begin]:
            out[begin:i] = i - begin
            begin = i


def run_lengths_equal(x: ArrayLike) -> Indices:
    """Length of the run of equal values that each row belongs to, (n_rows,).

    NaN equals nothing: each is a run of its own.  Raises `InvalidInput` unless a vector.
    """
    values = series(x, "x", single=True)
    out = np.empty(len(values), np.int64)
    _runs(values, out)
    return out


def longest_run(x: ArrayLike) -> int:
    """Length of the longest run of equal values; 0 for no values at all."""
    return int(run_lengths_equal(x).max(initial=0))
