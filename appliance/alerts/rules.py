"""What a channel tells of, and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from appliance.events.life import FRESH, is_graver
from appliance.schemas.alert import Channel, Quiet
from appliance.schemas.event import UNCLOSED, Event, EventKind, Severity
from appliance.schemas.platform import Severity as PlatformSeverity

Known = Severity | None
"""How severe an event was when a channel last told of it; None if it never did."""


def tells(
    channel: Channel, event: Event, known: Known, at: datetime, *, by_time: bool = True
) -> bool:
    """Whether a channel has something to tell of an event.

    Parameters
    ----------
    known
        What the channel told of it before: it tells again only of what became more severe.
    at
        What time it is.
    by_time
        Whether the event's times are times of day, not counts of cycles.
    """
    if channel.paused or event.state not in UNCLOSED or event.updated < channel.since:
        return False
    if channel.fleets and event.fleet not in channel.fleets:
        return False
    if event.kind is EventKind.SENSOR_FAULT and not channel.faults:
        return False
    if by_time and not event.ongoing and event.end < at - FRESH:
        return False
    if is_graver(channel.severity, event.severity):
        return False
    return known is None or is_graver(event.severity, known)


def due(channel: Channel, severity: Severity, at: datetime, zone: ZoneInfo) -> datetime:
    """Return when a channel may tell of what happened: now, or when its quiet hours end."""
    if channel.quiet is None or severity is Severity.ACT:
        return at
    return _end(channel.quiet, at, zone) or at


def _end(quiet: Quiet, at: datetime, zone: ZoneInfo) -> datetime | None:
    """Return when the quiet hours end that a moment lies in; None if it lies in none."""
    there = at.astimezone(zone)
    clock = there.time()
    if quiet.start <= quiet.end:
        inside, tomorrow = quiet.start <= clock < quiet.end, False
    else:
        inside = clock >= quiet.start or clock < quiet.end
        tomorrow = clock >= quiet.start
    if not inside:
        return None
    day = there.date() + timedelta(days=int(tomorrow))
    return datetime.combine(day, quiet.end, zone).astimezone(at.tzinfo)


# ---------------------------------------------------------------- the platform
SETTLED = timedelta(minutes=2)
"""A trouble that is younger may be over before anybody has read of it."""
_OF: dict[PlatformSeverity, Severity | None] = {
    "broken": Severity.ACT,
    "warning": Severity.PLAN,
    "note": None,
}
OVER = Severity.WATCH
"""How urgent it is that a trouble is over."""


def platform_severity(severity: PlatformSeverity) -> Severity | None:
    """Return how urgent a trouble is among events; None for what is only good to know."""
    return _OF[severity]


def tells_of_trouble(
    channel: Channel, severity: Severity, began: datetime, known: Known, at: datetime
) -> bool:
    """Whether a channel has to tell of a trouble that stands; see `tells`."""
    if channel.paused or not channel.platform or began < channel.since:
        return False
    if at - began < SETTLED or is_graver(channel.severity, severity):
        return False
    return known is None or is_graver(severity, known)
