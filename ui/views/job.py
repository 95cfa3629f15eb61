"""One job: its steps while they happen, what it said, and what it made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import JobHandle, Plant
from appliance.core.clock import now
from appliance.schemas.job import Job, JobState, JobStep
from ui import api, formats, frame, state, wrong
from ui.components.briefs import Brief, briefs
from ui.components.figures import Figure, figures
from ui.components.log import log
from ui.components.stages import Stage, stages
from ui.dialogs import dialog, draw_page_anew
from ui.jobs import cost, own, words
from ui.text import t
from ui.views.jobs import colour, earlier, may

_EVERY = "1s"
_NOTICED = timedelta(seconds=1)
"""A wait that is worth a word."""
_LINES = 2_000


def show() -> None:
    """Draw the job that the address names."""
    job = state.get("id")
    if not job:
        frame.head(t("job.title"))
        frame.empty(t("job.none_title"), t("job.none_text"))
        return
    plant = api.plant()
    zone, handle = plant.zone(), plant.jobs.get(job)
    _head(plant, handle)
    if handle.state.over:
        _body(plant, handle.job, zone)
        return
    st.fragment(run_every=_EVERY)(_live)(plant, job, zone)


def _head(plant: Plant, handle: JobHandle) -> None:
    job = handle.job
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(words.pipeline(job.pipeline), anchor=False, width="stretch")
        frame.link("jobs", t("job.all"), ":material/arrow_back:")
        if not may(plant, job):
            return
        if job.state is JobState.CANCELLING:
            st.button(t("jobs.state_cancelling"), disabled=True)
        elif not job.state.over:
            _button(
                t("job.cancel"), ":material/stop_circle:", t("jobs.cancel_text"), handle.cancel
            )
        elif job.state is not JobState.SUCCEEDED:
            _button(t("job.retry"), ":material/replay:", t("jobs.retry_text"), handle.retry)


def _button(label: str, icon: str, text: str, do: Callable[[], Job]) -> None:
    """Draw a button that asks before it does something."""
    if st.button(label, icon=icon):
        dialog(label)(_sure)(label, text, do)


def _sure(label: str, text: str, do: Callable[[], Job]) -> None:
    st.caption(text)
    if st.button(label, type="primary", key="sure"):
        with frame.troubles():
            do()
            st.rerun()


def _live(plant: Plant, job: str, zone: ZoneInfo) -> None:
    """Draw a job while it is at work; the whole page once when it is over."""
    with frame.troubles():
        seen = plant.jobs.get(job)
        if seen.state.over:
            draw_page_anew()
        _body(plant, seen.job, zone)


# ---------------------------------------------------------------- parts
def _body(plant: Plant, job: Job, zone: ZoneInfo) -> None:
    moment = now()
    _figures(plant, job, zone, moment)
    error = wrong.of_job(job)
    if error is not None:
        told = wrong.told(error)
        with st.container(border=True):
            st.markdown(f"**{t('job.error')}**")
            lines = [
                Brief(told.text or told.title, told.detail, colour=colour(job.state)),
                Brief(t("job.remedy"), told.remedy),
            ]
            briefs(lines, label=t("job.error"), key="error", wraps=True)
    left, right = st.columns([7, 4], gap="small")
    with left.container(border=True):
        st.markdown(f"**{t('job.steps')}**")
        joined = own.of_run(plant, job) if job.pipeline == own.RUN else None
        if joined is not None:
            own.draw(joined, job)
        _steps(job, moment)
    with left.container(border=True):
        st.markdown(f"**{t('job.log')}**")
        said = list(plant.jobs.get(job.id).log()) if job.attempt else []
        log(said[-_LINES:], zone, label=t("job.log"), key="log")
    with right:
        _made(job)
        _facts(job, zone)


def _figures(plant: Plant, job: Job, zone: ZoneInfo, moment: datetime) -> None:
    lasted = words.took(job, moment)
    remains = words.left(job, earlier(plant, job), moment)
    told = Figure(t("job.ended"), formats.at(job.ended, zone))
    if not job.state.over:
        text = t("jobs.about", span=formats.span(remains)) if remains else "–"
        told = Figure(t("job.left"), text, "" if remains else t("job.left_unknown"))
    waited = (job.started or moment) - job.created
    before = t("job.waited", span=formats.span(waited)) if waited >= _NOTICED else ""
    figures(
        [
            Figure(t("job.state"), t(f"jobs.state_{job.state}"), _attempts(job)),
            Figure(t("job.took"), formats.span(lasted), before),
            told,
            cost.figure(plant, job),
            Figure(t("job.by"), formats.who(job.by), formats.at(job.created, zone)),
        ]
    )


def _attempts(job: Job) -> str:
    return t("job.attempt", n=job.attempt) if job.attempt > 1 else ""


def _steps(job: Job, moment: datetime) -> None:
    if not job.steps:
        st.caption(t("job.no_steps" if job.state.over else "job.not_begun"))
        return
    stages([_stage(one, job, moment) for one in job.steps], label=t("job.steps"))


def _stage(one: JobStep, job: Job, moment: datetime) -> Stage:
    lasted = None if one.started is None else (one.ended or job.ended or moment) - one.started
    return Stage(
        text=one.name if own.names_steps(job, one.name) else words.step(one.name),
        state=own.STANDINGS[one.state],
        told=t(f"jobs.state_{one.state}"),
        below=words.progress(one)
        if job.error and one.error
        else one.error or words.progress(one),
        beside=formats.span(lasted),
        share=words.done(one),
    )


def _made(job: Job) -> None:
    gave = words.made(job)
    figures_of = words.figures(job)
    if not gave and not figures_of:
        return
    with st.container(border=True):
        st.markdown(f"**{t('job.made')}**")
        lines = [Brief(one.text, one.below, address=one.address) for one in gave]
        lines += [Brief(name, beside=value) for name, value in figures_of]
        briefs(lines, label=t("job.made"), key="made")


def _facts(job: Job, zone: ZoneInfo) -> None:
    with st.container(border=True):
        st.markdown(f"**{t('job.facts')}**")
        fleet = job.fleet or t("jobs.whole_site")
        address = f"/?fleet={job.fleet}" if job.fleet else ""
        lines = [Brief(t("jobs.fleet"), beside=fleet, address=address)]
        if job.schedule:
            lines.append(Brief(t("job.schedule"), beside=job.schedule, address="/schedules"))
        if job.worker:
            lines.append(Brief(t("job.worker"), beside=job.worker.partition(".")[0]))
        lines.append(Brief(t("job.number"), job.id))
        if job.request:
            lines.append(Brief(t("job.request"), job.request))
        lines += [Brief(name, value) for name, value in words.arguments(job.arguments, zone)]
        if not job.arguments:
            lines.append(Brief(t("job.arguments"), t("job.as_usual")))
        briefs(lines, label=t("job.facts"), key="facts")
