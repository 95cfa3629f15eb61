"""Sequences without spikes and without flicker."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_Number = TypeVar("_Number", bound=np.generic)


def smoothed(values: NDArray[np.floating[Any]], step: int = 1) -> NDArray[np.float64]:
    """Return the median of five neighbours at every so many rows: spikes go, edges stay.

    Parameters
    ----------
    values
        Shape (n_columns, n_rows), at least one row.

    Returns
    -------
    ndarray of shape (n_columns, n_rows of every step)
        NaN only where all five are missing; infinities count as missing.
    """
    from detectors.kernels.valleys import median_of_five  # compiled only where modes are asked

    return median_of_five(values, step)


def settled(codes: NDArray[_Number], dwell: int) -> NDArray[_Number]:
    """Let a code hold until another has lasted so many rows.

    Parameters
    ----------
    codes
        In time order, shape (n_rows,).
    dwell
        Fewest rows of a run.  Where no run is as long, the most frequent code holds.
    """
    if dwell <= 1 or len(codes) < 2:
        return codes
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    lengths = np.diff(np.r_[starts, len(codes)])
    long = lengths >= dwell
    if not long.any():
        found, counts = np.unique(codes, return_counts=True)
        return np.full_like(codes, found[counts.argmax()])
    holds = np.maximum.accumulate(np.where(long, np.arange(len(starts)), -1))
    holds[holds < 0] = long.argmax()
    return np.asarray(np.repeat(codes[starts][holds], lengths))


def run_starts(codes: NDArray[Any]) -> NDArray[np.int64]:
    """Return the first row of each run but the first."""
    return np.flatnonzero(codes[1:] != codes[:-1]) + 1
