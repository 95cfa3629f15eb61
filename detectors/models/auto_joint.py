"""How well the sensors' windows fit together: the residual of principal components."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from detectors.kernels.products import products
from detectors.kernels.residuals import Axes, residuals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Mask = NDArray[np.bool_]

_EXPLAINED = 0.9
_LEAST_NOISE = 1.0e-6
_NAMES = ("joint_mean", "axes", "variances")


class Moments(NamedTuple):
    """Sums over windows, which add up over parts of the data."""

    windows: int
    total: Doubles
    products: Doubles

    @classmethod
    def of(cls, windows: Floats) -> Self:
        """Return the sums over windows of shape (n_windows, size)."""
        squares = np.asarray(windows.T @ windows, np.float64)
        return cls(len(windows), windows.sum(axis=0, dtype=np.float64), squares)

    @classmethod
    def joined(cls, parts: Sequence[Moments]) -> Self:
        """Return the sums over all parts."""
        return cls(
            sum(part.windows for part in parts),
            np.sum([part.total for part in parts], axis=0),
            np.sum([part.products for part in parts], axis=0),
        )


@dataclass(frozen=True)
class JointWindow:
    """Principal components of the windows of all sensors side by side.

    Attributes
    ----------
    mean
        Shape (size,), size = n_sensors × width.
    axes
        Components that explain 90 % of the variance, (size, n_components).
    variances
        Of the components, and last the mean variance of the directions left out.
    """

    mean: Floats
    axes: Floats
    variances: Floats

    @classmethod
    def learn(cls, moments: Moments) -> Self:
        """Find the components of windows of which only the sums are known."""
        mean = moments.total / max(moments.windows, 1)
        spread = moments.products - moments.windows * np.outer(mean, mean)
        values, axes = np.linalg.eigh(spread / max(moments.windows - 1, 1))
        values, axes = np.maximum(values[::-1], 0.0), axes[:, ::-1]
        explained = np.cumsum(values) / max(float(values.sum()), 1.0e-12)
        count = min(int(np.searchsorted(explained, _EXPLAINED)) + 1, len(values))
        noise = values[count:].mean() if count < len(values) else 0.0
        variances = np.r_[values[:count], max(float(noise), _LEAST_NOISE)]
        return cls(
            mean.astype(np.float32),
            np.ascontiguousarray(axes[:, :count], np.float32),
            np.maximum(variances, _LEAST_NOISE).astype(np.float32),
        )

    def residuals(self, windows: Floats, n_sensors: int, known: Mask | None = None) -> Floats:
        """Return each sensor's root mean square residual, (n_sensors, n_windows).

        Each window's is the same to the last bit whatever comes with it.

        Parameters
        ----------
        windows
            Shape (n_windows, size).
        n_sensors
            Sensors side by side in a window.
        known
            Which sensors have readings in which window, (n_sensors, n_windows).  A sensor
            without is given what the others make expect, so that it does not count against
            them.
        """
        if known is not None and not known.all():
            windows = windows.copy()
            for rows, there in _patterns(known, windows.shape[1]):
                gaps = windows[np.ix_(rows, there)] - self.mean[there]
                found = products(gaps, self._missing_given(there))
                windows[np.ix_(rows, ~there)] = self.mean[~there] + found
        return residuals(windows, self.mean, self._laid_out, n_sensors)

    @cached_property
    def _laid_out(self) -> Axes:
        return Axes.of(self.axes)

    def _missing_given(self, there: Mask) -> Floats:
        """Return what turns present coordinates into missing ones, (n_missing, n_present)."""
        axes = self.axes[there].astype(np.float64)
        along = np.linalg.solve(axes.T @ axes + self._prior(), axes.T)
        return np.asarray(self.axes[~there] @ along, np.float32)

    def _prior(self) -> Doubles:
        return np.diag(self.variances[-1] / self.variances[:-1].astype(np.float64))

    def state(self, prefix: str = "") -> dict[str, NDArray[Any]]:
        """Return the arrays that `restore` takes, their names beginning with `prefix`."""
        arrays = (self.mean, self.axes, self.variances)
        return {prefix + name: array for name, array in zip(_NAMES, arrays, strict=True)}

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]], prefix: str = "") -> Self:
        """Rebuild from `state`."""
        return cls(*(np.ascontiguousarray(state[prefix + n], np.float32) for n in _NAMES))


def _patterns(known: Mask, size: int) -> Iterator[tuple[NDArray[np.int64], Mask]]:
    """Yield windows that lack the same sensors, with the coordinates that are there."""
    patterns, which = np.unique(known, axis=1, return_inverse=True)
    for number in range(patterns.shape[1]):
        there = np.repeat(patterns[:, number], size // len(known))
        if not there.all():
            yield np.flatnonzero(which.ravel() == number), there
