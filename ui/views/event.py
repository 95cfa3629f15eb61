"""One event: what happened, why it is thought so, and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.client.events import EventHandle
from appliance.core.clock import now
from appliance.schemas.event import Event, EventTold, Verdict
from ui import api, formats, frame, state
from ui.components.shares import shares
from ui.components.traces import Line, Trace, traces
from ui.text import language, t

_AROUND = 1.2
"""How much is shown on either side of an event, in lengths of it."""
_LEAST_AROUND = timedelta(hours=2)
_VERDICTS: tuple[Verdict, ...] = ("true", "false", "planned")


def show() -> None:
    """Draw the event that the address names."""
    plant = api.plant()
    name = state.get("id")
    if not name:
        frame.empty(t("event.none_title"), t("event.none_text"))
        return
    handle = plant.event(name)
    event = handle.get(language=language())
    zone = plant.zone()
    _head(handle, event)
    st.markdown(f"{event.words}")
    _figures(event, zone)
    left, right = st.columns([5, 3])
    with left.container(border=True):
        _traces(plant, event, zone)
    with right:
        with st.container(border=True):
            st.markdown(f"**{t('event.sensors')}**")
            shares(event.sensors)
        with st.container(border=True):
            _activity(handle, zone)
        with st.container(border=True):
            _origin(event, zone)


# ---------------------------------------------------------------- head and figures
def _head(handle: EventHandle, event: EventTold) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(t("event.of", asset=event.asset), anchor=False, width="stretch")
        _deeds(handle, event)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(t(f"severity.{event.severity.value}"), color=_COLOURS[event.severity.value])
        st.badge(t(f"state.{event.state.value}"), color="gray")
        if event.verdict:
            st.badge(t(f"verdict.{event.verdict}"), color="gray")
        label = f"{event.fleet} / {event.asset}"
        frame.link("asset", label, fleet=event.fleet, asset=event.asset)


_COLOURS: dict[str, Literal["yellow", "orange", "red"]] = {
    "watch": "yellow",
    "plan": "orange",
    "act": "red",
}


def _deeds(handle: EventHandle, event: EventTold) -> None:
    """Offer what may be done to the event as it stands."""
    if not api.may("annotate"):
        return
    if event.state.value == "open" and st.button(
        t("event.acknowledge"), type="primary", icon=":material/visibility:"
    ):
        handle.acknowledge()
        st.rerun()
    if event.state.value in {"open", "acknowledged"}:
        if st.button(t("event.close"), icon=":material/check:"):
            _closing(handle)
    elif st.button(t("event.reopen"), icon=":material/undo:"):
        handle.reopen()
        st.rerun()


@st.dialog(" ")
def _closing(handle: EventHandle) -> None:
    st.markdown(f"#### {t('event.close_title')}")
    verdict = st.radio(
        t("event.verdict"),
        _VERDICTS,
        format_func=lambda word: t(f"verdict.{word}"),
        captions=[t(f"event.verdict_{word}") for word in _VERDICTS],
        key="verdict",
    )
    text = st.text_area(t("event.comment"), max_chars=10_000, key="closing_comment")
    if st.button(t("event.close"), type="primary"):
        if text.strip():
            handle.comment(text.strip())
        handle.close(verdict)
        st.rerun()


def _figures(event: Event, zone: ZoneInfo) -> None:
    columns = st.columns(4)
    columns[0].metric(t("event.peak"), formats.number(event.peak, 1), border=True)
    columns[1].metric(t("event.began"), formats.at(event.start, zone), border=True)
    going = t("event.ongoing") if event.ongoing else t("event.lasted")
    columns[2].metric(going, formats.span(event.end - event.start), border=True)
    columns[3].metric(t("event.threshold"), formats.number(event.threshold, 1), border=True)


# ---------------------------------------------------------------- panels
def _traces(plant: Plant, event: Event, zone: ZoneInfo) -> None:
    fleet = plant.fleet(event.fleet)
    asset = fleet.asset(event.asset)
    part = {one.name: one.share for one in event.sensors}
    known = sorted(fleet.sensors(), key=lambda one: -part.get(one.name, 0.0))
    room = max((event.end - event.start) * _AROUND, _LEAST_AROUND)
    seen = state.moment("from"), state.moment("to")
    whole = _whole(asset.start, asset.end, event)
    trace = Trace(
        fleet=event.fleet,
        asset=event.asset,
        lines=[Line(s.name, s.label, s.unit, part.get(s.name, 0.0)) for s in known],
        events=list(fleet.events(asset=[event.asset])),
        windows=[],
        whole=whole,
        zone=str(zone),
        seen=(seen[0], seen[1])
        if seen[0] and seen[1]
        else (max(event.start - room, whole[0]), min(event.end + room, whole[1])),
        focus=event.id,
        threshold=event.threshold or None,
    )
    traces(trace, key="event_traces")


def _whole(
    start: datetime | None, end: datetime | None, event: Event
) -> tuple[datetime, datetime]:
    return start or event.start, end or event.end


def _activity(handle: EventHandle, zone: ZoneInfo) -> None:
    st.markdown(f"**{t('event.activity')}**")
    told = [(one.at, one.by, t(f"change.{one.change.value}")) for one in handle.history()] + [
        (one.at, one.by, one.text) for one in handle.comments()
    ]
    for at, by, text in sorted(told, reverse=True)[:20]:
        who = t("event.data") if by == "kizashi" else by
        st.caption(f"{who} · {formats.at(at, zone)} · {formats.ago(at, now())}")
        st.text(text)
    if api.may("annotate"):
        with st.form("comment", clear_on_submit=True, border=False):
            text = st.text_area(
                t("event.comment"),
                label_visibility="collapsed",
                placeholder=t("event.comment"),
                max_chars=10_000,
            )
            if st.form_submit_button(t("event.post")) and text.strip():
                handle.comment(text.strip())
                st.rerun()


def _origin(event: EventTold, zone: ZoneInfo) -> None:
    """Say what the event rests on: the answer to "why do you think so"."""
    origin = event.origin
    st.markdown(f"**{t('event.rests')}**")
    st.caption(
        t(
            "event.rests_text",
            version=origin.model_version,
            recipe=origin.recipe or "–",
            start=formats.day(origin.learned_from, zone),
            end=formats.day(origin.learned_until, zone),
            by=origin.promoted_by or "–",
        )
    )
