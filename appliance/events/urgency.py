"""What to look at first."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.schemas.event import Event, EventKind, EventState, Severity

_STATES = tuple(EventState)
_SEVERITIES = tuple(Severity)


def by_urgency(events: Iterable[Event]) -> list[Event]:
    """Return events by state, anomalies before sensor faults, by severity and by peak."""
    return sorted(
        events,
        key=lambda event: (
            _STATES.index(event.state),
            event.kind is EventKind.SENSOR_FAULT,
            -_SEVERITIES.index(event.severity),
            -event.peak / max(event.threshold, 1e-9),
            event.start,
        ),
    )
