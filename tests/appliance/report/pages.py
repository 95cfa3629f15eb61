"""A report full of everything a page can show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from appliance.events.words import sentence
from appliance.report.model import EventView, HeatRow, QualityRow, Report, Trace
from appliance.schemas.event import Event, EventKind, EventState, SensorShare, Severity

START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(days=30)
ZONE = ZoneInfo("Asia/Tokyo")
_MODEL = {"model_version": 3, "score_batch": "run_1", "created": END, "updated": END}


def event(number: int = 0, asset: str = "P-1", **facts) -> Event:
    start = START + timedelta(days=2 + 5 * number, hours=3)
    given = {
        "id": f"evt_{number}",
        "fleet": "pumps",
        "asset": asset,
        "start": start,
        "end": start + timedelta(hours=20),
        "peak": 7.4,
        "peak_time": start + timedelta(hours=9),
        "threshold": 4.1,
        "severity": Severity.ACT,
        "sensors": (
            SensorShare(name="vibration_drive_end", share=0.55, direction=1),
            SensorShare(name="discharge_pressure", share=0.3, direction=-1),
            SensorShare(name="temperature", share=0.15),
        ),
        **_MODEL,
    }
    return Event.model_validate(given | facts)


def fault(asset: str = "P-2", sensor: str = "flow", note: str = "frozen", **facts) -> Event:
    return event(
        1,
        asset,
        kind=EventKind.SENSOR_FAULT,
        peak=0.0,
        threshold=0.0,
        severity=Severity.WATCH,
        sensors=(SensorShare(name=sensor, share=1.0, note=note),),
        **facts,
    )


def traces(of: Event, start: datetime, end: datetime) -> tuple[Trace, ...]:
    rng = np.random.default_rng(0)
    times = np.arange(start.timestamp(), end.timestamp(), 60.0)
    inside = (times >= of.start.timestamp()) & (times <= of.end.timestamp())
    out = []
    for number, share in enumerate(of.sensors):
        values = 20.0 * (number + 1) + rng.normal(0, 0.4, len(times))
        values += 6 * share.share * inside * (share.direction or 1)
        values[1000:1090] = np.nan
        out.append(Trace(share.name, "mm/s", times, values, share=share.share))
    if of.kind is EventKind.ANOMALY:
        surprise = np.abs(rng.normal(0, 0.6, len(times))) + 5.5 * inside
        out.append(Trace("surprise", "", times, surprise, limit=of.threshold))
    return tuple(out)


def view(of: Event, language: str = "en") -> EventView:
    around = max((of.end - of.start) / 2, timedelta(hours=6))
    start, end = of.start - around, of.end + around
    return EventView(
        event=of,
        sentence=sentence(of, language, ZONE),
        traces=traces(of, start, end),
        start=start,
        end=end,
    )


def heat(assets: int = 12, bins: int = 120) -> tuple[HeatRow, ...]:
    rng = np.random.default_rng(1)
    rows = []
    for number in range(assets):
        peaks = rng.uniform(0, 0.55, bins)
        peaks[rng.integers(0, bins, 3)] = np.nan
        if number < 3:
            peaks[40 + 5 * number : 52 + 5 * number] = np.linspace(0.6, 2.0, 12)
        rows.append(HeatRow(f"P-{number + 1}", peaks, 2 if number < 3 else 0))
    return tuple(rows)


def quality(sensor: str = "flow", **facts) -> QualityRow:
    given = {
        "sensor": sensor,
        "unit": "m3/h",
        "role": "sensor",
        "missing_share": 0.002,
        "longest_stuck": 12,
        "out_of_limits": 0,
        "minimum": -0.00012,
        "median": 12.5,
        "maximum": 1.2e7,
    }
    return QualityRow(**(given | facts))


def report(language: str = "en", **facts) -> Report:
    waiting = event(
        2, "P-3", severity=Severity.PLAN, ongoing=True, state=EventState.ACKNOWLEDGED
    )
    step = (END - START) / 120
    given = {
        "fleet": "pumps",
        "language": language,
        "zone": ZONE,
        "made": END,
        "start": START,
        "end": END,
        "model_version": 3,
        "recipe": "auto",
        "trained_from": START - timedelta(days=60),
        "trained_until": START,
        "assets": 12,
        "rows": 518_400,
        "judged_share": 0.974,
        "bins": tuple(START + n * step for n in range(120)),
        "heat": heat(),
        "events": (view(event(), language), view(waiting, language)),
        "faults": (view(fault(), language),),
        "quality": (
            quality(),
            quality("vibration_drive_end", missing_share=0.12),
            quality("load", role="context", minimum=None, median=None, maximum=None),
        ),
        "failures": {"P-9": "30 clean rows, 60 are needed"},
        "quarantined": 1234,
    }
    return Report(**(given | facts))
