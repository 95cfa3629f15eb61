"""Checks and conversions that every metric shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from detectors.validation import FloatVector


def labelled(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.bool_], FloatVector]:
    """Return labels as booleans and scores as floats, both of shape (n_rows,).

    Raises
    ------
    InvalidInput
        Shapes differ, scores are not finite, or only one of the two classes occurs.
    """
    truth = np.asarray(labels).astype(bool)
    values = np.asarray(scores, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != values.shape:
        raise InvalidInput(
            f"labels {truth.shape} and scores {values.shape} must be vectors of one length"
        )
    if not np.isfinite(values).all():
        raise InvalidInput("scores hold NaN or infinity: leave rows that are not judged out")
    if truth.all() or not truth.any():
        raise InvalidInput("labels hold one class only: a ranking cannot be judged by them")
    return truth, values


def segments(truth: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first and last row (inclusive) of every run of labelled rows."""
    steps = np.diff(np.r_[0, truth.astype(np.int8), 0])
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1) - 1


def flagged(
    labels: ArrayLike, alarms: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return labels and alarms as booleans, both of shape (n_rows,).

    Raises
    ------
    InvalidInput
        Shapes differ, or no row is labelled.
    """
    truth, told = np.asarray(labels).astype(bool), np.asarray(alarms).astype(bool)
    if truth.ndim != 1 or truth.shape != told.shape:
        raise InvalidInput(
            f"labels {truth.shape} and alarms {told.shape} must be vectors of one length"
        )
    if not truth.any():
        raise InvalidInput("no row is labelled: there is nothing to find")
    return truth, told
