"""From scores to events that name sensors and say which way they went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np
import polars as pl

from appliance.calendar.masks import Masks
from appliance.events.detect import fault_events, find_events
from appliance.fleet.chunks import assets_of
from appliance.fleet.judgements import SensorFault
from appliance.fleet.scoring import Models, fault_frame
from appliance.schemas.event import EventDraft, EventKind

_CLEARLY = 0.5


def drafts_of(
    models: Models, scores: pl.DataFrame, masks: Masks | None = None
) -> list[EventDraft]:
    """Find the events in a score frame.

    Parameters
    ----------
    scores
        The columns of `schemas.score.FIXED` and shares named by `share_column`; each asset's
        rows together in time order.
    masks
        Stretches that the calendar takes out: no event goes on over one.

    Returns
    -------
    list of EventDraft
        By asset and time.
    """
    found: list[EventDraft] = []
    for (asset,), frame in scores.group_by("asset", maintain_order=True):
        entry = models.manifest.of(str(asset))
        if entry is not None:
            found += find_events(
                frame,
                entry.threshold,
                models.manifest.recipe.threshold,
                entry.interval_seconds,
                entry.sensors,
                masks.of(str(asset)) if masks else (),
            )
    return found


def sensor_faults(models: Models, frame: pl.DataFrame) -> pl.DataFrame:
    """Find sensor faults in readings without scoring them; columns of `scoring.FAULTS`."""
    faults: list[tuple[str, SensorFault]] = []
    for found in assets_of(frame, models.columns):
        if models.manifest.of(found.asset) is not None:
            model = models.get(found.asset)
            rows = models.rows_for(found.asset, found.rows)
            faults += [(found.asset, fault) for fault in model.faults(rows)]
    return fault_frame(faults)


def fault_drafts(
    faults: pl.DataFrame, data_end: Mapping[str, datetime] | None = None
) -> list[EventDraft]:
    """Return sensor faults as events; one that reaches its asset's `data_end` still stands."""
    events: list[EventDraft] = fault_events(faults, data_end)
    return events


def with_directions(
    models: Models,
    readings: pl.DataFrame,
    drafts: Sequence[EventDraft],
    masks: Masks | None = None,
) -> list[EventDraft]:
    """Say for each sensor of an anomaly whether it was above or below normal.

    Parameters
    ----------
    readings
        Asset, time, sensors and context, at least of the events' own stretches and what lies
        before them as far as `Models.warm_up` tells.
    masks
        Stretches that the calendar takes out.
    """
    by_asset: dict[str, list[int]] = {}
    for number, draft in enumerate(drafts):
        if draft.kind is EventKind.ANOMALY and models.manifest.of(draft.asset):
            by_asset.setdefault(draft.asset, []).append(number)
    out = list(drafts)
    wanted = readings.filter(pl.col("asset").is_in(list(by_asset)))
    for found in assets_of(wanted, models.columns, masks):
        names = models.entry(found.asset).sensors
        rows = models.rows_for(found.asset, found.rows)
        signs = models.get(found.asset).directions(rows)
        times = rows.times
        for number in by_asset[found.asset]:
            draft = out[number]
            low, high = np.searchsorted(times, list(_micro(draft)))
            inside = signs[:, low : min(high + 1, len(times))]
            means = dict(zip(names, _mean(inside), strict=True))
            sensors = tuple(
                share.model_copy(update={"direction": _sign(means.get(share.name, 0.0))})
                for share in draft.sensors
            )
            out[number] = draft.model_copy(update={"sensors": sensors})
    return out


def _micro(draft: EventDraft) -> Iterator[int]:
    for moment in (draft.start, draft.end):
        yield round(moment.timestamp() * 1_000_000)


def _mean(signs: np.ndarray[tuple[int, ...], np.dtype[np.int8]]) -> list[float]:
    if not signs.shape[1]:
        return [0.0] * len(signs)
    return [float(value) for value in signs.mean(axis=1)]


def _sign(mean: float) -> int:
    return int(np.sign(mean)) if abs(mean) >= _CLEARLY else 0
