"""The site at a glance: what waits, whose data stopped coming, and what is new."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from appliance.access.seen import Seen
from appliance.core.clock import now
from appliance.events.store.counts import EventCounts
from appliance.events.urgency import class_of
from appliance.intake.ledger import Asset, FleetFacts
from appliance.pipelines.overview import champion_manifest
from appliance.pipelines.site import Site
from appliance.schemas.event import EventKind
from appliance.schemas.job import Job, JobState
from appliance.schemas.manifest import FleetManifest
from appliance.schemas.overview import Changes, Inbox, Overview, Stopped, Waiting

MOST_STOPPED = 50
_MISSED = 10
"""Readings that do not come before anybody wonders."""
_LEAST = timedelta(minutes=30)
_ARRIVALS = 8
_LATE = 2.0
"""Usual distances of two batches that may pass before the next is late."""
_MOST_NEWS = 20
_JOBS_LOOKED_AT = 100


def overview(site: Site, seen: Seen, at: datetime | None = None) -> Overview:
    """Return the fleets that somebody sees in a few figures.

    Parameters
    ----------
    at
        What time it is; now if not given.
    """
    known = site.intake.assets.fleets(seen)
    timed = [one for one in known if one.time_kind == "time"]
    stopped: list[Stopped] = []
    watched = 0
    for one in known:
        assets = site.intake.assets.list(one.name)
        manifest = champion_manifest(site, one.name)
        if manifest is not None:
            watched += sum(manifest.of(asset.name) is not None for asset in assets)
        if one.time_kind == "time":
            stopped += _stopped(site, one, assets, manifest, at or now())
    stopped.sort(key=lambda found: (found.last, found.fleet, found.asset or ""))
    return Overview(
        fleets=len(known),
        assets=sum(one.assets for one in known),
        watched=watched,
        waiting=_waiting(EventCounts(site.database).by_rank(seen)),
        last=max((one.end for one in timed), default=None),
        stopped=tuple(stopped[:MOST_STOPPED]),
        more_stopped=max(len(stopped) - MOST_STOPPED, 0),
    )


def inbox(site: Site, seen: Seen, person: str) -> Inbox:
    """Return how many events wait, as they lie before somebody."""
    counts = EventCounts(site.database)
    return Inbox(
        **_waiting(counts.by_rank(seen)).model_dump(),
        mine=counts.owned_by(seen, person),
        muted=counts.muted(seen),
    )


def _waiting(counts: dict[int, int]) -> Waiting:
    found: dict[str, int] = {}
    for rank, count in counts.items():
        _, kind, severity = class_of(rank)
        name = "faults" if kind is EventKind.SENSOR_FAULT else severity.value
        found[name] = found.get(name, 0) + count
    return Waiting(**found)


# ---------------------------------------------------------------- data that stopped
def _stopped(
    site: Site,
    fleet: FleetFacts,
    assets: Sequence[Asset],
    manifest: FleetManifest | None,
    at: datetime,
) -> list[Stopped]:
    """Return the machines of a fleet that are silent for longer than is usual for them."""
    usual = patience_for(site.intake.assets.arrivals(fleet.name, _ARRIVALS))
    silent: list[tuple[Asset, timedelta]] = []
    for asset in assets:
        patience = max(_MISSED * _interval(asset, manifest), usual, _LEAST)
        if at - asset.end > patience:
            silent.append((asset, patience))
    together = [one for one in silent if fleet.end - one[0].end <= one[1]]
    if len(silent) < len(assets) or len(together) < 2:
        return [_line(fleet.name, asset, patience) for asset, patience in silent]
    alone = [one for one in silent if fleet.end - one[0].end > one[1]]
    whole = Stopped(
        fleet=fleet.name,
        assets=len(together),
        last=fleet.end,
        patience_seconds=max(patience for _, patience in together).total_seconds(),
    )
    return [whole, *(_line(fleet.name, asset, patience) for asset, patience in alone)]


def patience_for(arrivals: Sequence[datetime]) -> timedelta:
    """Return how long a fleet whose batches came then may be silent; files come now and then.

    Parameters
    ----------
    arrivals
        The latest first.
    """
    apart = [(later - earlier).total_seconds() for later, earlier in pairwise(arrivals)]
    return timedelta(seconds=_LATE * median(apart)) if apart else timedelta()


def _interval(asset: Asset, manifest: FleetManifest | None) -> timedelta:
    model = None if manifest is None else manifest.of(asset.name)
    if model is not None and model.interval_seconds > 0:
        return timedelta(seconds=model.interval_seconds)
    return (asset.end - asset.start) / max(asset.rows - 1, 1)


def _line(fleet: str, asset: Asset, patience: timedelta) -> Stopped:
    return Stopped(
        fleet=fleet,
        asset=asset.name,
        last=asset.end,
        patience_seconds=patience.total_seconds(),
    )


# ---------------------------------------------------------------- news
def changes(site: Site, seen: Seen, projects: list[str] | None, since: datetime) -> Changes:
    """Return what happened since a moment.

    Parameters
    ----------
    projects
        Whose jobs are told; None: all, and the site's own.
    """
    opened, closed = EventCounts(site.database).since(seen, since)
    return Changes(
        since=since,
        opened=opened,
        closed=closed,
        promotions=tuple(site.registry.promoted_since(seen, since, _MOST_NEWS)),
        failed=tuple(_failed(site, projects, since)),
    )


def _failed(site: Site, projects: list[str] | None, since: datetime) -> list[Job]:
    found = site.jobs.list(projects, states=[JobState.FAILED], limit=_JOBS_LOOKED_AT)
    late = [job for job in found if job.ended is not None and job.ended > since]
    return sorted(late, key=lambda job: job.ended or since, reverse=True)[:_MOST_NEWS]
