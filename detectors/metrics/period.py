"""The period of a series, which sets window lengths and the reach of range metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_ROWS = 20_000
_SHORTEST, _LONGEST, _LAGS = 3, 300, 400


def dominant_period(x: ArrayLike, *, default: int = 125) -> int:
    """Return the lag, in rows, at which a series resembles itself most.

    The highest local maximum of the autocorrelation between lag 4 and 303 of the first
    20,000 values, as the TSB-AD benchmark chooses it (Liu & Paparrizos 2024,
    doi:10.52202/079017-3437); `default` where there is none.

    Parameters
    ----------
    x
        Values in time order, shape (n_rows,), without NaN.
    default
        Lag of a series without a period.
    """
    values = np.asarray(x, dtype=np.float64).ravel()[:_ROWS]
    values = values - values.mean() if values.size else values
    n = values.size
    size = 1 << max(2 * n - 1, 1).bit_length()
    spectrum = np.fft.rfft(values, size)
    correlation = np.fft.irfft(spectrum * spectrum.conj(), size)[: min(_LAGS, n - 1) + 1]
    if n < _SHORTEST or correlation[0] <= 1e-12:
        return default
    tail = correlation[_SHORTEST:] / correlation[0]
    peaks = np.flatnonzero((tail[1:-1] > tail[:-2]) & (tail[1:-1] > tail[2:])) + 1
    if peaks.size == 0:
        return default
    best = int(peaks[np.argmax(tail[peaks])])
    return best + _SHORTEST if _SHORTEST <= best <= _LONGEST else default
