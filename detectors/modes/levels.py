"""The levels that one column switches between: split where almost nothing lies in between."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_LEVELS = 6
FEWEST_SHARE = 0.03
"""Share of the time below which a level is none."""
_FEWEST_ROWS = 20
_FEWEST_BINS, _MOST_BINS = 8, 64
_IN_A_BIN = 10
"""Values in the mean, so that an empty place is no matter of chance."""
_WINDOW = 3
_DEEPEST = 0.2
"""A valley's density, as a share of the mean density on its thinner side."""


class _Valley(NamedTuple):
    """Where a stretch of sorted values is best cut, and how empty it is there."""

    depth: float
    cut: float
    place: int
    """Values below the cut."""


def cuts_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what separates the levels of a column, rising; empty for a single level.

    The sorted values are cut at the emptiest place, then each part at its own, the deepest
    first, as long as the density there is under a fifth of the mean density on either side and
    both sides hold a few percent of the time.  A uniform or sinusoidal column has no such
    place, nor has a tail that only grows thinner; two normal levels have one from about five
    deviations apart.

    Parameters
    ----------
    values
        Finite, shape (n_values,); sorted.

    References
    ----------
    Koontz, Narendra and Fukunaga (1976), A graph-theoretic approach to nonparametric cluster
    analysis, doi:10.1109/TC.1976.1674719, for clusters as what valleys of density separate.
    """
    fewest = fewest_of(len(values))
    first = _valley(values, fewest)
    open_: list[tuple[int, int, _Valley]] = [] if first is None else [(0, len(values), first)]
    cuts: list[float] = []
    while open_ and len(cuts) < MOST_LEVELS - 1:
        chosen = min(range(len(open_)), key=lambda i: (open_[i][2].depth, open_[i][0]))
        start, stop, valley = open_.pop(chosen)
        cuts.append(valley.cut)
        for a, b in ((start, start + valley.place), (start + valley.place, stop)):
            deeper = _valley(values[a:b], fewest)
            if deeper is not None:
                open_.append((a, b, deeper))
    return np.sort(np.array(cuts, np.float64))


def single(values: NDArray[np.float64], often: int) -> NDArray[np.bool_]:
    """Tell which columns have one level at first sight: `cuts_of` returns nothing for them.

    Parameters
    ----------
    values
        Shape (n_columns, n_values), in any order; a column that lacks a value is never told.
    often
        Nor is one in which a value may come as often as this; 0: however often.
    """
    from detectors.kernels.valleys import even_columns  # compiled only for training

    count = values.shape[1]
    return even_columns(values, fewest_of(count), often, _DEEPEST, _shares(count), _WINDOW)


def fewest_of(count: int) -> int:
    """Return how many of so many values make a level."""
    return max(int(np.ceil(FEWEST_SHARE * count)), _FEWEST_ROWS)


def _valley(values: NDArray[np.float64], fewest: int) -> _Valley | None:
    """Return the emptiest place with enough values on either side, if it is empty enough."""
    count = len(values)
    if count < 2 * fewest:
        return None
    depths, all_edges = _depths(values[None], fewest)
    depth, edges = depths[0], all_edges[0]
    if not depth.min() <= _DEEPEST:
        return None
    place = _WINDOW // 2 + _middle_of_longest(depth == depth.min())
    cut = float((edges[place] + edges[place + 1]) / 2)
    at = int(np.searchsorted(values, cut))
    if min(at, count - at) < fewest:
        return None
    return _Valley(float(depth.min()), cut, at)


def _depths(
    values: NDArray[np.float64], fewest: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how empty each place of columns is, and the edges of all bins.

    Returns
    -------
    ndarray of shape (n_columns, n_bins - 2)
        Density as a share of that on the thinner side; infinite with too few values beside it,
        or in a column of a single value.
    ndarray of shape (n_columns, n_bins + 1)
    """
    count, spare = values.shape[1], fewest // 2
    low, high = values[:, spare, None], values[:, count - 1 - spare, None]
    shares = _shares(count)
    bins = len(shares) - 1
    edges = low + (high - low) * shares
    below = np.stack([own.searchsorted(at) for own, at in zip(values, edges, strict=True)])
    places = np.arange(_WINDOW // 2, bins - _WINDOW // 2)
    inside = below[:, places + _WINDOW // 2 + 1] - below[:, places - _WINDOW // 2]
    left = (below[:, places] + below[:, places + 1]) / 2
    thinner = np.minimum(left / (places + 0.5), (count - left) / (bins - places - 0.5))
    depth = np.where(
        (np.minimum(left, count - left) >= fewest) & (high > low),
        inside / _WINDOW / np.maximum(thinner, 1e-12),
        np.inf,
    )
    return depth, edges


def _shares(count: int) -> NDArray[np.float64]:
    """Return the edges of the bins that so many values are counted in, from 0 to 1."""
    bins = min(max(count // _IN_A_BIN, _FEWEST_BINS), _MOST_BINS)
    return np.linspace(0.0, 1.0, bins + 1)


def _middle_of_longest(holds: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.r_[False, holds, False])).reshape(-1, 2)
    start, stop = edges[(edges[:, 1] - edges[:, 0]).argmax()]
    return int(start + stop - 1) // 2
