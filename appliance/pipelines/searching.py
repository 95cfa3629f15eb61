"""One search over fleets, assets, sensors and events."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from appliance.access.seen import Seen
from appliance.core.errors import NotFound
from appliance.events.store import Search
from appliance.pipelines.site import Site
from appliance.schemas.event import Event
from appliance.schemas.search import Found, Hit, HitKind

_ROOT = "/api/v1"
_ID = "evt_"


def search(site: Site, words: str, seen: Seen, limit: int) -> Found:
    """Return what has words in its name: equal names first, then those that begin so.

    Parameters
    ----------
    seen
        Fleets that whoever asks may see; nothing of others is told.
    """
    sought = " ".join(words.split())
    if not sought:
        return Found(hits=(), more=False)
    # One more than asked for of each kind is enough to know the best of all, and of more.
    hits = list(dict.fromkeys(_hits(site, sought, seen, limit + 1)))
    hits.sort(key=lambda hit: _rank(hit, sought.casefold()))
    return Found(hits=tuple(hits[:limit]), more=len(hits) > limit)


def _hits(site: Site, sought: str, seen: Seen, limit: int) -> Iterator[Hit]:
    known = site.intake.assets
    for fleet in known.search_fleets(sought, seen, limit):
        yield _hit(HitKind.FLEET, fleet, fleet, fleet, "")
    for asset in known.search(sought, seen, limit):
        path = f"/assets/{quote(asset.name, safe='')}"
        yield _hit(HitKind.ASSET, asset.fleet, asset.name, asset.name, path)
    for fleet, name, label in known.search_sensors(sought, seen, limit):
        path = f"/sensors/{quote(name, safe='')}"
        yield _hit(HitKind.SENSOR, fleet, name, label or name, path)
    for event in _events(site, sought, seen, limit):
        label = f"{event.asset}, {event.start:%Y-%m-%d %H:%M}"
        link = f"{_ROOT}/events/{event.id}"
        yield Hit(kind=HitKind.EVENT, fleet=event.fleet, name=event.id, label=label, link=link)


def _events(site: Site, sought: str, seen: Seen, limit: int) -> Iterator[Event]:
    if sought.startswith(_ID):
        try:
            event = site.events.get(sought)
        except NotFound:
            return
        if event.fleet in seen:
            yield event
        return
    yield from site.events.look(Search(seen=seen, text=sought), "time", after=None, limit=limit)


def _hit(kind: HitKind, fleet: str, name: str, label: str, path: str) -> Hit:
    return Hit(
        kind=kind, fleet=fleet, name=name, label=label, link=f"{_ROOT}/fleets/{fleet}{path}"
    )


def _rank(hit: Hit, sought: str) -> tuple[int, int, int]:
    """Return how good a hit is; hits as good as each other keep their order."""
    name = hit.name.casefold()
    exact = 0 if sought == name else 1 if name.startswith(sought) else 2
    kind = list(HitKind).index(hit.kind)
    return (exact, kind, len(name)) if kind < 3 else (max(exact, 2) if exact else 0, kind, 0)
