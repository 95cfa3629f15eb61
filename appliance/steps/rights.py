"""What whoever asks for a run of an own pipeline must have, and give."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from appliance.core.errors import InvalidRequest
from appliance.schemas.access import Right
from appliance.schemas.job import JobRequest
from appliance.schemas.own import OwnPipeline, RunArguments
from appliance.steps.store import PipelineStore

RUN = "run"
"""The pipeline by which own ones are run."""


class RightsToRun:
    """Says which rights a request asks for; looks at own pipelines only where one is meant.

    Parameters
    ----------
    pipelines
        Of the site.
    """

    def __init__(self, pipelines: PipelineStore) -> None:
        self._pipelines = pipelines

    def __call__(self, request: JobRequest) -> Collection[Right]:
        """Return the rights of all that an own pipeline does.

        Raises
        ------
        NotFound
            There is no such pipeline of one's own.
        InvalidRequest
            A parameter is missing, or is none of its.
        """
        if request.pipeline != RUN:
            return ()
        told = RunArguments.model_validate(request.arguments)
        pipeline = self._pipelines.get(told.name)
        parameters_of(pipeline, told.parameters, request.fleet)
        return pipeline.rights


def parameters_of(
    pipeline: OwnPipeline, given: Mapping[str, Any], fleet: str | None
) -> dict[str, Any]:
    """Return the parameters that a run uses.

    A parameter called ``fleet`` is the job's fleet, where nothing else is said.

    Raises
    ------
    InvalidRequest
        One is missing, or is none of the pipeline's.
    """
    unknown = sorted(set(given) - set(pipeline.parameters))
    if unknown:
        raise InvalidRequest(
            f"{pipeline.name} has no parameter {unknown[0]!r}.",
            remedy=f"It has: {', '.join(pipeline.parameters) or 'none'}.",
        )
    found = {**pipeline.parameters, **given}
    if "fleet" in found and found["fleet"] is None:
        found["fleet"] = fleet
    missing = [name for name, value in found.items() if value is None]
    if missing:
        raise InvalidRequest(
            f"{pipeline.name}: the parameter {missing[0]} must be given.",
            remedy=f"Give it: {missing[0]}=VALUE.",
        )
    return found
