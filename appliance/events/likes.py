"""Events that are one more of an earlier one: nobody needs to be told again.

Of one that a person called false, and of one that nobody has answered yet (a *repeat*).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal, NamedTuple

from appliance.events.life import is_graver
from appliance.events.similar import likeness
from appliance.schemas.event import EventDraft, EventKind

LIKE = 0.9
"""Likeness from which one event speaks for another."""
GRAVER = 1.25
LONGER = 2.0
_MONTH = timedelta(days=30)


class Earlier(NamedTuple):
    """An event that may speak for another of the same machine.

    Attributes
    ----------
    event
        Its identifier.
    facts
        What it was.
    verdict
        None while nobody has answered it.
    """

    event: str
    facts: EventDraft
    verdict: Literal["true", "false"] | None


def told_again_after(false_alarms_per_month: float) -> timedelta:
    """Return the time for which an event that nobody answers speaks for its repeats.

    That in which one false event is promised: so what goes on unanswered is told again as
    often as the promise allows, and no oftener.
    """
    return _MONTH / false_alarms_per_month


def speaks_for(
    draft: EventDraft, others: Iterable[Earlier], again: timedelta
) -> Earlier | None:
    """Return the earlier event that speaks for one of the same machine; None if none does.

    The same sensors moved the same way, it asks for no more, goes no quarter farther and lasts
    no more than twice as long; and none that was called true is more like it.  How many false
    events this spares, and which faults it keeps quiet of, `benchmarks.quality.feedback`,
    `benchmarks.quality.repeats` and `benchmarks.quality.budget` measure.

    Parameters
    ----------
    others
        Of the same machine; of equals the first one speaks.
    again
        How long before it the end of one that nobody answered may lie.
    """
    if draft.kind is not EventKind.ANOMALY:
        return None
    true, best = 0.0, 0.0
    speaks = None
    for one in others:
        how = likeness(draft, one.facts)
        if one.verdict == "true":
            true = max(true, how)
        elif how >= LIKE and how > best and _may_speak(one, draft, again):
            best, speaks = how, one
    return speaks if best >= true else None


def _may_speak(one: Earlier, draft: EventDraft, again: timedelta) -> bool:
    if exceeds(draft, one.facts):
        return False
    if one.verdict is not None:
        return True
    return one.facts.start <= draft.start <= one.facts.end + again


def exceeds(draft: EventDraft, other: EventDraft) -> bool:
    """Whether an event is graver than one like it, which then says nothing of it."""
    return (
        is_graver(draft.severity, other.severity)
        or draft.peak > GRAVER * other.peak
        or draft.end - draft.start > LONGER * (other.end - other.start)
    )
