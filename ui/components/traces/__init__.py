"""Traces of a machine's sensors above its surprise, zoomed without running the page again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from appliance.schemas.event import Event, EventKind
from ui import theme
from ui.components.source import joined
from ui.text import language, t

_component = st.components.v2.component(
    "kizashi_traces",
    html='<div class="traces"></div>',
    css=joined("traces", "traces.css") + joined("../static", "uplot.css"),
    js=joined("traces", "tools.js", "drawing.js", "traces.js"),
)
_WORDS = (
    "help",
    "whole",
    "surprise",
    "before",
    "after",
    "out",
    "all",
    "failed",
    "nothing",
)


@dataclass(frozen=True)
class Line:
    """One sensor that is drawn.

    Attributes
    ----------
    share
        Its part in the event that is looked at, 0..1.
    """

    name: str
    label: str = ""
    unit: str = ""
    share: float = 0.0


@dataclass(frozen=True)
class Band:
    """A stretch of the calendar behind the lines."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Trace:
    """What is shown of a machine.

    Attributes
    ----------
    whole
        From its first reading to its last.
    seen
        The part that is looked at first; all if none.
    focus
        Identifier of the event that is looked at.
    threshold
        Surprise at which it alarms.
    may_mark
        Whether whoever looks may mark a stretch, by dragging with the shift key held.
    """

    fleet: str
    asset: str
    lines: Sequence[Line]
    events: Sequence[Event]
    windows: Sequence[Band]
    whole: tuple[datetime, datetime]
    zone: str
    seen: tuple[datetime, datetime] | None = None
    focus: str = ""
    threshold: float | None = None
    may_mark: bool = False


def traces(trace: Trace, *, key: str) -> tuple[datetime, datetime] | None:
    """Draw a machine's traces; return the stretch that was marked, once."""
    answer = _component(
        data=_data(trace, key),
        key=key,
        on_stretch_change=lambda: None,
        height="content",
    )
    marked: Mapping[str, float] | None = answer.stretch
    if not marked:
        return None
    start, end = (datetime.fromtimestamp(marked[side], UTC) for side in ("start", "end"))
    return start, end


def _data(trace: Trace, key: str) -> dict[str, Any]:
    colours = theme.tokens()
    return {
        "key": key,
        "fleet": trace.fleet,
        "asset": trace.asset,
        "sensors": [
            {"name": one.name, "label": one.label, "unit": one.unit, "share": one.share}
            for one in trace.lines
        ],
        "events": [_event(event) for event in sorted(trace.events, key=lambda e: e.start)],
        "windows": [
            {"start": one.start.timestamp(), "end": one.end.timestamp()}
            for one in trace.windows
        ],
        "whole": [moment.timestamp() for moment in trace.whole],
        "range": [moment.timestamp() for moment in trace.seen] if trace.seen else None,
        "focus": trace.focus,
        "threshold": trace.threshold,
        "mayMark": trace.may_mark,
        "zone": trace.zone,
        "language": language(),
        "colours": colours,
        "words": {name: t(f"traces.{name}") for name in _WORDS},
    }


def _event(event: Event) -> dict[str, Any]:
    what = t(f"kind.{event.kind.value}")
    sensors = ", ".join(one.name for one in event.sensors[:3])
    fault = event.kind is EventKind.SENSOR_FAULT
    return {
        "id": event.id,
        "start": event.start.timestamp(),
        "end": event.end.timestamp(),
        "severity": "muted" if fault else event.severity.value,
        "title": f"{what} · {t(f'severity.{event.severity.value}')} · {sensors}",
        "address": f"/event?id={event.id}",
    }
