"""The list of events, worked through with the keyboard or the mouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.schemas.event import Event, EventKind
from ui import formats, theme
from ui.components.source import joined
from ui.text import t

_component = st.components.v2.component(
    "kizashi_inbox",
    html='<div class="inbox"></div>',
    css=joined("inbox", "inbox.css"),
    js=joined("inbox", "inbox.js"),
)
_COLUMNS = (
    "severity",
    "asset",
    "began",
    "lasted",
    "peak",
    "sensors",
    "state",
    "owner",
)


@dataclass(frozen=True)
class Deed:
    """What is to be done to some events."""

    name: str
    events: tuple[str, ...]


def inbox(
    events: Sequence[Event], zone: ZoneInfo, deeds: Sequence[str], *, key: str
) -> Deed | None:
    """Draw events; return what is to be done to those that were chosen, once.

    Parameters
    ----------
    deeds
        Names of what may be done; none where whoever looks may only look.
    """
    answer = _component(
        data={
            "columns": [t(f"events.{name}") for name in _COLUMNS],
            "rows": [_row(event, zone) for event in events],
            "deeds": [{"name": name, "label": t(f"events.{name}")} for name in deeds],
            "colours": theme.tokens(),
            "words": {
                "all": t("events.choose_all"),
                "chosen": t("events.chosen", n="{n}"),
                "help": t("events.help") if deeds else t("events.help_reader"),
            },
        },
        key=key,
        on_deed_change=lambda: None,
        height="content",
    )
    asked: Mapping[str, Any] | None = answer.deed
    if not asked or asked["name"] not in deeds:
        return None
    return Deed(asked["name"], tuple(asked["events"]))


def _row(event: Event, zone: ZoneInfo) -> dict[str, str]:
    fault = event.kind is EventKind.SENSOR_FAULT
    urgency = t(f"severity.{event.severity.value}")
    return {
        "id": event.id,
        "severity": event.severity.value,
        "urgency": f"{urgency} · {t('kind.sensor_fault')}" if fault else urgency,
        "asset": event.asset,
        "fleet": event.fleet,
        "began": formats.at(event.start, zone),
        "lasted": formats.span(event.end - event.start),
        "peak": "" if fault else formats.number(event.peak, 1),
        "sensors": ", ".join(one.name for one in event.sensors[:3]),
        "state": _state(event),
        "owner": event.owner or "",
        "address": f"/event?id={event.id}",
    }


def _state(event: Event) -> str:
    standing = t(f"state.{event.state.value}")
    return f"{standing} · {t(f'verdict.{event.verdict}')}" if event.verdict else standing
