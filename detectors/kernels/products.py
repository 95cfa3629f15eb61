"""Products of rows and a matrix, each row by itself.

A library's product of matrices rounds a row differently when other rows come with it, and each
processor's in its own way; here a row's result is the same to the last bit wherever it stands
in the input and whatever comes with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import float32, float64, int64, njit, types, void

from detectors.errors import InvalidInput

if TYPE_CHECKING:
    from detectors.kernels.arrays import Array

_f1 = types.Array(float32, 1, "C", readonly=True)
_d1 = types.Array(float64, 1, "C", readonly=True)
_f2 = types.Array(float32, 2, "C", readonly=True)
_d2 = types.Array(float64, 2, "C", readonly=True)


@njit(
    [void(_f1, int64, _f2, float32[:, ::1]), void(_d1, int64, _d2, float64[:, ::1])],
    cache=True,
    nogil=True,
    fastmath={"contract", "reassoc", "nsz"},
)
def _products(values: Array, step: int, matrix: Array, out: Array) -> None:
    for i in range(len(out)):
        first = i * step
        for a in range(len(matrix)):
            total = values[first] * matrix[a, 0]
            for b in range(1, matrix.shape[1]):
                total += values[first + b] * matrix[a, b]
            out[i, a] = total


def products(rows: Array, matrix: Array) -> Array:
    """Return ``rows @ matrix.T``.

    Parameters
    ----------
    rows
        Shape (n_rows, size), float32 or float64.
    matrix
        Shape (n_outputs, size); taken in the precision of `rows`.

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)

    Raises
    ------
    InvalidInput
        Not two matrices of one width.
    """
    return lagged_products(rows, 1, matrix)


def lagged_products(rows: Array, lags: int, matrix: Array) -> Array:
    """Return the products of a matrix with every `lags` rows after one another.

    Parameters
    ----------
    rows
        Shape (n_rows, n_columns), float32 or float64.
    lags
        Rows taken together, at least 1.
    matrix
        Shape (n_outputs, lags * n_columns): the oldest row's columns first; taken in the
        precision of `rows`.

    Returns
    -------
    ndarray of shape (n_rows - lags + 1, n_outputs)
        Entry i is that of rows i … i + lags - 1; none where there are fewer rows than lags.

    Raises
    ------
    InvalidInput
        Shapes that do not fit together, or fewer than one lag.
    """
    values = np.ascontiguousarray(rows, np.float32 if rows.dtype == np.float32 else np.float64)
    weights = np.ascontiguousarray(matrix, values.dtype)
    if values.ndim != 2 or weights.ndim != 2 or lags < 1:
        raise InvalidInput(
            f"no product of {values.shape} rows, {lags} at a time, with {weights.shape}"
        )
    if lags * values.shape[1] != weights.shape[1]:
        raise InvalidInput(
            f"{lags} rows of {values.shape[1]} columns do not fit a matrix of "
            f"{weights.shape[1]} columns"
        )
    out = np.zeros((max(len(values) - lags + 1, 0), len(weights)), values.dtype)
    if weights.shape[1]:
        _products(values.ravel(), values.shape[1], weights, out)
    return out
