"""The overview: every fleet at a glance, and where to look first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.client.events import EventQuery
from appliance.core.clock import now
from appliance.schemas.event import UNCLOSED, Event, EventKind
from appliance.schemas.fleet import FleetSummary
from appliance.schemas.overview import Changes, Lane, Overview, Stopped
from ui import api, controls, formats, frame, theme, wrong
from ui.components.briefs import Brief, briefs
from ui.components.figures import Figure, Part, figures
from ui.components.lanes import lanes
from ui.intake import first
from ui.jobs import words
from ui.text import t

_RANGES = ("7", "30", "90", "all")
_USUAL = "30"
_EVENTS = 8
_LINES = 6


def show() -> None:
    """Draw the overview of the fleet that the address names, or of all."""
    plant = api.plant()
    fleets = list(plant.fleets())
    if not fleets or first.under_way(plant, fleets):
        _nothing_yet(plant, fleets)
        return
    fleet, days = _head([one.fleet for one in fleets])
    lane = plant.overview.lane(fleet or None, days=None if days == "all" else int(days))
    told, zone = plant.overview.get(fleet or None), plant.zone()
    before = plant.overview.visit()
    figures(_figures(told, lane, zone))
    left, right = st.columns([7, 3], gap="small")
    with left.container(border=True):
        st.markdown(f"**{t('overview.lane')}**")
        if lane.unready:
            st.caption(t("overview.unready", fleets=", ".join(lane.unready)))
        lanes(lane, key="lanes")
        if lane.total > len(lane.rows):
            st.caption(t("overview.more_rows", shown=len(lane.rows), n=lane.total))
    with right:
        _events(plant, fleet)
        _news(plant, before, zone)
        _stopped(told, zone)
        _fleets(fleets)


def _head(fleets: Iterable[str]) -> tuple[str, str]:
    """Draw title and controls; return the fleet and the range that the address asks for."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(t("overview.title"), anchor=False, width="stretch")
        fleet = controls.fleet(fleets)
        days = controls.segments(
            "days",
            _RANGES,
            _USUAL,
            label=t("overview.range"),
            words=lambda name: t(f"overview.range_{name}"),
        )
    return fleet, days


# ---------------------------------------------------------------- figures
def _figures(told: Overview, lane: Lane, zone: ZoneInfo) -> list[Figure]:
    waiting, colours = told.waiting, theme.tokens()
    counts = {"act": waiting.act, "plan": waiting.plan, "watch": waiting.watch}
    parts = [
        Part(t(f"severity.{name}"), formats.number(count), colours[name])
        for name, count in counts.items()
    ]
    if waiting.faults:
        faults = formats.number(waiting.faults)
        parts.append(Part(t("kind.sensor_fault"), faults, colours["quiet"]))
    watched = t("overview.watched_of", n=formats.number(told.assets))
    return [
        Figure(
            t("overview.open_events"),
            formats.number(sum(counts.values()) + waiting.faults),
            parts=parts,
        ),
        Figure(t("overview.watched"), formats.number(told.watched), watched),
        Figure(
            t("overview.coverage"),
            formats.share(lane.coverage, 1),
            t("overview.coverage_note"),
        ),
        Figure(
            t("overview.last"),
            formats.ago(told.last, now()),
            formats.at(told.last, zone) if told.last else "",
        ),
    ]


# ---------------------------------------------------------------- what waits
def _events(plant: Plant, fleet: str) -> None:
    """Draw the events that wait, the most urgent first."""
    asked = EventQuery(state=UNCLOSED, muted=False)
    if fleet:
        asked["fleet"] = fleet
    found = list(plant.events(limit=_EVENTS, **asked))
    with st.container(border=True):
        st.markdown(f"**{t('overview.events')}**")
        if not found:
            st.caption(t("overview.no_events"))
            return
        briefs([_event(one) for one in found], label=t("overview.events"), key="waiting")
        chosen = {"fleet": fleet} if fleet else {}
        frame.link("events", t("overview.all_events"), ":material/arrow_forward:", **chosen)


def _event(event: Event) -> Brief:
    colours = theme.tokens()
    fault = event.kind is EventKind.SENSOR_FAULT
    names = ", ".join(one.name for one in event.sensors[:3])
    site = event.fleet if "@" in event.fleet else ""  # at a gateway machines of one name abound
    return Brief(
        text=event.asset,
        below=" · ".join(
            one for one in (site, t("kind.sensor_fault") if fault else "", names) if one
        ),
        beside=formats.ago(event.start, now()),
        address=f"/event?id={event.id}",
        colour=colours["quiet"] if fault else colours[event.severity.value],
    )


# ---------------------------------------------------------------- what is new
def _news(plant: Plant, before: datetime | None, zone: ZoneInfo) -> None:
    """Draw what happened since the visit before this one."""
    with st.container(border=True):
        st.markdown(f"**{t('overview.news')}**")
        if before is None:
            st.caption(t("overview.first_visit"))
            return
        st.caption(t("overview.since", at=formats.at(before, zone)))
        lines = _changes(plant.overview.changes(before))
        if lines:
            briefs(lines, label=t("overview.news"), key="news", wraps=True)
        else:
            st.caption(t("overview.no_news"))


def _changes(told: Changes) -> list[Brief]:
    lines = []
    if told.opened:
        text = t("overview.opened", n=formats.number(told.opened))
        lines.append(Brief(text, address="/events"))
    if told.closed:
        text = t("overview.closed", n=formats.number(told.closed))
        lines.append(Brief(text, address="/events?state=closed"))
    for made in told.promotions[:_LINES]:
        text = t("overview.promoted", fleet=made.fleet, version=made.version)
        lines.append(Brief(text, formats.who(made.by), formats.ago(made.at, now())))
    for job in told.failed[:_LINES]:
        text = t("overview.job_failed", job=words.title(job))
        error = wrong.of_job(job)
        why = "" if error is None else wrong.few(error)
        lines.append(Brief(text, why, formats.ago(job.ended, now()), f"/job?id={job.id}"))
    return lines


# ---------------------------------------------------------------- data and fleets
def _stopped(told: Overview, zone: ZoneInfo) -> None:
    """Draw whose data stopped coming; nothing where all of it comes."""
    if not told.stopped:
        return
    with st.container(border=True):
        st.markdown(f"**{t('overview.stopped')}**")
        lines = [_silent(one, zone) for one in told.stopped[:_LINES]]
        briefs(lines, label=t("overview.stopped"), key="stopped")
        more = len(told.stopped) - len(lines) + told.more_stopped
        if more:
            st.caption(t("overview.more", n=formats.number(more)))


def _silent(one: Stopped, zone: ZoneInfo) -> Brief:
    last = t("overview.last_at", at=formats.at(one.last, zone))
    beside = formats.ago(one.last, now())
    if one.asset is None:
        text = t("overview.whole_fleet", fleet=one.fleet, n=formats.number(one.assets))
        return Brief(text, last, beside, f"/?fleet={one.fleet}")
    query = f"fleet={one.fleet}&asset={quote(one.asset, safe='')}"
    return Brief(one.asset, last, beside, f"/asset?{query}")


def _fleets(fleets: Sequence[FleetSummary]) -> None:
    with st.container(border=True):
        st.markdown(f"**{t('overview.fleets')}**")
        ordered = sorted(fleets, key=lambda one: (-one.open_events, one.fleet))
        briefs(
            [_fleet(one) for one in ordered[:_EVENTS]],
            label=t("overview.fleets"),
            key="fleets",
        )
        if len(fleets) > _EVENTS:
            st.caption(t("overview.more", n=formats.number(len(fleets) - _EVENTS)))


def _fleet(one: FleetSummary) -> Brief:
    machines = t("overview.machines", n=formats.number(one.assets))
    model = t("overview.no_model")
    if one.champion is not None:
        model = t("overview.model", version=one.champion)
    events = t("overview.events_open", n=formats.number(one.open_events))
    return Brief(
        one.fleet,
        f"{machines} · {model}",
        events if one.open_events else "",
        f"/?fleet={one.fleet}",
    )


# ---------------------------------------------------------------- nothing yet
def _nothing_yet(plant: Plant, fleets: Sequence[FleetSummary]) -> None:
    """Lead by the hand from nothing to the first events."""
    frame.head(t("overview.title"))
    if not api.me().get("roles") and not api.me().get("admin"):
        frame.empty(t("overview.nothing_seen"), t("overview.ask_for_role"), ":material/lock:")
        return
    first.show(plant, next(iter(fleets), None), where="overview")
