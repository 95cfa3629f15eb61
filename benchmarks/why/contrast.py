"""What is new about an event: sensors' shares beyond those that they had before it.

A sensor that has run unlike its training rows for weeks has a share of every score, and is no
cause of what begins now.  An experiment that is measured beside the platform's shares: faults
that begin at once are explained better so, and those that grow over several events worse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from detectors.validation import FloatMatrix, FloatVector

GAP = 32
"""Rows before an event that are passed over: the default's windows reach as far."""
BEFORE = 256
"""Rows before them that an event is compared with."""
_LITTLE = 1e-9
"""Weight of what there is, so that sensors with nothing new keep their order."""


def beyond(weighted: FloatMatrix, start: int, stop: int) -> FloatVector:
    """Return for each sensor how far its mean over an event is above that before it.

    Parameters
    ----------
    weighted
        Shares times the surprise that they are shares of, rows × sensors.
    start, stop
        The event's rows, half-open; without rows before it the mean is returned as it is.
    """
    there = weighted[start:stop].mean(axis=0)
    earlier = weighted[max(start - GAP - BEFORE, 0) : max(start - GAP, 0)]
    if not len(earlier):
        return np.asarray(there)
    return np.asarray(np.maximum(there - earlier.mean(axis=0), 0.0) + _LITTLE * there)
