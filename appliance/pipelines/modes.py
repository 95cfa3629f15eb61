"""The operating modes of a machine, when each was on, and what events were measured beside."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from appliance.core.errors import ArtifactError, LimitExceeded, NotFound
from appliance.events.mode_words import mode_words
from appliance.fleet.modes import AssetModes, modes_of, significant
from appliance.fleet.scoring import opened
from appliance.intake.ledger import Asset
from appliance.lake import Readings
from appliance.pipelines.charts import MOST_READ
from appliance.pipelines.site import Site
from appliance.schemas.base import Language
from appliance.schemas.event import Event
from appliance.schemas.mode import (
    EventMode,
    MeasuredBand,
    Mode,
    ModeBand,
    ModesTold,
    ModeStretch,
)
from appliance.schemas.model import ModelVersion
from detectors.modes import STOPPED

MOST_STRETCHES = 500
MOST_NAMED = 5
"""Sensors of an event whose bands are told."""
_MOST_ROWS = 50_000
_AT_ONCE = 2_000_000
"""Cells that are in memory at a time while a long range is thinned."""
_INSTANT = timedelta(microseconds=1)


def modes(
    site: Site,
    fleet: str,
    asset: str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    language: Language = "en",
) -> ModesTold:
    """Return the modes that the champion knows of an asset, and when each was on.

    Parameters
    ----------
    start, end
        Half-open; the whole recording where they are None.  In a long range not every reading
        is looked at, and what lasted only for a short time is not told.

    Raises
    ------
    NotFound
        There is no such fleet or asset.
    LimitExceeded
        More would have to be read than one request may.
    """
    site.intake.assets.fleet(fleet)
    known = site.intake.assets.named(fleet, [asset])
    if not known:
        raise NotFound(f"fleet {fleet} has no asset {asset}.")
    kind = site.intake.time_kind(fleet)
    try:
        champion = site.registry.champion(fleet)
    except NotFound:
        return ModesTold(fleet=fleet, asset=asset, time_kind=kind, version=None)
    told = ModesTold(fleet=fleet, asset=asset, time_kind=kind, version=champion.version)
    own = _modes_of(champion, asset)
    if own is None:
        return told
    units = {sensor.name: sensor.unit for sensor in site.intake.sensors(fleet)}
    told = told.model_copy(
        update={"modes": tuple(_mode(own, mode, units, language) for mode in own.numbers)}
    )
    within = _within(known[0], start, end)
    return told if within is None else _with_stretches(site, told, own, within)


def _modes_of(version: ModelVersion, asset: str) -> AssetModes | None:
    return modes_of(opened(version.path, version.digest).artifact, asset)


def _within(
    asset: Asset, start: datetime | None, end: datetime | None
) -> tuple[datetime, datetime] | None:
    """Return the half-open part of a range in which the asset has readings."""
    first, last = (moment.astimezone(UTC) for moment in (asset.start, asset.end + _INSTANT))
    low = first if start is None else max(start.astimezone(UTC), first)
    high = last if end is None else min(end.astimezone(UTC), last)
    return (low, high) if low < high else None


def _mode(own: AssetModes, mode: int, units: Mapping[str, str], language: Language) -> Mode:
    traits = own.traits(mode)
    return Mode(
        mode=mode,
        words=mode_words(traits, language, stopped=mode == STOPPED, units=units),
        by=traits,
        share=round(float(own.modes.share[mode]), 4),
        bands=tuple(_bands(own, mode, own.names, units)),
    )


def _bands(
    own: AssetModes, mode: int, names: Sequence[str], units: Mapping[str, str]
) -> list[ModeBand]:
    found = []
    for name in names:
        low, middle, high = own.modes.bands[mode, :, own.names.index(name)].tolist()
        if np.isfinite(middle):
            found.append(
                ModeBand(
                    sensor=name,
                    unit=units.get(name, ""),
                    low=significant(low),
                    middle=significant(middle),
                    high=significant(high),
                )
            )
    return found


def _with_stretches(
    site: Site, told: ModesTold, own: AssetModes, within: tuple[datetime, datetime]
) -> ModesTold:
    held = site.lake.readings(told.fleet)
    frame, step = _thinned(held, told.asset, within, own.telling)
    spells, shortest = own.spells(frame, step, MOST_STRETCHES)
    return told.model_copy(
        update={
            "start": within[0],
            "end": within[1],
            "stretches": tuple(
                ModeStretch(mode=one.mode, start=one.start, end=one.end) for one in spells
            ),
            "shortest_seconds": shortest,
        }
    )


def _thinned(
    held: Readings, asset: str, within: tuple[datetime, datetime], names: Sequence[str]
) -> tuple[pl.DataFrame, int]:
    """Return every so many rows of an asset, evenly; and how many."""
    start, end = within
    present = [name for name in names if name in held.columns()]
    rows = held.count([asset], start, end, MOST_READ // max(len(present), 1))
    if rows * len(present) > MOST_READ:
        raise LimitExceeded(
            f"{rows:,} readings are more than one request may look through.",
            remedy="Ask for a shorter time.",
        )
    step = max(-(-rows // _MOST_ROWS), 1)
    parts = max(-(-rows * max(len(present), 1) // _AT_ONCE), 1)
    edges = [start + (end - start) * part / parts for part in range(parts)] + [end]
    found, seen = [], 0
    for low, high in itertools.pairwise(edges):
        frame = held.read([asset], low, high, present)
        found.append(frame.gather_every(step, offset=-seen % step))
        seen += frame.height
    return pl.concat(found), step


# ---------------------------------------------------------------- events
def mode_of(
    site: Site, event: Event, version: ModelVersion | None, language: Language
) -> EventMode | None:
    """Return the mode in which an event happened, and what is normal in it.

    None where the version that showed the event knows no modes of its asset, or the readings
    do not tell.
    """
    try:
        own = None if version is None else _modes_of(version, event.asset)
    except ArtifactError:  # the page of the fleet's models says so
        return None
    held = site.lake.readings(event.fleet)
    if own is None or not held.exists():
        return None
    named = [one.name for one in event.sensors if one.name in own.names][:MOST_NAMED]
    around = timedelta(seconds=own.modes.dwell * own.interval_seconds)
    within = event.start - around, event.end + around + _INSTANT
    frame, step = _thinned(
        held, event.asset, within, list(dict.fromkeys((*own.telling, *named)))
    )
    if not frame.height:
        return None
    inside = frame["time"].is_between(event.start, event.end).to_numpy()
    told = own.by_row(frame, step)[inside]
    counts = np.bincount(told[told >= STOPPED], minlength=1 + own.modes.count)
    if not counts.any():
        return None
    mode = int(counts.argmax())
    traits = own.traits(mode)
    units = {sensor.name: sensor.unit for sensor in site.intake.sensors(event.fleet)}
    measured = _medians(frame.filter(pl.Series(inside)), named)
    return EventMode(
        mode=mode,
        words=mode_words(traits, language, stopped=mode == STOPPED, units=units),
        share=round(float(counts[mode] / len(told)), 4),
        by=traits,
        only=own.numbers == [mode],
        sensors=tuple(
            MeasuredBand(**dict(band), measured=measured.get(band.sensor))
            for band in _bands(own, mode, named, units)
        ),
    )


def _medians(frame: pl.DataFrame, names: Sequence[str]) -> dict[str, float]:
    """Return the medians of columns that have values."""
    present = [name for name in names if name in frame.columns]
    middles = frame.select(pl.col(present).cast(pl.Float64).fill_nan(None).median())
    return {
        name: significant(middles[name][0]) for name in present if middles[name][0] is not None
    }
