"""Labels: what is known about stretches of machines, from the calendar and from verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import cast

from appliance.access import Person
from appliance.calendar.rules import occurrences
from appliance.events.store import Key, Search
from appliance.events.urgency import calm_of, rank_of
from appliance.pipelines.calendar import add_window
from appliance.pipelines.site import Site
from appliance.schemas.base import fleet_name
from appliance.schemas.calendar import Label, LabelDraft, Window, WindowDraft, WindowKind
from appliance.schemas.event import Event, EventState, Verdict

_AT_ONCE = 200


def add_label(site: Site, fleet: str, draft: LabelDraft, by: Person | str) -> Window:
    """Tell of a failure: the calendar gets a window of that kind; raises as `add_window`."""
    facts = draft.model_dump()
    window = WindowDraft(fleet=fleet_name(fleet), kind=WindowKind.FAILURE, **facts)
    return add_window(site, window, by)


def labels(
    site: Site,
    fleet: str,
    span: tuple[datetime, datetime],
    *,
    before: tuple[datetime, str] | None = None,
    limit: int = 100,
) -> list[Label]:
    """Return what is known of a fleet within a time range, the latest first.

    Parameters
    ----------
    span
        Half-open: what begins in it.
    before
        Start and origin of the last label seen: the next page.

    Raises
    ------
    LimitExceeded
        A window holds too often in the range.
    """
    windows = [
        _of_window(fleet, window, start, end)
        for window in site.calendar.list(fleet)
        if window.kind is WindowKind.FAILURE
        for start, end in occurrences(window, span)
        if span[0] <= start < span[1]
    ]
    judged = islice(_verdicts(site, fleet, span, before), limit)
    both = sorted([*windows, *judged], key=place, reverse=True)
    return [label for label in both if before is None or place(label) < before][:limit]


def place(label: Label) -> tuple[datetime, str]:
    """Return where a label stands in the order of all."""
    return label.start, label.event or f"{label.window}"


def _verdicts(
    site: Site,
    fleet: str,
    span: tuple[datetime, datetime],
    before: tuple[datetime, str] | None,
) -> Iterator[Label]:
    wanted = Search(fleet=fleet, states=(EventState.CLOSED,), since=span[0], until=span[1])
    # Of the place of an event only its start and identifier count in the order of time.
    after: Key | None = None if before is None else (0, 0.0, before[0], before[1])
    while True:
        found = site.events.look(wanted, "time", after=after, limit=_AT_ONCE)
        for event in found:
            if event.verdict is not None and span[0] <= event.start < span[1]:
                yield _of_event(event)
        if len(found) < _AT_ONCE:
            return
        last = found[-1]
        rank = rank_of(last.state, last.kind, last.severity)
        after = rank, calm_of(last), last.start, last.id


def _of_window(fleet: str, window: Window, start: datetime, end: datetime) -> Label:
    return Label(
        fleet=fleet,
        asset=window.asset,
        says="failure",
        start=start,
        end=end,
        title=window.title,
        by=window.updated_by,
        window=window.id,
    )


def _of_event(event: Event) -> Label:
    return Label(
        fleet=event.fleet,
        asset=event.asset,
        says=cast(Verdict, event.verdict),
        start=event.start,
        end=event.end,
        event=event.id,
    )
