"""Training with the fewest choices, all the others for whoever wants them, and what runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import streamlit as st

from appliance.client import Plant
from appliance.client.jobs import JobHandle
from appliance.core.errors import KizashiError
from appliance.schemas.fleet import FleetSummary
from appliance.schemas.job import Job, JobState
from appliance.schemas.model import CHAMPION, ModelVersion
from ui import api, controls, formats, frame, state, wrong
from ui.components.following import following
from ui.dialogs import dialog
from ui.jobs import cost
from ui.learning import deeds
from ui.learning.words import called
from ui.text import t

_OURS = frozenset({"train", "retrain", "adjust", "backtest"})
_AT_WORK = (JobState.QUEUED, JobState.RUNNING, JobState.CANCELLING)
_MOST = 3
_WAIT, _ASK, _BETTER = "wait", "ask", "when better"
_RECENT = 30


# ---------------------------------------------------------------- to begin
def offered(plant: Plant, fleet: FleetSummary, versions: Sequence[ModelVersion]) -> None:
    """Say what training would do, and offer it: at once, or with more choices."""
    zone = plant.zone()
    told = t(
        "models.train_text",
        machines=formats.number(fleet.assets),
        start=formats.day(fleet.start, zone),
        end=formats.day(fleet.end, zone),
    )
    follows = t("models.train_first")
    if fleet.champion is not None:
        follows = t("models.train_waits", version=fleet.champion)
    left, right = st.container(border=True).columns([3, 1], vertical_alignment="center")
    with left:
        st.markdown(t("formats.sentences", one=told, two=follows))
        cost.before(plant, "train", fleet.fleet)
    with right.container(horizontal=True, horizontal_alignment="right"):
        if st.button(t("models.more_choices"), key="more_choices", icon=":material/tune:"):
            _choose(plant, fleet, versions)
        label = t("models.train")
        if st.button(label, type="primary", key="train", icon=":material/model_training:"):
            deeds.asked(plant.fleet(fleet.fleet).train().id)


@dataclass(frozen=True)
class _Choices:
    recipe: str
    start: datetime | None
    end: datetime | None
    budget: float | None
    machines: tuple[str, ...]
    then: str


@dialog(" ", width="large")
def _choose(plant: Plant, fleet: FleetSummary, versions: Sequence[ModelVersion]) -> None:
    """Ask for everything that a training can be told."""
    with frame.troubles():
        zone = plant.zone()
        st.markdown(f"#### {t('models.choices_title', fleet=fleet.fleet)}")
        left, right = st.columns(2)
        then = _WAIT
        if fleet.champion is not None and api.may("promote", fleet.project):
            then = right.radio(
                t("models.then"),
                (_WAIT, _ASK, _BETTER),
                format_func=lambda word: t(f"models.then_{word.replace(' ', '_')}"),
                key="train_then",
            )
        with left:
            recipe = _recipe(plant, fleet, versions)
            budget = _budget()
        start = end = None
        machines: tuple[str, ...] = ()
        with left:
            start = controls.moment(t("models.learn_from"), fleet.start, zone, "train_from")
        with right:
            if then == _WAIT:
                end = controls.moment(t("models.learn_to"), fleet.end, zone, "train_to")
                machines = _machines(plant, fleet)
            else:
                st.caption(t("models.then_note", days=_RECENT))
        cost.before(plant, "train" if then == _WAIT else "retrain", fleet.fleet)
        if st.button(t("models.train"), type="primary", key="train_chosen"):
            chosen = _Choices(
                recipe, _unless(start, fleet.start), _unless(end, fleet.end), budget,
                machines, then,
            )  # fmt: skip
            deeds.asked(_begun(plant, fleet, chosen).id)


def _recipe(plant: Plant, fleet: FleetSummary, versions: Sequence[ModelVersion]) -> str:
    """Ask for a recipe: one of the project's first, then those of the site."""
    found = [one for one in plant.recipes.list() if one.project in (None, fleet.project)]
    names = [one.name for one in sorted(found, key=lambda one: one.project is None)]
    champion = next((one for one in versions if CHAMPION in one.aliases), None)
    usual = champion.lineage.recipe.name if champion else "auto"
    usual = usual if usual in names else "auto"
    return st.selectbox(
        t("models.recipe"),
        names,
        index=names.index(usual) if usual in names else 0,
        format_func=called,
        key="train_recipe",
    )


def _budget() -> float | None:
    given = st.number_input(
        t("models.budget"),
        min_value=0.01,
        max_value=1_000.0,
        value=None,
        step=0.5,
        placeholder=t("models.budget_usual"),
        help=t("models.budget_help"),
        key="train_budget",
    )
    return None if given is None else float(given)


def _machines(plant: Plant, fleet: FleetSummary) -> tuple[str, ...]:
    """Ask which machines are learned anew; without a champion it is all of them."""
    if fleet.champion is None:
        return ()
    names = [one.asset for one in plant.fleet(fleet.fleet).assets()]
    return tuple(
        st.multiselect(
            t("models.machines_anew"),
            names,
            placeholder=t("models.machines_all"),
            help=t("models.machines_help"),
            key="train_machines",
        )
    )


def _unless(moment: datetime | None, end: datetime) -> datetime | None:
    """Return a moment unless it is where the readings end anyhow, to the minutes asked for."""
    near = moment is not None and abs(moment - end) < timedelta(minutes=6)
    return None if near else moment


def _begun(plant: Plant, fleet: FleetSummary, chosen: _Choices) -> JobHandle:
    handle = plant.fleet(fleet.fleet)
    if chosen.then == _WAIT:
        return handle.train(
            chosen.recipe,
            start=chosen.start,
            end=chosen.end,
            budget=chosen.budget,
            assets=chosen.machines or None,
        )
    learned = None
    if chosen.start is not None:
        span = fleet.end - timedelta(days=_RECENT) - chosen.start
        learned = max(span / timedelta(days=1), 1.0)
    return handle.retrain(
        chosen.recipe,
        promote=chosen.then,
        budget=chosen.budget,
        learn_days=learned,
    )


# ---------------------------------------------------------------- what runs
def running(plant: Plant, fleet: FleetSummary) -> bool:
    """Draw the fleet's jobs on models that run, and the one that the address names.

    Returns
    -------
    bool
        Whether one runs.
    """
    at_work = plant.jobs.list(fleet=fleet.fleet, state=[one.value for one in _AT_WORK])
    found = [job.id for job in at_work if job.pipeline in _OURS]
    named = state.get("job")
    if named and named not in found:
        found.insert(0, named)
    busy = False
    for number in islice(found, _MOST):
        with st.container(border=True):
            job = _followed(plant, number, fleet)
        busy |= job is not None and not job.state.over
    return busy


def _followed(plant: Plant, number: str, fleet: FleetSummary) -> Job | None:
    try:
        job = following(plant, number, fleet.project)
    except KizashiError as error:
        st.text(wrong.line(error))
        job = None
    if job is None or job.state.over:
        with st.container(horizontal=True, vertical_alignment="center"):
            if job is not None and job.state is JobState.SUCCEEDED:
                _result(plant, job, fleet)
            if st.button(t("models.dismiss"), key=f"dismiss_{number}"):
                state.put(job=None)
                st.rerun()
    return job


def _result(plant: Plant, job: Job, fleet: FleetSummary) -> None:
    """Draw what a job gave, and what to do next."""
    found, name = job.result, fleet.fleet
    if job.pipeline == "backtest":
        st.markdown(t("models.compared"), width="stretch")
        frame.link("backtest", t("models.see_comparison"), fleet=name, id=str(found["id"]))
        return
    version = int(found["version"])
    if job.pipeline == "retrain":
        st.markdown(t(f"models.outcome_{found['outcome']}", version=version), width="stretch")
        if found["backtest"]:
            frame.link("backtest", t("models.see_comparison"), fleet=name, id=found["backtest"])
    else:
        _learned(found, version)
    cost.after(plant, job.id)
    frame.link("model", t("models.see_version"), fleet=name, version=str(version))
    compares = job.pipeline != "retrain" and fleet.champion not in (None, version)
    label = t("models.compare")
    if (
        compares
        and api.may("train", fleet.project)
        and st.button(label, type="primary", key=f"compare_{job.id}")
    ):
        deeds.asked(plant.fleet(name).backtest(version=version).id)


def _learned(found: dict[str, object], version: int) -> None:
    lineage = found["lineage"]
    failures = lineage["failures"] if isinstance(lineage, dict) else {}
    machines = lineage["assets"] if isinstance(lineage, dict) else 0
    with st.container(width="stretch", gap=None):
        st.markdown(t("models.done_learned", version=version, n=formats.number(machines)))
        for asset, reason in list(failures.items())[:5]:
            st.text(f"{asset}: {reason}")
