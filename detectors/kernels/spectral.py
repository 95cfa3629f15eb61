"""Spectral residual of many windows at once: batched transforms in single precision.

The method is that of Ren and others 2019, doi:10.1145/3292500.3330680, window by window: what
the logarithm of a window's amplitude spectrum has beyond its own running mean is turned back
into time with the window's phases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.kernels.arrays import Doubles, Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAINTEST = 1.0e-2
"""Amplitudes below this share of a window's mean amplitude count as this much."""
_ROUNDING = 1.0e-12
_LARGEST_POWER = 1000


def saliency(views: Doubles, taper: Doubles, place: int, smoothing: int) -> Floats:
    """Return how far one row of each window is more salient than the window's mean.

    Parameters
    ----------
    views
        Windows, finite, (n_windows, width); a view of a series will do.
    taper
        What each row of a window is multiplied by once its mean is off, (width,).
    place
        The row that is judged.
    smoothing
        Frequencies that the spectrum's running mean takes in.

    Returns
    -------
    ndarray of shape (n_windows,)
        Saliency over the window's mean saliency, minus 1; 0 where it is not above it, and for
        windows in which nothing moves.  Within 1e-4 of the same in double precision.
    """
    from scipy.fft import irfft, rfft  # many rows in vector lanes, and without a conversion

    width = views.shape[1]
    centred = views - views.mean(axis=1, keepdims=True)
    largest = np.abs(centred).max(axis=1, keepdims=True)
    # What rounding leaves of a constant window is no signal.
    moving = largest > _ROUNDING * width * np.abs(views).max(axis=1, keepdims=True)
    # Powers of two change no digit, and keep what single precision squares in its range.
    centred *= np.exp2(np.minimum(-np.frexp(largest)[1], _LARGEST_POWER))
    centred *= taper
    spectrum = rfft(centred.astype(np.float32), axis=1, overwrite_x=True)
    spectrum *= _replacement(spectrum, smoothing)
    salient = np.abs(irfft(spectrum, width, axis=1, overwrite_x=True))
    mean, own = salient.mean(axis=1), salient[:, place]
    usable = moving[:, 0] & (mean > 0)
    relative = np.divide(own, mean, out=np.ones_like(own), where=usable)
    found: Floats = np.maximum(relative - np.float32(1), np.float32(0))
    return found


def _replacement(spectrum: NDArray[np.complex64], smoothing: int) -> Floats:
    """Return by what a spectrum is multiplied so that its residual stays, and its phases."""
    amplitude = np.sqrt(np.square(spectrum.real) + np.square(spectrum.imag))
    typical = amplitude.mean(axis=1, keepdims=True)
    tiniest = np.finfo(np.float32).tiny
    least = np.maximum(np.float32(FAINTEST) * typical, tiniest)
    factor: Floats = np.log(np.maximum(amplitude, least))
    before = smoothing // 2
    padded = np.pad(factor, ((0, 0), (before, smoothing - 1 - before)), mode="edge")
    near = padded[:, : factor.shape[1]].copy()
    for shift in range(1, smoothing):
        near += padded[:, shift : shift + factor.shape[1]]
    near *= np.float32(1 / smoothing)
    factor -= near
    np.exp(factor, out=factor)
    factor /= np.maximum(amplitude, tiniest, out=amplitude)
    return factor
