"""One machine: its sensors over time, how unusual it was, its health and its events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.client.fleet import Fleet
from appliance.core.clock import now
from appliance.schemas.event import UNCLOSED, Event, EventKind
from appliance.schemas.fleet import Asset
from appliance.schemas.fleet import Fleet as Facts
from appliance.schemas.history import Health, RemainingLife
from appliance.schemas.sensor import SensorRole
from ui import api, controls, formats, frame, state, theme
from ui.asset import modes
from ui.asset.compare import Subject, compare, search_for, sought
from ui.asset.mark import Place, mark, may_mark
from ui.asset.past import events_panel, health_panel, trend_words
from ui.components.figures import Figure, Part, figures
from ui.components.traces import Band, Line, Overlay, Trace, traces
from ui.text import language, t

_MOST_EVENTS = 500
_SHARES = 6
"""Sensors whose contributions are drawn over time."""
_YEAR = timedelta(days=400)
_YEARS = 12
_HEALTH_DAYS = 366


def show() -> None:
    """Draw the machine that the address names."""
    plant = api.plant()
    name, asset = state.get("fleet"), state.get("asset")
    if not name or not asset:
        frame.head(t("asset.title"))
        frame.empty(t("asset.none_title"), t("asset.none_text"), ":material/search:")
        return
    fleet = plant.fleet(name)
    facts, own, zone = fleet.get(), fleet.asset(asset), plant.zone()
    sisters = sorted(row.asset for row in plant.overview.lane(name, days=1).rows)
    events = list(fleet.events(asset=[asset], limit=_MOST_EVENTS))
    health = fleet.health(asset, days=_HEALTH_DAYS)
    life = None
    if health.trend == "falling" or facts.lives_learned:
        life = fleet.rul(asset, days=_HEALTH_DAYS)
    _head(asset, sisters)
    _links(facts)
    figures(_figures(facts, own, events, (health, life), zone))
    _notice(facts, own)
    with st.container(border=True):
        others = [one for one in sisters if one != asset]
        overlays = compare(Subject(fleet, asset, others, zone, facts.time_kind))
        trace = _trace(plant, fleet, facts, own, events, overlays, zone)
        asked = traces(trace, key="asset_traces")
        if facts.champion is not None and trace.modes is None:
            st.caption(t("asset.modes_before"))
    if asked is not None and asked.what == "find":
        search_for(asked.start, asked.end)
        st.rerun()
    if asked is not None:
        place = Place(name, asset, facts.project, zone, facts.time_kind, events)
        mark(plant, place, (asked.start, asked.end))
    left, right = st.columns([5, 3], gap="small")
    with left:
        health_panel(health, life, zone)
    with right:
        events_panel(name, asset, events, zone)


# ---------------------------------------------------------------- head
def _head(asset: str, sisters: Sequence[str]) -> None:
    """Draw the name, and the way to the fleet's other machines."""
    at = sisters.index(asset) if asset in sisters else 0
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.title(formats.plain(asset), anchor=False, width="stretch")
        if len(sisters) < 2:
            return
        _step("previous", ":material/chevron_left:", sisters[at - 1])
        controls.pick(
            "asset",
            sisters,
            asset,
            label=t("asset.choose"),
            words=str,
            clears=("like_from", "like_to", "pick", "with"),
            width=170,
        )
        _step("next", ":material/chevron_right:", sisters[(at + 1) % len(sisters)])


def _step(name: str, icon: str, asset: str) -> None:
    label = t(f"asset.{name}", asset=formats.plain(asset))
    st.button(
        label,
        key=f"icon_{name}",
        icon=icon,
        help=label,
        on_click=lambda: state.put(asset=asset, like_from="", like_to="", pick=""),
    )


def _links(facts: Facts) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        frame.link("overview", facts.fleet, ":material/grid_view:", fleet=facts.fleet)
        if facts.champion is not None:
            label = t("asset.model", version=facts.champion)
            version = str(facts.champion)
            frame.link(
                "model", label, ":material/model_training:", fleet=facts.fleet, version=version
            )


def _figures(
    facts: Facts,
    own: Asset,
    events: Sequence[Event],
    wear: tuple[Health, RemainingLife | None],
    zone: ZoneInfo,
) -> list[Figure]:
    health, life = wear
    last = formats.moment(own.end, zone, facts.time_kind)
    cycle = facts.time_kind == "cycle"
    return [
        _waiting(events),
        _surprise(own),
        Figure(
            t("asset.health"),
            formats.number(health.now),
            trend_words(health, life) if health.now is not None else t("asset.health_none"),
        ),
        Figure(
            t("asset.coverage"),
            formats.share(health.coverage, 1),
            t("asset.coverage_note"),
        ),
        Figure(
            t("asset.last"),
            last if cycle else formats.ago(own.end, now()),
            "" if cycle else last,
        ),
    ]


def _waiting(events: Sequence[Event]) -> Figure:
    colours = theme.tokens()
    waiting = [one for one in events if one.state in UNCLOSED]
    found = [one for one in waiting if one.kind is not EventKind.SENSOR_FAULT]
    parts = []
    for name in ("act", "plan", "watch"):
        count = sum(one.severity.value == name for one in found)
        if count:
            parts.append(Part(t(f"severity.{name}"), formats.number(count), colours[name]))
    if len(waiting) > len(found):
        faults = formats.number(len(waiting) - len(found))
        parts.append(Part(t("kind.sensor_fault"), faults, colours["quiet"]))
    return Figure(
        t("asset.open_events"),
        formats.number(len(waiting)),
        t("asset.nothing_waits"),
        parts=parts,
    )


def _surprise(own: Asset) -> Figure:
    """Return how unusual the machine is now, or why that is not known."""
    note = ""
    if own.surprise is not None and own.threshold:
        note = t("asset.of_level", n=formats.share(own.surprise / own.threshold))
    elif own.standing is not None:
        note = t(f"asset.standing_{own.standing}")
    return Figure(t("asset.surprise"), formats.number(own.surprise, 1), note)


def _notice(facts: Facts, own: Asset) -> None:
    """Say why there is no surprise to be seen, and what to do."""
    if facts.champion is None:
        word = "no_model"
    elif own.threshold is None and own.judged is not None:
        word = "not_learned"
    elif own.judged is None:
        word = "not_scored"
    else:
        return
    with st.container(border=True):
        st.markdown(f"**{t(f'asset.{word}')}**")
        st.caption(t(f"asset.{word}_text"))
        if word == "not_scored":
            frame.link("jobs", t("asset.to_jobs"), ":material/arrow_forward:")
        else:
            frame.link(
                "models", t("asset.to_models"), ":material/arrow_forward:", fleet=facts.fleet
            )


# ---------------------------------------------------------------- traces
def _seen(own: Asset) -> tuple[datetime, datetime] | None:
    """Return the part that the address names, as far as there is something of it."""
    start, end = state.moment("from"), state.moment("to")
    if start is None or end is None:
        return None
    start, end = max(start, own.start), min(end, own.end)
    return (start, end) if start < end else None


def _trace(
    plant: Plant,
    fleet: Fleet,
    facts: Facts,
    own: Asset,
    events: Sequence[Event],
    overlays: Sequence[Overlay],
    zone: ZoneInfo,
) -> Trace:
    sensors = [one for one in fleet.sensors() if one.role is not SensorRole.IGNORED]
    comparing = state.get("compare") == "similar"
    return Trace(
        fleet=facts.fleet,
        asset=own.asset,
        lines=[Line(one.name, one.label, one.unit) for one in sensors],
        events=events,
        windows=_windows(plant, facts.fleet, own),
        whole=(own.start, max(own.end, own.start + timedelta(seconds=1))),
        zone=str(zone),
        seen=_seen(own),
        threshold=own.threshold,
        may_mark=may_mark(facts.project),
        kind=facts.time_kind,
        judged=facts.champion is not None,
        shares=_SHARES,
        overlays=overlays,
        modes=modes.shown(fleet.modes(own.asset, language=language())),
        find=("offer" if sought() else "ask") if comparing else "",
    )


def _windows(plant: Plant, fleet: str, own: Asset) -> list[Band]:
    """Return the windows that hold for the machine, over all its readings."""
    found: list[Band] = []
    start = max(own.start, own.end - _YEARS * _YEAR)
    while start <= own.end:
        end = min(start + _YEAR, own.end + timedelta(seconds=1))
        for one in plant.calendar.times(start, end, fleet=fleet):
            if one.asset in (None, own.asset):
                words = t(f"asset.mark_{one.kind.value}")
                title = f"{words} · {one.title}" if one.title else words
                failure = one.kind.value == "failure"
                found.append(Band(one.start, one.end, title, failure))
        start += _YEAR
    return list(dict.fromkeys(found))
