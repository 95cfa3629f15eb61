"""What came to a fleet, how good it is, and what of it was refused."""

from __future__ import annotations

import io
from typing import Annotated

from fastapi import Query, Response

from appliance.api.charts import FleetPath
from appliance.api.guard import TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, cursor_of, key_of, moment_in, page
from appliance.api.router import make_router
from appliance.pipelines import arrivals, daily, overview
from appliance.schemas.access import Right
from appliance.schemas.arrival import Arrival, QualityDays, Refusals
from appliance.schemas.base import fleet_name
from appliance.schemas.ingest import FleetQuality, Refused

router = make_router("quality")
_MOST_BATCHES = 500
"""A fleet that is sent every minute has hundreds of thousands."""
Reason = Annotated[
    str | None, Query(max_length=500, description="Only what was refused for it.")
]


@router.get(
    "/fleets/{fleet}/quality",
    summary="Quality of a fleet's data",
    **needs(Right.READ, Over.FLEET, recent=True),
)
def get_quality(fleet: FleetPath, site: TheSite) -> FleetQuality:
    """Return the quality of each sensor and the sampling of each asset, of late."""
    name = fleet_name(fleet)
    overview.fleet(site, name)
    intake, count = site.intake, site.intake.batch_count(name)
    return FleetQuality(
        sensors=tuple(intake.quality(name, _MOST_BATCHES)),
        assets=tuple(intake.sampling(name, _MOST_BATCHES)),
        batches=min(count, _MOST_BATCHES),
        of=count,
    )


@router.get(
    "/fleets/{fleet}/quality/days",
    summary="Quality of a fleet's data by day",
    **needs(Right.READ, Over.FLEET),
)
def get_quality_days(
    fleet: FleetPath,
    site: TheSite,
    days: Annotated[int, Query(ge=1, le=92, description="The latest so many.")] = 30,
    asset: Annotated[
        str | None, Query(max_length=200, description="Of this asset alone.")
    ] = None,
) -> QualityDays:
    """Return coverage, missing, frozen and impossible values of each sensor by day."""
    name = fleet_name(fleet)
    overview.fleet(site, name)
    return daily.quality_days(site, name, days, asset)


@router.get(
    "/fleets/{fleet}/batches",
    summary="Batches that came",
    **needs(Right.READ, Over.FLEET, recent=True),
)
def list_batches(
    fleet: FleetPath, site: TheSite, limit: Limit = 100, cursor: Cursor = None
) -> Page[Arrival]:
    """Return what was brought in, by whom and when, the latest first."""
    name, key = fleet_name(fleet), key_of(cursor, str, str)
    overview.fleet(site, name)
    before = None if key is None else (moment_in(key[0]), key[1])
    found = arrivals.arrivals(site, name, before, limit + 1)
    return page(found, limit, lambda one: (one.finished.isoformat(), one.batch))


@router.get(
    "/fleets/{fleet}/quarantine",
    summary="Rows and cells that were refused",
    **needs(Right.READ, Over.FLEET),
)
def list_refused(
    fleet: FleetPath,
    site: TheSite,
    limit: Limit = 100,
    cursor: Cursor = None,
    reason: Reason = None,
) -> Page[Refused]:
    """Return what was refused, with file, row and reason, in the order in which it came."""
    name, key = fleet_name(fleet), key_of(cursor, str, int)
    held = site.lake.quarantine(name)
    if not held.count():
        overview.fleet(site, name)
    after = None if key is None else (moment_in(key[0]), key[1])
    found = held.page(after, limit + 1, reason)
    more = len(found) > limit
    items = tuple(arrivals.refused(row, moment) for moment, _, row in found[:limit])
    moment, number, _ = found[limit - 1] if more else (None, 0, None)
    return Page(
        items=items, next=None if moment is None else cursor_of(moment.isoformat(), number)
    )


@router.get(
    "/fleets/{fleet}/quarantine/reasons",
    summary="Why rows and cells were refused",
    **needs(Right.READ, Over.FLEET),
)
def list_reasons(fleet: FleetPath, site: TheSite) -> Refusals:
    """Return the reasons by column, the most frequent first, with the first few of each."""
    name = fleet_name(fleet)
    if not site.lake.quarantine(name).count():
        overview.fleet(site, name)
    return arrivals.refusals(site, name)


@router.get(
    "/fleets/{fleet}/quarantine/file",
    summary="Download what was refused",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    **needs(Right.READ, Over.FLEET),
)
def download_refused(fleet: FleetPath, site: TheSite, reason: Reason = None) -> Response:
    """Return refused rows and cells as a CSV file: at most a million of them."""
    name, sink = fleet_name(fleet), io.BytesIO()
    if not site.lake.quarantine(name).count():
        overview.fleet(site, name)
    arrivals.refused_rows(site, name, reason).write_csv(sink, include_bom=True)
    headers = {"Content-Disposition": f'attachment; filename="{name}-quarantine.csv"'}
    return Response(sink.getvalue(), headers=headers, media_type="text/csv")
