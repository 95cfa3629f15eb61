"""Which stored event is which draft: the plan of a revision, made without a database.

Rules, all per asset and subject (a sensor fault's subject is its sensor and kind):

1. In time order, a draft takes the earliest stored event that it overlaps and that no draft
   before it took.  So of several events that one draft bridges the earliest keeps its identity
   and the others are merged into it; of several drafts into which one event falls apart the
   earliest keeps the identity and the others become new events.
2. A draft left over takes the nearest event left over that lies within the merge distance,
   unless another event or draft stands between the two.
3. A draft left over takes a withdrawn event that it overlaps: it is there again.
4. Drafts left over are new.  Events left over that lie wholly within the new scores vanished;
   one that reaches out of them stays as it is, except that it is no longer ongoing once the
   new scores go on beyond the merge distance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.events.life import graver
from appliance.schemas.event import EventDraft, EventKind, EventState

Span = tuple[datetime, datetime]
"""A closed time range."""
Near = timedelta | Mapping[str, timedelta]
"""Distance up to which findings are one event: of all assets, or by asset."""


@dataclass(frozen=True)
class Stored:
    """What the store holds of an event.

    Attributes
    ----------
    stands
        Whether the scores show it; not so for one that vanished but stays in sight.
    merged_into
        The event that it turned out to be part of.
    """

    id: str
    state: EventState
    facts: EventDraft
    stands: bool = True
    merged_into: str | None = None


@dataclass(frozen=True)
class Plan:
    """What a revision does; nothing in it for an event that stays as it is.

    Attributes
    ----------
    revised
        Event and its new facts, which may equal the old ones where it only returns.
    opened
        New events.
    vanished
        Events that the scores no longer show.
    merged
        Event and the one that it is part of.
    """

    revised: tuple[tuple[Stored, EventDraft], ...]
    opened: tuple[EventDraft, ...]
    vanished: tuple[Stored, ...]
    merged: tuple[tuple[Stored, Stored], ...]


def subject(draft: EventDraft) -> str:
    """Return what tells apart events of one asset and kind that may go on side by side."""
    if draft.kind is EventKind.ANOMALY or not draft.sensors:
        return ""
    return f"{draft.sensors[0].note}: {draft.sensors[0].name}"


def distance_of(near: Near, asset: str) -> timedelta:
    """Return the merge distance of an asset."""
    return near if isinstance(near, timedelta) else near.get(asset, timedelta())


def overlap(draft: EventDraft, span: Span) -> bool:
    """Whether an event and a closed time range have a moment in common."""
    return draft.start <= span[1] and draft.end >= span[0]


def plan(
    stored: Iterable[Stored],
    drafts: Iterable[EventDraft],
    spans: Mapping[str, Span],
    near: Near,
) -> Plan:
    """Plan what new findings do to stored events.

    Parameters
    ----------
    stored
        All events of the fleet that may touch the spans, withdrawn ones among them.
    drafts
        Found in the new scores; those that do not touch their asset's span are left aside.
    spans
        By asset, the closed range of the new scores.
    near
        Merge distance of all assets, or by asset.
    """
    groups: dict[tuple[str, EventKind, str], tuple[list[Stored], list[EventDraft]]] = {}
    for event in stored:
        groups.setdefault(_key(event.facts), ([], []))[0].append(event)
    for draft in drafts:
        if draft.asset in spans and overlap(draft, spans[draft.asset]):
            groups.setdefault(_key(draft), ([], []))[1].append(draft)
    plans = []
    for (asset, _, _), (events, found) in sorted(groups.items()):
        if asset in spans:
            plans.append(_plan_one(events, found, spans[asset], distance_of(near, asset)))
    return Plan(
        revised=tuple(pair for p in plans for pair in p.revised),
        opened=tuple(draft for p in plans for draft in p.opened),
        vanished=tuple(event for p in plans for event in p.vanished),
        merged=tuple(pair for p in plans for pair in p.merged),
    )


def _key(draft: EventDraft) -> tuple[str, EventKind, str]:
    return draft.asset, draft.kind, subject(draft)


def _plan_one(
    events: Sequence[Stored], found: Sequence[EventDraft], span: Span, near: timedelta
) -> Plan:
    ordered = sorted(events, key=lambda e: (e.facts.start, e.id))
    live = [e for e in ordered if e.state is not EventState.WITHDRAWN]
    gone = [e for e in ordered if e.state is EventState.WITHDRAWN and e.merged_into is None]
    drafts = sorted(found, key=lambda d: (d.start, d.end))
    taken: dict[int, Stored] = {}
    _take(taken, drafts, live)
    merged = _merged(taken, drafts, live)
    swallowed = {event.id for event, _ in merged}
    _take_near(taken, drafts, [e for e in live if e.id not in swallowed], near)
    _take(taken, drafts, gone)
    kept = {event.id for event in taken.values()} | swallowed
    revised = []
    for number, event in sorted(taken.items()):
        facts = _joined(event.facts, drafts[number], span)
        back = event.state is EventState.WITHDRAWN or not event.stands
        if back or facts != event.facts:
            revised.append((event, facts))
    left = [e for e in live if e.id not in kept and e.stands]
    vanished = [e for e in left if span[0] <= e.facts.start and e.facts.end <= span[1]]
    ended = [e for e in left if e.facts.ongoing and e.facts.end + near < span[1]]
    revised += [
        (e, e.facts.model_copy(update={"ongoing": False})) for e in ended if e not in vanished
    ]
    return Plan(
        revised=tuple(revised),
        opened=tuple(d for number, d in enumerate(drafts) if number not in taken),
        vanished=tuple(vanished),
        merged=merged,
    )


def _take(
    taken: dict[int, Stored], drafts: Sequence[EventDraft], events: Sequence[Stored]
) -> None:
    """Give drafts that have none yet the earliest free event that they overlap."""
    used = {event.id for event in taken.values()}
    for number, draft in enumerate(drafts):
        if number in taken:
            continue
        free = (e for e in events if e.id not in used and not _gap(e.facts, draft))
        found = next(free, None)
        if found is not None:
            taken[number] = found
            used.add(found.id)


def _take_near(
    taken: dict[int, Stored],
    drafts: Sequence[EventDraft],
    events: Sequence[Stored],
    near: timedelta,
) -> None:
    """Give drafts that have none yet the nearest free event no further away than `near`."""
    used = {event.id for event in taken.values()}
    for number, draft in enumerate(drafts):
        if number in taken:
            continue
        others = [other for other in drafts if other is not draft]
        free = [
            e
            for e in events
            if e.id not in used
            and _gap(e.facts, draft) <= near
            and not _between(
                e.facts, draft, [*others, *(o.facts for o in events if o is not e)]
            )
        ]
        if free:
            taken[number] = min(free, key=lambda e: _gap(e.facts, draft))
            used.add(taken[number].id)


def _between(one: EventDraft, other: EventDraft, rest: Iterable[EventDraft]) -> bool:
    """Whether any of the rest touches the stretch from the one to the other."""
    start, end = min(one.start, other.start), max(one.end, other.end)
    return any(overlap(draft, (start, end)) for draft in rest)


def _gap(one: EventDraft, other: EventDraft) -> timedelta:
    return max(one.start - other.end, other.start - one.end, timedelta())


def _merged(
    taken: Mapping[int, Stored], drafts: Sequence[EventDraft], live: Sequence[Stored]
) -> tuple[tuple[Stored, Stored], ...]:
    used = {event.id for event in taken.values()}
    pairs = []
    for event in live:
        if event.id in used:
            continue
        keeper = next(
            (taken[n] for n, d in enumerate(drafts) if n in taken and not _gap(event.facts, d)),
            None,
        )
        if keeper is not None:
            pairs.append((event, keeper))
    return tuple(pairs)


def _joined(old: EventDraft, new: EventDraft, span: Span) -> EventDraft:
    """Return new facts, with the old ones where an event reaches out of the new scores."""
    early, late = old.start < span[0], old.end > span[1]
    if not (early or late):
        return new
    outside = not span[0] <= old.peak_time <= span[1]
    peak = old if outside and old.peak > new.peak else new
    start = min(old.start, new.start) if early else new.start
    end = max(old.end, new.end) if late else new.end
    return new.model_copy(
        update={
            "start": start,
            "end": end,
            "course": old.course if (start, end) == (old.start, old.end) else (),
            "peak": peak.peak,
            "peak_time": peak.peak_time,
            "threshold": peak.threshold,
            "severity": graver(old.severity, new.severity),
            "sensors": peak.sensors,
            "ongoing": old.ongoing if late else new.ongoing,
        }
    )
