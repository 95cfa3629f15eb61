"""A home with events to be worked through: a few to deal with, and ten thousand beside them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.pipelines.site import Site
from appliance.schemas.event import Event, EventDraft, EventKind, SensorShare, Severity
from tests.ui.homes import open_home

FIRST = datetime(2026, 1, 2, tzinfo=UTC)
"""Within the readings of the pumps."""
ODD = '<img src=x onerror="window.hurt = 1">'
LONG = "軸受の振動" * 40
MANY = 10_000


def copy_home(source: Path, home: Path) -> Site:
    """Copy a home and open the copy."""
    shutil.copytree(source, home)
    return open_home(home)


def add_events(site: Site) -> list[Event]:
    """Add events of P-3 to the pumps: two anomalies alike, one unlike, a sensor fault."""
    drafts = [
        draft("P-3", 0, 3, [("s1", 0.7, 1), ("s2", 0.3, -1)]),
        draft("P-3", 30, 5, [("s1", 0.8, 1), ("s2", 0.2, -1)], severity=Severity.PLAN),
        draft("P-3", 60, 2, [("s4", 1.0, 1)]),
        fault("P-3", 90, 4, "s0"),
    ]
    span = {"P-3": (FIRST, FIRST + timedelta(days=6))}
    return put(site, "pumps", drafts, span)


def add_repeats(site: Site) -> list[Event]:
    """Add an event of P-1 that nobody has answered, and two that repeat it."""
    drafts = [draft("P-1", at, 3, [("s2", 1.0, 1)]) for at in (10, 40, 70)]
    span = {"P-1": (FIRST, FIRST + timedelta(days=6))}
    return put(site, "pumps", drafts, span, again=timedelta(days=30))


def add_many(site: Site, fleet: str = "many") -> None:
    """Add ten thousand events of a fleet of its own, which are the least urgent."""
    drafts = [
        draft(f"M-{n % 100:03}", (n // 100) * 4, 1, [("s1", 1.0, 1)], peak=4.1)
        for n in range(MANY)
    ]
    whole = FIRST, FIRST + timedelta(hours=MANY)
    put(site, fleet, drafts, {one.asset: whole for one in drafts})


def add_odd(site: Site) -> None:
    """Add an event whose names are what nobody expects."""
    drafts = [draft(name, 0, 1, [(name, 1.0, 1)]) for name in (ODD, LONG)]
    whole = FIRST, FIRST + timedelta(days=1)
    put(site, "odd", drafts, {one.asset: whole for one in drafts})


def put(
    site: Site,
    fleet: str,
    drafts: list[EventDraft],
    spans: dict[str, tuple[datetime, datetime]],
    again: timedelta | None = None,
) -> list[Event]:
    """Put events into the store as scores would; return them in order of time."""
    source = {"model_version": 1, "score_batch": "s1"}
    made = site.events.revise(fleet, drafts, spans, **source, again=again)
    return sorted(made, key=lambda event: event.start)


def draft(
    asset: str,
    start: float,
    hours: float,
    sensors: list[tuple[str, float, int]],
    peak: float = 6.0,
    severity: Severity = Severity.WATCH,
) -> EventDraft:
    """Return an anomaly that begins so many hours after `FIRST`."""
    begins = FIRST + timedelta(hours=start)
    return EventDraft(
        asset=asset,
        start=begins,
        end=begins + timedelta(hours=hours),
        peak=peak,
        peak_time=begins,
        threshold=4.0,
        severity=severity,
        sensors=tuple(SensorShare(name=n, share=s, direction=d) for n, s, d in sensors),
    )


def fault(asset: str, start: float, hours: float, sensor: str) -> EventDraft:
    """Return a sensor that was frozen."""
    made = draft(asset, start, hours, [], peak=0.0)
    shares = (SensorShare(name=sensor, share=1.0, note="frozen"),)
    return made.model_copy(
        update={"kind": EventKind.SENSOR_FAULT, "threshold": 0.0, "sensors": shares}
    )
