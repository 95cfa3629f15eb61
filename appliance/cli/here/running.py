"""Pipelines of the catalogue, run in this process as a job would run them."""

from __future__ import annotations

from typing import Any

from appliance.access import Person
from appliance.cli.here.fleet import Work
from appliance.cli.words import fitted
from appliance.jobs.terms import known
from appliance.pipelines import costs
from appliance.pipelines.catalog import catalog
from appliance.pipelines.site import Site
from appliance.pipelines.spec import Call
from appliance.pipelines.steps import Plain
from appliance.schemas.job import JobRequest
from appliance.schemas.progress import Progress


def run(
    site: Site, me: Person, pipeline: str, fleet: str | None, arguments: dict[str, Any]
) -> Work[Any]:
    """Return work that runs a pipeline when it is waited for.

    Raises
    ------
    InvalidRequest
        There is no such pipeline, or its arguments cannot be used.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    asked = {"pipeline": pipeline, "fleet": fleet, "arguments": given}
    request = fitted(JobRequest, asked, "request")
    specs = catalog()
    terms = known({name: spec.terms for name, spec in specs.items()}, pipeline)
    kept = terms.arguments.model_validate(terms.checked(request))
    begun = costs.here(site, pipeline, request.fleet, me.name, **terms.checked(request))

    def do(progress: Progress) -> Any:
        call = Call(
            site=site,
            job=begun.run,
            fleet=request.fleet or "",
            arguments=kept,
            by=me.name,
            progress=progress,
            steps=Plain(),
        )
        return specs[pipeline].run(call)

    return Work(do, site, begun)
