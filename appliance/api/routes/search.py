"""One search over all that has a name."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from appliance.api.guard import Caller, TheSite
from appliance.api.needs import Over, needs
from appliance.api.router import make_router
from appliance.pipelines.searching import search
from appliance.schemas.access import Right
from appliance.schemas.search import Found

router = make_router("search")
Words = Annotated[
    str, Query(min_length=1, max_length=200, description="Part of a name, or an event's id.")
]
Most = Annotated[int, Query(ge=1, le=100, description="Hits to return.")]


@router.get("/search", summary="Search", **needs(Right.READ, Over.VISIBLE, recent=True))
def search_names(q: Words, site: TheSite, person: Caller, limit: Most = 20) -> Found:
    """Return fleets, assets, sensors and events that whoever asks may see, the best first."""
    return search(site, q, site.access.seen(person), limit)
