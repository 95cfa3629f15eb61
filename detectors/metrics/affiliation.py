"""How near alarms are to labelled events, against how near chance would be.

Time is cut into one zone an event, at the middle between neighbours.  In each zone, a distance
between alarms and event becomes the chance that a moment drawn evenly from the zone is farther
away: 1 is perfect, one half is chance.  Huet, Navarro & Rossi 2022
(doi:10.1145/3534678.3539339), with the closed integrals of piecewise linear distances.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.metrics.labels import flagged, segments

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from detectors.validation import FloatVector


class Agreement(NamedTuple):
    """Precision, recall and their harmonic mean; precision is NaN without any alarm."""

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, precision: float, recall: float) -> Agreement:
        """Return both with their harmonic mean, which is 0 where there is none."""
        both = precision + recall
        return cls(precision, recall, 2 * precision * recall / both if both > 0 else 0.0)


def affiliation(labels: ArrayLike, alarms: ArrayLike) -> Agreement:
    """Return affiliation precision, recall and F1.

    Parameters
    ----------
    labels, alarms
        True for rows of faults, and for rows under alarm; both of shape (n_rows,).

    Raises
    ------
    InvalidInput
        Shapes differ, or no row is labelled.
    """
    truth, told = flagged(labels, alarms)
    starts, ends = segments(truth)
    events = np.c_[starts, ends + 1].astype(np.float64)
    firsts, lasts = segments(told)
    found = np.c_[firsts, lasts + 1].astype(np.float64)
    edges = np.r_[0.0, (events[:-1, 1] + events[1:, 0]) / 2, truth.size]
    precisions, recalls = [], []
    for event, low, high in zip(events, edges[:-1], edges[1:], strict=True):
        near = np.clip(found, low, high)
        near = near[near[:, 1] > near[:, 0]]
        if len(near):
            precisions.append(_precision(near, event, low, high))
        recalls.append(_recall(near, event, low, high) if len(near) else 0.0)
    precision = float(np.mean(precisions)) if precisions else float("nan")
    return Agreement.of(precision, float(np.mean(recalls)))


def _precision(near: FloatVector, event: FloatVector, low: float, high: float) -> float:
    """Return the mean chance, over what is under alarm, to be farther from the event."""
    start, stop = event
    inside = np.clip(near, start, stop)
    before, after = start - np.clip(near, low, start), np.clip(near, stop, high) - stop
    rooms = (start - low, high - stop)

    def total(distance: FloatVector) -> FloatVector:
        """Integrate the chance from 0 to each distance."""
        taken = sum(_capped(distance, room) for room in rooms)
        return np.asarray(distance - ((stop - start) * distance + taken) / (high - low))

    area = np.diff(inside).sum()
    area += (total(before[:, 0]) - total(before[:, 1])).sum()
    area += (total(after[:, 1]) - total(after[:, 0])).sum()
    return float(area / np.diff(near).sum())


def _capped(distance: FloatVector, room: float) -> FloatVector:
    """Integrate ``min(x, room)`` from 0 to each distance."""
    within = np.minimum(distance, room)
    return np.asarray(within**2 / 2 + room * (distance - within))


def _recall(near: FloatVector, event: FloatVector, low: float, high: float) -> float:
    """Return the mean chance, over the event, to be farther from it than the alarms are."""
    bounds = near.ravel()
    kinks = np.r_[
        bounds,
        (near[:-1, 1] + near[1:, 0]) / 2,
        (near[:, 0] + low) / 2,
        (near[:, 1] + high) / 2,
    ]
    moments = np.unique(np.r_[event, kinks[(kinks > event[0]) & (kinks < event[1])]])
    distance = _distances(near, moments)
    reached = np.minimum(moments + distance, high) - np.maximum(moments - distance, low)
    chance = 1 - reached / (high - low)
    area = float(np.dot(np.diff(moments), (chance[1:] + chance[:-1]) / 2))
    return area / float(event[1] - event[0])


def _distances(near: FloatVector, moments: FloatVector) -> FloatVector:
    """Return how far each moment is from the nearest of sorted, disjoint intervals."""
    after = np.searchsorted(near[:, 0], moments, side="right")
    padded: NDArray[np.float64] = np.r_[[[-np.inf, -np.inf]], near, [[np.inf, np.inf]]]
    back = np.maximum(moments - padded[after, 1], 0)
    return np.asarray(np.minimum(back, padded[after + 1, 0] - moments))
