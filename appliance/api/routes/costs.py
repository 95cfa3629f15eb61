"""Costs: what was paid and who for, what a run will take, and budgets."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from appliance.api.guard import Caller, Guarded, TheSite
from appliance.api.needs import Over, needs
from appliance.api.router import make_router
from appliance.core.clock import now
from appliance.core.errors import NotFound
from appliance.pipelines import budgets, cost_report, costs
from appliance.schemas.access import Right
from appliance.schemas.base import FleetName, Moment
from appliance.schemas.cost import (
    Budget,
    BudgetDraft,
    Budgets,
    CostBy,
    Costs,
    Estimate,
    Prices,
    RunCost,
)
from appliance.telemetry.cost.book import prices

router = make_router("costs")

From = Annotated[Moment | None, Query(alias="from", description="The first moment.")]
To = Annotated[Moment | None, Query(alias="to", description="The moment after the last.")]
Pipeline = Annotated[str, Query(max_length=40, description="What is to be run.")]


@router.get("/costs", summary="What was paid, and who for", **needs(Right.READ, Over.VISIBLE))
def get_costs(
    guard: Guarded, by: CostBy = CostBy.FLEET, start: From = None, end: To = None
) -> Costs:
    """Return what one's projects cost, since the month began if no time is named.

    To those who operate the site machines are told too, and what nobody used of them.
    """
    site, at = guard.site, now()
    first, _ = cost_report.this_month(site, at)
    asked = cost_report.Asked(
        by=by,
        start=start or first,
        end=end or at,
        projects=guard.projects(),
        seen=site.access.seen(guard.person),
        whole=guard.person.may(Right.OPERATE),
    )
    return cost_report.report(site, asked, at)


@router.get("/costs/estimate", summary="What a run will take", **needs(Right.READ, Over.BODY))
def get_estimate(
    guard: Guarded, pipeline: Pipeline, fleet: FleetName | None = None
) -> Estimate:
    """Return how long a run will take and what it will cost, by those before it."""
    guard.require(Right.READ, fleet=fleet)
    return costs.expected(guard.site, pipeline, fleet)


@router.get("/costs/prices", summary="What everything costs", **needs(Right.OPERATE, Over.SITE))
def get_prices(site: TheSite) -> Prices:
    """Return the prices of the site and what they make of its machine."""
    return prices(site.settings)


@router.get("/jobs/{job}/cost", summary="What a job cost", **needs(Right.READ, Over.JOB))
def get_job_cost(job: str, site: TheSite) -> RunCost:
    """Return what a job has used and cost so far."""
    found = costs.run_cost(site, job)
    if found is None:
        raise NotFound(f"nothing was measured of job {job}.", remedy="It has not begun yet.")
    return found


# ---------------------------------------------------------------- budgets
@router.get("/budgets", summary="List budgets", **needs(Right.READ, Over.VISIBLE))
def list_budgets(guard: Guarded) -> Budgets:
    """Return the budgets of one's projects as they stand, and the site's to its operators."""
    return Budgets(budgets=tuple(budgets.visible(guard.site, guard.projects())))


@router.put("/budgets/site", summary="Set the site's budget", **needs(Right.OPERATE, Over.SITE))
def put_site_budget(draft: BudgetDraft, site: TheSite, person: Caller) -> Budget:
    """Say what the whole site may cost in a month, machines with it."""
    return budgets.put(site, person, None, draft)


@router.put(
    "/budgets/projects/{project}",
    summary="Set a project's budget",
    **needs(Right.OPERATE, Over.SITE),
)
def put_project_budget(
    project: str, draft: BudgetDraft, site: TheSite, person: Caller
) -> Budget:
    """Say what the runs of a project may cost in a month."""
    return budgets.put(site, person, project, draft)


@router.delete(
    "/budgets/site",
    status_code=204,
    summary="Remove the site's budget",
    **needs(Right.OPERATE, Over.SITE),
)
def remove_site_budget(site: TheSite, person: Caller) -> Response:
    """Let the site cost what it does."""
    budgets.remove(site, person, None)
    return Response(status_code=204)


@router.delete(
    "/budgets/projects/{project}",
    status_code=204,
    summary="Remove a project's budget",
    **needs(Right.OPERATE, Over.SITE),
)
def remove_project_budget(project: str, site: TheSite, person: Caller) -> Response:
    """Let a project cost what it does."""
    budgets.remove(site, person, project)
    return Response(status_code=204)
