"""The one place where a caller's arrays are converted and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detectors.errors import InvalidInput, TooLittleData

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FloatMatrix: TypeAlias = NDArray[np.float64]
"""Rows × columns, float64, C-contiguous."""
FloatVector: TypeAlias = NDArray[np.float64]


def as_matrix(X: ArrayLike | Any, *, allow_missing: bool, min_rows: int = 1) -> FloatMatrix:
    """Return ``X`` as a float64 matrix, never the caller's own memory if it had to change.

    Parameters
    ----------
    X
        Array-like of shape (n_rows, n_columns); a data frame is accepted as well.
    allow_missing
        Keep NaN.  Where false, NaN raises.
    min_rows
        Fewest rows accepted.

    Raises
    ------
    InvalidInput
        Not two-dimensional, not numeric, no column, infinite or (if not allowed) NaN.
    TooLittleData
        Fewer than `min_rows` rows.
    """
    if hasattr(X, "toarray"):
        raise InvalidInput("Sparse data was passed, but dense data is required")
    array = np.asarray(X)
    if array.dtype.kind == "c":
        raise InvalidInput("Complex data not supported")
    try:
        matrix = np.ascontiguousarray(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"readings must be numbers: {error}") from error
    if array.ndim != 2:
        raise InvalidInput(
            f"Expected 2D array (rows, columns), got {array.ndim}D array instead. "
            "Reshape your data: array.reshape(-1, 1) for a single sensor."
        )
    if matrix.shape[1] == 0:
        raise InvalidInput(
            f"0 feature(s) (shape={matrix.shape}) while a minimum of 1 is required."
        )
    if matrix.shape[0] < max(min_rows, 1):
        raise TooLittleData(
            f"{matrix.shape[0]} sample(s) (shape={matrix.shape}) while a minimum of "
            f"{max(min_rows, 1)} rows is required."
        )
    if np.isinf(matrix).any():
        raise InvalidInput("Input X contains infinity: mark such readings as missing (NaN).")
    if not allow_missing and np.isnan(matrix).any():
        raise InvalidInput("Input X contains NaN, which this detector does not handle.")
    return matrix


def check_columns(X: FloatMatrix, expected: int, owner: str) -> None:
    """Raise `InvalidInput` unless ``X`` has the number of columns seen in ``fit``."""
    if X.shape[1] != expected:
        raise InvalidInput(
            f"X has {X.shape[1]} features, but {owner} is expecting {expected} features "
            "as input"
        )
