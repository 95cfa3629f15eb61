"""One event: what happened, why it is thought so, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.client.events import EventHandle
from appliance.core.clock import now
from appliance.core.errors import InvalidRequest, KizashiError
from appliance.schemas.event import Event, EventKind, EventState, EventTold
from appliance.schemas.expected import EventExpected
from appliance.schemas.sensor import Sensor
from ui import api, dealing, events, formats, frame, state, theme, wrong
from ui.components.activity import activity
from ui.components.briefs import Brief, briefs
from ui.components.figures import Figure, figures
from ui.components.shares import shares
from ui.components.steps import steps
from ui.components.traces import Band, Explained, Line, Trace, traces
from ui.inbox import ON_A_PAGE, Wanted, listed, neighbours
from ui.text import language, t

_AROUND = 1.2
"""How much is shown on either side of an event, in lengths of it."""
_LEAST_AROUND = timedelta(hours=2)
_LONGEST_CALENDAR = timedelta(days=400)
_VERSIONS = 20
"""Latest versions of a model that are asked whether they learned of a verdict."""
_SIMILAR = 5
_SAID = 10_000
_BESIDE = 200
"""Other events of the machine that are drawn in the plot at most."""


def show() -> None:
    """Draw the event that the address names."""
    plant = api.plant()
    name = state.get("id")
    if not name:
        st.title(t("event.title"), anchor=False)
        frame.empty(t("event.none_title"), t("event.none_text"))
        frame.link("events", t("event.to_list"), ":material/arrow_back:")
        return
    handle = plant.event(name)
    event = handle.get(language=language())
    zone = plant.zone()
    project = plant.fleet(event.fleet).get().project
    may = api.may("annotate", project)
    deeds = _deeds_of(event) if may else ()
    asked = _steps(plant, event, deeds)
    asked = _head(event, deeds) or asked
    _standing(plant, event, zone, may=may)
    st.markdown(events.as_text(event.words))
    figures(_figures(event, zone))
    left, right = st.columns([5, 3], gap="small")
    with left:
        with st.container(border=True):
            _traces(plant, event, zone)
        with st.container(border=True):
            _similar(handle, zone)
    with right:
        with st.container(border=True):
            _sensors(plant, event, zone)
        with st.container(border=True):
            _training(plant, event)
        with st.container(border=True):
            _activity(handle, event, zone, may=may)
        with st.container(border=True):
            _origin(event, zone)
    if asked:
        dealing.ask(plant, asked, [event])


# ---------------------------------------------------------------- head
def _steps(plant: Plant, event: Event, deeds: Sequence[str]) -> str:
    """Draw the way through the list that the event was opened from."""
    wanted = listed(state.get("list"))
    at = state.number("at", 0, 0, ON_A_PAGE)
    me = str(api.me().get("user", ""))
    pages = plant.events(start=wanted.start(now()), end=wanted.end, **wanted.query(me))
    try:
        names = [one.id for one in pages.page(wanted.after or None, most=ON_A_PAGE)[0]]
    except InvalidRequest:  # the address was cut or changed: the event is there all the same
        wanted, names = Wanted(), []
    near = neighbours(names, event.id, at)

    def address(place: int | None) -> str:
        return "" if place is None else wanted.event(names[place], place)

    place = "" if near.place is None else t("event.place", n=near.place + 1, of=len(names))
    return steps(
        back=wanted.address() if wanted != Wanted() else "/events",
        before=address(near.before),
        after=address(near.after),
        place=place,
        own=f"/event?id={event.id}",
        deeds=deeds,
        key="steps",
    )


def _deeds_of(event: Event) -> tuple[str, ...]:
    """Return what may be done to an event as it stands."""
    if event.state is EventState.OPEN:
        return ("acknowledge", "close", _mute_or_not(event))
    if event.state is EventState.ACKNOWLEDGED:
        return ("close", _mute_or_not(event), "reopen")
    return ("reopen",) if event.state is EventState.CLOSED else ()


def _mute_or_not(event: Event) -> str:
    return "unmute" if events.is_muted(event, now()) else "mute"


_ICONS = {
    "acknowledge": ":material/visibility:",
    "close": ":material/check:",
    "mute": ":material/notifications_off:",
    "unmute": ":material/notifications:",
    "reopen": ":material/undo:",
}


def _head(event: Event, deeds: Sequence[str]) -> str:
    """Draw the title and what may be done; return what is to be done."""
    asked = ""
    with st.container(horizontal=True, vertical_alignment="center"):
        fault = event.kind is EventKind.SENSOR_FAULT
        title = t("event.fault_of" if fault else "event.of", asset=events.as_text(event.asset))
        st.title(title, anchor=False, width="stretch")
        for name in deeds:
            main = name == deeds[0] and name != "reopen"
            if st.button(
                t(f"event.{name}"),
                key=f"do_{name}",
                icon=_ICONS[name],
                type="primary" if main else "secondary",
            ):
                asked = name
    return asked


def _standing(plant: Plant, event: EventTold, zone: ZoneInfo, *, may: bool) -> None:
    """Draw what is to be done, where the event stands, and who takes care of it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(events.badges(event, dealing.muted(event, zone, now())), width="stretch")
        if may and event.state is not EventState.WITHDRAWN:
            _owner(plant, event)
        elif event.owner:
            st.text(t("event.owned_by", name=event.owner))
        _repeats(event, zone)
        frame.link(
            "asset",
            t("event.to_asset"),
            ":material/precision_manufacturing:",
            fleet=event.fleet,
            asset=event.asset,
        )


def _repeats(event: Event, zone: ZoneInfo) -> None:
    """Draw the way to the repeats of an event, or to the one that it repeats."""
    icon = ":material/replay:"
    if event.again:
        count, last = formats.number(event.again.count), formats.at(event.again.last, zone)
        label = t("event.again", n=count, at=last)
        frame.link("events", label, icon, state="all", repeats=event.id)
    if event.repeats:
        # A link from a page to itself would not be followed.
        there = {"id": event.repeats, "list": "", "at": ""}
        label = t("event.repeats")
        st.button(label, icon=icon, type="tertiary", on_click=state.put, kwargs=there)


def _owner(plant: Plant, event: Event) -> None:
    """Let somebody be chosen to take care of the event; it is done at once."""
    known = dealing.people(plant, {event.fleet})
    if event.owner and event.owner not in known:
        known = [event.owner, *known]
    nobody = ""
    # What the platform says is the truth, also after somebody else has changed it.
    st.session_state["event_owner"] = event.owner or nobody
    st.selectbox(
        t("event.owner"),
        [nobody, *known],
        key="event_owner",
        on_change=_give,
        args=(plant, event),
        format_func=lambda name: name or t("event.nobody"),
        label_visibility="collapsed",
        width=190,
    )


def _give(plant: Plant, event: Event) -> None:
    owner = st.session_state["event_owner"] or None
    try:
        dealing.tell(plant, "assign", [event], owner=owner)
    except KizashiError as error:
        frame.say_next(wrong.line(error))


def _figures(event: Event, zone: ZoneInfo) -> list[Figure]:
    fault = event.kind is EventKind.SENSOR_FAULT
    going = t("event.ongoing") if event.ongoing else t("event.lasted")
    until = "" if event.ongoing else t("event.until", at=formats.at(event.end, zone))
    ago = formats.ago(event.start, now())
    told = [
        Figure(t("event.began"), formats.at(event.start, zone), ago),
        Figure(going, formats.span(event.end - event.start), until),
    ]
    if fault:
        return told
    far = f"{formats.number(event.peak / max(event.threshold, 1e-9), 1)}×"
    level = t("event.of_level", n=formats.number(event.threshold, 1))
    at = t("event.peak_at", at=formats.at(event.peak_time, zone))
    return [
        *told,
        Figure(t("event.far"), far, level),
        Figure(t("event.peak"), formats.number(event.peak, 1), at),
    ]


# ---------------------------------------------------------------- what happened
def _traces(plant: Plant, event: Event, zone: ZoneInfo) -> None:
    fleet = plant.fleet(event.fleet)
    asset = fleet.asset(event.asset)
    part = {one.name: one.share for one in event.sensors}
    known = sorted(_known(plant, event.fleet), key=lambda one: -part.get(one.name, 0.0))
    room = max((event.end - event.start) * _AROUND, _LEAST_AROUND)
    whole = asset.start, asset.end
    first, last = state.moment("from"), state.moment("to")
    seen = max(event.start - room, whole[0]), min(event.end + room, whole[1])
    if first and last and first < last:
        seen = first, last
    trace = Trace(
        fleet=event.fleet,
        asset=event.asset,
        lines=[Line(s.name, s.label, s.unit, part.get(s.name, 0.0)) for s in known],
        events=list(fleet.events(asset=[event.asset], limit=_BESIDE, sort="time")),
        windows=_windows(plant, event, whole),
        whole=whole,
        zone=str(zone),
        seen=seen,
        focus=event.id,
        threshold=event.threshold or None,
        explained=_explained(plant, event, room),
    )
    traces(trace, key="event_traces")


def _explained(plant: Plant, event: Event, room: timedelta) -> Explained | None:
    """Return the sensors that the event is about, and where it is told what is normal."""
    told = _expected(plant, event)
    if told is None or told.version is None or not told.sensors:
        return None
    names = [one.sensor for one in told.sensors]
    return Explained(names, told.version, event.start - room, event.end + room)


def _expected(plant: Plant, event: Event) -> EventExpected | None:
    """Return what would have been normal; None where that cannot be told just now."""

    def ask() -> EventExpected | None:
        try:
            return plant.event(event.id).expected(language=language())
        except KizashiError:  # the page stands without it
            return None

    return api.once(f"expected {event.id}", ask)


def _known(plant: Plant, fleet: str) -> list[Sensor]:
    return api.once(f"sensors {fleet}", lambda: list(plant.fleet(fleet).sensors()))


def _windows(plant: Plant, event: Event, whole: tuple[datetime, datetime]) -> list[Band]:
    """Return the maintenance around the event, as far as the calendar tells at once."""
    half = _LONGEST_CALENDAR / 2 - timedelta(days=1)
    start, end = max(whole[0], event.start - half), min(whole[1], event.start + half)
    if start >= end:
        return []
    times = plant.calendar.times(start, end, fleet=event.fleet)
    return [Band(one.start, one.end) for one in times if one.asset in (None, event.asset)]


def _sensors(plant: Plant, event: EventTold, zone: ZoneInfo) -> None:
    st.markdown(f"**{t('event.sensors')}**")
    labels = {one.name: one.label for one in _known(plant, event.fleet) if one.label}
    shares(event.sensors, labels=labels, normal=events.normal(event))
    told = _expected(plant, event)
    if told is not None and told.sensors:
        st.caption(t("event.expected", at=formats.at(told.at, zone)))
        for one in told.sensors:
            st.markdown(events.as_text(one.words))
    if event.mode and not event.mode.only:
        st.caption(t("event.in_mode", mode=events.as_text(event.mode.words)))


def _similar(handle: EventHandle, zone: ZoneInfo) -> None:
    """Draw earlier events that looked alike, and how they ended."""
    st.markdown(f"**{t('event.similar')}**")
    found = handle.similar(limit=_SIMILAR).events
    if not found:
        st.caption(t("event.similar_none"))
        return
    colours = theme.tokens()
    lines = []
    for one in found:
        before, remark = one.event, one.remark
        ended = t(f"state.{before.state.value}")
        if before.verdict:
            ended = t("event.similar_closed", verdict=t(f"verdict.{before.verdict}"))
        lines.append(
            Brief(
                text=f"{before.asset} · {formats.at(before.start, zone)}",
                below=f"{ended} · {remark.by}: {remark.text}" if remark else ended,
                beside=t("event.alike", n=formats.share(one.likeness)),
                address=f"/event?id={before.id}",
                colour=colours[before.severity.value],
            )
        )
    briefs(lines, label=t("event.similar"), key="similar")


# ---------------------------------------------------------------- what it leads to
def _training(plant: Plant, event: Event) -> None:
    """Say what the event does to training: what its verdict did, or would do."""
    st.markdown(f"**{t('event.training')}**")
    if event.kind is EventKind.SENSOR_FAULT:
        st.caption(t("event.training_fault"))
        return
    span = formats.span(event.end - event.start)
    if event.verdict is None:
        st.caption(t("event.training_open", span=span))
        return
    versions = islice(plant.fleet(event.fleet).models(), _VERSIONS)
    version = events.learned_by(event, versions)
    word = "learned" if event.verdict == "false" else "kept_out"
    if version is None:
        st.markdown(t(f"event.training_{word}_next", span=span))
        return
    st.markdown(t(f"event.training_{word}_by", span=span, version=version))
    frame.link("model", t("event.to_model"), fleet=event.fleet, version=str(version))


def _activity(handle: EventHandle, event: Event, zone: ZoneInfo, *, may: bool) -> None:
    st.markdown(f"**{t('event.activity')}**")
    if may:
        with st.form("comment", clear_on_submit=True, border=False):
            text = st.text_area(
                t("event.comment"),
                label_visibility="collapsed",
                placeholder=t("event.comment"),
                max_chars=_SAID,
                height=68,
            )
            if st.form_submit_button(t("event.post")) and text.strip():
                handle.comment(text.strip())
                st.rerun()
    told = events.entries(
        event,
        list(handle.history()),
        list(handle.comments()),
        list(handle.deliveries()),
        zone,
        now(),
    )
    activity(told, t("event.activity"))


def _origin(event: EventTold, zone: ZoneInfo) -> None:
    """Say what the event rests on: the answer to "why do you think so"."""
    origin = event.origin
    st.markdown(f"**{t('event.rests')}**")
    st.text(
        t(
            "event.rests_text",
            version=origin.model_version,
            recipe=origin.recipe or "–",
            start=formats.day(origin.learned_from, zone),
            end=formats.day(origin.learned_until, zone),
            by=origin.promoted_by or "–",
            scored=formats.at(origin.scored, zone),
        )
    )
    version = str(origin.model_version)
    frame.link("model", t("event.to_model"), fleet=event.fleet, version=version)
