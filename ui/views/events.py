"""Events: the inbox, what is to be looked at first on top."""

from __future__ import annotations

from itertools import islice

import streamlit as st

from appliance.client import Plant
from appliance.client.events import EventQuery
from appliance.schemas.event import Verdict
from ui import api, formats, frame, state
from ui.components.inbox import Deed, inbox
from ui.text import t

_STATES = ("open", "acknowledged", "closed", "withdrawn")
_WAITING = ["open", "acknowledged"]
_SEVERITIES = ("act", "plan", "watch")
_KINDS = ("anomaly", "sensor_fault")
_VERDICTS: tuple[Verdict, ...] = ("true", "false", "planned")
_DEEDS = ("acknowledge", "close", "assign", "reopen")
_STEP = 50
_MOST = 500


def show() -> None:
    """Draw the list that the address asks for."""
    plant = api.plant()
    zone = plant.zone()
    frame.head(t("events.title"))
    shown = state.number("shown", _STEP, _STEP, _MOST)
    found = list(islice(plant.events(limit=shown + 1, **_asked(plant)), shown + 1))
    if not found:
        frame.empty(t("events.none_title"), t("events.none_text"))
        return
    deeds = _DEEDS if api.may("annotate") else ()
    deed = inbox(found[:shown], zone, deeds, key="inbox")
    if deed:
        _do(plant, deed)
    if len(found) > shown < _MOST and st.button(
        t("events.more"), icon=":material/expand_more:"
    ):
        state.put(shown=shown + _STEP)
        st.rerun()


def _asked(plant: Plant) -> EventQuery:
    """Draw the filters; return what they ask for."""
    fleets = sorted(fleet.fleet for fleet in plant.fleets())
    left, *middle, right = st.columns([2, 3, 2, 2, 2])
    fleet = left.selectbox(
        t("events.fleet"),
        ["", *fleets],
        format_func=lambda name: name or t("frame.all"),
        index=fleets.index(state.get("fleet")) + 1 if state.get("fleet") in fleets else 0,
    )
    states = middle[0].multiselect(
        t("events.state"),
        _STATES,
        default=state.many("state", _STATES) or _WAITING,
        format_func=lambda name: t(f"state.{name}"),
    )
    severities = middle[1].multiselect(
        t("events.severity"),
        _SEVERITIES,
        default=state.many("severity", _SEVERITIES),
        format_func=lambda name: t(f"severity.{name}"),
        placeholder=t("frame.all"),
    )
    kinds = middle[2].multiselect(
        t("events.kind"),
        _KINDS,
        default=state.many("kind", _KINDS),
        format_func=lambda name: t(f"kind.{name}"),
        placeholder=t("frame.all"),
    )
    text = right.text_input(t("events.text"), value=state.get("text"), max_chars=100)
    told = "" if states == _WAITING else ",".join(states)
    state.put(fleet=fleet, state=told, severity=",".join(severities))
    state.put(kind=",".join(kinds), text=text.strip())
    query = EventQuery(text=text.strip())
    for name, value in (("fleet", fleet), ("state", states or list(_STATES))):
        if value:
            query[name] = value  # type: ignore[literal-required]
    if severities:
        query["severity"] = severities
    if kinds:
        query["kind"] = kinds
    return query


# ---------------------------------------------------------------- deeds
def _do(plant: Plant, deed: Deed) -> None:
    if deed.name == "close":
        _close(plant, deed)
    elif deed.name == "assign":
        _assign(plant, deed)
    else:
        _done(plant, deed, {})


def _done(plant: Plant, deed: Deed, facts: dict[str, str | None]) -> None:
    """Do it, and say what was refused; the list is drawn anew."""
    outcome = plant.deal(deed.events, deed.name, **facts)
    refused = [one for one in outcome.outcomes if one.changed is None]
    told = t("events.done", n=formats.number(outcome.done))
    if refused:
        told = t("events.refused", n=len(refused), why=refused[0].problem)
    frame.say_next(told)
    st.rerun()


@st.dialog(" ")
def _close(plant: Plant, deed: Deed) -> None:
    st.markdown(f"#### {t('events.close_many', n=len(deed.events))}")
    verdict = st.radio(
        t("event.verdict"),
        _VERDICTS,
        format_func=lambda word: t(f"verdict.{word}"),
        captions=[t(f"event.verdict_{word}") for word in _VERDICTS],
    )
    if st.button(t("events.close"), type="primary"):
        _done(plant, deed, {"verdict": verdict})


@st.dialog(" ")
def _assign(plant: Plant, deed: Deed) -> None:
    st.markdown(f"#### {t('events.assign_many', n=len(deed.events))}")
    owner = st.text_input(t("events.owner"), value=str(api.me().get("user", "")), max_chars=100)
    if st.button(t("events.assign"), type="primary"):
        _done(plant, deed, {"owner": owner.strip() or None})
