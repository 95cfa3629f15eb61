"""Figures of merit for the order in which sensors are named as the cause of a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def cause_hit(causes: ArrayLike, shares: ArrayLike, k: int) -> bool:
    """Tell whether one of the `k` sensors with the largest shares is a cause.

    Parameters
    ----------
    causes
        For each sensor whether it is one.
    shares
        For each sensor how much of the score it makes; of equal ones, causes come last.
    k
        How many sensors a person would look at.
    """
    return bool(_ranked(causes, shares)[:k].any())


def cause_hit_rate(causes: ArrayLike, shares: ArrayLike, percent: float = 100) -> float:
    """Return the share of causes that come first: HitRate@P%.

    Of the first P % · (number of causes) sensors, as many as are causes, in all causes (Su and
    others, 2019, OmniAnomaly, doi:10.1145/3292500.3330672).

    Examples
    --------
    >>> cause_hit_rate([True, False, True, False], [0.5, 0.3, 0.2, 0.0])
    0.5
    >>> cause_hit_rate([True, False, True, False], [0.5, 0.3, 0.2, 0.0], 150)
    1.0
    """
    ranked = _ranked(causes, shares)
    first = int(percent / 100 * ranked.sum())
    return float(ranked[:first].sum() / ranked.sum())


def cause_gain(causes: ArrayLike, shares: ArrayLike) -> float:
    """Return the normalised discounted cumulative gain of the whole order: 1 is perfect.

    A cause on place i counts 1 / log2(i + 1) (Järvelin and Kekäläinen, 2002,
    doi:10.1145/582415.582418).
    """
    ranked = _ranked(causes, shares)
    worth = 1.0 / np.log2(np.arange(2, len(ranked) + 2))
    return float(worth[ranked].sum() / worth[: ranked.sum()].sum())


def _ranked(causes: ArrayLike, shares: ArrayLike) -> NDArray[np.bool_]:
    """Return by place whether a cause stands there."""
    truth, values = np.asarray(causes, bool), np.asarray(shares, np.float64)
    if truth.shape != values.shape or truth.ndim != 1:
        raise InvalidInput(f"causes of shape {truth.shape}, shares of shape {values.shape}")
    if not truth.any():
        raise InvalidInput("no sensor is a cause")
    return truth[np.lexsort((truth, -values))]
