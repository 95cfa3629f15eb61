"""The assets of a fleet, and how each of them is now."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from appliance.api.charts import MOST_POINTS, FleetPath
from appliance.api.guard import TheSite
from appliance.api.heavy import heavy
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, only_key, page
from appliance.api.router import make_router
from appliance.pipelines import overview
from appliance.pipelines.expected import expected
from appliance.pipelines.health import health
from appliance.pipelines.modes import modes
from appliance.pipelines.remaining import remaining_life
from appliance.pipelines.similar import Stretch, similar
from appliance.schemas.access import Right
from appliance.schemas.base import Language, Moment, Schema, fleet_name
from appliance.schemas.expected import ExpectedTold
from appliance.schemas.fleet import Asset
from appliance.schemas.history import Health, RemainingLife, Similar
from appliance.schemas.mode import ModesTold

router = make_router("assets")
MOST_DAYS = 3_660
MOST_SENSORS = 40
AssetPath = Annotated[str, Path(max_length=200, description="Name of the asset.")]
_READ = needs(Right.READ, Over.FLEET)


@router.get("/fleets/{fleet}/assets", summary="List a fleet's assets", **_READ)
def list_assets(
    fleet: FleetPath, site: TheSite, limit: Limit = 100, cursor: Cursor = None
) -> Page[Asset]:
    """Return assets by name, each with its last score and the events that wait."""
    after = only_key(cursor, str)
    found = overview.assets(site, fleet_name(fleet), after=after, limit=limit + 1)
    return page(found, limit, lambda asset: (asset.asset,))


# These come before the asset itself, whose path would take their last part for the name's.
@router.get("/fleets/{fleet}/assets/{asset:path}/health", summary="Health of an asset", **_READ)
def get_health(
    fleet: FleetPath,
    asset: AssetPath,
    site: TheSite,
    days: Annotated[
        int | None, Query(ge=1, le=MOST_DAYS, description="Up to the newest; all if not given.")
    ] = None,
) -> Health:
    """Return how an asset's days compare with normal running, 0 to 100, and their trend."""
    return health(site, fleet_name(fleet), asset, days)


@router.get(
    "/fleets/{fleet}/assets/{asset:path}/rul", summary="Remaining life of an asset", **_READ
)
def get_remaining_life(
    fleet: FleetPath,
    asset: AssetPath,
    site: TheSite,
    limit: Annotated[
        float, Query(ge=0, le=100, description="Health that is taken for the end.")
    ] = 0.0,
    days: Annotated[
        int | None, Query(ge=1, le=MOST_DAYS, description="Up to the newest; all if not given.")
    ] = None,
) -> RemainingLife:
    """Return how long an asset lasts, with bounds, and by what; nothing without wear.

    By machines of its fleet that failed where they were learned from, else by its health.
    """
    return remaining_life(site, fleet_name(fleet), asset, limit, days)


@router.get("/fleets/{fleet}/assets/{asset:path}/similar", summary="Stretches alike", **_READ)
def get_similar(
    fleet: FleetPath,
    asset: AssetPath,
    site: TheSite,
    start: Annotated[Moment, Query(alias="from", description="First moment of the stretch.")],
    end: Annotated[Moment, Query(alias="to", description="The moment after its last.")],
    sensors: Annotated[
        list[Annotated[str, Query(max_length=200)]] | None,
        Query(max_length=MOST_SENSORS, description="What is compared; what is judged if none."),
    ] = None,
    sisters: Annotated[
        bool, Query(description="Also search other assets of the fleet.")
    ] = False,
) -> Similar:
    """Return the stretches of the past that look most like one, and what was found then."""
    with heavy():
        asked = Stretch(asset, start, end)
        return similar(site, fleet_name(fleet), asked, sensors=sensors or (), sisters=sisters)


@router.get(
    "/fleets/{fleet}/assets/{asset:path}/modes", summary="Operating modes of an asset", **_READ
)
def get_modes(
    fleet: FleetPath,
    asset: AssetPath,
    site: TheSite,
    start: Annotated[
        Moment | None, Query(alias="from", description="The first moment.")
    ] = None,
    end: Annotated[
        Moment | None, Query(alias="to", description="The moment after the last.")
    ] = None,
    language: Language | None = None,
) -> ModesTold:
    """Return the modes that an asset runs in, what is normal in each, and when each was on."""
    with heavy():
        return modes(
            site,
            fleet_name(fleet),
            asset,
            start=start,
            end=end,
            language=language or site.settings.language,
        )


class ExpectedQuery(Schema):
    """Of what, from when to when, and how wide."""

    start: Moment = Field(alias="from", description="The first moment.")
    end: Moment = Field(alias="to", description="The moment after the last.")
    sensors: list[Annotated[str, Field(max_length=400)]] = Field(
        [],
        max_length=MOST_SENSORS,
        description="To be explained by all others; each by every other one if none.",
    )
    version: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Model version; the champion if not given."
    )
    width: int | None = Field(
        None, ge=1, le=MOST_POINTS, description="Points that the chart is wide.", examples=[800]
    )


@router.get(
    "/fleets/{fleet}/assets/{asset:path}/expected", summary="What is normal there", **_READ
)
def get_expected(
    fleet: FleetPath, asset: AssetPath, asked: Annotated[ExpectedQuery, Query()], site: TheSite
) -> ExpectedTold:
    """Return what sensors would have shown in normal running, told from the others."""
    with heavy():
        return expected(
            site,
            fleet_name(fleet),
            asset,
            (asked.start, asked.end),
            sensors=asked.sensors,
            version=asked.version,
            width=asked.width,
        )


@router.get("/fleets/{fleet}/assets/{asset:path}", summary="An asset", **_READ)
def get_asset(
    fleet: FleetPath,
    asset: AssetPath,
    site: TheSite,
) -> Asset:
    """Return one asset."""
    return overview.asset(site, fleet_name(fleet), asset)
