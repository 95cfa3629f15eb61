"""How well the sensors' windows fit together: the residual of principal components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Mask = NDArray[np.bool_]

_EXPLAINED = 0.9
_LEAST_NOISE = 1.0e-6


class Moments(NamedTuple):
    """Sums over windows, which add up over parts of the data."""

    windows: int
    total: Doubles
    products: Doubles

    @classmethod
    def of(cls, windows: Floats) -> Self:
        """Return the sums over windows of shape (n_windows, size)."""
        rows = windows.astype(np.float64)
        return cls(len(rows), rows.sum(axis=0), rows.T @ rows)

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
        rest = windows - self.mean
        if known is not None and not known.all():
            self._complete(rest, known)
        rest -= (rest @ self.axes) @ self.axes.T
        parts = rest.reshape(len(rest), n_sensors, -1)
        power = np.einsum("ijk,ijk->ji", parts, parts) / np.float32(parts.shape[2])
        return np.asarray(np.sqrt(power))

    def _complete(self, rest: Floats, known: Mask) -> None:
        """Put the expected deviations in place of missing ones."""
        size = rest.shape[1] // len(known)
        patterns, which = np.unique(known, axis=1, return_inverse=True)
        for number in range(patterns.shape[1]):
            there = np.repeat(patterns[:, number], size)
            if there.all():
                continue
            rows = np.flatnonzero(which.ravel() == number)
            rest[np.ix_(rows, ~there)] = self._expected(rest[np.ix_(rows, there)], there)

    def _expected(self, present: Floats, there: Mask) -> Floats:
        """Return the missing coordinates' mean given the others, (n_windows, n_missing)."""
        axes = self.axes[there].astype(np.float64)
        prior = np.diag(self.variances[-1] / self.variances[:-1].astype(np.float64))
        along = np.linalg.solve(axes.T @ axes + prior, axes.T @ present.T.astype(np.float64))
        return np.asarray((self.axes[~there] @ along).T, np.float32)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that `restore` takes."""
        return {"joint_mean": self.mean, "axes": self.axes, "variances": self.variances}

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild from `state`."""
        names = ("joint_mean", "axes", "variances")
        return cls(*(np.ascontiguousarray(state[name], np.float32) for name in names))
