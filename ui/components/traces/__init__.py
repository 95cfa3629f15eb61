"""Traces of a machine's sensors above its surprise, zoomed without running the page again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import streamlit as st

from appliance.schemas.event import Event, EventKind
from ui import theme
from ui.components.source import joined
from ui.text import language, t

_component = st.components.v2.component(
    "kizashi_traces",
    html='<div class="traces"></div>',
    css=joined("traces", "traces.css") + joined("../static", "uplot.css"),
    js=joined("shared", "page.js", "charts.js")
    + joined(
        "traces",
        "tools.js",
        "drawing.js",
        "strips.js",
        "expected.js",
        "asking.js",
        "moving.js",
        "traces.js",
    ),
)
_WORDS = (
    "help",
    "whole",
    "surprise",
    "before",
    "after",
    "out",
    "all",
    "loading",
    "failed",
    "nothing",
    "mark",
    "mark_help",
    "find",
    "modes",
    "shares",
    "for_now",
)
OVERLAYS = tuple(theme.CATEGORIES[at] for at in (2, 3, 5, 4, 1))
"""The lines themselves are in the theme's own colours, and events in those of alarm."""
MODES = ("#9DB8E8", "#F2C879", "#8CCFB7", "#E3B3CC", "#B9C0CC", "#A8D8EC")
"""Light kin of the categories: a strip is not to outshine what happened in it."""
_SEVERITIES = ("watch", "plan", "act")
_KINDS = ("window", "failure", "normal", "expected")


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
    """A stretch of the calendar behind the lines.

    Attributes
    ----------
    failure
        Whether the machine had failed: it is judged then, unlike in other stretches.
    """

    start: datetime
    end: datetime
    title: str = ""
    failure: bool = False


@dataclass(frozen=True)
class Overlay:
    """A course that is laid over each line: another machine's, or an earlier one.

    Attributes
    ----------
    shift
        How much later it is drawn than it was.
    name
        In the legend.
    """

    asset: str
    name: str
    shift: timedelta = timedelta(0)


@dataclass(frozen=True)
class Modes:
    """The operating modes that a machine ran in.

    Attributes
    ----------
    names
        For people.
    spans
        Start, end and number of the mode among `names`, in order of time.
    normal
        By sensor: for each of `names` what is usual in it, from and to; None if unknown.
    numbers
        What the API calls each of `names`: a closer view asks it for its spans anew.
    """

    names: Sequence[str]
    numbers: Sequence[int]
    spans: Sequence[tuple[datetime, datetime, int]]
    normal: Mapping[str, Sequence[tuple[float, float] | None]]


@dataclass(frozen=True)
class Explained:
    """Sensors beside which is drawn what would have been normal.

    Attributes
    ----------
    sensors
        They tell nothing of each other.
    version
        Of the model that says so.
    start, end
        Where it is told.
    """

    sensors: Sequence[str]
    version: int
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
        Whether whoever looks may mark a stretch: by a button, or dragging with the shift key.
    kind
        ``cycle``: times are counters and shown as such.
    judged
        Whether there are scores; without them neither surprise nor contributions are drawn.
    shares
        How many sensors' contributions are drawn over time, below the surprise.
    overlays
        Courses to compare with, at most five.
    modes
        None where they are not known.
    find
        Whether what is shown may be searched for in the past; ``ask``: it is at once.
    explained
        None where nothing is to be.
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
    kind: Literal["time", "cycle"] = "time"
    judged: bool = True
    shares: int = 0
    overlays: Sequence[Overlay] = ()
    modes: Modes | None = None
    find: Literal["", "offer", "ask"] = ""
    explained: Explained | None = None


@dataclass(frozen=True)
class Asked:
    """What somebody wants of a stretch.

    Attributes
    ----------
    what
        ``mark``: to say what it was; ``find``: what looks like it.
    """

    what: Literal["mark", "find"]
    start: datetime
    end: datetime


def traces(trace: Trace, *, key: str) -> Asked | None:
    """Draw a machine's traces; return what was asked of a stretch, once."""
    answer = _component(
        data=_data(trace, key),
        key=key,
        on_stretch_change=lambda: None,
        height="content",
    )
    told: Mapping[str, Any] | None = answer.stretch
    if not told:
        return None
    start, end = (datetime.fromtimestamp(told[side], UTC) for side in ("start", "end"))
    return Asked("find" if told["what"] == "find" else "mark", start, end)


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
            {
                "start": one.start.timestamp(),
                "end": one.end.timestamp(),
                "title": one.title,
                "failure": one.failure,
            }
            for one in trace.windows
        ],
        "whole": [moment.timestamp() for moment in trace.whole],
        "range": [moment.timestamp() for moment in trace.seen] if trace.seen else None,
        "focus": trace.focus,
        "threshold": trace.threshold,
        "mayMark": trace.may_mark,
        "kind": trace.kind,
        "judged": trace.judged,
        "top": min(trace.shares, len(trace.lines)),
        "overlays": [_overlay(one, at) for at, one in enumerate(trace.overlays)],
        "modes": _modes(trace.modes),
        "find": trace.find,
        "expected": _explained(trace.explained),
        "zone": trace.zone,
        "language": language(),
        "colours": colours,
        "words": _words(),
    }


def _words() -> dict[str, Any]:
    severities = {name: t(f"severity.{name}") for name in _SEVERITIES}
    kinds = {name: t(f"traces.{name}") for name in _KINDS}
    return {
        **{name: t(f"traces.{name}") for name in _WORDS},
        "highest": t("traces.highest", n="{n}"),
        "cycle": t("traces.cycle", n="{n}"),
        "kinds": {**severities, **kinds, "muted": t("kind.sensor_fault")},
    }


def _overlay(one: Overlay, at: int) -> dict[str, Any]:
    return {
        "asset": one.asset,
        "name": one.name,
        "shift": one.shift.total_seconds(),
        "colour": OVERLAYS[at % len(OVERLAYS)],
    }


def _explained(one: Explained | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "sensors": list(one.sensors),
        "version": one.version,
        "start": one.start.timestamp(),
        "end": one.end.timestamp(),
    }


def _modes(modes: Modes | None) -> dict[str, Any] | None:
    if modes is None:
        return None
    colours = [MODES[at % len(MODES)] for at in range(len(modes.names))]
    return {
        "names": list(modes.names),
        "numbers": list(modes.numbers),
        "colours": colours,
        "spans": [(start.timestamp(), end.timestamp(), at) for start, end, at in modes.spans],
        "normal": {name: list(bounds) for name, bounds in modes.normal.items()},
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
