"""What a machine's course is compared with: sisters, an earlier time, or a stretch alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client.fleet import Fleet
from appliance.core.errors import InvalidRequest
from appliance.schemas.history import Similar, SimilarStretch
from ui import controls, formats, frame, state
from ui.components.traces import Overlay
from ui.text import t

_WAYS = ("none", "sisters", "earlier", "similar")
_MOST = 5
_USUAL_DAYS = 28
_LONGEST = 3_660
_FOUND = "_similar"
_PICKS = ("0", "1", "2")
_CYCLE = timedelta(hours=1)


@dataclass(frozen=True)
class Subject:
    """The machine that is looked at.

    Attributes
    ----------
    sisters
        The other machines of its fleet.
    """

    fleet: Fleet
    asset: str
    sisters: Sequence[str]
    zone: ZoneInfo
    kind: Literal["time", "cycle"]

    def at(self, moment: datetime) -> str:
        """Return a time as the machine counts it."""
        return formats.moment(moment, self.zone, self.kind)


def compare(subject: Subject) -> list[Overlay]:
    """Draw the controls; return the courses that the address asks for."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{t('asset.traces')}**", width="stretch")
        way = controls.segments(
            "compare",
            _WAYS,
            "none",
            label=t("asset.compare"),
            words=lambda name: t(f"asset.compare_{name}"),
            clears=("with", "days", "like_from", "like_to", "pick", "others"),
        )
    if way == "sisters":
        return _sisters(subject)
    if way == "earlier":
        return _earlier(subject)
    return _similar(subject) if way == "similar" else []


# ---------------------------------------------------------------- sisters
def _sisters(subject: Subject) -> list[Overlay]:
    if not subject.sisters:
        st.caption(t("asset.no_sisters"))
        return []
    key = "asset_with"
    asked = [name for name in st.query_params.get_all("with") if name in subject.sisters]
    st.session_state[key] = asked[:_MOST] or [subject.sisters[0]]
    chosen = st.multiselect(
        t("asset.sisters"),
        subject.sisters,
        key=key,
        max_selections=_MOST,
        on_change=_put_sisters,
        args=(key,),
        label_visibility="collapsed",
        placeholder=t("asset.sisters"),
    )
    return [Overlay(name, name) for name in chosen]


def _put_sisters(key: str) -> None:
    st.query_params["with"] = st.session_state[key]


# ---------------------------------------------------------------- an earlier time
def _earlier(subject: Subject) -> list[Overlay]:
    key = "asset_days"
    st.session_state[key] = state.number("days", _USUAL_DAYS, 1, _LONGEST)
    days = st.number_input(
        t(f"asset.earlier_{subject.kind}"),
        1,
        _LONGEST,
        key=key,
        on_change=lambda: state.put(days=st.session_state[key]),
        width=200,
    )
    shift = days * (_CYCLE if subject.kind == "cycle" else timedelta(days=1))
    return [Overlay(subject.asset, t(f"asset.shifted_{subject.kind}", n=days), shift)]


# ---------------------------------------------------------------- stretches alike
def search_for(start: datetime, end: datetime) -> None:
    """Let the address ask for what looks like a stretch."""
    state.put(like_from=int(start.timestamp()), like_to=int(end.timestamp()), pick="")


def sought() -> tuple[datetime, datetime] | None:
    """Return the stretch that the address wants to find again."""
    start, end = state.moment("like_from"), state.moment("like_to")
    return (start, end) if start and end else None


def _similar(subject: Subject) -> list[Overlay]:
    stretch = sought()
    others = bool(subject.sisters) and state.get("others") == "1"
    with st.container(horizontal=True, vertical_alignment="center"):
        if subject.sisters:
            st.session_state["asset_others"] = others
            st.toggle(t("asset.search_others"), key="asset_others", on_change=_put_others)
        if stretch is None:
            st.caption(t("asset.zoom_first"))
            return []
        start, end = (subject.at(moment) for moment in stretch)
        st.caption(t("asset.searched", start=start, end=end))
    try:
        told = _found(subject, stretch, others=others)
    except InvalidRequest:
        st.caption(t("asset.no_course"))
        return []
    if not told.found:
        st.caption(t("asset.nothing_alike"))
        return []
    return [_picked(subject, stretch, told.found)]


def _put_others() -> None:
    state.put(others="1" if st.session_state["asset_others"] else "", pick="")


def _found(subject: Subject, stretch: tuple[datetime, datetime], *, others: bool) -> Similar:
    """Return what is alike, searched once for what is asked."""
    asked = (subject.fleet.name, subject.asset, stretch, others)
    held: tuple[object, Similar] | None = st.session_state.get(_FOUND)
    if held is None or held[0] != asked:
        with st.spinner(t("asset.searching")):
            held = asked, subject.fleet.similar(subject.asset, *stretch, sisters=others)
        st.session_state[_FOUND] = held
    return held[1]


def _picked(
    subject: Subject, stretch: tuple[datetime, datetime], found: Sequence[SimilarStretch]
) -> Overlay:
    """Draw what there is to choose from, and what was found then."""
    picks = _PICKS[: len(found)]

    def words(pick: str) -> str:
        one = found[int(pick)]
        name = "" if one.asset == subject.asset else f"{one.asset} · "
        return f"{formats.share(one.likeness)} · {name}{subject.at(one.start)}"

    with st.container(horizontal=True, vertical_alignment="center"):
        pick = controls.segments(
            "pick",
            picks,
            "0",
            label=t("asset.alike"),
            words=lambda one: formats.plain(words(one)),
        )
        one = found[int(pick)]
        if one.event is None:
            st.caption(t("asset.then_nothing"))
        else:
            verdict = one.event.verdict
            state_now = t(f"verdict.{verdict}" if verdict else f"state.{one.event.state.value}")
            kind = t(f"kind.{one.event.kind.value}")
            urgency = t(f"severity.{one.event.severity.value}")
            label = t("asset.then", what=f"{kind} · {urgency} · {state_now}")
            frame.link("event", label, ":material/arrow_forward:", id=one.event.id)
    return Overlay(one.asset, words(pick), stretch[0] - one.start)
