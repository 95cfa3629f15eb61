"""The nearest of all windows of a series by shape: level and size removed.

Inner products of windows are followed along the diagonals of the distance matrix, where one
step costs two products whatever the width (Zhu et al. 2018, doi:10.1007/s10115-017-1138-x).
Readings lie on a grid of whole numbers small enough for the sums to be exact in double
precision: a window's result is the same to the last bit wherever it stands in the input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import float64, int64, njit, types, void

from detectors.kernels.arrays import Array, Doubles
from detectors.kernels.views import SIZE_FLOOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Whole = NDArray[np.int32]
    Mask = NDArray[np.bool_]

GRID = 1024
"""Steps of the grid a unit of the readings; sums over 1,024 rows of readings within ±100 are
exact."""

_BAND = 1024

_d1 = types.Array(float64, 1, "C", readonly=True)


def on_grid(x: Floats) -> Whole:
    """Return readings as whole numbers; they must lie within ±100."""
    return np.rint(np.asarray(x, np.float64) * GRID).astype(np.int32)


class _Shapes(NamedTuple):
    """A series and, of each of its windows, what the distance needs.

    Attributes
    ----------
    values
        On the grid, (n_rows,).
    total
        Sum of each window, (n_windows,).
    inverse
        1 / (deviation + floor), the deviation in the unit of the readings.
    unit
        Mean square of the window when level and size are removed.
    """

    values: Doubles
    total: Doubles
    inverse: Doubles
    unit: Doubles


def _shapes(x: Whole, width: int) -> _Shapes:
    values = x.astype(np.float64)
    totals = np.cumsum(np.r_[0, x.astype(np.int64)])
    squares = np.cumsum(np.r_[0, x.astype(np.int64) ** 2])
    total = totals[width:] - totals[:-width]
    power = width * (squares[width:] - squares[:-width]) - total**2
    deviation = np.sqrt(power.astype(np.float64)) / (width * GRID)
    inverse = 1.0 / (deviation + SIZE_FLOOR)
    return _Shapes(values, total.astype(np.float64), inverse, (deviation * inverse) ** 2)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _product(a: Array, i: int, b: Array, j: int, width: int) -> float:
    total = 0.0
    left, right = a[i : i + width], b[j : j + width]
    for k in range(width):
        total += left[k] * right[k]
    return total


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz", "contract"}, error_model="numpy")
def _step(
    old: Array,
    new: Array,
    gone: float,
    come: float,
    left: Array,
    right: Array,
    inverse: float,
    total: float,
    scale: Array,
    shift: Array,
    unit: Array,
) -> float:
    """Move products one step along their diagonals; returns the least distance among them."""
    best = np.inf
    for k in range(len(unit)):
        p = old[k] - gone * left[k] + come * right[k]
        new[k + 1] = p
        d = unit[k] - inverse * (p * scale[k] - total * shift[k])
        best = d if d < best else best
    return best


_sides = (_d1, _d1, _d1, _d1)


@njit(
    void(*_sides, _d1, _d1, _d1, _d1, int64, float64[::1]),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _nearest(
    q: Array,
    qtotal: Array,
    qinverse: Array,
    qunit: Array,
    r: Array,
    scale: Array,
    shift: Array,
    unit: Array,
    width: int,
    out: Array,
) -> None:
    """Squared distance of each query from its nearest reference, band by band of them."""
    n, m = len(qtotal), len(unit)
    before = np.zeros(n)  # product of each query with the last reference of the band before
    products = np.empty((2, _BAND + 1))
    out[:] = np.inf
    for low in range(0, m, _BAND):
        high = min(low + _BAND, m)
        size = high - low
        u, c, e = scale[low:high], shift[low:high], unit[low:high]
        left = np.zeros(size)
        left[1 if low == 0 else 0 :] = r[max(low - 1, 0) : high - 1]
        right = r[low + width - 1 : high + width - 1]
        for i in range(n):
            old, new = products[i % 2], products[(i + 1) % 2]
            gone, come = 0.0, q[i + width - 1]
            if i == 0:
                # Diagonals begin here: all is summed, less what the step will add.
                for k in range(size):
                    old[k] = _product(q, 0, r, low + k, width) - come * right[k]
            else:
                gone = q[i - 1]
                old[0] = before[i - 1]
                if low == 0:
                    old[0] = _product(q, i, r, 0, width) - come * right[0]
                before[i - 1] = old[size]
            best = _step(old, new, gone, come, left, right, qinverse[i], qtotal[i], u, c, e)
            out[i] = min(out[i], best + qunit[i])
        before[n - 1] = products[n % 2, size]


def nearest_shapes(queries: Whole, references: Whole, allowed: Mask, width: int) -> Floats:
    """Return how far each window of a series is in shape from the nearest reference.

    Parameters
    ----------
    queries, references
        Series on the grid (`on_grid`), shapes (n_rows,) and (n_others,), both at least
        `width` long.
    allowed
        Which starts of windows are references, at most (n_others - width + 1,).
    width
        Rows a window, at most 1,024.

    Returns
    -------
    ndarray of shape (n_rows - width + 1,)
        Root mean square gap a row between the windows with their levels removed, each divided
        by its deviation and `SIZE_FLOOR`; infinite where no start is allowed.
    """
    own, others = _shapes(queries, width), _shapes(references, width)
    count = len(allowed)
    scale = 2.0 * others.inverse[:count] / (width * GRID**2)
    shift = others.total[:count] * scale / width
    unit = np.where(allowed, others.unit[:count], np.inf)
    out = np.empty(len(own.total))
    _nearest(*own, others.values, scale, shift, unit, width, out)
    return np.sqrt(np.maximum(out, 0.0)).astype(np.float32)
