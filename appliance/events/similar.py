"""Earlier events that looked alike: the same sensors moved the same way."""

from __future__ import annotations

import math
from collections.abc import Iterable
from heapq import nsmallest

from appliance.schemas.event import Event, EventDraft, EventKind

MOST_SIMILAR = 20
ALIKE = 0.6
"""Likeness from which two events look alike."""
_LEAST = 1e-9
_FINE = 2
"""Digits of likeness that tell two events apart; below that their size does."""


def likeness(one: EventDraft, other: EventDraft) -> float:
    """Return how alike two events are, 0..1: the cosine of their sensors' signed shares.

    A sensor of which no way is known, up or down, is alike either way.
    """
    if one.kind is not other.kind:
        return 0.0
    mine, its = _shares(one), _shares(other)
    both = sum(
        share * its[name][0] * ((way * its[name][1]) or 1)
        for name, (share, way) in mine.items()
        if name in its
    )
    size = _length(mine) * _length(its)
    return min(max(both / size, 0.0), 1.0) if size else 0.0


def alike(event: Event, others: Iterable[Event], limit: int) -> list[tuple[Event, float]]:
    """Return the earlier events that look like one, each with its likeness.

    Those of the same asset come first, then the most alike; of equals the one that lasted as
    long and went as far beyond the alarm.

    Parameters
    ----------
    others
        Of the same fleet, in any order; the event itself and later ones are left out.
    """
    found = (
        (other, likeness(event, other))
        for other in others
        if other.start < event.start and other.id != event.id
    )
    near = [(other, how) for other, how in found if how >= ALIKE]
    return nsmallest(min(limit, MOST_SIMILAR), near, key=lambda one: _place(event, *one))


def _place(event: Event, other: Event, how: float) -> tuple[bool, float, float, float, str]:
    apart = _apart(_seconds(event), _seconds(other)) + _apart(_far(event), _far(other))
    return (
        other.asset != event.asset,
        -round(how, _FINE),
        round(apart, _FINE),
        -other.start.timestamp(),
        other.id,
    )


def _apart(one: float, other: float) -> float:
    return abs(math.log(max(one, _LEAST) / max(other, _LEAST)))


def _seconds(event: EventDraft) -> float:
    return (event.end - event.start).total_seconds()


def _far(event: EventDraft) -> float:
    """Return how far beyond the alarm an event went; a sensor fault has no such measure."""
    return event.peak / event.threshold if event.threshold > 0 else 1.0


def _shares(event: EventDraft) -> dict[str, tuple[float, int]]:
    fault = event.kind is EventKind.SENSOR_FAULT
    return {
        f"{one.note}: {one.name}" if fault else one.name: (one.share, one.direction)
        for one in event.sensors
    }


def _length(shares: dict[str, tuple[float, int]]) -> float:
    return math.hypot(*(share for share, _ in shares.values()))
