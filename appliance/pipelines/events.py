"""Events as they are told: in words, and with what they rest on."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from appliance.core.errors import NotFound
from appliance.events.mode_words import mode_clause
from appliance.events.similar import MOST_SIMILAR, alike
from appliance.events.words import last_time, sentence
from appliance.pipelines.modes import mode_of
from appliance.pipelines.site import Site
from appliance.schemas.base import Language
from appliance.schemas.event import (
    Event,
    EventOrigin,
    EventTold,
    SimilarEvent,
    SimilarEvents,
)
from appliance.schemas.manifest import TimeKind
from appliance.schemas.mode import EventMode
from appliance.schemas.model import ModelVersion
from detectors.modes import STOPPED

_ROOT = "/api/v1"
_LOOKED_AT = 500
"""The latest events that are looked through for those that looked alike."""


def told(site: Site, event: str, language: Language) -> EventTold:
    """Return an event with what there is to say of it; raises `NotFound`."""
    found = site.events.get(event)
    kind = site.intake.time_kind(found.fleet)
    version = _version(site, found)
    mode = mode_of(site, found, version, language)
    words = sentence(
        found,
        language,
        site.settings.zone,
        time_kind=kind,
        mode="" if mode is None else _clause(site, found, mode, language),
    )
    if last := _last_time(site, found, language, kind):
        words = f"{words}{last}" if language == "ja" else f"{words} {last}"
    origin = _origin(site, found, version)
    return EventTold(**dict(found), words=words, mode=mode, origin=origin)


def _clause(site: Site, event: Event, mode: EventMode, language: Language) -> str:
    units = {sensor.name: sensor.unit for sensor in site.intake.sensors(event.fleet)}
    return mode_clause(mode.by, language, stopped=mode.mode == STOPPED, units=units)


# ---------------------------------------------------------------- what happened before
def similar(site: Site, event: str, limit: int) -> SimilarEvents:
    """Return earlier events that looked like one, and how they ended; raises `NotFound`."""
    return SimilarEvents(events=tuple(_similar(site, site.events.get(event), limit)))


def _similar(site: Site, event: Event, limit: int) -> list[SimilarEvent]:
    """Look among the latest events of the fleet, and the latest of the asset itself."""
    latest = partial(
        site.events.list, event.fleet, kind=event.kind, until=event.start, limit=_LOOKED_AT
    )
    near = {one.id: one for one in (*latest(), *latest(assets=[event.asset]))}
    found = alike(event, near.values(), limit)
    said = site.events.last_said([other.id for other, _ in found])
    return [
        SimilarEvent(event=other, likeness=round(how, 3), remark=said.get(other.id))
        for other, how in found
    ]


def _last_time(site: Site, event: Event, language: Language, kind: TimeKind) -> str:
    """Say what became of the latest that looked alike; of the same asset, if there is one."""
    closed = [one for one in _similar(site, event, MOST_SIMILAR) if one.event.verdict]
    if not closed:
        return ""
    last = max(closed, key=lambda one: (one.event.asset == event.asset, one.event.start))
    remark = last.remark.text if last.remark else ""
    return last_time(last.event, remark, language, site.settings.zone, time_kind=kind)


# ---------------------------------------------------------------- what it rests on
def _origin(site: Site, event: Event, version: ModelVersion | None) -> EventOrigin:
    fleet = f"{_ROOT}/fleets/{event.fleet}"
    links = {
        "self": f"{_ROOT}/events/{event.id}",
        "history": f"{_ROOT}/events/{event.id}/history",
        "comments": f"{_ROOT}/events/{event.id}/comments",
        "fleet": fleet,
        "asset": f"{fleet}/assets/{quote(event.asset, safe='')}",
    }
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
