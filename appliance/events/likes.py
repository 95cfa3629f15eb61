"""Events that are one more of what a person called false: nobody needs to be told again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from appliance.events.life import is_graver
from appliance.events.similar import likeness
from appliance.schemas.event import EventDraft, EventKind

LIKE = 0.9
"""Likeness from which one false alarm speaks for another."""
GRAVER = 1.25
LONGER = 2.0


class Judged(NamedTuple):
    """An event that a person closed as true or false.

    Attributes
    ----------
    event
        Its identifier.
    facts
        What it was.
    real
        It was called true.
    """

    event: str
    facts: EventDraft
    real: bool


def called_false(draft: EventDraft, judged: Iterable[Judged]) -> str:
    """Return the false event that speaks for one of the same machine, or "".

    The same sensors moved the same way, it asks for no more, goes no quarter farther and lasts
    no more than twice as long; and none that was called true is more like it.  How many false
    events this spares, and which faults it keeps quiet of, `benchmarks.quality.feedback`
    measures.

    Parameters
    ----------
    judged
        Of the same machine; of equals the first one speaks.
    """
    if draft.kind is not EventKind.ANOMALY:
        return ""
    best = {True: 0.0, False: 0.0}
    speaks = ""
    for one in judged:
        how = likeness(draft, one.facts)
        if not one.real and (how < LIKE or exceeds(draft, one.facts)):
            continue
        if how > best[one.real]:
            best[one.real] = how
            speaks = speaks if one.real else one.event
    return speaks if best[False] >= best[True] else ""


def exceeds(draft: EventDraft, false: EventDraft) -> bool:
    """Whether an event is graver than a false one, so that it says nothing of it."""
    return (
        is_graver(draft.severity, false.severity)
        or draft.peak > GRAVER * false.peak
        or draft.end - draft.start > LONGER * (false.end - false.start)
    )
