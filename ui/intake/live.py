"""Sources: where readings come from by themselves, and how each fares."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.clock import now
from appliance.core.errors import NotFound
from appliance.schemas.source import Feed, Folder, Source, SourceState, Sql
from ui import api, controls, formats, frame, theme, wrong
from ui.components.table import Cell, Column, Row, table
from ui.dialogs import draw_page_anew
from ui.intake import source_form
from ui.text import t

_SOON = "3s"


def show(plant: Plant, fleets: Sequence[str], fleet: str) -> None:
    """Draw the sources that may be seen, those of a fleet first."""
    found = sorted(plant.sources.list(), key=lambda one: (one.fleet != fleet, one.name))
    may_add = api.may("operate")
    if not found and not may_add:
        return
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('sources.title')}**", width="stretch")
            add = may_add and st.button(t("sources.add"), icon=":material/add:")
        st.caption(t("sources.what"))
        for one in found:
            _trouble(one)
        if found:
            _table(plant, found, plant.zone())
        if any(one.state is SourceState.NEW for one in found):
            _await(plant, [(one.name, one.state) for one in found])
    if add:
        source_form.ask(plant, None, fleets, fleet)


def _trouble(one: Source) -> None:
    """Say why a source fails, and what to do about it."""
    error = wrong.of_source(one)
    if error is None or one.state is not SourceState.FAILING:
        return
    title = t("sources.fails", name=formats.plain(one.name), n=formats.number(one.failures))
    with st.container(border=True):
        st.markdown(f":material/error: **{title}**")
        frame.explain(error)


def _table(plant: Plant, found: Sequence[Source], zone: ZoneInfo) -> None:
    names = ("name", "from", "state", "latest", "brought", "refused")
    numbers = {"brought", "refused"}
    deed = table(
        [
            Column(t(f"sources.{name}"), "number" if name in numbers else "text")
            for name in names
        ],
        [Row(one.name, _cells(one, zone), _deeds(one)) for one in found],
        label=t("sources.title"),
        key="sources",
        deeds={name: t(f"sources.{name}") for name in ("edit", "pause", "resume", "remove")},
    )
    if deed is None:
        return
    source = next(one for one in found if one.name == deed.rows[0])
    if deed.name == "edit":
        source_form.ask(plant, source, [source.fleet], source.fleet)
    elif deed.name == "remove":
        controls.confirm(
            t("sources.remove_title"),
            t("sources.remove_text", name=source.name),
            t("sources.remove"),
            partial(plant.sources.remove, source.name, source.revision),
            t("sources.removed", name=source.name),
        )
    else:
        _turn(plant, source, paused=deed.name == "pause")


def _deeds(one: Source) -> list[str]:
    turn = "resume" if one.paused else "pause"
    found = [turn] if api.may("configure") else []
    return ["edit", *found, "remove"] if api.may("operate") else found


def _cells(one: Source, zone: ZoneInfo) -> list[Cell]:
    tokens = theme.tokens()
    colours = {
        SourceState.NEW: tokens["quiet"],
        SourceState.FINE: theme.CATEGORIES[2],
        SourceState.FAILING: tokens["act"],
        SourceState.PAUSED: tokens["quiet"],
    }
    next_look = t("sources.next", at=formats.at(one.due, zone)) if one.due else ""
    looked = t("sources.looked", ago=formats.ago(one.looked, now())) if one.looked else ""
    state = t(f"sources.state_{one.state.value}")
    below = next_look if one.state is SourceState.FAILING else looked
    latest = formats.ago(one.latest, now()) if one.latest else "–"
    refused = f"/data?part=refused&fleet={one.fleet}" if one.refused else ""
    return [
        Cell(one.name, t("sources.into", fleet=one.fleet)),
        Cell(_where(one), t(f"sources.kind_{one.origin.kind}"), title=_where(one)),
        Cell(state, below, colour=colours[one.state]),
        Cell(latest, formats.at(one.latest, zone) if one.latest else ""),
        Cell(formats.number(one.rows)),
        Cell(formats.number(one.refused), address=refused, title=one.refusal),
    ]


def _where(one: Source) -> str:
    origin = one.origin
    if isinstance(origin, Folder):
        return f"{origin.path}/{origin.pattern}"
    if isinstance(origin, Sql):
        what = origin.table or t("sources.a_query")
        return f"{origin.host} · {origin.database} · {what}"
    if isinstance(origin, Feed):
        return origin.feed
    return f"{origin.host} · {origin.topic}"


def _turn(plant: Plant, source: Source, *, paused: bool) -> None:
    try:
        (plant.sources.pause if paused else plant.sources.resume)(source.name)
    except NotFound:
        frame.say_next(t("sources.conflict", name=source.name))
    else:
        word = "sources.paused_now" if paused else "sources.resumed_now"
        frame.say_next(t(word, name=source.name))
    st.rerun()


@st.fragment(run_every=_SOON)
def _await(plant: Plant, drawn: Sequence[tuple[str, SourceState]]) -> None:
    """Draw the page anew once somebody has looked at a source that is new."""
    states = {one.name: one.state for one in plant.sources.list()}
    if any(states.get(name) is not state for name, state in drawn):
        draw_page_anew()
