"""Pipelines of one's own as they are drawn: what each step runs, and how far a run is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from appliance.client import Plant
from appliance.core.errors import NotFound
from appliance.schemas.job import Job, JobState
from appliance.schemas.own import OwnPipeline, OwnStep, StepKind
from ui.components.graph import Node, graph
from ui.components.stages import Standing
from ui.text import t

RUN, PLAN = "run", "plan"
STANDINGS: Mapping[JobState, Standing] = {
    JobState.QUEUED: "queued",
    JobState.RUNNING: "running",
    JobState.CANCELLING: "running",
    JobState.SUCCEEDED: "succeeded",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}


def what(one: OwnStep) -> str:
    """Return what a step runs, in a few words."""
    named = {
        StepKind.FUNCTION: one.use or "",
        StepKind.NOTEBOOK: one.notebook or "",
        StepKind.COMMAND: " ".join(one.command or ()),
        StepKind.PIPELINE: one.pipeline or "",
    }
    return f"{t(f'pipelines.kind_{one.kind}')}: {named[one.kind]}"


def names_steps(job: Job, step: str) -> bool:
    """Whether a step of a job is called as its own people call it."""
    return job.pipeline == RUN and step != PLAN


def of_run(plant: Plant, job: Job) -> OwnPipeline | None:
    """Return the pipeline that a job runs: as it was planned, else as it is now."""
    plan = next((one.output for one in job.steps if one.name == PLAN), None)
    if isinstance(plan, Mapping):
        return OwnPipeline.model_validate(plan["pipeline"])
    try:
        return plant.own_pipelines.get(str(job.arguments.get("name", "")))
    except NotFound:
        return None


def draw(shown: OwnPipeline, job: Job | None, chosen: str = "") -> None:
    """Draw a pipeline's graph, with the state of each step in a run.

    Parameters
    ----------
    chosen
        Step that is looked at.
    """
    nodes = [_node(shown, name, job, chosen) for name in shown.order]
    graph(nodes, shown.links, label=t("pipelines.graph", name=shown.name))


def _node(shown: OwnPipeline, name: str, job: Job | None, chosen: str) -> Node:
    state = state_of(job, name)
    words: dict[str, Any] = {"name": shown.name, "step": name}
    if job is not None:
        words["run"] = job.id
    return Node(
        name=name,
        below=what(shown.steps[name]),
        state=STANDINGS[state] if state is not None else None,
        told=t(f"jobs.state_{state}") if state is not None else "",
        address=f"/pipelines?{urlencode(words)}",
        chosen=name == chosen,
    )


def state_of(job: Job | None, name: str) -> JobState | None:
    """Return how a step stands in a run; None where nothing runs."""
    if job is None:
        return None
    found = next((one.state for one in job.steps if one.name == name), None)
    if found is not None:
        return found
    return JobState.CANCELLED if job.state.over else JobState.QUEUED
