"""What is told of columns of readings without sorting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
