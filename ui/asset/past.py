"""What lies behind a machine: its health over time, and its events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.schemas.event import Event, EventKind
from appliance.schemas.history import Health, RemainingLife
from appliance.schemas.model import DriftNote
from ui import formats, frame, theme
from ui.asset.wear import life_words, no_wear_words
from ui.components.briefs import Brief, briefs
from ui.components.plot import Curve, plot
from ui.text import t

_EVENTS = 8
_DRIFTED = 3
"""Sensors of a drift that are named."""
_CERTAIN = 0.001
_FIRST_CYCLE = datetime(2000, 1, 1, tzinfo=UTC)
_HOUR = 3_600.0


def health_panel(told: Health, life: RemainingLife | None, zone: ZoneInfo) -> None:
    """Draw health over time, and say whether there is a sign of wear and what is left then."""
    with st.container(border=True):
        st.markdown(f"**{t('asset.health_title')}**")
        if told.borrowed:
            st.caption(t("asset.health_borrowed"))
        if told.drifted is not None:
            st.warning(_drift_words(told, told.drifted, zone), icon=":material/trending_up:")
        if not any(value is not None for value in told.values):
            st.caption(t("asset.health_none"))
            _life(life, zone)
            return
        curve = Curve(t("asset.health"), told.values, theme.tokens()["accent"], fill=True)
        label = t("asset.health_label", asset=told.asset)
        if told.time_kind == "cycle":
            cycles = [(one - _FIRST_CYCLE).total_seconds() / _HOUR for one in told.starts]
            plot(cycles, [curve], label=label, key="health", low=0, high=100, height=150)
        else:
            plot(
                told.starts,
                [curve],
                label=label,
                key="health",
                zone=zone,
                low=0,
                high=100,
                height=150,
            )
        if told.changed_from is not None:
            since = formats.moment(told.changed_from, zone, told.time_kind)
            st.info(changed_words(told, since), icon=":material/moved_location:")
        _life(life, zone)
        st.caption(f"{trend_words(told, life)} {t('asset.health_how')}")


def _life(told: RemainingLife | None, zone: ZoneInfo) -> None:
    """Say what is left, and by what that is told; nothing where nothing was asked."""
    if told is None:
        return
    left = life_words(told, zone)
    if left is not None:
        st.markdown(f"**{formats.plain(left.head)}**")
        st.caption(left.below)
    elif no_wear_words(told):
        st.caption(no_wear_words(told))


def changed_words(told: Health, since: str) -> str:
    """Return since when it runs otherwise, what the calendar has of that day, what to do."""
    if told.changed_after is None:
        return t("asset.health_changed", moment=since)
    title = formats.plain(told.changed_after)
    return t("asset.health_changed_after", moment=since, title=title)


def _drift_words(told: Health, note: DriftNote, zone: ZoneInfo) -> str:
    """Return since when it went away from normal, by which sensors, and what to do."""
    sensors = [
        t(
            "asset.drift_wider" if one.wider else "asset.drift_middle",
            name=formats.plain(one.name),
            moved=f"{one.moved:+g}",
            week=f"{one.per_week:+g}",
        )
        for one in note.sensors[:_DRIFTED]
    ]
    return t(
        "asset.health_drifted",
        moment=formats.moment(note.since, zone, told.time_kind),
        sensors=t("calendar.comma").join(sensors),
    )


def trend_words(told: Health, life: RemainingLife | None = None) -> str:
    """Return where health goes, in a sentence; no more than that where others tell of wear."""
    if told.trend == "steady" and life is not None and life.wear:
        return t("asset.health_no_trend")
    if told.trend in {"falling", "rising"} and told.per_week is not None:
        chance = max(told.chance or 0.0, _CERTAIN)
        return t(
            f"asset.health_{told.trend}",
            n=formats.number(abs(told.per_week), 1),
            chance=formats.share(chance, 1),
        )
    return t(f"asset.health_{told.trend}")


def events_panel(fleet: str, asset: str, events: Sequence[Event], zone: ZoneInfo) -> None:
    """Draw a machine's events, the latest first."""
    with st.container(border=True):
        st.markdown(f"**{t('asset.events')}**")
        if not events:
            st.caption(t("asset.no_events"))
            return
        latest = sorted(events, key=lambda one: one.start, reverse=True)
        lines = [_line(one, zone) for one in latest[:_EVENTS]]
        briefs(lines, label=t("asset.events"), key="asset_events")
        if len(events) > _EVENTS:
            st.caption(t("asset.more_events", n=formats.number(len(events) - _EVENTS)))
        frame.link(
            "events",
            t("asset.all_events"),
            ":material/arrow_forward:",
            fleet=fleet,
            text=asset,
            state="open,acknowledged,closed",
        )


def _line(event: Event, zone: ZoneInfo) -> Brief:
    colours = theme.tokens()
    fault = event.kind is EventKind.SENSOR_FAULT
    closed = event.state.value == "closed" and event.verdict
    state_now = t(f"verdict.{event.verdict}" if closed else f"state.{event.state.value}")
    head = t("kind.sensor_fault") if fault else t(f"severity.{event.severity.value}")
    return Brief(
        text=", ".join(one.name for one in event.sensors[:3]),
        below=f"{head} · {state_now} · {formats.span(event.end - event.start)}",
        beside=formats.at(event.start, zone),
        address=f"/event?id={event.id}",
        colour=colours["quiet"] if fault else colours[event.severity.value],
    )
