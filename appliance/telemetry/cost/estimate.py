"""How long a run will take and what it will cost, by those of its kind that are over.

The time a run takes is thought to grow with the readings × sensors that it works on, and a
little with the machines: ``seconds = level × size ** slope``.  Level and slope are medians (the
slope is Theil's and Sen's), so that a few runs on a busy machine change neither.  Without past
runs a stated prior stands in, and its interval is wide.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

_CELLS_A_MACHINE, _CELLS_A_RUN = 20_000.0, 200_000.0
"""Readings × sensors that take as long as what each machine, and each run, takes besides."""
_PRIOR_SLOPE = 0.8
_SLOPES = 0.0, 1.3
_ENOUGH, _APART = 5, 4.0
"""Runs from which on, and times as large as one another, they tell a slope by themselves."""
_LATEST = 30
_LEAST_SECONDS = 1e-3
_LEAST_SPREAD = math.log(1.15)
_PRIOR_SPREAD = math.log(4.0)
_SHARE = 0.8
"""Of runs that end within the interval."""
_PRIOR = {
    "train": 12.0,
    "retrain": 40.0,
    "backtest": 15.0,
    "score": 4.0,
    "ingest": 4.0,
    "report": 3.0,
    "adjust": 5.0,
    "verdict_preview": 15.0,
}
"""Seconds for a million readings × sensors on two cores: orders of magnitude, no promise."""
_PRIOR_SECONDS = 5.0


@dataclass(frozen=True)
class Size:
    """What a run works on."""

    rows: int = 0
    sensors: int = 0
    assets: int = 0

    @property
    def cells(self) -> float:
        """Readings × sensors, with what machines and the run itself take besides."""
        own = float(self.rows) * max(self.sensors, 1)
        return own + self.assets * _CELLS_A_MACHINE + _CELLS_A_RUN


@dataclass(frozen=True)
class Past:
    """A run that is over and succeeded."""

    size: Size
    seconds: float
    amount: float


@dataclass(frozen=True)
class Guess:
    """What a run will take; between `low` and `high` for four of five.

    Attributes
    ----------
    basis
        ``past`` or ``prior``.
    """

    seconds: float
    low: float
    high: float
    amount: float
    amount_low: float
    amount_high: float
    basis: str
    runs: int


def guess(pipeline: str, size: Size, past: Iterable[Past], second_amount: float) -> Guess:
    """Return what a run will take.

    Parameters
    ----------
    past
        Runs of the same pipeline, the latest first.
    second_amount
        What a second of a run costs where no past run tells.
    """
    known = [one for one in past if one.seconds >= _LEAST_SECONDS][:_LATEST]
    slope = _slope(known)
    level, spread = _level(pipeline, known, slope)
    seconds = max(math.exp(level + slope * math.log(size.cells)), _LEAST_SECONDS)
    factor = math.exp(spread)
    rate = median(one.amount / one.seconds for one in known) if known else second_amount
    return Guess(
        seconds=seconds,
        low=seconds / factor,
        high=seconds * factor,
        amount=seconds * rate,
        amount_low=seconds / factor * rate,
        amount_high=seconds * factor * rate,
        basis="past" if known else "prior",
        runs=len(known),
    )


def _slope(known: Sequence[Past]) -> float:
    """Return how time grows with size: the median over all pairs of runs of other sizes."""
    sizes = [one.size.cells for one in known]
    if len(known) < _ENOUGH or max(sizes) < _APART * min(sizes):
        return _PRIOR_SLOPE
    points = [(math.log(one.size.cells), math.log(one.seconds)) for one in known]
    slopes = [
        (y - v) / (x - u)
        for number, (x, y) in enumerate(points)
        for u, v in points[:number]
        if abs(x - u) > math.log(1.1)
    ]
    return min(max(median(slopes), _SLOPES[0]), _SLOPES[1]) if slopes else _PRIOR_SLOPE


def _level(pipeline: str, known: Sequence[Past], slope: float) -> tuple[float, float]:
    """Return the level, and how far runs are from it, both as logarithms."""
    if not known:
        million = _PRIOR.get(pipeline, _PRIOR_SECONDS)
        return math.log(million) - slope * math.log(1e6), _PRIOR_SPREAD
    levels = [math.log(one.seconds) - slope * math.log(one.size.cells) for one in known]
    level = median(levels)
    off = [abs(one - level) for one in levels]
    spread = _quantile(off, _SHARE) if len(off) > 1 else 0.0
    # Few runs tell little of how far others may be.
    wider = _PRIOR_SPREAD / (1 + len(known)) if len(known) < _ENOUGH else 0.0
    return level, max(spread * (1 + 2 / len(known)), _LEAST_SPREAD, wider)


def _quantile(values: Sequence[float], share: float) -> float:
    return quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]
