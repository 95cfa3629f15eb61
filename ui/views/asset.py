"""One machine: its sensors over time, its events, and how unusual it was."""

from __future__ import annotations

import streamlit as st

from ui import api, frame, state
from ui.components.traces import Line, Trace, traces
from ui.text import t


def show() -> None:
    """Draw the machine that the address names."""
    plant = api.plant()
    name, asset = state.get("fleet"), state.get("asset")
    frame.head(asset or t("asset.title"))
    fleet = plant.fleet(name)
    own = next(one for one in fleet.assets() if one.asset == asset)
    events = list(fleet.events(asset=[asset]))
    from_, to = state.moment("from"), state.moment("to")
    trace = Trace(
        fleet=name,
        asset=asset,
        lines=[Line(s.name, s.label, s.unit) for s in fleet.sensors()],
        events=events,
        windows=[],
        whole=(own.start, own.end),
        zone=str(plant.zone()),
        seen=(from_, to) if from_ and to else None,
        threshold=own.threshold,
        may_mark=True,
    )
    with st.container(border=True):
        traces(trace, key="asset_traces")
