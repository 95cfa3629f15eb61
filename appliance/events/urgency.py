"""What to look at first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import product

from appliance.schemas.event import Event, EventDraft, EventKind, EventState, Severity

_STATES = tuple(EventState)
_KINDS = (EventKind.ANOMALY, EventKind.SENSOR_FAULT)
_SEVERITIES = tuple(reversed(Severity))


def rank_of(state: EventState, kind: EventKind, severity: Severity) -> int:
    """Return which class an event is of: the lower, the more urgent."""
    place = _STATES.index(state) * len(_KINDS) + _KINDS.index(kind)
    return place * len(_SEVERITIES) + _SEVERITIES.index(severity)


def class_of(rank: int) -> tuple[EventState, EventKind, Severity]:
    """Return the class that `rank_of` gave a rank."""
    place, severity = divmod(rank, len(_SEVERITIES))
    state, kind = divmod(place, len(_KINDS))
    return _STATES[state], _KINDS[kind], _SEVERITIES[severity]


def ranks_of(
    states: Collection[EventState],
    kinds: Collection[EventKind],
    severities: Collection[Severity],
) -> list[int]:
    """Return the classes of all events that are so, the most urgent first."""
    return sorted(rank_of(*one) for one in product(states, kinds, severities))


def calm_of(draft: EventDraft) -> float:
    """Return what orders events of one class: the lower, the further beyond the alarm."""
    return -draft.peak / max(draft.threshold, 1e-9)


def by_urgency(events: Iterable[Event]) -> list[Event]:
    """Return events by state, anomalies before sensor faults, by severity and by peak."""
    return sorted(
        events,
        key=lambda event: (
            rank_of(event.state, event.kind, event.severity),
            calm_of(event),
            event.start,
        ),
    )
