"""Scorecard: what a fleet's alarms were worth, from verdicts, failures and time judged."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import polars as pl

from appliance.calendar.rules import occurrences
from appliance.events.scorecard import (
    LOOK_BACK,
    Alarm,
    Failure,
    Watched,
    make_scorecard,
)
from appliance.fleet import Artifact
from appliance.pipelines.site import Site
from appliance.schemas.base import fleet_name
from appliance.schemas.calendar import WindowKind
from appliance.schemas.event import EventKind, EventState
from appliance.schemas.manifest import FleetManifest
from appliance.schemas.model import ModelVersion
from appliance.schemas.progress import Progress, Silent
from appliance.schemas.scorecard import Scorecard

_MONTH = timedelta(days=30)
_ASSETS_AT_ONCE = 16


def scorecard(
    site: Site,
    fleet: str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    look_back: timedelta = LOOK_BACK,
    versions: Collection[int] | None = None,
    progress: Progress | None = None,
) -> Scorecard:
    """Return a fleet's scorecard.

    Parameters
    ----------
    versions
        Model versions to look at; all if not given.
    start, end
        Half-open range of readings, events and failures to count; everything if not given.
    look_back
        Longest time from the end of an event to a failure that it preceded.

    Raises
    ------
    NotFound
        The fleet has no readings or no model.
    """
    fleet = fleet_name(fleet)
    site.require_fleet(fleet)
    champion = site.registry.champion(fleet)
    every = site.registry.versions(fleet)
    wanted = [v for v in every if versions is None or v.version in versions]
    progress = progress or Silent()
    progress.step("Counting what was judged", total=len(wanted))
    watch: dict[tuple[int, str], Watched] = {}
    for version in wanted:
        watch |= _watched(site, fleet, version, start, end)
        progress.advance()
    return make_scorecard(
        fleet,
        _alarms(site, fleet, start, end),
        failures_of(site, fleet, [asset for _, asset in watch], start, end),
        watch,
        {v.version: v.lineage.recipe.threshold.false_alarms_per_month for v in every},
        champion.version,
        site.settings.zone,
        look_back,
    )


def _alarms(
    site: Site, fleet: str, start: datetime | None, end: datetime | None
) -> list[Alarm]:
    shown = site.events.shown_by(fleet)
    found = site.events.list(
        fleet, states=list(EventState), kind=EventKind.ANOMALY, since=start, until=end
    )
    return [
        Alarm(
            asset=event.asset,
            start=event.start,
            end=event.end,
            verdict=event.verdict,
            versions=shown.get(event.id, frozenset()),
            stands=event.state is not EventState.WITHDRAWN,
        )
        for event in found
        # Of a repeat nobody was told: it is part of the alarm that it repeats.
        if event.repeats is None
        and (start is None or event.start >= start)
        and (end is None or event.start < end)
    ]


def failures_of(
    site: Site, fleet: str, assets: list[str], start: datetime | None, end: datetime | None
) -> list[Failure]:
    """Return the failures in the calendar; one of the whole fleet is one of each asset."""
    span = site.lake.readings(fleet).span()
    if span is None:
        return []
    low, high = start or span[0], end or span[1] + LOOK_BACK
    every = sorted(set(assets))
    return [
        Failure(asset, begin, until, window.title)
        for window in site.calendar.list(fleet)
        if window.kind is WindowKind.FAILURE
        for begin, until in occurrences(window, (low, high))
        if low <= begin < high
        for asset in (every if window.asset is None else [window.asset])
    ]


def _watched(
    site: Site, fleet: str, version: ModelVersion, start: datetime | None, end: datetime | None
) -> dict[tuple[int, str], Watched]:
    """Return what a version has judged, read a few assets at a time."""
    manifest: FleetManifest = Artifact(version.path).manifest
    month = pl.col("time").dt.convert_time_zone(site.settings.timezone).dt.strftime("%Y-%m")
    found: dict[tuple[int, str], Watched] = {}
    known = site.lake.readings(fleet).assets()
    assets = [name for name in known if manifest.of(name) is not None]
    for first in range(0, len(assets), _ASSETS_AT_ONCE):
        scores = site.lake.scores(fleet).read(
            assets[first : first + _ASSETS_AT_ONCE],
            start,
            end,
            model_version=version.version,
            columns=["surprise"],
        )
        counted = (
            scores.drop_nulls("surprise")
            .group_by("asset", month.alias("month"))
            .agg(
                pl.len(), pl.col("time").min().alias("low"), pl.col("time").max().alias("high")
            )
        )
        for (asset,), own in counted.group_by("asset"):
            name = str(asset)
            model = manifest.of(name)
            step = timedelta(seconds=0 if model is None else model.interval_seconds)
            found[version.version, name] = Watched(
                min(own["low"]),
                max(own["high"]),
                {m: rows * step / _MONTH for m, rows in own.select("month", "len").iter_rows()},
            )
    return found
