"""Heat: what scores say by machine and day, kept right after every run that changes them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import polars as pl

from appliance.core.errors import TryAgain
from appliance.heat import Calendar, calendar_of, summarise
from appliance.pipelines.site import Site
from appliance.pipelines.stretches import Span

_COLUMNS = ("surprise", "alarm", "state")
_CELLS = 20_000_000
"""Scores × columns that are in memory at once."""

Days = tuple[int, int]


def renew(
    site: Site, fleet: str, version: int, spans: Mapping[str, Sequence[Span]] | None = None
) -> None:
    """Bring a version's heat up to its scores; the caller holds the fleet's lock for scoring.

    Run again after it was killed at any moment, it ends with the same.

    Parameters
    ----------
    spans
        Closed ranges whose scores changed since it was whole, by asset; None: none did.
    """
    calendar = calendar_in(site, fleet)
    if not site.heat.whole(fleet, version, calendar.timezone):
        _rebuild(site, fleet, version, calendar)
    elif spans:
        for days, assets in _days(spans, calendar).items():
            for some in _portions(site, fleet, assets, days):
                told = _told(site, fleet, version, calendar, some, days)
                site.heat.replace(fleet, version, {days: some}, told)


def ready(site: Site, fleet: str, version: int) -> bool:
    """Make a version's heat whole where it is not; False if its scores are being changed."""
    if site.heat.whole(fleet, version, calendar_in(site, fleet).timezone):
        return True
    try:
        with site.alone("score", fleet):
            renew(site, fleet, version)
    except TryAgain:
        return False
    return True


def calendar_in(site: Site, fleet: str) -> Calendar:
    """Return the days that a fleet's heat is kept by."""
    return calendar_of(site.intake.time_kind(fleet), site.settings.timezone)


def _rebuild(site: Site, fleet: str, version: int, calendar: Calendar) -> None:
    site.heat.keep(fleet, [one.version for one in site.registry.versions(fleet)])
    site.heat.forget(fleet, version)
    span = site.lake.scores(fleet).span(version)
    if span is not None:
        days = calendar.day_of(span[0]), calendar.day_of(span[1])
        assets = [one.name for one in site.intake.assets.list(fleet)]
        for some in _portions(site, fleet, assets, days):
            site.heat.add(fleet, version, _told(site, fleet, version, calendar, some, days))
    site.heat.settle(fleet, version, calendar.timezone)


def _days(spans: Mapping[str, Sequence[Span]], calendar: Calendar) -> dict[Days, list[str]]:
    """Return the days that ranges touch, each with the assets whose days they are."""
    found: dict[Days, dict[str, None]] = {}
    for asset, own in spans.items():
        for start, end in own:
            days = calendar.day_of(start), calendar.day_of(end)
            found.setdefault(days, {})[asset] = None
    return {days: list(assets) for days, assets in found.items()}


def _portions(
    site: Site, fleet: str, assets: Collection[str], days: Days
) -> Iterator[list[str]]:
    """Yield some assets after the other, as many as are read at once."""
    known = {one.name: one for one in site.intake.assets.list(fleet)}
    portion: list[str] = []
    cells = 0
    for asset in sorted(assets):
        one = known.get(asset)
        if one is not None:
            lasted = max((one.end - one.start).days, 0) + 1
            share = min((days[1] - days[0] + 1) / lasted, 1.0)
            cells += int(one.rows * share) * len(_COLUMNS)
        portion.append(asset)
        if cells > _CELLS:
            yield portion
            portion, cells = [], 0
    if portion:
        yield portion


def _told(
    site: Site,
    fleet: str,
    version: int,
    calendar: Calendar,
    assets: Sequence[str],
    days: Days,
) -> pl.DataFrame:
    scores = site.lake.scores(fleet).read(
        assets,
        calendar.start(days[0]),
        calendar.start(days[1] + 1),
        model_version=version,
        columns=_COLUMNS,
    )
    return summarise(scores, calendar)
