"""When a disk will be full, by the history of what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

_DAY = 86_400.0
_LEAST_SPAN = _DAY
"""Seconds of history below which nothing is foretold."""
_FEWEST = 12
_MOST = 84
"""Points that a trend is made from: pairs of them are compared."""
_SURE = 0.25
"""Share of the pairs that may tell of less, where the disk is said to fill at all."""


@dataclass(frozen=True)
class Filling:
    """A disk that fills.

    Attributes
    ----------
    per_day
        Bytes that are added a day.
    days
        After how many it is full if that goes on.
    """

    per_day: float
    days: float


def filling(
    times: Sequence[float], used: Sequence[float | None], free: float
) -> Filling | None:
    """Return how fast a disk fills; None if it does not, or if it is too early to say.

    The slope is the median of those between all pairs of moments (Theil, 1950; Sen, 1968): a
    large import or a clean-up changes it little, where a line through the ends would follow.
    Three quarters of the pairs must rise, so that what goes up and down is no trend.

    Parameters
    ----------
    times
        Seconds, ascending, of one step each.
    used
        Bytes that were used; None where nothing was measured.
    free
        Bytes that are free now.
    """
    known = [(at, value) for at, value in zip(times, used, strict=True) if value is not None]
    if len(known) < _FEWEST or known[-1][0] - known[0][0] < _LEAST_SPAN:
        return None
    few = known[:: -(-len(known) // _MOST)]
    slopes = sorted(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for earlier, later in combinations(few, 2)
    )
    per_day = median(slopes) * _DAY
    if slopes[int(_SURE * len(slopes))] <= 0:
        return None
    return Filling(per_day, free / per_day)
