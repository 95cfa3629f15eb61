"""The metrics of all roles, for those who operate the site."""

from __future__ import annotations

from fastapi import Request, Response

from appliance.api.guard import TheSite
from appliance.api.needs import Over, needs
from appliance.api.router import make_router
from appliance.metrics.families import MEDIA_TYPE
from appliance.pipelines.exposition import whole
from appliance.schemas.access import Right

router = make_router("platform")


@router.get(
    "/metrics",
    summary="Metrics of all roles",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    **needs(Right.OPERATE, Over.SITE),
)
def get_metrics(request: Request, site: TheSite) -> Response:
    """Return the metrics of all roles of the home, as Prometheus reads them."""
    return Response(whole(site, figures=request.app.state.figures), media_type=MEDIA_TYPE)
