"""Events as they are told: in words, and with what they rest on."""

from __future__ import annotations

from urllib.parse import quote

from appliance.core.errors import NotFound
from appliance.events.words import sentence
from appliance.pipelines.site import Site
from appliance.schemas.base import Language
from appliance.schemas.event import Event, EventOrigin, EventTold
from appliance.schemas.model import ModelVersion

_ROOT = "/api/v1"


def told(site: Site, event: str, language: Language) -> EventTold:
    """Return an event with what there is to say of it; raises `NotFound`."""
    found = site.events.get(event)
    kind = site.intake.time_kind(found.fleet)
    words = sentence(found, language, site.settings.zone, time_kind=kind)
    return EventTold(**dict(found), words=words, origin=_origin(site, found))


def _origin(site: Site, event: Event) -> EventOrigin:
    fleet = f"{_ROOT}/fleets/{event.fleet}"
    links = {
        "self": f"{_ROOT}/events/{event.id}",
        "history": f"{_ROOT}/events/{event.id}/history",
        "comments": f"{_ROOT}/events/{event.id}/comments",
        "fleet": fleet,
        "asset": f"{fleet}/assets/{quote(event.asset, safe='')}",
    }
    version = _version(site, event)
    batch = site.registry.score_batch(event.score_batch)
    scored = None if batch is None else batch.at
    if version is None:
        return EventOrigin(
            model_version=event.model_version,
            score_batch=event.score_batch,
            scored=scored,
            links=links,
        )
    promotions = site.registry.promotions(event.fleet)
    last = next((p for p in reversed(promotions) if p.version == version.version), None)
    made = version.lineage
    return EventOrigin(
        model_version=version.version,
        run=made.run,
        recipe=made.recipe.name,
        learned_from=made.data_start,
        learned_until=made.data_end,
        promoted_by=None if last is None else last.by,
        promoted=None if last is None else last.at,
        score_batch=event.score_batch,
        scored=scored,
        links={**links, "model": f"{fleet}/models/{version.version}"},
    )


def _version(site: Site, event: Event) -> ModelVersion | None:
    try:
        return site.registry.get(event.fleet, event.model_version)
    except NotFound:
        return None
