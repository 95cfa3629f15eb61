"""Events against labelled stretches: found, false, how early."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.errors import InvalidInput
from detectors.metrics.affiliation import Agreement
from detectors.metrics.labels import flagged, segments

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from detectors.validation import FloatVector

    Rows = NDArray[np.int64]


def event_f1(labels: ArrayLike, alarms: ArrayLike, tolerance: int = 0) -> Agreement:
    """Return precision, recall and F1 of whole events.

    A labelled stretch is found if an alarm event touches it, and counts once, however long it
    is and however many events touch it; an event that touches none is false (Hundman and
    others, 2018, doi:10.1145/3219819.3219845).  Not the point-adjusted F1, which counts all
    rows of a stretch as found when one is.

    Parameters
    ----------
    labels, alarms
        True for rows of faults, and for rows under alarm; both of shape (n_rows,).
    tolerance
        Rows that an alarm may be away from a stretch and still touch it.
    """
    right, found = _touching(*flagged(labels, alarms), tolerance)
    hits, false = int(found.sum()), int((~right).sum())
    precision = hits / (hits + false) if right.size else float("nan")
    return Agreement.of(precision, float(found.mean()))


def false_alarms_per_month(
    labels: ArrayLike, alarms: ArrayLike, rows_per_month: float, tolerance: int = 0
) -> float:
    """Return the alarm events that touch no labelled stretch, per month of unlabelled rows.

    Raises
    ------
    InvalidInput
        `rows_per_month` is not above 0, or all rows are labelled.
    """
    truth, told = flagged(labels, alarms)
    calm = int((~truth).sum())
    if not rows_per_month > 0 or calm == 0:
        raise InvalidInput("false alarms a month need unlabelled rows and rows a month above 0")
    right, _ = _touching(truth, told, tolerance)
    return float((~right).sum() * rows_per_month / calm)


def lead_rows(labels: ArrayLike, alarms: ArrayLike) -> FloatVector:
    """Return, per labelled stretch, the rows from its first alarm to its end; NaN if missed.

    Where a stretch ends with the failure, this is the time that was left to act.
    """
    truth, told = flagged(labels, alarms)
    starts, ends = segments(truth)
    rows = np.r_[np.flatnonzero(told), truth.size]
    first = rows[np.searchsorted(rows, starts)]
    return np.where(first <= ends, ends - first, np.nan).astype(np.float64)


def _touching(
    truth: NDArray[np.bool_], told: NDArray[np.bool_], tolerance: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which alarm events touch a stretch, and which stretches are touched."""
    if tolerance < 0:
        raise InvalidInput(f"tolerance must not be negative, got {tolerance}")
    stretches, events = segments(truth), segments(told)
    return _touched(events, stretches, tolerance), _touched(stretches, events, tolerance)


def _touched(
    ones: tuple[Rows, Rows], others: tuple[Rows, Rows], tolerance: int
) -> NDArray[np.bool_]:
    starts, ends = others
    begun = np.searchsorted(starts, ones[1] + tolerance, side="right")
    over = np.searchsorted(ends, ones[0] - tolerance, side="left")
    return np.asarray(begun > over)
