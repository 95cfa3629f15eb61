"""What is told of columns of readings without sorting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.kernels.arrays import Indices
    from detectors.kernels.holding import Changing, Held
    from detectors.kernels.relating import Related


def medians(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the median of each row, what is missing left out; NaN where all is.

    Parameters
    ----------
    values
        Shape (n_columns, n_rows).

    Examples
    --------
    >>> medians(np.array([[3.0, 1.0, np.nan, 2.0], [4.0, 3.0, 2.0, 1.0]]))
    array([2. , 2.5])
    """
    from detectors.kernels.ordering import neighbours  # compiled only for training

    [(low, high)], known = neighbours(values, [0.5])
    return np.asarray(np.where(known % 2, low, 0.5 * (low + high)))


def of_rank(values: NDArray[np.floating[Any]], rank: int) -> NDArray[np.float64]:
    """Return by row the value that so many others are below; NaN where any is missing.

    Parameters
    ----------
    values
        Shape (n_columns, n_rows).
    rank
        Below n_rows.

    Examples
    --------
    >>> of_rank(np.array([[3.0, 1.0, 2.0], [4.0, np.nan, 2.0]]), 1)
    array([ 2., nan])
    """
    from detectors.kernels.ordering import neighbours  # compiled only for training

    last = values.shape[1] - 1
    [(found, _)], known = neighbours(values, [min((rank + 0.5) / max(last, 1), 1.0)])
    return np.asarray(np.where(known > last, found, np.nan))


def related(
    values: NDArray[np.float64], shrink: float, folds: int, *, flat: float, least: float
) -> Related | None:
    """Learn what the other columns say of each: `detectors.kernels.relating.related`."""
    from detectors.kernels.relating import related as learn  # compiled only for training

    return learn(values, shrink, folds, flat=flat, least=least)


def changing(values: NDArray[np.floating[Any]]) -> Changing:
    """Count how often columns change: `detectors.kernels.holding.changing`."""
    from detectors.kernels.holding import changing as count  # compiled only with readings

    return count(values)


def held(values: NDArray[np.floating[Any]], needed: int, rank: int, most: int) -> Held:
    """Measure how long columns hold a value: `detectors.kernels.holding.held`."""
    from detectors.kernels.holding import held as measure  # compiled only for training

    return measure(values, needed, rank, most)


def beyond(
    values: NDArray[np.floating[Any]], needed: int, longest: Indices, busiest: Indices
) -> Indices:
    """Return runs of one value that are too long: `detectors.kernels.holding.beyond`."""
    from detectors.kernels.holding import beyond as find  # compiled only with readings

    return find(values, needed, longest, busiest)
