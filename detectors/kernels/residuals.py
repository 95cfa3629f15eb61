"""What components leave of windows, each window by itself.

A product of matrices rounds a row differently when other rows come with it; here a window's
result is the same to the last bit wherever it stands in the input and whatever comes with it.
"""

from __future__ import annotations

import numpy as np
from numba import float32, int64, njit, types, void

from detectors.kernels.arrays import Array, Floats

_f1 = types.Array(float32, 1, "C", readonly=True)
_f2 = types.Array(float32, 2, "C", readonly=True)
_FLAGS = {"contract", "reassoc", "nsz"}


@njit(
    void(_f2, _f1, _f2, int64, float32[:, ::1]),
    cache=True,
    nogil=True,
    fastmath=_FLAGS,
)
def _residuals(windows: Array, mean: Array, axes: Array, n_sensors: int, out: Array) -> None:
    size, count = axes.shape
    width = size // n_sensors
    rest = np.empty(size, np.float32)
    along = np.empty(count, np.float32)
    for i in range(len(windows)):
        along[:] = 0.0
        for k in range(size):
            rest[k] = windows[i, k] - mean[k]
            r = rest[k]
            for c in range(count):
                along[c] += r * axes[k, c]
        for sensor in range(n_sensors):
            power = np.float32(0.0)
            for k in range(sensor * width, (sensor + 1) * width):
                expected = np.float32(0.0)
                for c in range(count):
                    expected += along[c] * axes[k, c]
                gap = rest[k] - expected
                power += gap * gap
            out[sensor, i] = np.sqrt(power / np.float32(width))


def residuals(windows: Floats, mean: Floats, axes: Floats, n_sensors: int) -> Floats:
    """Return each sensor's root mean square residual, (n_sensors, n_windows).

    Parameters
    ----------
    windows
        Sensors side by side, shape (n_windows, size).
    mean, axes
        Of the windows, (size,); orthonormal, (size, n_components).
    n_sensors
        A divisor of `size`.
    """
    out = np.empty((n_sensors, len(windows)), np.float32)
    _residuals(np.ascontiguousarray(windows), mean, axes, n_sensors, out)
    return out
