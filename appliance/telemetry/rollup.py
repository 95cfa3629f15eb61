"""How many measurements become few: kept finely for hours, coarsely for a year.

Every measurement is put into the stretch of each resolution that it lies in, so that a coarse
stretch is exactly what all its measurements merged are, however they were put together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Resolution:
    """Stretches of `step` seconds, kept for `keep` seconds."""

    step: int
    keep: int

    @property
    def slots(self) -> int:
        """How many stretches are kept."""
        return self.keep // self.step


RESOLUTIONS = (
    Resolution(15, 6 * _HOUR),
    Resolution(5 * _MINUTE, 7 * _DAY),
    Resolution(_HOUR, 365 * _DAY),
)
"""The finest first; the step of each divides that of the next."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What is left of measurements: how many, their sum, the least and the most."""

    count: int
    total: float
    least: float
    most: float

    @classmethod
    def of(cls, value: float) -> Summary:
        """Return what one measurement is."""
        return cls(1, value, value, value)

    def merged(self, other: Summary) -> Summary:
        """Return what the measurements of both are."""
        return Summary(
            self.count + other.count,
            self.total + other.total,
            min(self.least, other.least),
            max(self.most, other.most),
        )

    @property
    def mean(self) -> float:
        """The measurement in the middle of all; rounding takes it beyond none of them."""
        return min(max(self.total / self.count, self.least), self.most)


Stretches = Mapping[int, Summary]
"""By number: stretch n begins n steps after 1970."""


def coarser(found: Stretches, factor: int) -> dict[int, Summary]:
    """Return stretches `factor` times as long."""
    merged: dict[int, Summary] = {}
    for number, one in sorted(found.items()):
        into = number // factor
        merged[into] = merged[into].merged(one) if into in merged else one
    return merged


def resolution_for(start: float, end: float, now: float, width: int) -> Resolution:
    """Return the finest resolution that goes back far enough, if it is not needlessly fine.

    Parameters
    ----------
    start, end
        What is to be shown, in seconds since 1970.
    width
        How many stretches can be shown.
    """
    fit = [one for one in RESOLUTIONS if start >= now - one.keep] or [RESOLUTIONS[-1]]
    coarse = [one for one in fit if (end - start) / one.step >= width]
    return coarse[-1] if coarse else fit[0]


def factor_for(resolution: Resolution, start: float, end: float, width: int) -> int:
    """Return how many stretches have to be put together so that no more than `width` stay."""
    stretches = int(end // resolution.step) - int(start // resolution.step) + 1
    # A stretch may begin before the first and end after the last.
    factor = max(-(-stretches // width), 1)
    while stretches > 0 and _spanned(resolution, start, end, factor) > width:
        factor += 1
    return factor


def _spanned(resolution: Resolution, start: float, end: float, factor: int) -> int:
    step = resolution.step * factor
    return int(end // step) - int(start // step) + 1
