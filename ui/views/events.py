"""Events: the inbox, what is to be looked at first on top."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.core.clock import now
from appliance.schemas.overview import Inbox
from ui import api, controls, dealing, formats, frame, state, theme
from ui.components.inbox import Row, inbox
from ui.components.tally import Count, tally
from ui.inbox import (
    DAYS,
    KINDS,
    MINE,
    ON_A_PAGE,
    RANGE,
    SEVERITIES,
    SORTS,
    STATES,
    Wanted,
    wanted,
)
from ui.text import t

_TURNS = ("after", "page")
"""Words of the address that another filter takes away: it begins at the first page."""


def show() -> None:
    """Draw the list that the address asks for."""
    plant = api.plant()
    fleets = {fleet.fleet for fleet in plant.fleets()}
    asked = wanted(st.query_params.to_dict())
    _head({*fleets, asked.fleet} - {""})
    counts = _counts(plant.overview.inbox(asked.fleet or None), asked)
    tally(counts, label=t("events.counts"), key="tally")
    zone = plant.zone()
    _filters(zone)
    if asked.repeats:
        _one_event(asked)
    at, me = now(), str(api.me().get("user", ""))
    pages = plant.events(start=asked.start(at), end=asked.end, **asked.query(me))
    found, cursor = pages.page(asked.after or None, most=ON_A_PAGE)
    if not found:
        _nothing(asked, fleets)
        return
    rows = [
        Row(one, dealing.muted(one, zone, at), asked.event(one.id, place))
        for place, one in enumerate(found)
    ]
    deeds = asked.deeds if api.may("annotate") else ()
    deed = inbox(rows, asked, zone, at, deeds=deeds, cursor=cursor, key="inbox")
    if deed:
        dealing.ask(plant, deed.name, [one for one in found if one.id in deed.events])


def _head(fleets: Collection[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(t("events.title"), anchor=False, width="stretch")
        controls.fleet(fleets, clears=_TURNS)
        controls.segments(
            "sort",
            SORTS,
            SORTS[0],
            label=t("events.sort"),
            words=lambda name: t(f"events.sort_{name}"),
            clears=_TURNS,
        )


def _counts(told: Inbox, asked: Wanted) -> list[Count]:
    """Return what waits by what to do about it; each count leads to its events, or back."""
    colours = theme.tokens()
    found = []
    for name, value in (("act", told.act), ("plan", told.plan), ("watch", told.watch)):
        chosen = asked.severity == name and asked.kind == "anomaly"
        found.append(
            Count(
                t(f"severity.{name}"),
                formats.number(value),
                asked.address(
                    state="waiting",
                    severity="" if chosen else name,
                    kind="" if chosen else "anomaly",
                ),
                chosen,
                colours[name],
                t(f"urgency.{name}"),
            )
        )
    faults = asked.kind == "sensor_fault"
    found.append(
        Count(
            t("kind.sensor_fault"),
            formats.number(told.faults),
            asked.address(state="waiting", severity="", kind="" if faults else "sensor_fault"),
            faults,
            colours["quiet"],
            t("urgency.fault"),
        )
    )
    mine, muted = asked.owner == MINE, asked.state == "muted"
    return [
        *found,
        Count(
            t("events.mine"),
            formats.number(told.mine),
            asked.address(state="waiting", owner="" if mine else MINE),
            mine,
            title=t("events.mine_text"),
        ),
        Count(
            t("events.muted"),
            formats.number(told.muted),
            asked.address(state="waiting" if muted else "muted", severity="", kind=""),
            muted,
            title=t("events.muted_text"),
        ),
    ]


def _filters(zone: ZoneInfo) -> None:
    """Draw what narrows the list down; all of it is in the address."""
    # The address is the truth, also when it goes back.
    st.session_state["control_text"] = state.get("text")
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        st.text_input(
            t("events.text"),
            key="control_text",
            on_change=_search,
            max_chars=100,
            placeholder=t("events.text"),
            label_visibility="collapsed",
            icon=":material/search:",
            width="stretch",
        )
        _pick("state", STATES, STATES[0])
        _pick("severity", ("", *SEVERITIES), "", table="severity")
        _pick("kind", ("", *KINDS), "", table="kind")
        _pick("owner", ("", MINE), "")
        _pick("days", ("", *DAYS, RANGE), "", clears=("from", "to"))
    if state.get("days") == RANGE:
        controls.stretch(zone, clears=_TURNS)


def _one_event(asked: Wanted) -> None:
    """Say that only repeats of one event are listed, and lead to it and to all."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(t("events.repeats"), width="content")
        frame.link("event", t("events.to_first"), ":material/replay:", id=asked.repeats)
        frame.link("events", t("events.clear"), ":material/close:")


def _pick(
    name: str, options: Sequence[str], usual: str, table: str = "", clears: Sequence[str] = ()
) -> None:
    words = t(f"events.any_{name}") if "" in options else ""

    def told(option: str) -> str:
        if not option:
            return words
        return t(f"{table}.{option}") if table else t(f"events.{name}_{option}")

    label = t(f"events.{name}")
    controls.pick(
        name, options, usual, label=label, words=told, clears=(*_TURNS, *clears), width=160
    )


def _search() -> None:
    state.put(text=st.session_state["control_text"].strip(), after="", page="")


def _nothing(asked: Wanted, fleets: Collection[str]) -> None:
    """Say that there is nothing, and what to do about it."""
    if not fleets:
        frame.empty(t("events.no_fleets"), t("events.no_fleets_text"), ":material/lock:")
    elif asked == Wanted(fleet=asked.fleet, sort=asked.sort):
        frame.empty(t("events.calm"), t("events.calm_text"), ":material/check_circle:")
    else:
        frame.empty(t("events.none_title"), t("events.none_text"), ":material/filter_alt_off:")
        frame.link("events", t("events.clear"), ":material/close:")
