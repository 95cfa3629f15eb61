"""Matrix profiles: the nearest window of another series, or elsewhere in the same one.

Windows are compared z-normalised: level and size removed.  Correlations are followed along the
diagonals of the distance matrix, where one step costs two products (Zhu et al. 2018,
doi:10.1007/s10115-017-1138-x; Yeh et al. 2016, doi:10.1109/ICDM.2016.0179), many diagonals
side by side.  They are computed anew every so many steps, so that a jump in the readings
leaves no lasting error, and the distance that is returned is that of the windows found.

Constant windows have no size: two of them are 0 apart, and one is ``sqrt(window)`` from any
window that is not constant, as if their correlation were one half (stumpy's convention).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import float64, int64, njit, types, void

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Doubles, Indices, between, series
from detectors.kernels.recursive import rolling_mean_std

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_BAND = 512
_RENEWED = 16
_APART = 4
_LEAST = -(2**63)

_u64 = np.uint64
_d1 = types.Array(float64, 1, "C", readonly=True)
_l1 = types.Array(int64, 1, "C", readonly=True)


class _Windows(NamedTuple):
    """A series and, of each of its windows, what the recurrence needs.

    Attributes
    ----------
    values
        The series, (n_rows,).
    mean
        Of each window, (n_windows,).
    scale
        1 / (deviation * sqrt(window)); 0 where the window is constant.
    half
        Half the change of value from the row that left to the row that came.
    gap
        Sum of the gaps of those two rows from their windows' means.
    """

    values: Doubles
    mean: Doubles
    scale: Doubles
    half: Doubles
    gap: Doubles


def _windows(x: ArrayLike, window: int, name: str) -> _Windows:
    values = series(x, name)
    if not np.isfinite(values).all():
        raise InvalidInput(f"{name} must be finite")
    if window > len(values):
        raise InvalidInput(f"window must be at most {len(values)}, the length of {name}")
    mean, deviation = rolling_mean_std(values, window)
    flat = deviation == 0
    scale = np.where(flat, 0.0, 1.0 / (np.where(flat, 1.0, deviation) * np.sqrt(window)))
    half, gap = np.zeros_like(mean), np.zeros_like(mean)
    half[1:] = (values[window:] - values[:-window]) * 0.5
    gap[1:] = (values[window:] - mean[1:]) + (values[:-window] - mean[:-1])
    return _Windows(values, mean, scale, half, gap)


_sides = (_d1, _d1, _d1, _d1, _d1)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _product(a: Array, i: int, mean_a: float, b: Array, j: int, mean_b: float, m: int) -> float:
    total = 0.0
    left = a[i : i + m]
    right = b[j : j + m]
    for t in range(m):
        total += (left[t] - mean_a) * (right[t] - mean_b)
    return total


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz", "contract"}, error_model="numpy")
def _advance(
    products: Array,
    at: np.uint64,
    half_a: float,
    gap_a: float,
    half_b: Array,
    gap_b: Array,
    scale_b: Array,
    first: np.uint64,
    count: np.uint64,
) -> float:
    """Move products one step along their diagonals; returns the largest scaled one.

    Numbers that are not negative are in the order of their bits, and a largest whole number
    is found in vector lanes, which the compiler does not do for a largest fraction.
    """
    bits = np.int64(_LEAST)
    for k in range(count):
        y = products[at + k] + half_a * gap_b[first + k] + gap_a * half_b[first + k]
        products[at + k] = y
        v = np.float64(y * scale_b[first + k]).view(np.int64)
        bits = v if v > bits else bits
    if bits >= 0:
        return float(np.int64(bits).view(np.float64))
    best = -np.inf
    for k in range(count):
        best = max(best, products[at + k] * scale_b[first + k])
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def _holder(
    products: Array, low: int, high: int, scale_b: Array, first: int, top: float
) -> int:
    """First place that holds the largest scaled product."""
    for k in range(low, high):
        if products[k] * scale_b[first + k] >= top:
            return k
    return -1


@njit(
    void(*_sides, *_sides, int64, int64, int64, float64[::1], int64[::1]),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _profile(
    a: Array,
    mean_a: Array,
    scale_a: Array,
    half_a: Array,
    gap_a: Array,
    b: Array,
    mean_b: Array,
    scale_b: Array,
    half_b: Array,
    gap_b: Array,
    window: int,
    first: int,
    last: int,
    best: Array,
    where: Array,
) -> None:
    """Improve the best correlation of each window of a over diagonals first <= j - i < last."""
    n_a = len(mean_a)
    n_b = len(mean_b)
    products = np.empty(_BAND)
    renewed = _RENEWED * window
    for band in range(first, last, _BAND):
        width = min(last - band, _BAND)
        for i in range(max(0, -(band + width - 1)), min(n_a, n_b - band)):
            # Diagonals of this band that cross row i, those that begin there first.
            low = max(0, -i - band)
            high = min(width, n_b - i - band)
            anew = high if i % renewed == 0 else (low + 1 if i + band + low == 0 else low)
            top = -np.inf
            for k in range(low, anew):
                j = i + band + k
                y = _product(a, i, mean_a[i], b, j, mean_b[j], window)
                products[k] = y
                top = max(top, y * scale_b[j])
            if anew < high:
                moved = _advance(
                    products,
                    _u64(anew),
                    half_a[i],
                    gap_a[i],
                    half_b,
                    gap_b,
                    scale_b,
                    _u64(i + band + anew),
                    _u64(high - anew),
                )
                top = max(top, moved)
            if low < high and top * scale_a[i] > best[i]:
                best[i] = top * scale_a[i]
                where[i] = i + band
                where[i] += _holder(products, low, high, scale_b, i + band, top)


@njit(
    void(
        *_sides[:3],
        *_sides[:3],
        *(_l1, int64, int64, int64),
        *(_d1, int64[::1], float64[::1]),
    ),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _settle(
    a: Array,
    mean_a: Array,
    scale_a: Array,
    b: Array,
    mean_b: Array,
    scale_b: Array,
    flat: Array,
    window: int,
    zone: int,
    ahead: int,
    best: Array,
    where: Array,
    distance: Array,
) -> None:
    """Turn correlations into distances: constant windows by rule, the others from their rows.

    ``flat`` lists the constant windows of b.  Where ``zone`` is not negative, windows within
    that many rows are left out, and later ones too unless ``ahead``.
    """
    one_sided = np.sqrt(float(window))
    for i in range(len(mean_a)):
        before = zone < 0 or i - zone - 1 >= 0
        constant = -1
        if len(flat) > 0 and (zone < 0 or flat[0] <= i - zone - 1):
            constant = flat[0]
        elif ahead and zone >= 0:
            at = np.searchsorted(flat, i + zone + 1)
            constant = flat[at] if at < len(flat) else -1
        if where[i] < 0:
            distance[i] = np.inf
        elif scale_a[i] == 0:
            distance[i] = 0.0 if constant >= 0 else one_sided
            where[i] = constant if constant >= 0 else (0 if before else i + zone + 1)
        elif constant >= 0 and best[i] < 0.5:
            distance[i] = one_sided
            where[i] = constant
        else:
            j = where[i]
            total = 0.0
            for t in range(window):
                left = (a[i + t] - mean_a[i]) * scale_a[i]
                gap = left - (b[j + t] - mean_b[j]) * scale_b[j]
                total += gap * gap
            distance[i] = np.sqrt(total * window)


def _search(
    a: _Windows, b: _Windows, window: int, spans: list[tuple[int, int]], zone: int, ahead: bool
) -> tuple[Doubles, Indices]:
    n = len(a.mean)
    best, where = np.full(n, -2.0), np.full(n, -1, np.int64)
    for first, last in spans:
        _profile(*a, *b, window, first, last, best, where)
    distance = np.empty(n)
    flat = np.flatnonzero(b.scale == 0).astype(np.int64)
    _settle(*a[:3], *b[:3], flat, window, zone, int(ahead), best, where, distance)
    return distance, where


def _apart(window: int, exclusion: int | None) -> int:
    if exclusion is None:
        return -(-window // _APART)
    return between(exclusion, 0, None, "exclusion")


def ab_join(a: ArrayLike, b: ArrayLike, window: int) -> tuple[Doubles, Indices]:
    """Find the nearest window of one series for each window of another.

    Parameters
    ----------
    a, b
        Finite values, (n_a,) and (n_b,), neither shorter than ``window``.
    window
        Rows of a window, at least 2.

    Returns
    -------
    distance : ndarray of shape (n_a - window + 1,), float64
        Z-normalised Euclidean distance, between 0 and ``2 * sqrt(window)``.
    index : ndarray of shape (n_a - window + 1,), int64
        Where the nearest window of ``b`` begins.

    Raises
    ------
    InvalidInput
        Not vectors, not finite, or a window that does not fit.
    """
    m = between(window, 2, None, "window")
    left, right = _windows(a, m, "a"), _windows(b, m, "b")
    span = (1 - len(left.mean), len(right.mean))
    return _search(left, right, m, [span], -1, ahead=True)


def self_join(
    a: ArrayLike, window: int, exclusion: int | None = None
) -> tuple[Doubles, Indices]:
    """Find the nearest other window of the same series for each of its windows.

    Parameters
    ----------
    a
        Finite values, (n_rows,).
    window
        Rows of a window, at least 2.
    exclusion
        Windows that begin at most so many rows apart are not compared; a quarter of the window
        where not given.

    Returns
    -------
    distance, index
        As in `ab_join`; infinity and -1 where no window is far enough away.

    Raises
    ------
    InvalidInput
        As in `ab_join`.
    """
    m = between(window, 2, None, "window")
    both, zone = _windows(a, m, "a"), _apart(m, exclusion)
    n = len(both.mean)
    return _search(both, both, m, [(1 - n, -zone), (zone + 1, n)], zone, ahead=True)


def left_join(
    a: ArrayLike, window: int, exclusion: int | None = None
) -> tuple[Doubles, Indices]:
    """Find the nearest earlier window of the same series for each of its windows.

    Parameters and results are those of `self_join`; what comes later changes nothing.
    """
    m = between(window, 2, None, "window")
    both, zone = _windows(a, m, "a"), _apart(m, exclusion)
    span = (1 - len(both.mean), -zone)
    return _search(both, both, m, [span], zone, ahead=False)
