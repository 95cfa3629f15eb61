"""Health of one machine, worked out from what its champion has scored."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from appliance.calendar.rules import occurrences
from appliance.core.errors import LimitExceeded, NotFound
from appliance.heat.health import LEAST, Points, by_days
from appliance.intake.ledger import Asset
from appliance.pipelines.charts import MOST_READ
from appliance.pipelines.heat import calendar_in
from appliance.pipelines.overview import champion_manifest
from appliance.pipelines.site import Site
from appliance.schemas.history import Health
from appliance.schemas.model import DriftNote

TREND = 28
"""Stretches of days that a trend is made from."""
_COLUMNS = ("surprise", "state")
_DAY = 86_400.0
_NEAR = timedelta(days=1)
"""Final scores look ahead, so that a change may seem to be a day earlier than it was."""


def health(site: Site, fleet: str, asset: str, days: int | None) -> Health:
    """Return the health of one machine up to its newest reading.

    Parameters
    ----------
    days
        How many days of it; None: all.

    Raises
    ------
    NotFound
        There is no such fleet or asset.
    LimitExceeded
        It has more readings than one request may read.
    """
    facts = site.intake.assets.fleet(fleet)
    known = site.intake.assets.named(fleet, [asset])
    if not known:
        raise NotFound(f"fleet {fleet} has no asset {asset}.")
    told = Health(fleet=fleet, asset=asset, time_kind=facts.time_kind)
    manifest = champion_manifest(site, fleet)
    model = None if manifest is None else manifest.of(asset)
    if model is None:
        return told
    version = site.registry.champion(fleet).version
    calendar = calendar_in(site, fleet)
    start = None if days is None else calendar.start(calendar.day_of(known[0].end) - days + 1)
    held = site.lake.scores(fleet)
    most = MOST_READ // len(_COLUMNS)
    if held.count([asset], start, None, most) > most:
        raise LimitExceeded(
            f"{asset} has more than {most:,} scores.", remedy="Ask for fewer days."
        )
    scores = held.read([asset], start, None, model_version=version, columns=_COLUMNS)
    width = max(ceil(LEAST * model.interval_seconds / _DAY), 1)
    points = by_days(scores, calendar, model.threshold, width)
    starts = [calendar.start(points.first + n * width) for n in range(len(points.values))]
    changed = points.changed()
    since = starts[-TREND:] if changed is None else starts[max(changed, len(starts) - TREND) :]
    trend = points.trend(len(since))
    return told.model_copy(
        update={
            "version": version,
            "threshold": model.threshold,
            "borrowed": bool(model.donors),
            "starts": tuple(starts),
            "days": width,
            "values": points.values,
            "now": _last(points),
            "trend": trend.direction,
            "per_week": _rounded(trend.per_day, 7.0, 2),
            "chance": _rounded(trend.chance, 1.0, 5),
            "trend_from": since[0] if since else None,
            "changed_from": None if changed is None else starts[changed],
            "changed_after": None
            if changed is None
            else _noted(site, fleet, asset, starts[changed], timedelta(days=width)),
            "drifted": _drifted(site, fleet, asset),
            "coverage": _coverage(known[0], model.interval_seconds),
        }
    )


def _noted(site: Site, fleet: str, asset: str, day: datetime, width: timedelta) -> str | None:
    """Return what the calendar has of a change: the last that lies within a day of it.

    What returns by a rule, such as a stop on every Saturday, is near any day and explains none.
    """
    around = day - _NEAR, day + width + _NEAR
    found = [
        (span, window.title or window.kind.value)
        for window in site.calendar.list(fleet)
        if not (window.rule or window.kind.judged) and window.asset in (None, asset)
        for span in occurrences(window, around)
    ]
    return max(found)[1] if found else None


def _drifted(site: Site, fleet: str, asset: str) -> DriftNote | None:
    """Return what the newest version found, which need not be the champion."""
    [newest] = site.registry.page(fleet, before=None, limit=1)
    notes = (note for note in newest.lineage.drifted if note.asset == asset and not note.over)
    return next(notes, None)


def _coverage(asset: Asset, interval: float) -> float | None:
    if interval <= 0:
        return None
    expected = (asset.end - asset.start).total_seconds() / interval + 1
    return round(min(asset.rows / expected, 1.0), 4)


def _last(points: Points) -> float | None:
    return next((value for value in reversed(points.values) if value is not None), None)


def _rounded(value: float | None, times: float, digits: int) -> float | None:
    return None if value is None else round(value * times, digits)
