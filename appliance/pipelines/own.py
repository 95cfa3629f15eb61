"""Run: a pipeline of the site's own people, its steps in the order of their graph."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from appliance.core.clock import now
from appliance.core.errors import KizashiError
from appliance.engine.stop import current
from appliance.objects import shelf
from appliance.pipelines.abreast import Part
from appliance.pipelines.own_code import function_of, graph_of, notebook_of
from appliance.pipelines.own_steps import Asked, Running, do, failed, kept
from appliance.pipelines.site import Site
from appliance.pipelines.spec import Call, Spec
from appliance.schemas.base import Schema
from appliance.schemas.own import (
    Code,
    DeclaredStep,
    OwnPipeline,
    OwnRun,
    RunArguments,
    StepKind,
    StepOutput,
)
from appliance.steps.graph import PARAMETERS, filled
from appliance.steps.rights import parameters_of
from appliance.steps.values import TOLD_OF_FILES

KEPT = timedelta(days=90)
"""Age at which what runs gave goes from the shelf."""
_AT_ONCE = 16


class Pinned(Schema):
    """The code of a step as it was when the run began."""

    code: Code
    declared: DeclaredStep | None = None


class Plan(Schema):
    """What a run rests on; the rest of it looks at nothing else.

    Attributes
    ----------
    needs
        What each step waits for.
    """

    pipeline: OwnPipeline
    parameters: dict[str, Any]
    needs: dict[str, tuple[str, ...]]
    pinned: dict[str, Pinned]


def run(call: Call, specs: Mapping[str, Spec]) -> OwnRun:
    """Run an own pipeline as a job.

    Parameters
    ----------
    specs
        The appliance's own pipelines by name.
    """
    told: RunArguments = call.arguments
    site = call.site
    plan = call.steps.run("plan", Plan, lambda: _plan(site, told, call.fleet))
    running = Running(site, specs, call.job, call.fleet, call.by, call.progress, told.engine)
    try:
        parts = [
            Part(name, plan.needs[name], StepOutput, _Doing(running, plan, name))
            for name in plan.pipeline.order
        ]
        outputs = call.steps.together(parts, _AT_ONCE)
    finally:
        running.close()
    return OwnRun(
        name=plan.pipeline.name,
        revision=plan.pipeline.revision,
        parameters=plan.parameters,
        code={
            f"{one.code.name}@{one.code.version}": one.code.sha256
            for one in plan.pinned.values()
        },
        outputs=outputs,
    )


def _plan(site: Site, told: RunArguments, fleet: str) -> Plan:
    """Fix what a run rests on; what earlier runs gave goes when it is old."""
    pipeline = site.own_pipelines.get(told.name)
    graph = graph_of(site, pipeline)
    pinned = {}
    for name, one in pipeline.steps.items():
        where = f"{pipeline.name}: step {name}"
        if one.use is not None:
            code, step = function_of(site, one.use, where)
            pinned[name] = Pinned(code=code, declared=step)
        elif one.notebook is not None:
            pinned[name] = Pinned(code=notebook_of(site, one.notebook, where))
    _forget(site)
    return Plan(
        pipeline=pipeline.model_copy(update={"order": graph.order, "links": graph.links}),
        parameters=parameters_of(pipeline, told.parameters, fleet or None),
        needs=dict(graph.needs),
        pinned=pinned,
    )


def _forget(site: Site) -> None:
    place, until = shelf(site.settings.place("runs")), now() - KEPT
    place.delete([one.key for one in place.entries() if one.modified < until])


class _Doing:
    """The work of one step, given what came before."""

    def __init__(self, running: Running, plan: Plan, name: str) -> None:
        self._running = running
        self._plan = plan
        self._name = name

    def __call__(self, known: Mapping[str, StepOutput]) -> StepOutput:
        """Return what the step gives, or gave before a crash."""
        current().check()
        place, name = self._running.shelf, self._name
        try:
            asked = self._asked(known)
            mark = _digest(asked)
            # Beside the folder of the step's files, which may have any name.
            key = f"{self._running.job}/{name}.json"
            found = json.loads(kept(place, key) or b"{}")
            if found.get("inputs") == mark:
                return StepOutput.model_validate(found["output"])
            self._running.progress.note(f"{name} begins")
            output = do(self._running, asked)
        except KizashiError as error:
            raise failed(error, name) from error
        told = {"inputs": mark, "output": output.model_dump(mode="json")}
        place.put(key, json.dumps(told).encode())
        return output

    def _asked(self, known: Mapping[str, StepOutput]) -> Asked:
        step = self._plan.pipeline.steps[self._name]
        where = f"step {self._name}"
        files: dict[str, str] = {}
        look: dict[str, Mapping[str, Any]] = {PARAMETERS: self._plan.parameters}
        for before, output in known.items():
            look[before] = _renamed(before, output, files)
        given = {key: filled(one, look, f"{where}: {key}") for key, one in step.given.items()}
        command = tuple(filled(one, look, f"{where}: command") for one in step.command or ())
        variables = {
            key: str(filled(one, look, f"{where}: {key}"))
            for key, one in step.environment.items()
        }
        if step.kind is StepKind.PIPELINE:
            given = {key: one for key, one in given.items() if one is not None}
        used = _files([given, list(command)])
        pinned = self._plan.pinned.get(self._name)
        return Asked(
            name=self._name,
            step=step,
            inputs=given,
            command=command,
            variables=variables,
            files={name: files[name] for name in used if name in files},
            code=pinned.code if pinned else None,
            declared=pinned.declared if pinned else None,
        )


def _renamed(step: str, output: StepOutput, files: dict[str, str]) -> dict[str, Any]:
    """Return what a step gave, with names of files that no other step's has."""
    found = {}
    for name, value in output.values.items():
        if isinstance(value, Mapping) and set(value) == TOLD_OF_FILES:
            own = f"{step}-{value['file']}"
            files[own] = output.files[str(value["file"])]
            found[name] = {**value, "file": own}
        else:
            found[name] = value
    return found


def _files(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        if set(value) == TOLD_OF_FILES:
            return {str(value["file"])}
        return set().union(*(_files(one) for one in value.values()))
    if isinstance(value, list | tuple):
        return set().union(*(_files(one) for one in value))
    return set()


def _digest(asked: Asked) -> str:
    told = [asked.inputs, asked.command, asked.variables, asked.files]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
