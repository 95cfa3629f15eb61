"""What every kernel's wrapper checks before compiled code touches memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detectors.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Floats: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]
Array: TypeAlias = NDArray[Any]
"""An array inside a kernel, where the signature given to the compiler holds the type."""


def matrix(values: ArrayLike, name: str, *, columns: int | None = None) -> Floats:
    """Return a C-contiguous float32 matrix; the very array where it is one already.

    Parameters
    ----------
    values
        Two-dimensional, neither side empty.
    name
        What the caller calls it, for the message.
    columns
        Length of the second axis, where it must agree with something else.

    Raises
    ------
    InvalidInput
        Another number of dimensions, an empty axis, or another number of columns.
    """
    out = np.ascontiguousarray(values, np.float32)
    if out.ndim != 2 or 0 in out.shape:
        raise InvalidInput(f"{name} must be a matrix with at least one entry, got {out.shape}")
    if columns is not None and out.shape[1] != columns:
        raise InvalidInput(f"{name} has {out.shape[1]} columns where {columns} are expected")
    return out


def readings(XT: ArrayLike, n_features: int | None = None) -> Floats:
    """Return readings column by column, (n_features, n_rows); checked like `matrix`."""
    out = matrix(XT, "XT")
    if n_features is not None and len(out) != n_features:
        raise InvalidInput(f"XT has {len(out)} features where {n_features} were learned from")
    return out


def series(values: ArrayLike, name: str, *, single: bool = False) -> Array:
    """Return a C-contiguous vector: float32 where `single` allows and it is one, else float64.

    Raises
    ------
    InvalidInput
        Not one-dimensional.
    """
    array = np.asarray(values)
    kind = np.float32 if single and array.dtype == np.float32 else np.float64
    out = np.ascontiguousarray(array, kind)
    if array.ndim != 1:
        raise InvalidInput(f"{name} must be a vector, got shape {array.shape}")
    return out


def between(value: int, low: int, high: int | None, name: str) -> int:
    """Return a whole number that lies in low..high, both included; raises `InvalidInput`."""
    number = int(value)
    if number != value or number < low or (high is not None and number > high):
        limits = f"at least {low}" if high is None else f"between {low} and {high}"
        raise InvalidInput(f"{name} must be a whole number, {limits}, got {value}")
    return number
