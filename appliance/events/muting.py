"""Muted events: nobody is told of them for a while, unless they become graver."""

from __future__ import annotations

from datetime import UTC, datetime

from appliance.events.life import is_graver
from appliance.schemas.event import Event, EventDraft, Mute

WHEN_CLOSED = datetime(9000, 1, 1, tzinfo=UTC)
"""Stands for the end of a mute that ends when its event is closed."""


def is_muted(event: Event, moment: datetime) -> bool:
    """Whether an event is muted at a moment: then it waits for nobody, and alerts nobody."""
    return event.mute is not None and moment < end_of(event.mute)


def end_of(mute: Mute) -> datetime:
    """Return when a mute ends."""
    return WHEN_CLOSED if mute.until is None else mute.until


def calls_through(mute: Mute, facts: EventDraft) -> bool:
    """Whether an event became graver than it was when it was muted."""
    return is_graver(facts.severity, mute.severity)


def covers(mute: Mute, draft: EventDraft, moment: datetime) -> bool:
    """Whether an event that begins beside a muted one, of its asset and kind, is muted too.

    One that is muted until it is closed says nothing about others.
    """
    if mute.until is None or moment >= mute.until or calls_through(mute, draft):
        return False
    return mute.sensor in (None, subject_of(draft))


def subject_of(draft: EventDraft) -> str | None:
    """Return the sensor that an event is about most of all."""
    return draft.sensors[0].name if draft.sensors else None
