"""Scorecards: what alarms were worth, by what people said of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import Query

from appliance.api.guard import Guarded, TheSite
from appliance.api.heavy import heavy
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Page, cursor_of, key_of
from appliance.api.router import make_router
from appliance.core.clock import now
from appliance.core.errors import NotFound
from appliance.events.scorecard import LOOK_BACK
from appliance.pipelines.scorecard import scorecard
from appliance.schemas.access import Right
from appliance.schemas.base import Moment
from appliance.schemas.scorecard import FleetTotal, Scorecard

router = make_router("scorecard")

_USUAL = timedelta(days=90)
_DAYS = LOOK_BACK / timedelta(days=1)
By = Literal["version", "month"]
Start = Annotated[Moment | None, Query(alias="from", description="First moment counted.")]
End = Annotated[Moment | None, Query(alias="to", description="Counted is what was before it.")]
Days = Annotated[
    float,
    Query(ge=0, le=3_650, description="Days before a failure in which an event was a sign."),
]


@router.get(
    "/fleets/{fleet}/scorecard",
    summary="What a fleet's alarms were worth",
    **needs(Right.READ, Over.FLEET),
)
def get_scorecard(
    fleet: str,
    site: TheSite,
    start: Start = None,
    end: End = None,
    by: Annotated[By | None, Query(description="Only these rows; all if not given.")] = None,
    look_back_days: Days = _DAYS,
) -> Scorecard:
    """Return precision, false alarms, missed failures and lead time, over all and by row."""
    with heavy():
        card = scorecard(
            site, fleet, start=start, end=end, look_back=timedelta(days=look_back_days)
        )
    if by is None:
        return card
    left_out = {"version": ("months", "rows"), "month": ("versions", "rows")}[by]
    return card.model_copy(update=dict.fromkeys(left_out, ()))


@router.get(
    "/scorecard",
    summary="What the alarms of every fleet were worth",
    **needs(Right.READ, Over.VISIBLE),
)
def get_totals(
    guard: Guarded,
    start: Start = None,
    end: End = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=50, description="Fleets on the page.")] = 10,
) -> Page[FleetTotal]:
    """Return the totals of the fleets that one may see, by name; of the last 90 days."""
    site = guard.site
    (after,) = key_of(cursor, str) or ("",)
    known = [fleet for fleet in sorted(site.registry.fleets()) if fleet > after]
    shown = guard.visible(known)
    since = start or (end or now()) - _USUAL
    found = []
    with heavy():
        for fleet in shown[:limit]:
            try:
                card = scorecard(site, fleet, start=since, end=end)
            except NotFound:
                continue  # its readings are gone
            found.append(FleetTotal(fleet=fleet, total=card.total, missed=len(card.missed)))
    following = cursor_of(shown[limit - 1]) if len(shown) > limit else None
    return Page(items=tuple(found), next=following)
