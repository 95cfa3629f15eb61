"""The list of events, worked through with the keyboard or the mouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.schemas.event import Event, EventKind, SensorShare
from ui import formats, theme
from ui.components.source import joined
from ui.inbox import Wanted
from ui.text import t

_component = st.components.v2.component(
    "kizashi_inbox",
    html='<div class="inbox"></div>',
    css=joined("inbox", "inbox.css"),
    js=joined("shared", "page.js") + joined("inbox", "rows.js", "inbox.js"),
)
_COLUMNS = ("urgency", "asset", "sensors", "began", "lasted", "peak", "state", "owner")
_WORDS = ("all", "keys", "shut", "next", "first", "choose")
_KEYS = (
    ("J ↓", "down"),
    ("K ↑", "up"),
    ("Enter", "open"),
    ("X", "choose"),
    ("A", "acknowledge"),
    ("C", "close"),
    ("M", "mute"),
    ("Esc", "none"),
    ("N", "next"),
    ("?", "keys"),
)
_ONLY_WITH = {"X": "", "A": "acknowledge", "C": "close", "M": "mute", "Esc": ""}
_NAMED = 3
_ARROWS = {1: " ↑", -1: " ↓", 0: ""}


@dataclass(frozen=True)
class Deed:
    """What is to be done to some events."""

    name: str
    events: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One line of the list.

    Attributes
    ----------
    muted
        Until when, in words; empty where it is not.
    address
        Of its page.
    """

    event: Event
    muted: str
    address: str


def inbox(
    rows: Sequence[Row],
    wanted: Wanted,
    zone: ZoneInfo,
    at: datetime,
    *,
    deeds: Sequence[str],
    cursor: str | None,
    key: str,
) -> Deed | None:
    """Draw events; return what is to be done to those that were chosen, once.

    Parameters
    ----------
    at
        What time it is.
    deeds
        Names of what may be done; none where whoever looks may only look.
    cursor
        Leads to the next page; None on the last.
    """
    answer = _component(
        data={
            "columns": [t(f"inbox.{name}") for name in _COLUMNS],
            "rows": [_row(row, zone, at) for row in rows],
            "deeds": [{"name": name, "label": t(f"inbox.deed_{name}")} for name in deeds],
            "next": wanted.next_page(cursor) if cursor else "",
            "first": wanted.address(after="", page="1") if wanted.after else "",
            "page": t("inbox.page", n=wanted.page) if wanted.after or cursor else "",
            "words": {name: t(f"inbox.{name}") for name in _WORDS}
            | {"chosen": t("inbox.chosen", n="{n}"), "label": t("inbox.label")},
            "level": 1 / _FARTHEST,
            "keys": [
                [key, t(f"inbox.key_{name}")]
                for key, name in _KEYS
                if key not in _ONLY_WITH or (deeds and _ONLY_WITH[key] in ("", *deeds))
            ],
        },
        key=key,
        on_deed_change=lambda: None,
        height="content",
    )
    asked: Mapping[str, Any] | None = answer.deed
    if not asked or asked["name"] not in deeds:
        return None
    return Deed(asked["name"], tuple(asked["events"]))


def _row(row: Row, zone: ZoneInfo, at: datetime) -> dict[str, Any]:
    event = row.event
    fault = event.kind is EventKind.SENSOR_FAULT
    colours = theme.tokens()
    far = event.peak / event.threshold if event.threshold > 0 else 0.0
    return {
        "id": event.id,
        "address": row.address,
        "colour": colours["quiet"] if fault else colours[event.severity.value],
        "urgency": t(f"severity.{event.severity.value}"),
        "why": t(f"urgency.{event.severity.value}"),
        "kind": t("kind.sensor_fault") if fault else "",
        "asset": event.asset,
        "fleet": event.fleet,
        "sensors": [_sensor(one) for one in event.sensors[:_NAMED]],
        "began": formats.at(event.start, zone),
        "ago": formats.ago(event.start, at),
        "lasted": f"{formats.span(event.end - event.start)}{' →' if event.ongoing else ''}",
        "peak": "" if fault else f"{formats.number(far, 1)}×",
        "course": _course(event),
        "state": _state(event),
        "muted": row.muted,
        "owner": event.owner or "",
        "open": event.state.value == "open",
    }


def _course(event: Event) -> list[float | None]:
    """Return how high the curve of an event is from part to part, 0..1."""
    if event.threshold <= 0:
        return []
    full = _FARTHEST * event.threshold
    return [None if one is None else round(min(one / full, 1.0), 3) for one in event.course]


_FARTHEST = 3.0
"""Times the alarm level at which the curve of an event reaches its top."""


def _sensor(one: SensorShare) -> str:
    if one.note:
        fault = one.note.replace(" ", "_")
        return f"{one.name} · {t(f'shares.{fault}')}"
    return f"{one.name}{_ARROWS[one.direction]} {formats.share(one.share)}"


def _state(event: Event) -> str:
    told = [t(f"state.{event.state.value}")]
    if event.verdict:
        told.append(t(f"verdict.{event.verdict}"))
    if event.again:
        told.append(t("inbox.again", n=formats.number(event.again.count)))
    return " · ".join(told)
