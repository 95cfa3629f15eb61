"""How long one machine lasts: its health carried on to a limit, if it shows wear."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np

from appliance.pipelines.health import health
from appliance.pipelines.site import Site
from appliance.schemas.history import Health, RemainingLife
from detectors.prognostics import TimeToLimit, time_to_limit


def remaining_life(
    site: Site, fleet: str, asset: str, limit: float, days: int | None = None
) -> RemainingLife:
    """Return how long a machine lasts, from the stretches that its health's trend is made from.

    Parameters
    ----------
    limit
        Health that is taken for the end.
    days
        As for `health`: how many days of it are read; None: all.

    Raises
    ------
    NotFound
        There is no such fleet or asset.
    LimitExceeded
        It has more readings than one request may read.
    """
    known = health(site, fleet, asset, days)
    told = RemainingLife(
        fleet=fleet,
        asset=asset,
        time_kind=known.time_kind,
        version=known.version,
        trend=known.trend,
        now=known.now,
        limit=limit,
    )
    if known.trend != "falling":
        return told
    found = _carried_on(known, limit)
    last = max(at for at, value in enumerate(known.values) if value is not None)
    return told.model_copy(
        update={
            "days": _days(found.middle),
            "low": _days(found.low),
            "high": _days(found.high),
            "since": known.starts[last] + timedelta(days=known.days),
        }
    )


def _carried_on(known: Health, limit: float) -> TimeToLimit:
    since = known.trend_from
    values = np.array(
        [
            value
            for start, value in zip(known.starts, known.values, strict=True)
            if since is not None and start >= since
        ],
        np.float64,
    )
    return time_to_limit(values, np.arange(len(values)) * float(known.days), limit=limit)


def _days(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else round(value, 1)
