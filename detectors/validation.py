"""The one place where a caller's arrays are converted and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from detectors.errors import InvalidInput, TooLittleData

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FloatMatrix: TypeAlias = NDArray[np.float64]
"""Rows × columns, float64, C-contiguous."""
FloatVector: TypeAlias = NDArray[np.float64]


def as_matrix(
    X: ArrayLike | Any, *, allow_missing: bool, min_rows: int = 1, keep: bool = False
) -> FloatMatrix:
    """Return ``X`` as a float64 matrix, never the caller's own memory if it had to change.

    Parameters
    ----------
    X
        Array-like of shape (n_rows, n_columns); a data frame is accepted as well.
    allow_missing
        Keep NaN.  Where false, NaN raises.
    min_rows
        Fewest rows accepted.
    keep
        Leave float32 and any memory order as they are, for detectors that want columns of
        single precision anyway.

    Raises
    ------
    InvalidInput
        Not two-dimensional, not numeric, no column, infinite or (if not allowed) NaN.
    TooLittleData
        Fewer than `min_rows` rows.
    """
    matrix = _numbers(X, keep)
    if matrix.ndim != 2:
        raise InvalidInput(
            f"Expected 2D array (rows, columns), got {matrix.ndim}D array instead. "
            "Reshape your data: array.reshape(-1, 1) for a single sensor."
        )
    if matrix.shape[1] == 0:
        raise InvalidInput(
            f"0 feature(s) (shape={matrix.shape}) while a minimum of 1 is required."
        )
    if matrix.shape[0] < max(min_rows, 1):
        raise TooLittleData(
            f"{matrix.shape[0]} sample(s) of {matrix.shape[1]} feature(s) "
            f"(shape={matrix.shape}) while a minimum of {max(min_rows, 1)} rows is required."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        # One quick pass: a finite sum proves that every term is.
        proved = bool(np.isfinite(np.add.reduce(matrix, axis=None)))
    if proved:
        return matrix
    if np.isinf(matrix).any():
        raise InvalidInput("Input X contains infinity: mark such readings as missing (NaN).")
    if not allow_missing and np.isnan(matrix).any():
        raise InvalidInput("Input X contains NaN, which this detector does not handle.")
    return matrix


def _numbers(X: ArrayLike | Any, keep: bool) -> FloatMatrix:
    if hasattr(X, "toarray"):
        raise InvalidInput("Sparse data was passed, but dense data is required")
    try:
        array = np.asarray(X)
        if array.dtype.kind == "c":
            raise InvalidInput("Complex data not supported")
        if keep and array.dtype == np.float32:
            # Typed as double for the sake of one signature; who asks to keep expects single.
            return cast("FloatMatrix", array)
        return np.asarray(array, np.float64, order=None if keep else "C")
    except InvalidInput:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"readings must be numbers: {error}") from error


def check_columns(X: FloatMatrix, expected: int, owner: str) -> None:
    """Raise `InvalidInput` unless ``X`` has the number of columns seen in ``fit``."""
    if X.shape[1] != expected:
        raise InvalidInput(
            f"X has {X.shape[1]} features, but {owner} is expecting {expected} features "
            "as input"
        )
