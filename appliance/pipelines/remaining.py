"""How long one machine lasts: by machines that failed, else by its health carried on.

What was learned of machines that failed answers where it can.  Where it gives no figure (it
sees no wear, or cannot judge this machine) a health that falls is carried on all the same: a
machine may wear otherwise than those before it did.  Without a sign of wear by either there is
no figure.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np

from appliance.pipelines.charts import MOST_READ
from appliance.pipelines.health import health
from appliance.pipelines.life_models import learned_from, life_model
from appliance.pipelines.life_readings import LifeReadings
from appliance.pipelines.lives import DAY_HOURS, begins_late, lives_of
from appliance.pipelines.site import Site
from appliance.schemas.history import Health, RemainingLife
from detectors.prognostics import TimeToLimit, time_to_limit

_DIGITS = 2
"""Of days: a life may be counted in hours, or in cycles of which a day has 24."""
_WEAR: dict[str, bool | None] = {"falling": True, "steady": False, "rising": False}


def remaining_life(
    site: Site, fleet: str, asset: str, limit: float, days: int | None = None
) -> RemainingLife:
    """Return how long a machine lasts, and by what that is told.

    Parameters
    ----------
    limit
        Health that is taken for the end, where health is carried on.
    days
        As for `health`: how many days of it are read; None: all.

    Raises
    ------
    NotFound
        There is no such fleet or asset.
    LimitExceeded
        It has more readings than one request may read.
    ArtifactError
        What was learned of the fleet's lives was damaged.
    """
    known = health(site, fleet, asset, days)
    told = RemainingLife(
        fleet=fleet,
        asset=asset,
        time_kind=known.time_kind,
        version=known.version,
        wear=_WEAR.get(known.trend),
        trend=known.trend,
        now=known.now,
        limit=limit,
    )
    found = _by_lives(site, fleet, asset)
    if found is not None and (found["wear"] or known.trend != "falling"):
        return told.model_copy(update=found)
    if known.trend != "falling":
        return told
    carried = _carried_on(known, limit)
    last = max(at for at, value in enumerate(known.values) if value is not None)
    return told.model_copy(
        update={
            "days": _days(carried.middle),
            "low": _days(carried.low),
            "high": _days(carried.high),
            "since": known.starts[last] + timedelta(days=known.days),
        }
    )


# ---------------------------------------------------------------- by machines that failed
def _by_lives(site: Site, fleet: str, asset: str) -> dict[str, Any] | None:
    """Return what the fleet's lives say of a machine; None where they cannot say anything.

    They cannot where its recording does not reach back to its beginning, where it has too few
    readings, and where it is older than every machine that was learned from.
    """
    model = life_model(site, fleet)
    life = next((one for one in lives_of(site, fleet, asset) if not one.failed), None)
    if model is None or life is None:
        return None
    facts = learned_from(model)
    if facts.from_repair and life.number == 1:
        return None
    readings = LifeReadings(site, fleet, asset)
    rows = readings.of(life, round(facts.every_seconds * 1e6), MOST_READ)
    oldest = facts.longest_days * DAY_HOURS / model.interval
    if not model.fewest <= rows.height <= oldest + 0.5 or begins_late(life, rows):
        return None
    row = model.left(rows).row(0, named=True)
    # As far off as can be seen: nothing tells it from a new machine.
    new = row["rul"] is None or row["rul"] >= model.cap - model.step
    told: dict[str, Any] = {
        "wear": not new,
        "method": "lives",
        "lives": facts.lives,
        "coverage": facts.coverage,
    }
    if new:
        return told
    known = {"days": row["rul"], "low": row["low"]}
    if row["high"] < model.cap:  # else that, or more
        known["high"] = row["high"]
    in_days = {name: round(hours / DAY_HOURS, _DIGITS) for name, hours in known.items()}
    return {**told, **in_days, "since": rows["time"][-1]}


# ---------------------------------------------------------------- by health
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
