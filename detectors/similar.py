"""Stretches of a series that look like another: all windows at once, by Fourier transforms.

Windows are compared z-normalised, level and size removed, sensor by sensor; what is told is
the mean of their correlations.  The products of a pattern with every window are one
convolution (Mueen's algorithm for similarity search, MASS; Rakthanmanon et al. 2012,
doi:10.1145/2339530.2339576), so that a search costs n log n whatever the pattern's length.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from detectors.errors import InvalidInput

Floats = npt.NDArray[np.float64]
_MOST_MISSING = 0.2
"""Share of a window that may be filled in."""
_FLAT = 1e-6
"""Deviation, in units of the series' range, below which a window has no shape: sums over a long
series lose their last digits."""
_FAR = 50.0
"""Ranges from the middle beyond which a value counts as if it were there: one slip of a sensor
would take the digits of all sums."""


def likeness(series: Floats, pattern: Floats) -> Floats:
    """Return how much each window of a series looks like a pattern.

    Parameters
    ----------
    series
        (n_rows, n_sensors); NaN where there is no value.
    pattern
        (n_window, n_sensors), of the same sensors.

    Returns
    -------
    ndarray
        (n_rows − n_window + 1,): the mean correlation, −1 to 1, over the sensors that have a
        shape in the pattern; a sensor without one in a window counts 0 there.  NaN where too
        much is missing, and everywhere for a pattern without any shape.

    Raises
    ------
    InvalidInput
        The shapes do not fit.
    """
    if series.ndim != 2 or pattern.ndim != 2 or series.shape[1] != pattern.shape[1]:
        raise InvalidInput("series and pattern must have the same sensors")
    window = len(pattern)
    if not 2 <= window <= len(series):
        raise InvalidInput(f"the pattern must have 2 to {len(series)} rows")
    total = np.zeros(len(series) - window + 1)
    shaped = 0
    for column, own in zip(series.T, pattern.T, strict=True):
        found = _correlations(column, own)
        if found is not None:
            total += found
            shaped += 1
    if not shaped:
        return np.full(len(total), np.nan)
    gone = np.isnan(series).mean(axis=1)
    out: Floats = np.where(_sums(gone, window) > _MOST_MISSING * window, np.nan, total / shaped)
    return out


def alike(
    found: Floats, window: int, count: int, taken: Sequence[tuple[int, int]] = ()
) -> list[int]:
    """Return the first rows of the windows most alike, the best first, none over another.

    Parameters
    ----------
    found
        What `likeness` gave.
    taken
        Rows (from, to; half-open) that no window may touch.
    """
    left = np.where(np.isnan(found), -np.inf, found)

    def close(start: int, end: int) -> None:
        left[max(start - window + 1, 0) : max(end, 0)] = -np.inf

    for start, end in taken:
        close(start, end)
    chosen: list[int] = []
    while len(chosen) < count and len(left):
        best = int(left.argmax())
        if left[best] <= 0:
            break
        chosen.append(best)
        close(best, best + window)
    return chosen


def _correlations(column: Floats, pattern: Floats) -> Floats | None:
    """Return a pattern's correlation with each window; None if it has no shape."""
    known = ~np.isnan(column)
    own = ~np.isnan(pattern)
    if not known.any() or not own.any():
        return None
    low, middle, high = np.quantile(column[known], [0.01, 0.5, 0.99])
    scale = float(high - low) or float(np.std(column[known])) or 1.0
    column = np.clip((_filled(column, known) - middle) / scale, -_FAR, _FAR)
    pattern = _filled(pattern, own)
    size = float(np.std(pattern))
    if size < _FLAT * scale:
        return None
    window = len(pattern)
    shape = (pattern - pattern.mean()) / size
    products = _products(column, shape)
    mean = _sums(column, window) / window
    spread = np.sqrt(np.maximum(_sums(column**2, window) / window - mean**2, 0.0))
    flat = spread < _FLAT
    out: Floats = np.where(flat, 0.0, products / (window * np.where(flat, 1.0, spread)))
    return np.clip(out, -1.0, 1.0)


def _products(column: Floats, shape: Floats) -> Floats:
    size = 1 << (len(column) + len(shape) - 1).bit_length()
    turned = np.fft.rfft(column, size) * np.fft.rfft(shape[::-1], size)
    products: Floats = np.fft.irfft(turned, size)[len(shape) - 1 : len(column)]
    return products


def _sums(values: Floats, window: int) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    out: Floats = sums[window:] - sums[:-window]
    return out


def _filled(values: Floats, known: npt.NDArray[np.bool_]) -> Floats:
    if known.all():
        return values
    places = np.arange(len(values), dtype=np.float64)
    filled: Floats = np.interp(places, places[known], values[known])
    return filled
