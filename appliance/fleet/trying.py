"""Whether a young machine's own sub-model is better than the shared one that judges it now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliance.fleet.judging import AssetModel
from appliance.fleet.learning import Unfit, fit_asset
from appliance.fleet.probing import LEARNED, alarming, part, shifted, spread_out
from appliance.fleet.scoring import Models
from appliance.fleet.series import MICRO, Rows
from appliance.schemas.manifest import Trial
from appliance.schemas.recipe import Recipe
from detectors.pools import Network

YOUNG_DAYS = 28.0
"""A machine that is known for longer has its own sub-model, without a trial."""
LEAST_DAYS = 7.0
"""Nor is one tried that has not been seen through a week: days are not alike."""
MOVED = 4.0
"""Deviations that sensors are moved by, to see whether that is found."""
_DAY = 86_400 * MICRO


def is_young(rows: Rows) -> bool:
    """Whether a machine is known for so short that its own sub-model has to prove itself."""
    return float(rows.times[-1] - rows.times[0]) < YOUNG_DAYS * _DAY


def try_own(
    asset: str,
    rows: Rows,
    sensors: Sequence[str],
    recipe: Recipe,
    former: Models,
    network: Network | None = None,
) -> Trial:
    """Learn a machine from its first two thirds, and judge the last by that and as it is now.

    Its own is better if it finds no less of what is moved, and alarms no more on what is not.

    Raises
    ------
    Unfit, DetectorError
        Two thirds are too little to learn from, or a week has not passed.
    """
    days = float(rows.times[-1] - rows.times[0]) / _DAY
    if days < LEAST_DAYS:
        raise Unfit(f"known for {days:.1f} days, its own is tried from {LEAST_DAYS:g} on")
    usable = np.ones(len(rows.times), bool) if rows.running is None else rows.running
    border = int(np.flatnonzero(usable)[int(LEARNED * usable.sum())])
    first = part(rows, slice(0, border))
    fitted = fit_asset(asset, first, sensors, recipe, network=network)
    own = AssetModel(fitted.entry, fitted.arrays, recipe)
    shared = former.get(asset)
    later = np.arange(len(rows.times)) >= border
    spread = dict(zip(fitted.entry.sensors, fitted.arrays["spread"], strict=True))
    moved = spread_out([name for name in sensors if spread.get(name, 0) > 0])
    changed = [shifted(rows, sensors.index(one), MOVED * spread[one], later) for one in moved]
    found: dict[str, tuple[float, float]] = {}
    for name, model, names in (
        ("own", own, fitted.entry.sensors),
        ("shared", shared, former.entry(asset).sensors),
    ):
        place = [sensors.index(one) for one in names]
        alarms = alarming(model, rows, place, later)
        shares = [alarming(model, one, place, later) for one in changed]
        found[name] = alarms, float(np.mean(shares)) if shares else 0.0
    (own_alarms, own_found), (shared_alarms, shared_found) = found["own"], found["shared"]
    return Trial(
        days=round(days, 2),
        moved=MOVED,
        own_alarms=round(own_alarms, 4),
        shared_alarms=round(shared_alarms, 4),
        own_found=round(own_found, 4),
        shared_found=round(shared_found, 4),
        better=own_found >= shared_found and own_alarms <= shared_alarms,
    )
