"""Code and pipelines of the site's own people: registered, checked against each other, put."""

from __future__ import annotations

from appliance.access import Person
from appliance.core.errors import InvalidRequest, NotFound
from appliance.jobs.offered import offered
from appliance.pipelines.site import Site
from appliance.schemas.access import Right
from appliance.schemas.own import (
    Code,
    CodeKind,
    DeclaredStep,
    OwnPipeline,
    OwnPipelineDraft,
    OwnStep,
)
from appliance.steps.graph import Graph, Known, checked
from appliance.steps.registering import drafted, steps_of
from appliance.steps.rights import RUN

READINGS = "readings"
"""A step of the appliance's own that gives a fleet's readings as a table."""
FLEET = "fleet"
_READINGS = frozenset({FLEET, "start", "end", "assets", "sensors"})
_BARE = Right.TRAIN


def register(site: Site, by: Person, file: str, data: bytes, version: str = "") -> Code:
    """Register a wheel or a notebook; its steps are described in a process of its own.

    Parameters
    ----------
    file, data
        What it is called, and its bytes.
    version
        Of a notebook.

    Raises
    ------
    Forbidden
        `by` may not: nothing of it was looked at.
    BadFile, LimitExceeded, InvalidRequest
        It cannot be used.
    Conflict
        Other code has that name and version.
    """
    by.require(Right.REGISTER_CODE)
    draft = drafted(file, data, version)
    found = site.code.fits(by, draft)
    return found or site.code.add(by, draft, steps_of(draft))


def put(
    site: Site, by: Person, draft: OwnPipelineDraft, revision: int | None = None
) -> OwnPipeline:
    """Add or change an own pipeline, checked against the code that there is.

    Raises
    ------
    Forbidden
        `by` may not.
    InvalidRequest
        It cannot be run; in one sentence.
    Outdated
        It changed since the revision seen.
    """
    by.require(Right.REGISTER_CODE)
    graph = graph_of(site, draft)
    return site.own_pipelines.put(by, draft, graph, rights_of(draft), revision=revision)


def graph_of(site: Site, draft: OwnPipelineDraft, where: str = "") -> Graph:
    """Return the graph of a pipeline; raises `InvalidRequest` if it cannot be run."""
    known = {}
    for name, one in draft.steps.items():
        known[name] = _known(site, one, f"{where or draft.name}: step {name}")
    return checked(draft, known, where)


def rights_of(draft: OwnPipelineDraft) -> set[Right]:
    """Return the rights that a pipeline's steps ask for."""
    found = {_BARE}
    for one in draft.steps.values():
        if one.pipeline == READINGS:
            found.add(Right.READ)
        elif one.pipeline is not None:
            found.add(offered()[one.pipeline].right)
    return found


# ---------------------------------------------------------------- what a step runs
def function_of(site: Site, use: str, where: str) -> tuple[Code, DeclaredStep]:
    """Return code and step that ``PACKAGE:STEP`` stands for; raises `InvalidRequest`."""
    package, colon, step = use.partition(":")
    if not (package and colon and step):
        raise InvalidRequest(
            f"{where}: use: {use!r} is no step of a package.", remedy="Write PACKAGE:STEP."
        )
    code = _code(site, package, CodeKind.PACKAGE, f"{where}: use")
    found = next((one for one in code.steps if one.name == step), None)
    if found is None:
        there = ", ".join(one.name for one in code.steps) or "none"
        raise InvalidRequest(
            f"{where}: use: {code.name} {code.version} has no step {step!r}.",
            remedy=f"It has: {there}.",
        )
    return code, found


def notebook_of(site: Site, notebook: str, where: str) -> Code:
    """Return the notebook that ``NAME`` or ``NAME@VERSION`` stands for."""
    return _code(site, notebook, CodeKind.NOTEBOOK, f"{where}: notebook")


def _code(site: Site, text: str, kind: CodeKind, where: str) -> Code:
    name, _, version = text.partition("@")
    try:
        code = site.code.get(name.lower().replace("_", "-"), version or None)
    except NotFound as error:
        raise InvalidRequest(f"{where}: {error.message}", remedy=error.remedy) from error
    if code.kind is not kind:
        raise InvalidRequest(f"{where}: {text} is a {code.kind.value}.")
    return code


def _known(site: Site, one: OwnStep, where: str) -> Known:
    if one.use is not None:
        _, step = function_of(site, one.use, where)
        return Known(frozenset(step.inputs), frozenset(step.required), frozenset(step.outputs))
    if one.notebook is not None:
        notebook_of(site, one.notebook, where)
        return Known()
    if one.pipeline is not None:
        return _of_pipeline(one.pipeline, where)
    return Known()


def _of_pipeline(name: str, where: str) -> Known:
    if name == READINGS:
        return Known(_READINGS, outputs=frozenset({"table", "rows"}))
    terms = {known: one for known, one in offered().items() if known != RUN}
    if name not in terms:
        raise InvalidRequest(
            f"{where}: pipeline: there is no pipeline {name!r}.",
            remedy=f"There are: {READINGS}, {', '.join(terms)}.",
        )
    fields = terms[name].arguments.model_fields
    required = frozenset(key for key, field in fields.items() if field.is_required())
    return Known(frozenset(fields) | {FLEET}, required, frozenset({"result"}))
