"""The swim lane: machines over time, each stretch in the colour of what it asks for."""

from __future__ import annotations

from typing import Any

import streamlit as st

from appliance.schemas.overview import Lane, LaneRow
from ui import theme
from ui.components.source import joined
from ui.text import language, t

_component = st.components.v2.component(
    "kizashi_lanes",
    html='<div class="lanes"></div>',
    css=joined("lanes", "lanes.css"),
    js=joined("shared", "page.js") + joined("lanes", "times.js", "lanes.js"),
)
_STATES = ("normal", "close", "watch", "plan", "act", "maintenance", "unjudged", "none")


def lanes(lane: Lane, *, key: str) -> None:
    """Draw a lane; its names and cells lead to the machine, the cells to their time."""
    _component(
        data={
            "kind": lane.kind,
            "zone": lane.timezone,
            "language": language(),
            "starts": [moment.timestamp() for moment in lane.starts],
            "end": lane.end.timestamp() if lane.end else 0,
            "rows": [_row(row) for row in lane.rows],
            "several": len({row.fleet for row in lane.rows}) > 1,
            "colours": theme.tokens(),
            "states": [t(f"lanes.{name}") for name in _STATES],
            "words": {
                "label": t("lanes.label"),
                "help": t("lanes.help"),
                "highest": t("lanes.highest"),
                "ofLevel": t("lanes.of_level", n="{n}"),
                "cycles": t("lanes.cycles", range="{range}"),
            },
        },
        key=key,
        height="content",
    )


def _row(row: LaneRow) -> dict[str, Any]:
    urgency = row.urgency.value if row.urgency else ""
    waiting = t("lanes.waiting", n=row.events) if row.events else ""
    return {
        "fleet": row.fleet,
        "asset": row.asset,
        "urgency": urgency,
        "waiting": f"{t(f'severity.{urgency}')} · {waiting}" if urgency else "",
        "cells": row.cells,
        "peaks": row.peaks,
    }
