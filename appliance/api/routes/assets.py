"""The assets of a fleet, and how each of them is now."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from appliance.api.charts import FleetPath
from appliance.api.guard import TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, only_key, page
from appliance.api.router import make_router
from appliance.pipelines import overview
from appliance.schemas.access import Right
from appliance.schemas.base import fleet_name
from appliance.schemas.fleet import Asset

router = make_router("assets")
_READ = needs(Right.READ, Over.FLEET)


@router.get("/fleets/{fleet}/assets", summary="List a fleet's assets", **_READ)
def list_assets(
    fleet: FleetPath, site: TheSite, limit: Limit = 100, cursor: Cursor = None
) -> Page[Asset]:
    """Return assets by name, each with its last score and the events that wait."""
    after = only_key(cursor, str)
    found = overview.assets(site, fleet_name(fleet), after=after, limit=limit + 1)
    return page(found, limit, lambda asset: (asset.asset,))


@router.get("/fleets/{fleet}/assets/{asset:path}", summary="An asset", **_READ)
def get_asset(
    fleet: FleetPath,
    asset: Annotated[str, Path(max_length=200, description="Name of the asset.")],
    site: TheSite,
) -> Asset:
    """Return one asset."""
    return overview.asset(site, fleet_name(fleet), asset)
