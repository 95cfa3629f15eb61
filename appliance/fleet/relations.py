"""What a sensor would have shown in normal running, told from the others at the same moment.

A sensor that is taken as unknown is expected to be where those that are not put it: the
conditional mean of a normal distribution (Anderson, 2003, An Introduction to Multivariate
Statistical Analysis, section 2.5), of readings without what context explains, correlations
shrunk towards none.  One that leaves the range of its training says no more than its end, so
that a fault nobody pointed at bears little on others.  How far all that may be believed is
measured on *held-out* contiguous stretches: the expectation is drawn towards the middle by as
much as would have been best there, all the way where the others say nothing; and the interval
is as wide as was missed there in nineteen moments of twenty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.artifact import Arrays, below
from appliance.fleet.series import Floats, Mask
from detectors.columns import of_rank, related

COVERED = 0.95
"""Share of normal moments that an interval is made to hold."""
MOST_SENSORS = 256
"""Above, matrices of all pairs would weigh more than the rest of a model."""
_Table: TypeAlias = NDArray[np.float64]
_PREFIX = "relations/"
_COVERING = 1.96
"""Deviations of a normal distribution within which `COVERED` lies."""
_RIDGE = 0.01
_FOLDS = 3
_LEAST_EXPLAINED = 0.05
_BLAMED = 0.1
_LEAST_VARIANCE = 1e-6
_FLAT = 1e-9
_MOST_PATTERNS = 512
"""Sets of unknown sensors that are told apart; the rarest beyond are expected at the middle."""


def blamed(shares: Floats) -> Mask:
    """Tell which sensors a surprise is about, by their shares of it (first axis).

    The largest share, and each of a tenth: of injected faults in one to three of 19 sensors
    these are nine in ten of the faulty ones and no other.  No sensor where there is no share.
    """
    known = np.nan_to_num(shares, nan=0.0)
    largest = (known == known.max(axis=0, keepdims=True)) & (known > 0)
    return np.asarray(largest | (known >= _BLAMED))


@dataclass(frozen=True)
class Expected:
    """What would have been normal.

    Attributes
    ----------
    middle
        Shape (n_sensors, n_cells), in the sensors' units.
    width
        Half of the interval that holds `COVERED` of normal moments.
    """

    middle: _Table
    width: _Table


@dataclass(frozen=True)
class Relations:
    """How the sensors of one machine go together.

    Attributes
    ----------
    low, high, mean, deviation
        Of each sensor; a deviation of 0 for one that tells and is told nothing.
    correlation
        Shape (n_sensors, n_sensors), shrunk.
    gain
        By how much of what the others say an expectation leaves the middle, 0..1.
    near, far
        Half an interval, where all others are known and where none is.
    """

    low: _Table
    high: _Table
    mean: _Table
    deviation: _Table
    correlation: _Table
    gain: _Table
    near: _Table
    far: _Table

    @classmethod
    def learn(cls, sample: Floats) -> Self | None:
        """Learn from normal readings, of shape (n_sensors, n_cells) in time order.

        None where there are too few cells, or too many sensors for all pairs of them.
        """
        sensors, cells = sample.shape
        if sensors > MOST_SENSORS or cells < 2 * _FOLDS:
            return None
        values = np.asarray(sample, np.float64)
        gone = np.isnan(values)
        holed = bool(gone.any())
        if holed:
            known = np.maximum((~gone).sum(axis=1), 1)
            middle = np.where(gone, 0.0, values).sum(axis=1) / known
            values = np.where(gone, middle[:, None], values)
        shrink = max(_RIDGE, sensors / cells)
        found = related(values, shrink, _FOLDS, flat=_FLAT, least=_LEAST_EXPLAINED)
        if found is None:
            return None
        if holed:
            found.missed[gone], found.alone[gone] = np.nan, np.nan
        near, far = _covering(found.missed), _covering(found.alone)
        correlation = found.gram / cells
        correlation[np.diag_indices(sensors)] += shrink
        far = np.maximum(near, far)
        low, high, mean, deviation = found.ends
        return cls(low, high, mean, deviation, correlation, found.gain, near, far)

    def expected(self, values: Floats, unknown: Mask, centre: _Table) -> Expected:
        """Return what the known sensors say of every sensor, each told by the others.

        Parameters
        ----------
        values
            Without what context explains, shape (n_sensors, n_cells); NaN counts as unknown.
        unknown
            Of the same shape: readings that are not to tell anything.
        centre
            Middle of each sensor in training: where nothing is said, that is expected.
        """
        unknown = unknown | np.isnan(values)
        spread = self.deviation[:, None]
        told = np.full(values.shape, np.nan)
        width = np.broadcast_to((self.far * self.deviation)[:, None], values.shape).copy()
        clipped = np.clip(values, self.low[:, None], self.high[:, None]) - self.mean[:, None]
        z = _over(clipped, self.deviation)
        least = self._least_left()
        for cells, dead in _patterns(unknown):
            known = np.flatnonzero(~dead & (self.deviation > 0))
            if len(known):
                told[:, cells], left = self._told(z[:, cells], known)
                half = np.clip(self.near * np.sqrt(left / least), self.near, self.far)
                width[:, cells] = (half * self.deviation)[:, None]
        told[self.gain <= 0] = np.nan
        by_others = self.mean[:, None] + self.gain[:, None] * spread * told
        return Expected(np.where(np.isnan(told), centre[:, None], by_others), width)

    def _told(self, z: _Table, known: NDArray[np.intp]) -> tuple[_Table, _Table]:
        """Return what known sensors say of all, in deviations, and the variances left."""
        inverse = np.linalg.inv(self.correlation[np.ix_(known, known)])
        slope = inverse @ self.correlation[known]
        out = slope.T @ z[known]
        left = np.diag(self.correlation) - (self.correlation[known] * slope).sum(axis=0)
        # A known sensor is told by the other known ones, not by itself.
        own = np.diag(inverse)
        out[known] = z[known] - (inverse @ z[known]) / own[:, None]
        left[known] = 1.0 / own
        return out, np.maximum(left, _LEAST_VARIANCE)

    def _least_left(self) -> _Table:
        """Variance of each sensor that is left where all others are known."""
        left = np.diag(self.correlation).copy()
        live = np.flatnonzero(self.deviation > 0)
        left[live] = 1.0 / np.diag(np.linalg.inv(self.correlation[np.ix_(live, live)]))
        return left

    # ------------------------------------------------------------------ state
    def state(self) -> Arrays:
        """Return the arrays that keep it."""
        kept = {name: getattr(self, name).astype(np.float32) for name in _FLOATS}
        kept |= {name: getattr(self, name) for name in _EXACT}
        return {_PREFIX + name: array for name, array in kept.items()}

    @classmethod
    def of(cls, arrays: Arrays) -> Self | None:
        """Return what an asset's arrays keep of it; None where they keep none."""
        own = below(arrays, _PREFIX)
        if not own:
            return None
        return cls(**{name: np.asarray(own[name], np.float64) for name in _FLOATS + _EXACT})


def usual(centre: _Table, spread: _Table, cells: int) -> Expected:
    """Return the middle and spread of training, for models that know no relations."""
    pair = (np.repeat(one[:, None], cells, axis=1) for one in (centre, _COVERING * spread))
    return Expected(*pair)


_FLOATS = ("correlation", "gain", "near", "far")
_EXACT = ("low", "high", "mean", "deviation")
"""In the sensors' units, where a large level may leave little of single precision."""


def _over(values: _Table, deviation: _Table) -> _Table:
    """Return values in deviations; 0 for a sensor that has none, or has no value."""
    live = deviation > 0
    scale = np.where(live, 1.0 / np.where(live, deviation, 1.0), 0.0)
    return np.nan_to_num(values * scale[:, None], nan=0.0)


def _covering(distances: _Table) -> _Table:
    """Return the distance that `COVERED` of each row's lie within; 0 for a row of NaN."""
    cells = distances.shape[1]
    found = of_rank(distances, min(int(COVERED * cells), cells - 1))
    for row in np.flatnonzero(np.isnan(found)):
        own = distances[row][~np.isnan(distances[row])]
        found[row] = np.quantile(own, COVERED) if len(own) else 0.0
    return found


def _patterns(unknown: Mask) -> list[tuple[NDArray[np.intp], Mask]]:
    """Return cells that have the same unknown sensors, the commonest sets first."""
    sets, which, counts = np.unique(
        np.packbits(unknown, axis=0), axis=1, return_inverse=True, return_counts=True
    )
    which = which.reshape(-1)
    common = np.argsort(-counts, kind="stable")[:_MOST_PATTERNS]
    return [
        (
            np.flatnonzero(which == number),
            np.unpackbits(sets[:, number], count=len(unknown)).astype(bool),
        )
        for number in common
    ]
