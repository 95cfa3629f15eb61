"""Schedules: what the platform does by itself and when, as a list and as a week."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.clock import now
from appliance.core.errors import KizashiError
from appliance.schemas.job import Job, JobState
from appliance.schemas.schedule import Schedule
from ui import api, controls, formats, frame, state, theme, wrong
from ui.components.figures import Figure, figures
from ui.components.table import Cell, Column, Deed, Row, table
from ui.components.week import Mark, week
from ui.jobs import words
from ui.jobs.clock import read
from ui.jobs.form import offers
from ui.jobs.gathering import gathered
from ui.text import t
from ui.views.jobs import colour
from ui.views.schedule_dialogs import change, remove

_PARTS = ("list", "week")
_WEEK = timedelta(days=7)
_MOST_TIMES = 200
_MOST_JOBS = 1_000
_FIRST, _LAST = date(1990, 1, 1), date(2190, 1, 1)


def show() -> None:
    """Draw the schedules as the address asks for them."""
    plant = api.plant()
    zone = plant.zone()
    may_add = api.may("configure") and bool(offers(plant))
    part = _head(plant, zone, may_add=may_add)
    found = list(plant.schedules.list())
    if not found:
        frame.empty(
            t("schedules.none_title"),
            t("schedules.none_text" if may_add else "schedules.none_reader"),
            ":material/schedule:",
        )
        return
    if part == "week":
        _week(plant, zone, found)
    else:
        _list(plant, zone, found)


def _head(plant: Plant, zone: ZoneInfo, *, may_add: bool) -> str:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(t("schedules.title"), anchor=False, width="stretch")
        part = controls.segments(
            "part",
            _PARTS,
            "list",
            label=t("schedules.part"),
            words=lambda name: t(f"schedules.part_{name}"),
            clears=("week",),
        )
        if may_add and st.button(t("schedules.add"), icon=":material/add:", type="primary"):
            change(plant, zone, None)
    return part


# ---------------------------------------------------------------- list
def _list(plant: Plant, zone: ZoneInfo, found: Sequence[Schedule]) -> None:
    last = {one.name: _last(plant, one) for one in found}
    _summary(found, last, zone)
    with st.container(border=True):
        st.markdown(f"**{t('schedules.all')}**")
        deed = table(
            [
                Column(t("schedules.name")),
                Column(t("schedules.does")),
                Column(t("schedules.when")),
                Column(t("schedules.next"), "number"),
                Column(t("schedules.last")),
            ],
            [_row(one, last[one.name], zone) for one in found],
            label=t("schedules.all"),
            key="schedules",
            deeds={
                "run": t("schedules.run"),
                "pause": t("schedules.pause"),
                "resume": t("schedules.resume"),
                "edit": t("schedules.edit"),
                "remove": t("schedules.remove"),
            },
        )
    if deed:
        _do(plant, zone, deed)


def _last(plant: Plant, one: Schedule) -> Job | None:
    """Return the last job that was asked for by a schedule, or by somebody who ran it."""
    return next(iter(plant.jobs.list(schedule=one.name, limit=1)), None)


def _summary(found: Sequence[Schedule], last: dict[str, Job | None], zone: ZoneInfo) -> None:
    moment = now()
    due = [one for one in found if one.following is not None]
    first = min(due, key=lambda one: one.following or moment, default=None)
    failed = [one for one in last.values() if one and one.state is JobState.FAILED]
    paused = len(found) - len(due)
    figures(
        [
            Figure(
                t("schedules.count"),
                formats.number(len(found)),
                t("schedules.paused_count", n=paused) if paused else "",
            ),
            Figure(
                t("schedules.next"),
                formats.span(first.following - moment) if first and first.following else "–",
                first.name if first else t("schedules.all_paused"),
            ),
            Figure(
                t("schedules.failed"),
                formats.number(len(failed)),
                t("schedules.failed_note") if failed else "",
            ),
            Figure(t("schedules.zone"), zone.key, f"{moment.astimezone(zone):%H:%M}"),
        ]
    )


def _row(one: Schedule, last: Job | None, zone: ZoneInfo) -> Row:
    own = ZoneInfo(one.zone)
    elsewhere = "" if own.key == zone.key else own.key
    ended = Cell(t("schedules.never"))
    if last is not None:
        ended = Cell(
            t(f"jobs.state_{last.state}"),
            formats.at(last.started or last.created, zone),
            f"/job?id={last.id}",
            colour(last.state),
        )
    return Row(
        one.name,
        [
            Cell(one.name, colour=theme.tokens()["quiet" if one.paused else "accent"]),
            Cell(
                words.pipeline(one.request.pipeline),
                one.request.fleet or t("jobs.whole_site"),
            ),
            Cell(read(one.cron).told(), elsewhere),
            Cell(t("schedules.paused") if one.paused else formats.at(one.following, zone)),
            ended,
        ],
        _deeds(one),
    )


def _deeds(one: Schedule) -> tuple[str, ...]:
    found = {offer.name: offer for offer in offers(api.plant())}
    offer = found.get(one.request.pipeline)
    site = one.project is None
    admin = bool(api.me().get("admin"))
    may_run = offer is not None and (admin if site else api.may(offer.right.value, one.project))
    may_change = admin if site else api.may("configure", one.project)
    deeds = ["run"] if may_run else []
    if may_change:
        deeds += ["resume" if one.paused else "pause", "edit", "remove"]
    return tuple(deeds)


def _do(plant: Plant, zone: ZoneInfo, deed: Deed) -> None:
    (name,) = deed.rows
    if deed.name == "edit":
        change(plant, zone, plant.schedules.get(name))
    elif deed.name == "remove":
        remove(plant, plant.schedules.get(name))
    else:
        acts = {
            "run": plant.schedules.run,
            "pause": plant.schedules.pause,
            "resume": plant.schedules.resume,
        }
        try:
            acts[deed.name](name)
        except KizashiError as error:
            frame.say_next(wrong.line(error))
        else:
            frame.say_next(t(f"schedules.done_{deed.name}", name=name))
        st.rerun()


# ---------------------------------------------------------------- week
def _week(plant: Plant, zone: ZoneInfo, found: Sequence[Schedule]) -> None:
    first = _first(zone)
    with st.container(border=True):
        _turn(first, zone)
        start = datetime.combine(first, time(), zone)
        end = datetime.combine(first + _WEEK, time(), zone)
        ran = _ran(plant, start, min(end, now()))
        due, cut = _due(plant, found, start, end)
        marks, often = gathered([*ran, *due], zone)
        week(
            marks,
            often,
            first,
            zone,
            now=now(),
            label=t("schedules.week_label"),
            key="week",
        )
        st.caption(t("schedules.legend"))
        if cut:
            st.caption(t("schedules.often", names=", ".join(cut), n=_MOST_TIMES))


def _first(zone: ZoneInfo) -> date:
    """Return the Monday of the week that the address asks for."""
    today = now().astimezone(zone).date()
    try:
        asked = date.fromisoformat(state.get("week")) if state.get("week") else today
    except ValueError:
        asked = today
    asked = asked if _FIRST <= asked <= _LAST else today
    return asked - timedelta(days=asked.weekday())


def _turn(first: date, zone: ZoneInfo) -> None:
    """Draw which week it is, and the way to others."""
    start = datetime.combine(first, time(12), zone)
    last = datetime.combine(first + _WEEK - timedelta(days=1), time(12), zone)
    with st.container(horizontal=True, vertical_alignment="center"):
        told = f"{formats.day(start, zone)} – {formats.day(last, zone)}"
        st.markdown(f"**{told}**", width="stretch")
        for name, icon, to in (
            ("before", ":material/chevron_left:", first - _WEEK),
            ("today", ":material/today:", None),
            ("after", ":material/chevron_right:", first + _WEEK),
        ):
            words_of = {"part": "week"} | ({"week": to.isoformat()} if to else {})
            frame.link("schedules", t(f"schedules.week_{name}"), icon, **words_of)


def _ran(plant: Plant, start: datetime, end: datetime) -> list[Mark]:
    if end <= start:
        return []
    jobs = plant.jobs.list(start=start, end=end, limit=_MOST_JOBS)
    return [_job(one) for one in jobs if one.schedule]


def _job(one: Job) -> Mark:
    begun = one.started or one.created
    name, standing = one.schedule or "", t(f"jobs.state_{one.state}")
    return Mark(
        begun,
        one.ended or begun,
        name,
        f"{name} · {words.title(one)} · {standing}",
        colour(one.state),
        f"/job?id={one.id}",
    )


def _due(
    plant: Plant, found: Sequence[Schedule], start: datetime, end: datetime
) -> tuple[list[Mark], list[str]]:
    """Return what is yet to come in a week, and the names of those too often to draw."""
    moment, marks, often = now(), [], []
    after = max(start, moment)
    accent = theme.tokens()["accent"]
    for one in found if after < end else ():
        if one.paused:
            continue
        until = end - timedelta(seconds=1)
        times = list(plant.schedules.following(one.name, _MOST_TIMES, after=after, until=until))
        if len(times) == _MOST_TIMES:
            often.append(one.name)
        told = f"{one.name} · {words.pipeline(one.request.pipeline)}"
        marks += [Mark(at, at, one.name, told, accent, hollow=True) for at in times]
    return marks, often
