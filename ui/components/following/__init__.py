"""A job while it runs: how far it is, what is left, and what became of it."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import datetime, timedelta

import streamlit as st

from appliance.client import Plant
from appliance.client.jobs import JobHandle
from appliance.core.clock import now
from appliance.core.errors import KizashiError
from appliance.schemas.job import Job, JobState, JobStep
from ui import api, formats, frame, theme, wrong
from ui.dialogs import draw_page_anew
from ui.text import known, t

_EVERY = "1s"
_LINES = 40
_RIGHTS = {"retrain": "promote", "promote": "promote", "rollback": "promote", "score": "score"}
"""What whoever cancels a job must have; it is `train` for the others that are shown."""


def following(plant: Plant, job: str, project: str) -> Job:
    """Draw a job, anew each second while it runs; return it as it is now.

    When it is over the whole page is drawn once more.
    """
    handle = plant.jobs.get(job)
    if handle.state.over:
        _panel(handle, project)
        return handle.job

    @st.fragment(run_every=_EVERY)
    def live() -> None:
        seen = plant.jobs.get(job)
        if seen.state.over:
            draw_page_anew()
        _panel(seen, project)

    live()
    return handle.job


def _panel(handle: JobHandle, project: str) -> None:
    job = handle.job
    may = api.may(_RIGHTS.get(job.pipeline, "train"), project)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(_head(job), width="stretch")
        if may and not job.state.over:
            _cancel(handle)
    error = wrong.of_job(job)
    if error is not None:
        frame.explain(error)
        retry = f"retry_{job.id}"
        if may and st.button(t("following.retry"), icon=":material/replay:", key=retry):
            _try(handle.retry)
    _said(handle)


def _cancel(handle: JobHandle) -> None:
    stopping = handle.state is JobState.CANCELLING
    label = t("following.cancelling") if stopping else t("following.cancel")
    key = f"cancel_{handle.id}"
    if st.button(label, icon=":material/stop_circle:", disabled=stopping, key=key):
        _try(handle.cancel)


def _try(deed: Callable[[], object]) -> None:
    try:
        deed()
    except KizashiError as error:
        st.toast(wrong.line(error))
        return
    st.rerun()


def _said(handle: JobHandle) -> None:
    lines = [line.text for line in handle.log()]
    if not lines:
        return
    with st.expander(t("following.log")):
        st.code("\n".join(lines[-_LINES:]), language=None)


# ---------------------------------------------------------------- drawing
def _head(job: Job) -> str:
    """Return what it does, how far it is, and a bar."""
    title = html.escape(_word("pipeline", job.pipeline))
    state, by = html.escape(_word("state", job.state.value)), html.escape(formats.who(job.by))
    colours = theme.tokens()
    part, told = _progress(job)
    bar = ""
    if not job.state.over:
        bar = _bar(part, told, colours)
    told = html.escape(told)
    return (
        f'<div style="font-size:13px"><b>{title}</b> '
        f'<span style="color:{colours["muted"]}">· {state} · {by}</span>'
        f'{bar}<div style="color:{colours["muted"]};min-height:18px" aria-live="polite">'
        f"{told}</div></div>"
    )


def _bar(part: float | None, told: str, colours: dict[str, str]) -> str:
    width = 0.0 if part is None else part * 100
    value = "" if part is None else f'aria-valuenow="{width:.0f}"'
    return (
        f'<div role="progressbar" aria-label="{html.escape(told, quote=True)}" '
        f'aria-valuemin="0" aria-valuemax="100" {value} '
        f'style="height:6px;border-radius:3px;background:{colours["grid"]};margin:7px 0 5px">'
        f'<div style="height:6px;border-radius:3px;width:{width:.1f}%;'
        f'background:{colours["accent"]}"></div></div>'
    )


def _progress(job: Job) -> tuple[float | None, str]:
    """Return the share of the present step that is done, and where the job is in words."""
    if job.state is JobState.QUEUED:
        return None, t("following.queued")
    if job.state.over:
        took = (job.ended or now()) - (job.started or job.created)
        return None, t("following.took", span=formats.span(took))
    step = next((one for one in reversed(job.steps) if not one.state.over), None)
    if step is None:
        return None, t("following.begins")
    name = _word("step", step.name.replace(" ", "_"))
    if not step.total:
        return None, name
    part = min(step.done / step.total, 1.0)
    done = t("following.done", n=formats.number(step.done), of=formats.number(step.total))
    left = _left(step, now())
    told = [f"{name}: {done}"]
    if left is not None:
        told.append(t("following.left", span=formats.span(left)))
    return part, " · ".join(told)


def _left(step: JobStep, at: datetime) -> timedelta | None:
    """Return how long a step will still take, if it goes on as it did."""
    if not step.total or not step.done or step.started is None:
        return None
    return (at - step.started) * (max(step.total - step.done, 0) / step.done)


def _word(kind: str, name: str) -> str:
    key = f"following.{kind}_{name}"
    return t(key) if known(key) else name
