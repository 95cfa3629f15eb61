"""The dialogs of schedules: one is added or changed, or removed."""

from __future__ import annotations

import re
from datetime import time
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.schemas.job import JobRequest
from appliance.schemas.schedule import CatchUp, Schedule, ScheduleDraft
from ui import frame
from ui.dialogs import dialog
from ui.jobs import clock
from ui.jobs.clock import RHYTHMS, Times
from ui.jobs.form import Asked, ask
from ui.text import t

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_HOURS = (1, 2, 3, 4, 6, 8, 12)
_MINUTES = (0, 5, 10, 15, 20, 30, 40, 45, 50)


def change(plant: Plant, zone: ZoneInfo, standing: Schedule | None) -> None:
    """Ask for a schedule and save it; `standing` is the one that is changed."""
    title = t("schedules.edit_title" if standing else "schedules.add_title")
    dialog(title, width="medium")(_change)(plant, zone, standing)


def _change(plant: Plant, zone: ZoneInfo, standing: Schedule | None) -> None:
    own = ZoneInfo(standing.zone) if standing else zone
    given = None
    if standing:
        request = standing.request
        given = Asked(request.pipeline, request.fleet, dict(request.arguments))
    asked = ask(plant, zone, given, "schedule")
    if asked is None:
        return
    times = _times(clock.read(standing.cron) if standing else Times())
    st.caption(t("schedules.told", when=times.told(), zone=own.key))
    usual = f"{asked.pipeline}-{asked.fleet or 'site'}".replace("_", "-")
    name = standing.name if standing else _name(usual)
    with st.expander(t("schedules.missed")):
        catch_up = _catch_up(standing.catch_up if standing else CatchUp.LATEST)
    wrong = _wrong(asked, times, name)
    if wrong:
        st.caption(wrong)
    if st.button(t("schedules.save"), type="primary", disabled=bool(wrong), key="save"):
        draft = ScheduleDraft(
            name=name,
            cron=times.written(),
            zone=own.key,
            catch_up=catch_up,
            paused=standing.paused if standing else False,
            request=JobRequest(
                pipeline=asked.pipeline, fleet=asked.fleet, arguments=asked.arguments
            ),
        )
        with frame.troubles():
            plant.schedules.put(draft, standing.revision if standing else None)
            frame.say_next(t("schedules.saved", name=name))
            st.rerun()


def _name(usual: str) -> str:
    return st.text_input(
        t("schedules.name"),
        value=usual,
        key=f"name_{usual}",
        max_chars=63,
        help=t("schedules.name_help"),
    ).strip()


def _wrong(asked: Asked, times: Times, name: str) -> str:
    """Return what has to be said yet; empty if nothing."""
    if asked.missing:
        return t("jobs.missing", names=", ".join(asked.missing))
    if not _NAME.fullmatch(name):
        return t("schedules.name_help")
    if times.rhythm == "weekly" and not times.days:
        return t("schedules.no_day")
    return ""


# ---------------------------------------------------------------- when
def _times(before: Times) -> Times:
    """Ask for when: in words, or as cron by those who know it."""
    rhythm = st.segmented_control(
        t("schedules.when"),
        RHYTHMS,
        default=before.rhythm,
        format_func=lambda word: t(f"schedules.rhythm_{word}"),
        key="rhythm",
        required=True,
    )
    if rhythm == "cron":
        text = st.text_input(
            t("schedules.cron"),
            value=before.written(),
            help=t("schedules.cron_help"),
            max_chars=200,
            key="cron",
        )
        return Times(rhythm="cron", cron=text)
    left, right = st.columns(2)
    if rhythm == "hourly":
        return _hourly(before, left, right)
    at = left.time_input(t("schedules.at"), value=before.at, step=300, key="at")
    days, day = before.days, before.day
    if rhythm == "weekly":
        chosen = st.pills(
            t("schedules.days"),
            range(7),
            default=list(before.days),
            selection_mode="multi",
            format_func=clock.weekday,
            key="days",
        )
        days = tuple(sorted(chosen))
    if rhythm == "monthly":
        day = int(right.number_input(t("schedules.day"), 1, 28, before.day, key="day"))
    return Times(rhythm=rhythm, at=at, days=days, day=day)


def _hourly(
    before: Times,
    left: st.delta_generator.DeltaGenerator,
    right: st.delta_generator.DeltaGenerator,
) -> Times:
    every = left.selectbox(
        t("schedules.every"),
        _HOURS,
        index=_HOURS.index(before.every) if before.every in _HOURS else 0,
        format_func=lambda n: t("schedules.hours", n=n),
        key="every",
    )
    minutes = sorted({*_MINUTES, before.at.minute})
    minute = right.selectbox(
        t("schedules.minute"),
        minutes,
        index=minutes.index(before.at.minute),
        format_func=lambda n: f":{n:02}",
        key="minute",
    )
    return Times(rhythm="hourly", at=time(0, minute), every=every)


def _catch_up(usual: CatchUp) -> CatchUp:
    options = list(CatchUp)
    return st.radio(
        t("schedules.missed_label"),
        options,
        index=options.index(usual),
        format_func=lambda one: t(f"schedules.missed_{one.value}"),
        key="catch_up",
    )


# ---------------------------------------------------------------- remove
def remove(plant: Plant, standing: Schedule) -> None:
    """Ask whether a schedule is to go, and remove it."""
    dialog(t("schedules.remove_title"))(_remove)(plant, standing)


def _remove(plant: Plant, standing: Schedule) -> None:
    st.text(standing.name)
    st.caption(t("schedules.remove_text"))
    if st.button(t("schedules.remove"), type="primary", key="remove_now"):
        with frame.troubles():
            plant.schedules.remove(standing.name, standing.revision)
            frame.say_next(t("schedules.done_remove", name=standing.name))
            st.rerun()
