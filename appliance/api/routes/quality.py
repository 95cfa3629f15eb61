"""How good the data of a fleet are, and what of them was refused."""

from __future__ import annotations

from pathlib import PurePath

from appliance.api.charts import FleetPath
from appliance.api.guard import TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, cursor_of, key_of, moment_in
from appliance.api.router import make_router
from appliance.pipelines import overview
from appliance.schemas.access import Right
from appliance.schemas.base import fleet_name
from appliance.schemas.ingest import FleetQuality, Refused

router = make_router("quality")
_MOST_BATCHES = 500
"""A fleet that is sent every minute has hundreds of thousands."""


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
    "/fleets/{fleet}/quarantine",
    summary="Rows and cells that were refused",
    **needs(Right.READ, Over.FLEET),
)
def list_refused(
    fleet: FleetPath, site: TheSite, limit: Limit = 100, cursor: Cursor = None
) -> Page[Refused]:
    """Return what was refused, with file, row and reason, in the order in which it came."""
    name, key = fleet_name(fleet), key_of(cursor, str, int)
    held = site.lake.quarantine(name)
    if not held.count():
        overview.fleet(site, name)
    after = None if key is None else (moment_in(key[0]), key[1])
    found = held.page(after, limit + 1)
    more = len(found) > limit
    items = tuple(
        Refused(
            batch=row["batch"],
            at=moment,
            file=PurePath(row["file"] or "").name,
            row=row["row"],
            column=row["column"] or "",
            value=row["value"] or "",
            reason=row["reason"],
        )
        for moment, _, row in found[:limit]
    )
    moment, number, _ = found[limit - 1] if more else (None, 0, None)
    return Page(
        items=items, next=None if moment is None else cursor_of(moment.isoformat(), number)
    )
