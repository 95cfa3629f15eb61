"""Values for missing sensors, for detectors that need every one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.series import Floats

_RIDGE = 1e-3
_MOST_SENSORS = 256
_MOST_PATTERNS = 64


class Filler:
    """Fills a missing value by what is expected of it given the sensors that are alive.

    The expectation is linear, of the mean and covariance of the training data, a little
    shrunk to its diagonal; with very many sensors it is the mean alone.

    Parameters
    ----------
    mean
        Shape (n_sensors,).
    covariance
        Shape (n_sensors, n_sensors), or (0, 0) where only the mean is kept.
    """

    def __init__(self, mean: NDArray[np.float64], covariance: NDArray[np.float32]) -> None:
        self.mean = mean
        self.covariance = covariance

    @classmethod
    def learn(cls, values: Floats) -> Filler:
        """Learn from values of shape (n_sensors, n_cells), where NaN is left out."""
        gone = np.isnan(values)
        if not gone.any():
            mean = values.mean(axis=1, dtype=np.float64)
            centred = values - mean[:, None].astype(values.dtype)
        else:
            count = np.maximum((~gone).sum(axis=1), 1)
            mean = np.where(gone, 0.0, values).sum(axis=1) / count
            centred = np.where(gone, 0.0, values - mean[:, None])
        if len(values) > _MOST_SENSORS:
            return cls(mean, np.zeros((0, 0), np.float32))
        covariance = (centred @ centred.T) / max(values.shape[1], 1)
        return cls(mean, covariance.astype(np.float32))

    def fill(self, values: Floats) -> Floats:
        """Return values of shape (n_sensors, n_cells) without NaN; the input stays."""
        gone = np.isnan(values)
        if not gone.any():
            return values
        out = np.where(gone, self.mean[:, None], values).astype(values.dtype)
        if not self.covariance.size:
            return out
        cells = np.flatnonzero(gone.any(axis=0))
        patterns, which, counts = np.unique(
            np.packbits(gone[:, cells], axis=0),
            axis=1,
            return_inverse=True,
            return_counts=True,
        )
        which = which.reshape(-1)
        # Sensors die for long; patterns beyond the commonest are scattered single values.
        for pattern in np.argsort(-counts, kind="stable")[:_MOST_PATTERNS]:
            at = cells[which == pattern]
            dead = np.unpackbits(patterns[:, pattern], count=len(values)).astype(bool)
            if not dead.all():
                out[np.ix_(dead, at)] = self._expected(dead, values[:, at])
        return out

    def _expected(self, dead: NDArray[np.bool_], values: Floats) -> NDArray[np.float64]:
        covariance = self.covariance.astype(np.float64)
        alive = ~dead
        own = covariance[np.ix_(alive, alive)]
        diagonal = np.diag(own)
        floor = max(float(diagonal.mean()), 1.0e-300)
        own[np.diag_indices_from(own)] += _RIDGE * np.maximum(diagonal, _RIDGE * floor)
        slope = np.linalg.solve(own, covariance[np.ix_(alive, dead)])
        known = values[alive].astype(np.float64) - self.mean[alive, None]
        return self.mean[dead, None] + slope.T @ known
