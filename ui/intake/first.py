"""The way from a file to the first events, told by what the site has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from appliance.client import Plant
from appliance.schemas.fleet import FleetSummary
from appliance.schemas.job import Job
from ui import api, formats, frame, wrong
from ui.components.following import following
from ui.components.way import Stretch
from ui.components.way import way as drawn
from ui.text import t

Stage = Literal["bring", "learn", "learning", "score", "scoring", "found", "calm"]
_STEPS = ("bring", "learn", "watch")
_PLACES = {"bring": 0, "learn": 1, "learning": 1, "score": 2, "scoring": 2}
_UNDER_WAY = frozenset({"learn", "learning", "score", "scoring"})


@dataclass(frozen=True)
class Way:
    """How far a fleet is.

    Attributes
    ----------
    job
        What runs, or failed last.
    """

    stage: Stage
    job: Job | None = None


def way(plant: Plant, fleet: FleetSummary | None) -> Way:
    """Return how far a fleet is on the way, by what the site has."""
    if fleet is None:
        return Way("bring")
    if fleet.champion is None:
        job = _last(plant, fleet.fleet, "train")
        return Way("learning" if _runs(job) else "learn", job)
    judged = any(one.judged for one in plant.fleet(fleet.fleet).assets())
    job = _last(plant, fleet.fleet, "score")
    if not judged:
        return Way("scoring" if _runs(job) else "score", job)
    if fleet.open_events or list(plant.fleet(fleet.fleet).events(limit=1)):
        return Way("found")
    return Way("scoring", job) if _runs(job) else Way("calm")


def under_way(plant: Plant, fleets: Sequence[FleetSummary]) -> bool:
    """Whether the site's only fleet is not at its first scores yet."""
    if len(fleets) != 1 or fleets[0].open_events:
        return False
    return way(plant, fleets[0]).stage in _UNDER_WAY


def show(
    plant: Plant,
    fleet: FleetSummary | None,
    *,
    alone: bool = True,
    where: Literal["data", "overview"],
) -> None:
    """Draw the way, and what is to be done next; nothing at its end where events are known.

    Parameters
    ----------
    alone
        Whether it is the only fleet: with others the way was gone before.
    where
        The page that it stands on.
    """
    found = way(plant, fleet)
    if found.stage in ("found", "calm") and not alone and fleet is not None:
        _judge(plant, fleet)
        return
    with st.container(border=True):
        st.markdown(f"**{t('firstrun.title')}**")
        place = _PLACES.get(found.stage, len(_STEPS))
        drawn(
            [_step(name, number, place) for number, name in enumerate(_STEPS)],
            label=t("firstrun.title"),
        )
        if fleet is None:
            _bring(where)
        else:
            _next(plant, fleet, found)


def _step(name: str, number: int, place: int) -> Stretch:
    state: Literal["done", "now", "later"] = "later"
    if number <= place:
        state = "now" if number == place else "done"
    return Stretch(t(f"firstrun.{name}"), t(f"firstrun.{name}_text"), state)


def _runs(job: Job | None) -> bool:
    return job is not None and not job.state.over


def _last(plant: Plant, fleet: str, pipeline: str) -> Job | None:
    return next(iter(plant.jobs.list(fleet=fleet, pipeline=pipeline, limit=1)), None)


# ---------------------------------------------------------------- what is next
def _bring(where: str) -> None:
    if not api.may("ingest"):
        st.caption(t("firstrun.ask_engineer"))
    elif where == "overview":
        frame.link("data", t("firstrun.to_data"), ":material/upload_file:", part="bring")


def _next(plant: Plant, fleet: FleetSummary, found: Way) -> None:
    if found.stage in ("learning", "scoring") and found.job is not None:
        following(plant, found.job.id, fleet.project)
    elif found.stage == "learn":
        _learn(plant, fleet, found.job)
    elif found.stage == "score":
        _score(plant, fleet, found.job)
    else:
        _look(plant, fleet, found.stage)


def _learn(plant: Plant, fleet: FleetSummary, before: Job | None) -> None:
    if not api.may("train", fleet.project):
        st.caption(t("firstrun.ask_analyst"))
        return
    _failed(before)
    machines = t("firstrun.learn_of", n=formats.number(fleet.assets), fleet=fleet.fleet)
    with st.container(horizontal=True, vertical_alignment="center"):
        asked = st.button(
            t("firstrun.learn_now"),
            type="primary",
            icon=":material/model_training:",
            key="first_learn",
        )
        st.text(machines)
    if asked:
        plant.fleet(fleet.fleet).train()
        st.rerun()


def _score(plant: Plant, fleet: FleetSummary, before: Job | None) -> None:
    """Go on by itself after a training; after a failure only when somebody says so."""
    if not api.may("score", fleet.project):
        st.caption(t("firstrun.ask_analyst"))
        return
    _failed(before)
    if before is None or st.button(
        t("firstrun.score_now"), type="primary", icon=":material/search:", key="first_score"
    ):
        plant.fleet(fleet.fleet).score()
        st.rerun()


def _judge(plant: Plant, fleet: FleetSummary) -> None:
    """Offer to judge what came by the model that is there."""
    job = _last(plant, fleet.fleet, "score")
    with st.container(border=True):
        st.markdown(f"**{t('firstrun.next')}**")
        if job is not None and _runs(job):
            following(plant, job.id, fleet.project)
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            may = api.may("score", fleet.project)
            if may and st.button(t("firstrun.judge"), type="primary", key="judge_now"):
                plant.fleet(fleet.fleet).score()
                st.rerun()
            label = t("firstrun.to_overview")
            frame.link("overview", label, ":material/grid_view:", fleet=fleet.fleet)


def _failed(job: Job | None) -> None:
    error = wrong.of_job(job) if job is not None else None
    if error is not None:
        st.text(t("firstrun.failed", why=wrong.line(error)))


def _look(plant: Plant, fleet: FleetSummary, stage: str) -> None:
    if stage == "calm":
        st.text(t("firstrun.calm"))
        frame.link(
            "overview", t("firstrun.to_overview"), ":material/grid_view:", fleet=fleet.fleet
        )
        return
    events = list(plant.fleet(fleet.fleet).events(limit=1))
    st.text(t("firstrun.found", n=formats.number(fleet.open_events)))
    with st.container(horizontal=True):
        if events:
            label = t("firstrun.to_event")
            frame.link("event", label, ":material/notification_important:", id=events[0].id)
        frame.link(
            "overview", t("firstrun.to_overview"), ":material/grid_view:", fleet=fleet.fleet
        )
