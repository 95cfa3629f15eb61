"""Sensors as they would be without load, speed and ambient: learned from all machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.validation import FloatMatrix, FloatVector

_NEAR = 0.25
"""Spreads of a context within which two rows run under one condition."""
_MOST_CONDITIONS = 24
_RIDGE = 1e-3
_TINY = 1e-9


@dataclass(frozen=True)
class Conditions:
    """What the sensors are under each condition.

    Attributes
    ----------
    centre, spread
        Of the contexts; empty without any.
    places
        Conditions that machines switch between, in spreads; empty where contexts move freely
        and a curve (squares and products) explains the sensors.
    means, spreads
        Of the sensors, a row a condition; of what the curve leaves, a single row.
    weights
        The curve's, shape (n_terms, n_sensors).
    """

    centre: FloatVector
    spread: FloatVector
    places: FloatMatrix
    means: FloatMatrix
    spreads: FloatMatrix
    weights: FloatMatrix

    @classmethod
    def learn(cls, sensors: FloatMatrix, contexts: FloatMatrix) -> Conditions:
        """Learn from rows of all machines, healthy and worn."""
        centre = contexts.mean(axis=0)
        spread = np.asarray(contexts.std(axis=0) + _TINY, np.float64)
        scaled = (contexts - centre) / spread
        places = _places(scaled)
        weights = np.zeros((0, sensors.shape[1]))
        if len(places) > 1:
            at = _nearest(scaled, places)
            means = np.array([sensors[at == k].mean(axis=0) for k in range(len(places))])
            spreads = np.array([sensors[at == k].std(axis=0) for k in range(len(places))])
            return cls(centre, spread, places, means, spreads, weights)
        left: FloatMatrix = sensors
        if contexts.shape[1]:
            terms = _terms(scaled)
            gram = terms.T @ terms / len(terms) + _RIDGE * np.eye(terms.shape[1])
            weights = np.asarray(
                np.linalg.solve(gram, terms.T @ sensors / len(terms)), np.float64
            )
            left = np.asarray(sensors - terms @ weights, np.float64)
        places = np.zeros((0, contexts.shape[1]))
        return cls(
            centre,
            spread,
            places,
            left.mean(axis=0)[None],
            left.std(axis=0)[None],
            weights,
        )

    def apply(self, sensors: FloatMatrix, contexts: FloatMatrix) -> FloatMatrix:
        """Return sensors in spreads from what is usual under their condition.

        A sensor that never moved under a condition is 0 there.
        """
        at = np.zeros(len(sensors), np.int64)
        if self.centre.size:
            scaled = (contexts - self.centre) / self.spread
            if len(self.places):
                at = _nearest(scaled, self.places)
            else:
                sensors = sensors - _terms(scaled) @ self.weights
        spreads = self.spreads[at]
        moves = spreads > _TINY * (1.0 + np.abs(self.means[at]))
        out = (sensors - self.means[at]) / np.where(moves, spreads, 1.0)
        return np.asarray(np.where(moves, out, 0.0))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what was learned, as arrays."""
        return {
            "centre": self.centre,
            "spread": self.spread,
            "places": self.places,
            "means": self.means,
            "spreads": self.spreads,
            "weights": self.weights,
        }

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]]) -> Conditions:
        """Return the conditions of `state`."""
        return cls(*(np.asarray(state[name], np.float64) for name in cls.__dataclass_fields__))


def _places(scaled: FloatMatrix) -> FloatMatrix:
    """Return the conditions that rows keep to; one at most where they do not."""
    found: list[FloatVector] = []
    rows = np.unique(np.round(scaled / _NEAR) * _NEAR, axis=0)
    for row in rows if scaled.shape[1] else ():
        near = [place for place in found if np.abs(place - row).max() <= 2 * _NEAR]
        if not near:
            found.append(row)
        if len(found) > _MOST_CONDITIONS:
            return np.zeros((0, scaled.shape[1]))
    if len(found) < 2:
        return np.zeros((0, scaled.shape[1]))
    places = np.array(found)
    at = _nearest(scaled, places)
    count = np.bincount(at, minlength=len(places))
    places = places[count >= max(0.005 * len(scaled), 2)]
    at = _nearest(scaled, places)
    means = np.array([scaled[at == k].mean(axis=0) for k in range(len(places))])
    # Rows that lie far from every place move freely between them.
    far = np.abs(scaled - means[_nearest(scaled, means)]).max(axis=1) > _NEAR
    return means if far.mean() < 0.01 else np.zeros((0, scaled.shape[1]))


def _nearest(rows: FloatMatrix, places: FloatMatrix) -> NDArray[np.int64]:
    apart = np.abs(rows[:, None, :] - places[None]).max(axis=2)
    return np.asarray(apart.argmin(axis=1), np.int64)


def _terms(scaled: FloatMatrix) -> FloatMatrix:
    first, second = np.triu_indices(scaled.shape[1])
    return np.hstack([np.ones((len(scaled), 1)), scaled, scaled[:, first] * scaled[:, second]])
