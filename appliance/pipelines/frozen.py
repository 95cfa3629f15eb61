"""What training must not learn from, and what it must: by the events that people dealt with.

Learning is frozen while an anomaly is open, so that a lasting fault never becomes normal: its
readings are left out until somebody says what it was.  What was called true or planned stays
out for good; what was called false is normal running, and so is what a window of the calendar
calls so: it is learned from however unusual it looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from appliance.calendar.expand import normal_running
from appliance.calendar.masks import Masks, Span, merged, union
from appliance.core.errors import NotFound
from appliance.fleet import FitReport
from appliance.fleet.guide import OPEN, Guide
from appliance.pipelines.site import Site
from appliance.schemas.event import UNCLOSED, Event, EventDraft, EventKind
from appliance.schemas.model import HeldNote

Reason = Literal["open", "true", "planned"]
REASONS: tuple[Reason, ...] = (OPEN, "true", "planned")
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Words:
    """What a fleet's events say about its readings.

    Attributes
    ----------
    held
        Anomalies that are not learned from, by reason.
    vouched
        Anomalies that are learned from.
    """

    guide: Guide
    held: Mapping[Reason, tuple[str, ...]] = field(default_factory=dict)
    vouched: tuple[str, ...] = ()

    def notes(self, report: FitReport) -> tuple[HeldNote, ...]:
        """Return how many readings each reason took out, and for which events."""
        return tuple(
            HeldNote(reason=reason, events=events, rows=report.held.get(reason, 0))
            for reason, events in self.held.items()
        )


def words_on(site: Site, fleet: str, *, verdicts: Mapping[str, str] | None = None) -> Words:
    """Return what a training of a fleet is to be told of its events.

    Parameters
    ----------
    verdicts
        By event, a verdict to go by instead of the one that it has.
    """
    span = site.lake.readings(fleet).span()
    if span is None:
        return Words(Guide())
    by_reason: dict[Reason, list[Event]] = {}
    vouched: list[Event] = []
    for event in site.events.list(fleet, kind=EventKind.ANOMALY):
        reason = _reason(event, (verdicts or {}).get(event.id))
        if reason == "false":
            vouched.append(event)
        elif reason is not None:
            by_reason.setdefault(reason, []).append(event)
    end = span[1] + _INSTANT
    whole = span[0], end
    held = {reason: by_reason[reason] for reason in REASONS if reason in by_reason}
    guide = Guide(
        held=tuple((reason, masks_of(events, end)) for reason, events in held.items()),
        vouched=union(
            masks_of(vouched), normal_running(site.calendar.list(fleet), fleet, whole)
        ),
        former=_champion(site, fleet),
    )
    return Words(
        guide,
        {reason: _named(events) for reason, events in held.items()},
        _named(vouched),
    )


def _reason(event: Event, verdict: str | None) -> Reason | Literal["false"] | None:
    said = verdict or event.verdict
    if verdict is None and event.state in UNCLOSED:
        return OPEN
    if said == "true":
        return "true"
    if said == "planned":
        return "planned"
    return "false" if said == "false" else None


def masks_of(events: Sequence[EventDraft], end: datetime | None = None) -> Masks:
    """Return the stretches of events; one that still stood goes on to the end, if given."""
    own: dict[str, list[Span]] = {}
    for event in events:
        last = event.end + _INSTANT
        if event.ongoing and end is not None:
            last = max(last, end)
        own.setdefault(event.asset, []).append((event.start, last))
    return Masks(own={asset: merged(spans) for asset, spans in sorted(own.items())})


def _named(events: Sequence[Event]) -> tuple[str, ...]:
    return tuple(sorted(event.id for event in events))


def _champion(site: Site, fleet: str) -> str | None:
    try:
        return site.registry.champion(fleet).path
    except NotFound:
        return None
