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
    rows = values.shape[1]
    padded = np.empty((len(values), rows + 4), values.dtype)
    padded[:, 2:-2] = values
    padded[:, :2], padded[:, -2:] = padded[:, 2:3], padded[:, -3:-2]
    known = np.isfinite(padded)
    whole = bool(known.all())
    if not whole:
        padded[~known] = np.nan
    # Those that know of missing values are slower by half.
    lower: np.ufunc = np.minimum if whole else np.fmin
    higher: np.ufunc = np.maximum if whole else np.fmax
    # Neighbours side by side in memory: comparing them then takes a third of the time.
    a, b, e, c, d = (
        np.ascontiguousarray(padded[:, shift : rows + shift : step]) for shift in range(5)
    )
    low = higher(lower(a, b), lower(c, d))
    high = lower(higher(a, b), higher(c, d))
    middle = higher(lower(low, high), lower(higher(low, high), e))
    return np.asarray(middle, np.float64)


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
