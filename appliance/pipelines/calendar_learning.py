"""What windows that come and go mean for learning: readings left out, and who learned there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from appliance.calendar.expand import expand
from appliance.calendar.masks import Masks, Span, Spans, clip, union, without
from appliance.pipelines.site import Site
from appliance.schemas.calendar import CalendarPreview, WindowDraft

_ASSETS_AT_ONCE = 16


def on_learning(
    site: Site, fleet: str, before: Sequence[WindowDraft], after: Sequence[WindowDraft]
) -> CalendarPreview:
    """Return a preview that tells what a change of the calendar means for learning alone.

    Parameters
    ----------
    before, after
        Windows of the calendar as it stands, and as it would be.
    """
    readings = site.lake.readings(fleet)
    span = readings.span()
    if span is None:
        return CalendarPreview(fleet=fleet)
    horizon = span[0], span[1] + timedelta(microseconds=1)
    stood, would = (
        expand(windows, fleet, horizon, labels=True).clipped(horizon)
        for windows in (before, after)
    )
    gone, back = without(would, stood), without(stood, would)
    touched = union(gone, back)
    if not touched:
        return CalendarPreview(fleet=fleet)
    return CalendarPreview(
        fleet=fleet,
        unlearned=_rows(site, fleet, gone),
        learned=_rows(site, fleet, back),
        versions=tuple(
            one.version
            for one in site.registry.versions(fleet)
            if _touches(touched, (one.lineage.data_start, one.lineage.data_end))
        ),
    )


def _rows(site: Site, fleet: str, masks: Masks) -> int:
    """Count the readings within stretches, a few assets at a time."""
    if not masks:
        return 0
    readings = site.lake.readings(fleet)
    named = [asset for asset in readings.assets() if masks.of(asset)]
    total = 0
    for first in range(0, len(named), _ASSETS_AT_ONCE):
        some = named[first : first + _ASSETS_AT_ONCE]
        low, high = _around([masks.of(asset) for asset in some])
        times = readings.read(some, low, high, columns=[]).select(
            "asset", pl.col("time").dt.epoch("us")
        )
        for (asset,), own in times.group_by("asset"):
            total += int(masks.inside(str(asset), own["time"].to_numpy()).sum())
    return total


def _around(found: Sequence[Spans]) -> Span:
    return min(spans[0][0] for spans in found), max(spans[-1][1] for spans in found)


def _touches(masks: Masks, learned: Span) -> bool:
    horizon = learned[0], learned[1] + timedelta(microseconds=1)
    return any(clip(spans, horizon) for spans in (masks.common, *masks.own.values()))
