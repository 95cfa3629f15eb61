"""An event's life: what people and data may do to it, and what becomes of it.

::

    open ──> acknowledged ──> closed          people
      └───────────────────────^               people
    open <── acknowledged, closed             people (reopen)
    closed ──> open                           data: it became more severe
    open ──> withdrawn ──> open               data: it vanished, it is there again
    any ──> withdrawn                         data: it is part of an earlier event

Assigning and muting leave the state as it is.  An event that takes in another is at least as
open as that one was: see `together`.

What a person has acknowledged or closed never disappears because scores changed: it stays
where it is, and its history says that the scores no longer show it.  A closed event that
merely goes on stays closed, so that a known and planned fault does not call again with every
batch; it calls again when its severity rises.
"""

from __future__ import annotations

from datetime import timedelta

from appliance.core.errors import Conflict
from appliance.schemas.event import UNCLOSED, EventChange, EventState, Severity

FRESH = timedelta(days=2)
"""What ended longer ago is no news: a look into the past wakes nobody."""
VERDICTS = ("true", "false", "planned")
"""What a closed event turned out to be."""
_BY_PEOPLE: dict[EventChange, tuple[frozenset[EventState], EventState]] = {
    EventChange.ACKNOWLEDGED: (frozenset({EventState.OPEN}), EventState.ACKNOWLEDGED),
    EventChange.CLOSED: (
        frozenset(UNCLOSED),
        EventState.CLOSED,
    ),
    EventChange.REOPENED: (
        frozenset({EventState.ACKNOWLEDGED, EventState.CLOSED}),
        EventState.OPEN,
    ),
}
_KEEP_THE_STATE: dict[EventChange, frozenset[EventState]] = {
    EventChange.ASSIGNED: frozenset(EventState) - {EventState.WITHDRAWN},
    EventChange.MUTED: frozenset(UNCLOSED),
    EventChange.UNMUTED: frozenset(EventState) - {EventState.WITHDRAWN},
}
_ORDER = tuple(Severity)


def after(state: EventState, change: EventChange, event: str) -> EventState:
    """Return the state that a person's change leads to.

    Raises
    ------
    Conflict
        The event's state does not allow it.
    """
    if state in _KEEP_THE_STATE.get(change, ()):
        return state
    allowed, target = _BY_PEOPLE.get(change, (frozenset[EventState](), state))
    if state not in allowed:
        raise Conflict(
            f"event {event} is {state.value}: it cannot be {change.value}.",
            remedy="Look at it again; somebody else or newer data may have changed it.",
        )
    return target


def calls_again(state: EventState, before: Severity, now: Severity) -> bool:
    """Whether a closed event became severe enough to be looked at again."""
    return state is EventState.CLOSED and is_graver(now, before)


def is_graver(one: Severity, other: Severity) -> bool:
    """Whether a severity asks for more than another."""
    return _ORDER.index(one) > _ORDER.index(other)


def kept_in_sight(state: EventState) -> bool:
    """Whether a person has dealt with an event, so that data must not hide it."""
    return state in {EventState.ACKNOWLEDGED, EventState.CLOSED}


def together(one: EventState, other: EventState) -> EventState:
    """Return the state of two events that turned out to be one.

    Acknowledged if somebody looks after either, else open if either is, so that an open event
    is never hidden in a closed one.
    """
    for state in (EventState.ACKNOWLEDGED, EventState.OPEN):
        if state in {one, other}:
            return state
    return one


def graver(one: Severity, other: Severity) -> Severity:
    """Return the graver of two severities."""
    return max(one, other, key=_ORDER.index)
