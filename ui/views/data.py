"""The data: files brought in, what came, how good it is, what was refused, and the sensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from appliance.client import Plant
from appliance.schemas.fleet import FleetSummary
from ui import api, frame, state
from ui.intake import bring, live, quality, refused, sensors, sources
from ui.text import t

_PART, _FLEET = "data_part", "data_fleet"
_BRING = "bring"
_OF_A_FLEET: Mapping[str, Callable[[Plant, FleetSummary], None]] = {
    "sources": sources.show,
    "quality": quality.show,
    "refused": refused.show,
    "sensors": sensors.show,
}
_OWN = ("job", "files", "look", "many", "reason", "asset", "days", "measure")
"""Words of the address that belong to one part alone."""


def show() -> None:
    """Draw the part of the data page that the address names."""
    plant = api.plant()
    fleets = list(plant.fleets())
    if not fleets and not api.may("ingest"):
        frame.head(t("data.title"))
        frame.empty(t("data.nothing"), t("firstrun.ask_engineer"), ":material/database:")
        return
    part, name = _head(fleets)
    if part == _BRING:
        bring.show(plant, fleets, state.get("fleet"))
        if not fleets:
            live.show(plant, [], "")
        return
    if state.get("part") == _BRING:
        frame.empty(t("data.may_not"), t("firstrun.ask_engineer"), ":material/lock:")
    _OF_A_FLEET[part](plant, next(one for one in fleets if one.fleet == name))


def _head(fleets: Sequence[FleetSummary]) -> tuple[str, str]:
    """Draw title and controls; return the part and the fleet that the address asks for."""
    names = sorted(one.fleet for one in fleets)
    parts = [_BRING] if api.may("ingest") else []
    parts += list(_OF_A_FLEET) if fleets else []
    st.session_state[_PART] = state.choice("part", parts, "sources" if fleets else _BRING)
    st.session_state[_FLEET] = state.choice("fleet", names, names[0]) if names else None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(t("data.title"), anchor=False, width="stretch")
        if names and st.session_state[_PART] != _BRING:
            st.selectbox(
                t("data.fleet"),
                names,
                key=_FLEET,
                on_change=_chosen,
                label_visibility="collapsed",
                width=200,
            )
        if len(parts) > 1:
            st.segmented_control(
                t("data.part"),
                parts,
                key=_PART,
                on_change=_chosen,
                required=True,
                format_func=lambda name: t(f"data.part_{name}"),
                label_visibility="collapsed",
            )
    return st.session_state[_PART], st.session_state[_FLEET] or ""


def _chosen() -> None:
    held = st.session_state
    state.put(part=held[_PART], fleet=held.get(_FLEET) or "", **dict.fromkeys(_OWN))
