"""Terms of scores as shares of each row, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import float32, float64, njit, types

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Doubles, Floats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_EIGHT = 8

_f2 = types.Array(float32, 2, "C", readonly=True)
_d2 = types.Array(float64, 2, "C", readonly=True)


@njit(float64(float64[::1]), cache=True, nogil=True)
def _sum(row: Array) -> float:
    """Add up in the order in which numpy does up to 128 numbers, to the same bits."""
    n = len(row)
    total = 0.0
    first = 0
    if n >= _EIGHT:
        first = n - n % _EIGHT
        a, b, c, d, e, f, g, h = row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7]
        for i in range(_EIGHT, first, _EIGHT):
            a += row[i]
            b += row[i + 1]
            c += row[i + 2]
            d += row[i + 3]
            e += row[i + 4]
            f += row[i + 5]
            g += row[i + 6]
            h += row[i + 7]
        total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(first, n):
        total += row[i]
    return total


@njit(types.void(_f2, float32[:, ::1]), cache=True, nogil=True)
def _of_credits(credits: Array, out: Array) -> None:
    n_features, n_rows = credits.shape
    row = np.empty(n_features)
    for r in range(n_rows):
        for f in range(n_features):
            row[f] = max(credits[f, r], np.float32(0))
        total = _sum(row)
        for f in range(n_features):
            out[r, f] = row[f] / total if total > 0 else 1.0 / n_features


@njit(types.void(_d2, float64[:, ::1]), cache=True, nogil=True)
def _shares(terms: Array, out: Array) -> None:
    n_rows, n_columns = terms.shape
    for r in range(n_rows):
        row, top = out[r], 0.0
        for c in range(n_columns):
            row[c] = 0.0 if terms[r, c] <= 0 else terms[r, c]
            top = row[c] if row[c] > top else top
        top = top if top > 0 else 1.0
        for c in range(n_columns):
            row[c] /= top  # so that the sum of very large terms is finite
        total = _sum(row)
        for c in range(n_columns):
            row[c] = row[c] / total if total > 0 else 1.0 / n_columns


def of_credits(credits: Floats) -> Floats:
    """Return by row what each feature's credit is of all that are above 0.

    Parameters
    ----------
    credits
        Shape (n_features, n_rows), without NaN.

    Returns
    -------
    ndarray of shape (n_rows, n_features)
        Each row adds up to 1; even shares where no credit is above 0.
    """
    out = np.empty(credits.shape[::-1], np.float32)
    _of_credits(credits, out)
    return out


def shares_of(terms: ArrayLike) -> Doubles:
    """Return terms as shares of each row that add up to 1; even ones where none is above 0.

    Parameters
    ----------
    terms
        Shape (n_rows, n_columns), without NaN; what is below 0 counts as 0.
    """
    given = np.ascontiguousarray(terms, np.float64)
    if given.ndim != 2 or not given.shape[1]:
        raise InvalidInput(f"terms must be a matrix with a column, got shape {given.shape}")
    out = np.empty(given.shape)
    _shares(given, out)
    return out
