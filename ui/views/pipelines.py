"""Pipelines of one's own: joined of registered steps, drawn as graphs, run and followed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.schemas.job import Job
from appliance.schemas.own import Code, OwnPipeline
from ui import api, formats, frame, state
from ui.components.briefs import Brief, briefs
from ui.dialogs import dialog, draw_page_anew
from ui.jobs import own
from ui.text import t

_EVERY = "2s"
_LONGEST = 200


def show() -> None:
    """Draw the pipeline that the address names, or all of them and the code there is."""
    plant = api.plant()
    zone, name = plant.zone(), state.get("name")
    if not name:
        _all(plant, zone)
        return
    shown = plant.own_pipelines.get(name)
    _head(plant, shown)
    if shown.summary:
        st.caption(shown.summary)
    job = _job(plant, shown)
    if job is not None and not job.state.over:
        st.fragment(run_every=_EVERY)(_live)(plant, shown, job.id, zone)
    else:
        _body(shown, job, zone)


# ---------------------------------------------------------------- all
def _all(plant: Plant, zone: ZoneInfo) -> None:
    frame.head(t("pipelines.title"), t("pipelines.what"))
    found, code = list(plant.own_pipelines.list()), list(plant.code.list())
    with st.container(border=True):
        st.markdown(f"**{t('pipelines.joined')}**")
        if not found:
            st.caption(t("pipelines.none"))
        lines = [
            Brief(
                one.name,
                one.summary or " → ".join(one.order),
                t("pipelines.steps", n=len(one.steps)),
                f"/pipelines?{urlencode({'name': one.name})}",
            )
            for one in found
        ]
        if lines:
            briefs(lines, label=t("pipelines.joined"), key="pipelines")
    with st.container(border=True):
        st.markdown(f"**{t('pipelines.code')}**")
        if not code:
            st.caption(t("pipelines.no_code"))
        else:
            briefs([_code(one, zone) for one in code], label=t("pipelines.code"), key="code")


def _code(one: Code, zone: ZoneInfo) -> Brief:
    steps = ", ".join(step.name for step in one.steps)
    by = t("pipelines.by", who=formats.who(one.added_by), at=formats.at(one.added, zone))
    what = steps or t(f"pipelines.code_{one.kind}")
    return Brief(f"{one.name} {one.version}", f"{what} · {by}", formats.size(one.bytes))


# ---------------------------------------------------------------- one
def _head(plant: Plant, shown: OwnPipeline) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(shown.name, anchor=False, width="stretch")
        frame.link("pipelines", t("pipelines.all"), ":material/arrow_back:")
        places = _places(plant, shown)
        if places and st.button(t("pipelines.run"), icon=":material/play_arrow:"):
            dialog(t("pipelines.run"))(_run)(plant, shown, places)


def _places(plant: Plant, shown: OwnPipeline) -> list[str]:
    """Return the fleets that whoever looks may run it on; ``""`` is the whole site."""
    rights = [right.value for right in shown.rights]
    fleets = api.once("fleets", lambda: list(plant.fleets()))
    may = [one.fleet for one in fleets if all(api.may(right, one.project) for right in rights)]
    return ([""] if api.me().get("admin") else []) + sorted(may)


def _run(plant: Plant, shown: OwnPipeline, places: list[str]) -> None:
    """Ask what a run is told, and for it."""
    fleet = st.selectbox(
        t("jobs.fleet"), places, format_func=lambda one: one or t("jobs.whole_site")
    )
    told: dict[str, Any] = {}
    for name, usual in shown.parameters.items():
        text = st.text_input(name, value="" if usual is None else _text(usual), max_chars=1000)
        if text.strip() and text != _text(usual):
            told[name] = _value(text)
    if st.button(t("pipelines.run"), type="primary", key="go"):
        with frame.troubles():
            handle = plant.own_pipelines.run(shown.name, fleet or None, parameters=told)
            state.put(run=handle.id)
            st.rerun()


def _job(plant: Plant, shown: OwnPipeline) -> Job | None:
    """Return the run that the address names, or the latest."""
    named = state.get("run")
    if named:
        return plant.jobs.get(named).job
    latest = plant.jobs.list(pipeline=own.RUN, limit=100)
    one = next((one for one in latest if one.arguments.get("name") == shown.name), None)
    return None if one is None else plant.jobs.get(one.id).job


def _live(plant: Plant, shown: OwnPipeline, job: str, zone: ZoneInfo) -> None:
    """Draw a run while it is at work; the whole page once when it is over."""
    with frame.troubles():
        seen = plant.jobs.get(job).job
        if seen.state.over:
            draw_page_anew()
        _body(own.of_run(plant, seen) or shown, seen, zone)


def _body(shown: OwnPipeline, job: Job | None, zone: ZoneInfo) -> None:
    chosen = state.choice("step", shown.order, "")
    with st.container(border=True):
        own.draw(shown, job, chosen)
        if job is None:
            st.caption(t("pipelines.never"))
        else:
            told = t(f"jobs.state_{job.state}")
            st.caption(t("pipelines.last", state=told, at=formats.at(job.created, zone)))
            frame.link("job", t("pipelines.to_job"), ":material/checklist:", id=job.id)
    left, right = st.columns(2, gap="small")
    with left, st.container(border=True):
        _step(shown, chosen or shown.order[-1], job)
    with right, st.container(border=True):
        st.markdown(f"**{t('pipelines.parameters')}**")
        lines = [
            Brief(name, beside=t("pipelines.needed") if usual is None else _text(usual))
            for name, usual in shown.parameters.items()
        ]
        lines.append(Brief(t("pipelines.revision"), beside=str(shown.revision)))
        lines.append(Brief(t("pipelines.changed"), beside=formats.at(shown.updated, zone)))
        briefs(lines, label=t("pipelines.parameters"), key="parameters")


def _step(shown: OwnPipeline, name: str, job: Job | None) -> None:
    """Draw what a step runs, is given and gave."""
    one = shown.steps[name]
    st.markdown(f"**{t('pipelines.step', name=formats.plain(name))}**")
    lines = [Brief(own.what(one))]
    at = own.state_of(job, name)
    if at is not None:
        lines.append(Brief(t("job.state"), beside=t(f"jobs.state_{at}")))
    lines += [Brief(key, _text(value)) for key, value in one.given.items()]
    ran = next((step for step in job.steps if step.name == name), None) if job else None
    if ran is not None and ran.error:
        lines.append(Brief(t("job.error"), ran.error))
    gave: Mapping[str, Any] = ran.output if ran and isinstance(ran.output, Mapping) else {}
    for key, value in gave.get("values", {}).items():
        lines.append(Brief(t("pipelines.gave", name=key), _text(value)))
    briefs(lines, label=t("pipelines.step", name=name), key="step", wraps=True)


def _text(value: Any) -> str:
    if isinstance(value, Mapping) and {"file", "bytes"} <= set(value):
        return f"{value['file']}, {formats.size(float(value['bytes']))}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:_LONGEST]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
