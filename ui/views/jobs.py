"""Jobs: what runs and waits now, what became of the others, and a way to ask for one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.clock import now
from appliance.core.errors import KizashiError
from appliance.schemas.job import Job, JobState
from appliance.schemas.platform import Queue
from ui import api, controls, formats, frame, state, theme, wrong
from ui.components.figures import Figure, figures
from ui.components.table import Cell, Column, Deed, Row, table
from ui.dialogs import dialog, draw_page_anew
from ui.jobs import words
from ui.jobs.form import Asked, ask, offers
from ui.text import t

_ENDINGS = ("all", "failed", "succeeded", "cancelled")
_BUSY, _IDLE = "2s", "15s"
_STEP, _MOST = 50, 500
_ACTIVE = 50
_LOOKED_AT = 8
"""Running jobs whose steps are asked for; the others show their state alone."""
_EARLIER = 5
_START = "start"


def show() -> None:
    """Draw the jobs that the address asks for."""
    plant = api.plant()
    zone = plant.zone()
    fleet, pipeline, ending = _head(plant, zone)
    found = list(plant.jobs.list(state=[one.value for one in words.ACTIVE], limit=_ACTIVE))
    st.fragment(run_every=_BUSY if found else _IDLE)(_now)(plant, len(found))
    _over(plant, zone, fleet, pipeline, ending)


def _head(plant: Plant, zone: ZoneInfo) -> tuple[str, str, str]:
    """Draw title and controls; return fleet, pipeline and ending that the address asks for."""
    fleets = [one.fleet for one in api.once("fleets", lambda: list(plant.fleets()))]
    kinds = [one.name for one in api.once("offers", lambda: list(plant.jobs.pipelines()))]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(t("jobs.title"), anchor=False, width="stretch")
        fleet = controls.fleet(fleets, clears=("shown",), width=180)
        pipeline = controls.pick(
            "pipeline",
            ["", *kinds],
            "",
            label=t("jobs.what"),
            words=lambda name: words.pipeline(name) if name else t("jobs.all_pipelines"),
            clears=("shown",),
            width=180,
        )
        ending = state.choice("state", _ENDINGS, "all")
        asked = state.get(_START)
        if offers(plant):
            pressed = st.button(t("jobs.start"), icon=":material/play_arrow:", type="primary")
            if pressed or asked:
                state.put(**{_START: ""})
                given = Asked(asked, fleet or None, {}) if asked else None
                _start(plant, zone, given or Asked(pipeline, fleet or None, {}))
    return fleet, pipeline, ending


# ---------------------------------------------------------------- asking
def _start(plant: Plant, zone: ZoneInfo, given: Asked) -> None:
    dialog(t("jobs.start_title"))(_starting)(plant, zone, given)


def _starting(plant: Plant, zone: ZoneInfo, given: Asked) -> None:
    told = ask(plant, zone, given, "start")
    if told is None:
        return
    if told.missing:
        st.caption(t("jobs.missing", names=", ".join(told.missing)))
    label = t("jobs.start_now")
    if st.button(label, type="primary", disabled=bool(told.missing), key="start_now"):
        with frame.troubles():
            plant.jobs.ask(told.pipeline, told.fleet, **told.arguments)
            frame.say_next(t("jobs.asked", pipeline=words.pipeline(told.pipeline)))
            st.rerun()


# ---------------------------------------------------------------- now
def _now(plant: Plant, before: int) -> None:
    """Draw what runs and waits; it draws itself anew, and the page when one has ended."""
    with frame.troubles():
        found = list(plant.jobs.list(state=[one.value for one in words.ACTIVE], limit=_ACTIVE))
        if len(found) != before:
            draw_page_anew()
        moment = now()
        _figures(plant.platform.get().queue, moment)
        with st.container(border=True):
            st.markdown(f"**{t('jobs.now')}**")
            if not found:
                st.caption(t("jobs.nothing_runs"))
                return
            deed = table(
                [
                    Column(t("jobs.job")),
                    Column(t("jobs.progress")),
                    Column(t("jobs.left"), "number"),
                    Column(t("jobs.by")),
                    Column(t("jobs.since"), "number"),
                ],
                _rows(plant, found, moment),
                label=t("jobs.now"),
                key="active",
                deeds={"cancel": t("jobs.cancel")},
            )
            if deed:
                _cancel(plant, deed)


def _figures(queue: Queue, moment: datetime) -> None:
    waits = t("jobs.waits_since", span=formats.ago(queue.oldest, moment))
    figures(
        [
            Figure(
                t("jobs.running"),
                formats.number(queue.running),
                t("jobs.at_once", n=formats.number(queue.workers * queue.at_once)),
            ),
            Figure(
                t("jobs.waiting"), formats.number(queue.queued), waits if queue.oldest else ""
            ),
            Figure(t("jobs.failed_today"), formats.number(queue.failed), t("jobs.within_day")),
            Figure(
                t("jobs.workers"),
                formats.number(queue.workers),
                "" if queue.workers else t("jobs.no_worker"),
            ),
        ]
    )


def _rows(plant: Plant, found: Sequence[Job], moment: datetime) -> list[Row]:
    waiting = sorted(one.id for one in found if one.state is JobState.QUEUED)
    ordered = sorted(found, key=lambda one: (one.state is JobState.QUEUED, one.id))
    rows = []
    for number, job in enumerate(ordered):
        one = job
        if job.state in words.AT_WORK and number < _LOOKED_AT:
            one = plant.jobs.get(job.id).job
        place = waiting.index(job.id) + 1 if job.id in waiting else 0
        rows.append(_row(plant, one, place, moment))
    return rows


def _row(plant: Plant, job: Job, place: int, moment: datetime) -> Row:
    colours = theme.tokens()
    remains = words.left(job, earlier(plant, job), moment)
    step = words.current(job)
    text, below, share = t(f"jobs.state_{job.state}"), "", None
    if place:
        text = t("jobs.place", n=place)
    elif step is not None:
        text, below, share = words.step(step.name), words.progress(step), words.done(step)
    if job.state is JobState.CANCELLING:
        text = t("jobs.state_cancelling")
    return Row(
        job.id,
        [
            Cell(
                words.pipeline(job.pipeline),
                job.fleet or t("jobs.whole_site"),
                f"/job?id={job.id}",
                colours["accent"] if not place else colours["quiet"],
            ),
            Cell(text, below, share=share),
            Cell(t("jobs.about", span=formats.span(remains)) if remains else "–"),
            Cell(formats.who(job.by)),
            Cell(formats.span(moment - (job.started or job.created))),
        ],
        ("cancel",) if may(plant, job) and job.state is not JobState.CANCELLING else (),
    )


def earlier(plant: Plant, job: Job) -> list[Job]:
    """Return the last jobs of the same kind that succeeded."""
    if job.state is not JobState.RUNNING:
        return []
    key = f"earlier {job.pipeline} {job.fleet}"
    good = JobState.SUCCEEDED.value
    return api.once(
        key,
        lambda: list(
            plant.jobs.list(pipeline=job.pipeline, fleet=job.fleet, state=good, limit=_EARLIER)
        ),
    )


def may(plant: Plant, job: Job) -> bool:
    """Whether whoever looks could have asked for a job, so may end it and begin it anew."""
    found = {one.name: one for one in api.once("offers", lambda: list(plant.jobs.pipelines()))}
    offer = found.get(job.pipeline)
    if offer is None:
        return False
    if job.project is None:
        return bool(api.me().get("admin"))
    return api.may(offer.right.value, job.project)


def _cancel(plant: Plant, deed: Deed) -> None:
    dialog(t("jobs.cancel_title"))(_cancelling)(plant, deed.rows)


def _cancelling(plant: Plant, jobs: Sequence[str]) -> None:
    st.caption(t("jobs.cancel_text"))
    if st.button(t("jobs.cancel"), type="primary", key="cancel_now"):
        _done(plant, jobs, "cancel")


def _done(plant: Plant, jobs: Sequence[str], what: str) -> None:
    refused = ""
    for job in jobs:
        handle = plant.jobs.get(job)
        try:
            handle.cancel() if what == "cancel" else handle.retry()
        except KizashiError as error:
            refused = wrong.line(error)
    frame.say_next(refused or t(f"jobs.done_{what}"))
    st.rerun()


# ---------------------------------------------------------------- what is over
def _over(plant: Plant, zone: ZoneInfo, fleet: str, pipeline: str, ending: str) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('jobs.over')}**", width="stretch")
            controls.segments(
                "state",
                _ENDINGS,
                "all",
                label=t("jobs.ending"),
                words=lambda name: t(f"jobs.ending_{name}"),
                clears=("shown",),
            )
        shown = state.number("shown", _STEP, _STEP, _MOST)
        wanted = [one.value for one in words.OVER] if ending == "all" else [ending]
        listing = plant.jobs.list(
            fleet=fleet or None, pipeline=pipeline or None, state=wanted, limit=shown + 1
        )
        found = list(islice(listing, shown + 1))
        if not found:
            st.caption(t("jobs.none_over"))
            return
        _table(plant, zone, found[:shown])
        if len(found) > shown < _MOST and st.button(
            t("jobs.more"), icon=":material/expand_more:"
        ):
            state.put(shown=shown + _STEP)
            st.rerun()


def _table(plant: Plant, zone: ZoneInfo, found: Sequence[Job]) -> None:
    deed = table(
        [
            Column(t("jobs.job")),
            Column(t("jobs.outcome"), width="34%"),
            Column(t("jobs.by")),
            Column(t("jobs.ended"), "number"),
            Column(t("jobs.took"), "number"),
        ],
        [_ended(plant, one, zone) for one in found],
        label=t("jobs.over"),
        key="over",
        deeds={"retry": t("jobs.retry")},
    )
    if deed:
        dialog(t("jobs.retry_title"))(_retrying)(plant, deed.rows)


def _retrying(plant: Plant, jobs: Sequence[str]) -> None:
    st.caption(t("jobs.retry_text"))
    if st.button(t("jobs.retry"), type="primary", key="retry_now"):
        _done(plant, jobs, "retry")


def _ended(plant: Plant, job: Job, zone: ZoneInfo) -> Row:
    error = wrong.of_job(job)
    gave = ", ".join(one.text for one in words.made(job))
    again = job.state is not JobState.SUCCEEDED and may(plant, job)
    return Row(
        job.id,
        [
            Cell(
                words.pipeline(job.pipeline),
                job.fleet or t("jobs.whole_site"),
                f"/job?id={job.id}",
            ),
            Cell(
                t(f"jobs.state_{job.state}"),
                gave if error is None else wrong.few(error),
                colour=colour(job.state),
                title=job.error,
            ),
            Cell(formats.who(job.by)),
            Cell(formats.at(job.ended, zone)),
            Cell(formats.span(words.took(job, now()))),
        ],
        ("retry",) if again else (),
    )


def colour(standing: JobState) -> str:
    """Return the colour that stands for how a job ended, or is."""
    colours = theme.tokens()
    if standing is JobState.SUCCEEDED:
        return theme.CATEGORIES[2]
    if standing is JobState.FAILED:
        return colours["act"]
    return colours["quiet"] if standing.over else colours["accent"]
