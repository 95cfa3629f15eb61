"""Bringing files in: sent, looked at, brought in, told of."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from appliance.client import Plant
from appliance.core.errors import KizashiError, NotFound
from appliance.schemas.fleet import FleetSummary
from appliance.schemas.job import JobState
from ui import api, frame, state, wrong
from ui.components.drop import drop
from ui.components.following import following
from ui.intake import first, meaning
from ui.intake.preview import preview
from ui.intake.report import report
from ui.text import t

_FLEET = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_STRANGE = re.compile(r"[^a-z0-9]+")
_DATE = re.compile(r"(19|20)\d{2}([-_]?\d{2}){0,2}$")
_INTO, _PROJECT = "bring_into", "bring_project"
_DEFAULT = "default"


def show(plant: Plant, fleets: Sequence[FleetSummary], fleet: str) -> None:
    """Draw where the bringing-in stands that the address names."""
    known = {one.fleet: one for one in fleets}
    job = state.get("job")
    files = tuple(filter(None, state.get("files").split(",")))
    if job:
        _working(plant, job, known)
    elif files:
        _look(plant, known, files, fleet)
    else:
        _drop(plant, known)


def _drop(plant: Plant, known: dict[str, FleetSummary]) -> None:
    if not known:
        first.show(plant, None, where="data")
    with st.container(border=True):
        st.markdown(f"**{t('data.bring_title')}**")
        sent = drop(plant.site().max_upload_bytes, key="drop")
        st.caption(t("data.bring_text"))
    if sent:
        state.put(files=",".join(sent))
        st.rerun()
    if len(known) == 1:
        first.show(plant, next(iter(known.values())), where="data")


# ---------------------------------------------------------------- looked at
def _look(
    plant: Plant, known: dict[str, FleetSummary], files: tuple[str, ...], fleet: str
) -> None:
    said = meaning.of(files)
    left, right = st.columns([7, 3], gap="small")
    with right:
        chosen = _where(known, files, fleet)
    if not chosen:
        return
    shown = _shown(files)
    try:
        seen = plant.fleet(chosen).preview(shown, **said.told())
    except NotFound:
        frame.empty(t("data.gone"), t("data.gone_text"), ":material/upload_file:")
        _again()
        return
    with right:
        _deeds(plant, known, said, chosen, ready=not seen.refused)
    if column := preview(seen, said, plant.zone(), left, right):
        said.take(column, seen)
        st.rerun()


def _shown(files: tuple[str, ...]) -> str:
    """Return the file that is looked at; let another be chosen where there are several."""
    if len(files) == 1:
        return files[0]
    st.session_state["bring_look"] = state.choice("look", files, files[0])
    with st.container(border=True):
        chosen = st.selectbox(
            t("data.look_at", n=len(files)),
            files,
            key="bring_look",
            format_func=lambda name: name.partition("/")[2],
            on_change=lambda: state.put(look=st.session_state["bring_look"]),
        )
    return chosen or files[0]


def _where(known: dict[str, FleetSummary], files: tuple[str, ...], fleet: str) -> str:
    """Let fleet and project be chosen; return the fleet, or nothing where that is none."""
    mine = sorted(name for name, one in known.items() if api.may("ingest", one.project))
    wanted = fleet or suggested(files[0])
    options = list(dict.fromkeys((*mine, wanted)))
    if _INTO not in st.session_state:
        st.session_state[_INTO] = wanted
    if st.session_state[_INTO] not in options:
        options.append(st.session_state[_INTO])
    with st.container(border=True):
        st.markdown(f"**{t('data.where')}**")
        chosen = st.selectbox(
            t("data.fleet"),
            options,
            key=_INTO,
            accept_new_options=True,
            help=t("data.fleet_help"),
            format_func=lambda name: name if name in known else t("data.new", fleet=name),
        )
        name = (chosen or "").strip().lower()
        if not _FLEET.fullmatch(name):
            st.text(t("data.no_name"))
            return ""
        if name not in known:
            _project()
    return name


def suggested(file: str) -> str:
    """Return what a new fleet may be called, after a file."""
    name = meaning.stem(file.partition("/")[2]).lower()
    name = _STRANGE.sub("-", _DATE.sub("", name)).strip("-")[:63]
    return name or "machines"


def _project() -> None:
    """Let the project of a new fleet be chosen by whoever may say so."""
    if not api.may("manage_projects"):
        return
    names = [one.name for one in api.plant().projects.list()]
    if len(names) > 1:
        st.selectbox(t("data.project"), sorted(names, key=_last_default), key=_PROJECT)


def _last_default(name: str) -> tuple[bool, str]:
    return name != _DEFAULT, name


def _deeds(
    plant: Plant,
    known: dict[str, FleetSummary],
    said: meaning.Meaning,
    fleet: str,
    *,
    ready: bool,
) -> None:
    bring = st.button(
        t("data.bring"),
        type="primary",
        icon=":material/download_done:",
        key="bring_in",
        width="stretch",
        disabled=not ready,
    )
    if st.button(t("data.again"), key="bring_again", width="stretch"):
        _clear()
    if not bring:
        return
    try:
        project = st.session_state.get(_PROJECT)
        if fleet not in known and project and project != _DEFAULT:
            plant.projects.assign(fleet, project)
        job = plant.fleet(fleet).bring(said.files, said.units, **said.told())
    except KizashiError as error:
        st.text(wrong.line(error))
        return
    state.put(files="", look="", fleet=fleet, job=job.id)
    st.rerun()


def _again() -> None:
    if st.button(t("data.again"), key="bring_again", icon=":material/upload_file:"):
        _clear()


def _clear() -> None:
    st.session_state.pop(_INTO, None)
    state.put(files="", look="", job="")
    st.rerun()


# ---------------------------------------------------------------- brought in
def _working(plant: Plant, job: str, known: dict[str, FleetSummary]) -> None:
    seen = plant.jobs.get(job).job
    fleet = known.get(seen.fleet or "")
    project = seen.project or _DEFAULT
    if seen.pipeline == "ingest" and seen.state is JobState.SUCCEEDED:
        report(plant, seen)
        if fleet is not None:
            first.show(plant, fleet, alone=len(known) == 1, where="data")
    else:
        with st.container(border=True):
            st.markdown(f"**{t('data.bringing', fleet=seen.fleet or '')}**")
            following(plant, job, project)
    _again()
