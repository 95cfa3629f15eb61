"""Figures of merit for predicted remaining life."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_EARLY, _LATE = 13.0, 10.0


def life_rmse(truth: ArrayLike, told: ArrayLike) -> float:
    """Return the root of the mean squared error."""
    off = np.asarray(told, np.float64) - np.asarray(truth, np.float64)
    return float(np.sqrt(np.mean(off**2)))


def life_score(truth: ArrayLike, told: ArrayLike) -> float:
    """Return the asymmetric score of the PHM 2008 challenge, a sum: 0 is perfect.

    Too late costs more than too early: exp(d / 10) − 1 against exp(−d / 13) − 1, with d what is
    told less the truth (Saxena and others, 2008, doi:10.1109/PHM.2008.4711414).

    Examples
    --------
    >>> round(life_score([50, 50], [60, 37]), 3)
    3.437
    """
    off = np.asarray(told, np.float64) - np.asarray(truth, np.float64)
    return float(np.expm1(np.where(off < 0, -off / _EARLY, off / _LATE)).sum())


def life_coverage(truth: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Return the share of truths that lie within their bounds."""
    known = np.asarray(truth, np.float64)
    return float(np.mean((np.asarray(low) <= known) & (known <= np.asarray(high))))
