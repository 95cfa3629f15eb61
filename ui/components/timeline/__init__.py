"""Spans of time in rows, one time axis below them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from ui import formats, theme
from ui.components.source import joined
from ui.components.timeline.ticks import ticks
from ui.text import language, t

_component = st.components.v2.component(
    "kizashi_timeline",
    html='<div class="timeline"></div>',
    css=joined("timeline", "timeline.css"),
    js=joined("shared", "page.js") + joined("timeline", "drawing.js", "timeline.js"),
)


@dataclass(frozen=True)
class Span:
    """One stretch of time.

    Attributes
    ----------
    title
        What is told when one points at it, before its times.
    address
        Where it leads within the site; nowhere if empty.
    hollow
        Whether it is drawn as an outline, as what is planned or missed.
    key
        What is returned when it is clicked and leads nowhere; it does nothing if empty.
    """

    start: datetime
    end: datetime
    colour: str
    title: str
    address: str = ""
    hollow: bool = False
    key: str = ""


@dataclass(frozen=True)
class Track:
    """One row of spans; those that overlap stand beneath each other.

    Attributes
    ----------
    below
        What is said beneath its name, smaller.
    address
        Where its name leads within the site; nowhere if empty.
    """

    name: str
    spans: Sequence[Span]
    below: str = ""
    address: str = ""


def timeline(
    tracks: Sequence[Track],
    whole: tuple[datetime, datetime],
    zone: ZoneInfo,
    *,
    label: str,
    key: str,
    now: datetime | None = None,
) -> str | None:
    """Draw spans; return the key of one that was clicked, once.

    Parameters
    ----------
    whole
        First and last moment of the axis; spans are cut to it.
    label
        What is shown, for whoever does not see it.
    now
        Where a line stands for the present; none if absent.
    """
    answer = _component(
        data=drawn(tracks, whole, zone, label=label, now=now),
        key=key,
        on_span_change=lambda: None,
        height="content",
    )
    known = {span.key for track in tracks for span in track.spans if span.key}
    return str(answer.span) if answer.span in known else None


def drawn(
    tracks: Sequence[Track],
    whole: tuple[datetime, datetime],
    zone: ZoneInfo,
    *,
    label: str,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Return what a browser needs to draw spans; see `timeline`."""
    axis = _Axis(*whole)
    return {
        "label": label,
        "tracks": [_track(track, axis, zone) for track in tracks],
        "ticks": [
            {"at": axis.share(tick.at), "text": tick.text}
            for tick in ticks(*whole, zone, language())
        ],
        "now": axis.share(now) if now and axis.start <= now <= axis.end else None,
        "colours": theme.tokens(),
        "words": {name: t(f"timeline.{name}") for name in ("now", "nothing")},
    }


@dataclass(frozen=True)
class _Axis:
    start: datetime
    end: datetime

    def share(self, moment: datetime) -> float:
        """Return where a moment stands, 0..1, at an end if it is beyond."""
        whole = (self.end - self.start).total_seconds()
        passed = (moment - self.start).total_seconds()
        return min(max(passed / whole, 0.0), 1.0) if whole > 0 else 0.0


def _track(track: Track, axis: _Axis, zone: ZoneInfo) -> dict[str, Any]:
    seen = [span for span in track.spans if span.end >= axis.start and span.start <= axis.end]
    return {
        "name": track.name,
        "below": track.below,
        "address": track.address,
        "spans": [_span(span, axis, zone) for span in sorted(seen, key=lambda one: one.start)],
    }


def _span(span: Span, axis: _Axis, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "from": axis.share(span.start),
        "to": axis.share(span.end),
        "colour": span.colour,
        "title": span.title,
        "when": f"{formats.at(span.start, zone)} – {formats.at(span.end, zone)}",
        "address": span.address,
        "hollow": span.hollow,
        "key": span.key,
    }
