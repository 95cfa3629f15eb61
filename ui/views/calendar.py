"""The calendar: when machines do not run as usual, entered once for learning and judging."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.clock import now
from appliance.core.errors import NotFound
from appliance.schemas.calendar import (
    Window,
    WindowChange,
    WindowDraft,
    WindowKind,
    WindowRevision,
    WindowTime,
)
from ui import api, controls, formats, frame, state, windows
from ui.components.briefs import Brief, briefs
from ui.components.figures import Figure, figures
from ui.components.month import Entry, days_of, month
from ui.components.table import Cell, Column, Row, table
from ui.text import language, t
from ui.views.calendar_dialogs import change, import_file, remove
from ui.views.calendar_weighing import Planner

_PARTS = ("month", "list")
_MOST = 200
_AHEAD = timedelta(days=60)
_MONTH = re.compile(r"(19[7-9]\d|20\d\d|21[0-8]\d)-(0[1-9]|1[0-2])")


def show() -> None:
    """Draw the windows of the fleet that the address names, or of all."""
    plant = api.plant()
    zone = plant.zone()
    fleets = list(plant.fleets())
    planner = Planner(plant, zone, fleets)
    fleet, kind, part = _head(planner)
    _summary(plant, fleet, kind, zone)
    chosen = state.get("window")
    left, right = st.columns([7, 3], gap="small") if chosen else (st.container(), None)
    with left:
        if part == "month":
            _month(planner, fleet, kind, chosen)
        else:
            _list(plant, fleet, kind, zone)
    if right is not None:
        with right:
            _window(planner, chosen)


def _head(planner: Planner) -> tuple[str, str, str]:
    """Draw title and controls; return fleet, kind and part that the address asks for."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(t("calendar.title"), anchor=False, width="stretch")
        fleet = controls.fleet(
            (one.fleet for one in planner.fleets), clears=("window",), width=170
        )
        kind = controls.pick(
            "kind",
            ["", *WindowKind],
            "",
            label=t("calendar.kind"),
            words=lambda name: t(f"calendar.kind_{name}") if name else t("calendar.all_kinds"),
            width=170,
        )
        part = controls.segments(
            "part",
            _PARTS,
            "month",
            label=t("calendar.part"),
            words=lambda name: t(f"calendar.part_{name}"),
        )
        if planner.may_change:
            if st.button(t("calendar.import"), icon=":material/upload_file:"):
                import_file(planner, fleet)
            if st.button(t("calendar.add"), icon=":material/add:", type="primary"):
                change(planner, None, fleet, None)
    return fleet, kind, part


# ---------------------------------------------------------------- figures
def _summary(plant: Plant, fleet: str, kind: str, zone: ZoneInfo) -> None:
    moment = now()
    times = [
        one
        for one in plant.calendar.times(moment, moment + _AHEAD, fleet=fleet or None)
        if kind in ("", one.kind)
    ]
    running = [one for one in times if one.start <= moment]
    ahead = [one for one in times if one.start > moment]
    figures(
        [
            Figure(
                t("calendar.running"),
                formats.number(len(running)),
                ", ".join(_called(one) for one in running[:2]) or t("calendar.nothing_runs"),
            ),
            Figure(
                t("calendar.next"),
                formats.span(ahead[0].start - moment) if ahead else "–",
                _called(ahead[0]) if ahead else t("calendar.nothing_ahead"),
            ),
            Figure(
                t("calendar.ahead"),
                formats.number(len(ahead)),
                t("calendar.ahead_note", day=formats.day(moment + _AHEAD, zone)),
            ),
        ]
    )


def _called(one: WindowTime) -> str:
    place = windows.place_of(one.fleet, one.asset)
    return f"{windows.name_of(one.kind, one.title)} · {place}"


def _briefly(one: WindowTime) -> str:
    """Return what a window is called among those of one fleet."""
    name = windows.name_of(one.kind, one.title)
    return f"{name} · {one.asset}" if one.asset else name


# ---------------------------------------------------------------- month and list
def _month(planner: Planner, fleet: str, kind: str, chosen: str) -> None:
    zone = planner.zone
    today = now().astimezone(zone).date()
    first = _first(today)
    days = days_of(first)
    start = datetime.combine(days[0], time(), zone)
    end = datetime.combine(days[-1] + timedelta(days=1), time(), zone)
    times = planner.plant.calendar.times(start, end, fleet=fleet or None)
    entries = [_entry(one, zone, fleet, chosen) for one in times if kind in ("", one.kind)]
    with st.container(border=True):
        _turn(first, today)
        label = t("calendar.month_of", month=_named(first))
        adds = planner.may_change
        day = month(first, entries, today=today, label=label, key="month", adds=adds)
        _legend()
    if day is not None:
        change(planner, None, fleet, day)


def _first(today: date) -> date:
    """Return the first day of the month that the address names, else of this one."""
    found = _MONTH.fullmatch(state.get("month"))
    return date(int(found[1]), int(found[2]), 1) if found else today.replace(day=1)


def _turn(first: date, today: date) -> None:
    """Draw which month is shown, and the ways to others."""
    before = (first - timedelta(days=1)).replace(day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{_named(first)}**", width="stretch")
        for key, target, label, icon in (
            ("before", before, t("calendar.before"), ":material/chevron_left:"),
            ("today", today.replace(day=1), t("calendar.today"), None),
            ("after", after, t("calendar.after"), ":material/chevron_right:"),
        ):
            words = label if icon is None else ""
            if st.button(words, icon=icon, key=f"month_{key}", help=label if icon else None):
                state.put(month="" if key == "today" else f"{target:%Y-%m}")
                st.rerun()


def _named(first: date) -> str:
    return f"{first.year}年{first.month}月" if language() == "ja" else f"{first:%B %Y}"


def _legend() -> None:
    words = [(windows.colour_of(kind), t(f"calendar.kind_{kind.value}")) for kind in WindowKind]
    parts = "".join(
        f'<span style="display:inline-flex;align-items:center;gap:6px">'
        f'<i style="width:10px;height:10px;border-radius:3px;background:{colour}"></i>'
        f"{text}</span>"
        for colour, text in words
    )
    st.html(
        f'<div style="display:flex;flex-wrap:wrap;gap:4px 16px;font-size:12px">{parts}</div>'
    )


def _entry(one: WindowTime, zone: ZoneInfo, fleet: str, chosen: str) -> Entry:
    begins = one.start.astimezone(zone)
    ends = (one.end - timedelta(microseconds=1)).astimezone(zone)
    name = _called(one)
    hour = f"{begins:%H:%M} " if begins.date() == ends.date() else ""
    span = f"{formats.at(one.start, zone)} – {formats.at(one.end, zone)}"
    return Entry(
        text=f"{hour}{_briefly(one) if fleet else name}",
        first=begins.date(),
        last=ends.date(),
        colour=windows.colour_of(one.kind),
        title=f"{name}\n{span}",
        address=_address(one.window),
        chosen=one.window == chosen,
    )


def _address(window: str) -> str:
    """Return the address of what is shown now, with a window beside it."""
    kept = {name: state.get(name) for name in ("fleet", "kind", "part", "month")}
    return f"/calendar?{urlencode({n: v for n, v in kept.items() if v} | {'window': window})}"


def _list(plant: Plant, fleet: str, kind: str, zone: ZoneInfo) -> None:
    found = list(
        islice(
            plant.calendar.list(fleet or None, kind=WindowKind(kind) if kind else None),
            _MOST + 1,
        )
    )
    if not found:
        frame.empty(t("calendar.none_title"), t("calendar.none_text"), ":material/event:")
        return
    with st.container(border=True):
        st.markdown(f"**{t('calendar.part_list')}**")
        names = ("what", "place", "when", "repeats", "changed")
        shown = sorted(found[:_MOST], key=lambda one: one.start, reverse=True)
        rows = [Row(one.id, _cells(one, zone)) for one in shown]
        columns = [Column(t(f"calendar.{name}")) for name in names]
        table(columns, rows, label=t("calendar.part_list"), key="windows")
        if len(found) > _MOST:
            st.caption(t("calendar.first_only", n=formats.number(_MOST)))


def _cells(one: Window, zone: ZoneInfo) -> list[Cell]:
    kind = t(f"calendar.kind_{one.kind.value}")
    return [
        Cell(
            windows.name_of(one.kind, one.title),
            kind if one.title else "",
            _address(one.id),
            windows.colour_of(one.kind),
        ),
        Cell(windows.place_of(one.fleet, one.asset)),
        Cell(formats.at(one.start, zone), formats.span(one.end - one.start)),
        Cell(windows.returns(one.rule)),
        Cell(formats.ago(one.updated, now()), one.updated_by),
    ]


# ---------------------------------------------------------------- one window
def _window(planner: Planner, name: str) -> None:
    """Draw a window, what may be done to it, and who made what of it."""
    plant, zone = planner.plant, planner.zone
    history = list(plant.calendar.history(name))
    try:
        window: Window | None = plant.calendar.get(name)
    except NotFound:
        window = None
    facts: WindowDraft = window or history[-1].facts
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t(f'calendar.kind_{facts.kind.value}')}**", width="stretch")
            if st.button(
                "", icon=":material/close:", type="tertiary", help=t("calendar.close")
            ):
                state.put(window="")
                st.rerun()
        st.text(windows.name_of(facts.kind, facts.title))
        lines = [
            Brief(windows.place_of(facts.fleet, facts.asset), t("calendar.place")),
            Brief(windows.when(facts, zone), t("calendar.when")),
            Brief(windows.returns(facts.rule), t("calendar.repeats")),
        ]
        if facts.source:
            lines.append(Brief(facts.source, t("calendar.source")))
        briefs(lines, label=t("calendar.facts"), key="facts")
        means = facts.kind.value if facts.kind.judged else "window"
        st.caption(t(f"calendar.means_{means}"))
        if window is None:
            st.caption(t("calendar.is_removed"))
        elif planner.may(window.fleet):
            _deeds(planner, window)
    with st.container(border=True):
        st.markdown(f"**{t('calendar.history')}**")
        briefs(_revisions(history), label=t("calendar.history"), key="history")


def _deeds(planner: Planner, window: Window) -> None:
    with st.container(horizontal=True):
        if st.button(t("calendar.edit"), icon=":material/edit:"):
            change(planner, window, window.fleet or "", None)
        if st.button(t("calendar.remove"), icon=":material/delete:"):
            remove(planner, window)


def _revisions(history: Sequence[WindowRevision]) -> list[Brief]:
    lines = []
    before: WindowDraft | None = None
    for one in history:
        text = t(f"calendar.was_{one.change.value}")
        if one.change is WindowChange.EDITED and before is not None:
            what = t("calendar.comma").join(windows.differences(before, one.facts))
            text = f"{text}: {what}" if what else text
        lines.append(Brief(text, one.by, formats.ago(one.at, now())))
        before = one.facts
    return lines[::-1]
