"""One entry of the catalogue: what a pipeline asks for, and how a job runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from appliance.jobs.terms import Terms
from appliance.schemas.progress import Progress

if TYPE_CHECKING:
    from appliance.pipelines.site import Site
    from appliance.pipelines.steps import Steps


@dataclass(frozen=True)
class Call:
    """What a run is given.

    Attributes
    ----------
    site
        Where it works.
    job
        Identifier of the job: the same whenever it is begun again.
    fleet
        What it works on; empty for the whole site.
    arguments
        An object of the model that the terms name.
    by
        Who asked.
    progress, steps
        Of the job.
    """

    site: Site
    job: str
    fleet: str
    arguments: Any
    by: str
    progress: Progress
    steps: Steps


class Run(Protocol):
    """Runs a pipeline; what it gives is kept as JSON by pydantic."""

    def __call__(self, call: Call) -> object:
        """Do the work and return what is to be told of it."""


@dataclass(frozen=True)
class Spec:
    """A pipeline that can be asked for as a job."""

    terms: Terms
    run: Run
