"""Labels: failures and verdicts in one list, which scorecards are made from."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import Query

from appliance.api.guard import Caller, TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, key_of, moment_in, page
from appliance.api.router import make_router
from appliance.core.clock import now
from appliance.core.errors import InvalidRequest
from appliance.pipelines.labels import add_label, labels, place
from appliance.schemas.access import Right
from appliance.schemas.base import Moment
from appliance.schemas.calendar import Label, LabelDraft, Window

router = make_router("labels")

_USUAL = timedelta(days=366)
_MOST_DAYS = 3_700


@router.get("/fleets/{fleet}/labels", summary="List labels", **needs(Right.READ, Over.FLEET))
def list_labels(
    fleet: str,
    site: TheSite,
    start: Annotated[
        Moment | None, Query(alias="from", description="A year before the end if not given.")
    ] = None,
    end: Annotated[Moment | None, Query(alias="to", description="Now if not given.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Label]:
    """Return what is known of a fleet, the latest first.

    Failures come from the calendar; what events turned out to be, from their verdicts.
    """
    until = end or now()
    since = start or until - _USUAL
    if not since < until or (until - since).days > _MOST_DAYS:
        raise InvalidRequest(f"the range is none, or longer than {_MOST_DAYS} days.")
    key = key_of(cursor, str, str)
    before = None if key is None else (moment_in(key[0]), key[1])
    found = labels(site, fleet, (since, until), before=before, limit=limit + 1)
    return page(found, limit, lambda one: (place(one)[0].isoformat(), place(one)[1]))


@router.post(
    "/fleets/{fleet}/labels",
    status_code=201,
    summary="Tell of a failure",
    **needs(Right.ANNOTATE, Over.FLEET),
)
def add_failure(fleet: str, draft: LabelDraft, site: TheSite, person: Caller) -> Window:
    """Tell of a failure: not learned from, judged as ever, counted by scorecards.

    It is a window of the calendar from then on; what an event was is told by closing it.
    """
    return add_label(site, fleet, draft, person)
