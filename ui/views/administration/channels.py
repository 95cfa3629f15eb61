"""Channels: where word of events goes, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.clock import now
from appliance.core.errors import NotFound, Outdated
from appliance.schemas.alert import Channel, ChannelDraft, Delivery, DeliveryState, Email
from ui import controls, formats, frame, theme
from ui.components.figures import Figure, figures
from ui.components.table import Cell, Column, Row, table
from ui.dialogs import dialog
from ui.text import t
from ui.views.administration import channel_form

_LATEST = 100


def show(plant: Plant, zone: ZoneInfo) -> None:
    """Draw the channels, and below them what was told and what could not be told."""
    found = list(plant.channels.list())
    waiting = list(plant.channels.deliveries(state="waiting", limit=_LATEST))
    _figures(found, waiting)
    _channels(plant, found, zone)
    _deliveries(plant, found, zone)


def _figures(found: Sequence[Channel], waiting: Sequence[Delivery]) -> None:
    paused = sum(one.paused for one in found)
    trouble = sum(bool(one.error) for one in waiting)
    more = "+" if len(waiting) == _LATEST else ""
    figures(
        [
            Figure(
                t("channels.telling"),
                formats.number(len(found) - paused),
                t("channels.paused_of", n=formats.number(paused)) if paused else "",
            ),
            Figure(
                t("channels.waiting"),
                formats.number(len(waiting)) + more,
                t("channels.waiting_note"),
            ),
            Figure(
                t("channels.trouble"),
                formats.number(trouble) + (more if trouble else ""),
                t("channels.trouble_note"),
            ),
        ]
    )


# ---------------------------------------------------------------- channels
def _channels(plant: Plant, found: Sequence[Channel], zone: ZoneInfo) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('administration.part_channels')}**", width="stretch")
            add = st.button(t("channels.add"), icon=":material/add:", type="primary")
        st.caption(t("channels.what"))
        if not found:
            frame.empty(
                t("channels.none_title"), t("channels.none_text"), ":material/campaign:"
            )
        else:
            _table(plant, found, zone)
    if add:
        channel_form.ask(plant, None)


def _table(plant: Plant, found: Sequence[Channel], zone: ZoneInfo) -> None:
    names = ("name", "to", "tells", "fleets", "quiet", "state")
    deeds = ("try", "edit", "pause", "resume", "remove")
    deed = table(
        [Column(t(f"channels.{name}")) for name in names],
        [Row(one.name, _cells(one, zone), _deeds(one)) for one in found],
        label=t("administration.part_channels"),
        key="channels",
        deeds={name: t(f"channels.{name}") for name in deeds},
    )
    if deed is None:
        return
    channel = next(one for one in found if one.name == deed.rows[0])
    if deed.name == "try":
        dialog(t("channels.try_title", name=channel.name))(_try)(plant, channel)
    elif deed.name == "edit":
        channel_form.ask(plant, channel)
    elif deed.name == "remove":
        controls.confirm(
            t("channels.remove_title"),
            t("channels.remove_text", name=channel.name),
            t("channels.remove"),
            partial(plant.channels.remove, channel.name, channel.revision),
            t("channels.removed", name=channel.name),
        )
    else:
        _turn(plant, channel, paused=deed.name == "pause")


def _deeds(one: Channel) -> list[str]:
    return ["try", "edit", "resume" if one.paused else "pause", "remove"]


def _cells(one: Channel, zone: ZoneInfo) -> list[Cell]:
    word, colour = "tells_now", theme.CATEGORIES[2]
    if one.paused:
        word, colour = "is_paused", theme.tokens()["quiet"]
    also = [t(f"channels.and_{name}") for name in ("faults", "platform") if getattr(one, name)]
    quiet = one.quiet
    return [
        Cell(one.name, t(f"channels.kind_{one.target.kind}")),
        Cell(_to(one), title=_to(one)),
        Cell(t(f"channels.from_{one.severity.value}"), t("users.comma").join(also)),
        Cell(t("users.comma").join(one.fleets) or t("frame.all_fleets")),
        Cell(f"{quiet.start:%H:%M}–{quiet.end:%H:%M}" if quiet else "–"),
        Cell(
            t(f"channels.{word}"),
            t("channels.since", at=formats.day(one.since, zone)),
            colour=colour,
        ),
    ]


def _to(one: Channel) -> str:
    """Return where a channel leads: the rest of a chat's address is as good as a password."""
    if isinstance(one.target, Email):
        return t("users.comma").join(one.target.to)
    return urlsplit(one.target.url).netloc.rpartition("@")[2]


def _try(plant: Plant, channel: Channel) -> None:
    with frame.troubles():
        with st.spinner(t("channels.trying")):
            told = plant.channels.attempt(channel.name)
        if told.sent:
            word = f"channels.taken_{channel.target.kind}"
            text = t(word, to=formats.plain(_to(channel)))
            st.success(text, icon=":material/check_circle:")
        else:
            st.error(t("channels.not_taken"), icon=":material/error:")
            st.text(told.error)
            st.caption(t(f"channels.mend_{channel.target.kind}"))


def _turn(plant: Plant, channel: Channel, *, paused: bool) -> None:
    """Let a channel pause or go on, unless somebody changed it meanwhile."""
    known = {name: value for name, value in channel if name in ChannelDraft.model_fields}
    draft = ChannelDraft(**{**known, "paused": paused})
    try:
        plant.channels.put(draft, channel.revision)
    except (NotFound, Outdated):
        frame.say_next(t("channels.conflict", name=channel.name))
    else:
        word = "channels.paused_now" if paused else "channels.resumed_now"
        frame.say_next(t(word, name=channel.name))
    st.rerun()


# ---------------------------------------------------------------- deliveries
def _deliveries(plant: Plant, channels: Sequence[Channel], zone: ZoneInfo) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('channels.deliveries')}**", width="stretch")
            channel = controls.pick(
                "channel",
                ["", *(one.name for one in channels)],
                "",
                label=t("channels.channel"),
                words=lambda name: name or t("channels.any_channel"),
            )
            state = controls.pick(
                "became",
                ["", *(one.value for one in DeliveryState)],
                "",
                label=t("channels.became"),
                words=lambda name: t(
                    f"channels.state_{name}" if name else "channels.any_state"
                ),
            )
        found = list(plant.channels.deliveries(channel or None, state or None, _LATEST))
        if not found:
            st.caption(t("channels.no_deliveries"))
            return
        names = ("raised", "channel", "event", "urgency", "became", "error")
        table(
            [Column(t(f"channels.{name}")) for name in names],
            [Row(one.id, _delivery(one, zone)) for one in found],
            label=t("channels.deliveries"),
            key="deliveries",
        )
        if len(found) == _LATEST:
            st.caption(t("channels.latest_only", n=formats.number(_LATEST)))


def _delivery(one: Delivery, zone: ZoneInfo) -> list[Cell]:
    tokens = theme.tokens()
    colours = {
        DeliveryState.SENT: theme.CATEGORIES[2],
        DeliveryState.WAITING: tokens["plan"],
        DeliveryState.FAILED: tokens["act"],
        DeliveryState.DROPPED: tokens["quiet"],
    }
    then = formats.at(one.ended, zone) if one.ended else ""
    if one.state is DeliveryState.WAITING:
        then = t("channels.due", at=formats.at(one.due, zone))
    return [
        Cell(formats.at(one.raised, zone), formats.ago(one.raised, now())),
        Cell(one.channel),
        _about(one),
        Cell(t(f"severity.{one.severity.value}"), colour=tokens[one.severity.value]),
        Cell(t(f"channels.state_{one.state.value}"), then, colour=colours[one.state]),
        Cell(one.error or "–", title=one.error),
    ]


def _about(one: Delivery) -> Cell:
    if not one.fleet:
        return Cell(t("channels.of_platform"), t("channels.to_platform"), address="/platform")
    return Cell(one.fleet, t("channels.to_event"), address=f"/event?id={one.event}")
