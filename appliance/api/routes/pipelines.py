"""Pipelines: what can be asked for as a job."""

from __future__ import annotations

from appliance.api.guard import TheSite
from appliance.api.needs import someone
from appliance.api.paging import Page
from appliance.api.router import make_router
from appliance.jobs.terms import Terms
from appliance.schemas.offer import Offer

router = make_router("jobs")


@router.get("/pipelines", summary="List pipelines", **someone())
def list_pipelines(site: TheSite) -> Page[Offer]:
    """Return what can be asked for as a job, with its arguments and the right it needs."""
    return Page(items=tuple(_offer(terms) for terms in site.jobs.terms.values()))


def _offer(terms: Terms) -> Offer:
    return Offer(
        name=terms.name,
        summary=terms.summary,
        right=terms.right,
        place=terms.place.value,
        timeout_seconds=terms.timeout.total_seconds(),
        arguments=terms.arguments.model_json_schema(),
    )
