"""Events: the inbox, the most urgent first."""

from __future__ import annotations

import streamlit as st

from appliance.client.events import EventQuery
from ui import api, formats, frame, state
from ui.text import t

_STATES = ("open", "acknowledged", "closed")
_SEVERITIES = ("act", "plan", "watch")


def show() -> None:
    """Draw the list that the address asks for."""
    frame.head(t("events.title"))
    plant = api.plant()
    zone = plant.zone()
    fleets = [fleet.fleet for fleet in plant.fleets()]
    columns = st.columns(4)
    fleet = columns[0].selectbox(
        t("events.fleet"), ["", *fleets], key="fleet", bind="query-params"
    )
    states = state.many("state", _STATES) or ["open", "acknowledged"]
    asked = EventQuery(state=states) | (EventQuery(fleet=fleet) if fleet else EventQuery())
    found = list(plant.events(limit=50, **asked))
    if not found:
        frame.empty(t("events.none_title"), t("events.none_text"))
        return
    st.dataframe(
        [
            {
                t("events.severity"): t(f"severity.{event.severity.value}"),
                t("events.asset"): event.asset,
                t("events.fleet"): event.fleet,
                t("events.began"): formats.at(event.start, zone),
                t("events.lasted"): formats.span(event.end - event.start),
                t("events.peak"): formats.number(event.peak, 1),
                t("events.sensors"): ", ".join(one.name for one in event.sensors[:3]),
                t("events.state"): t(f"state.{event.state.value}"),
            }
            for event in found
        ],
        hide_index=True,
        key="events",
    )
