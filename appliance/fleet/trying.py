"""Whether a young machine's own sub-model is better than the shared one that judges it now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliance.fleet.learning import Fitted, Unfit, fit_asset
from appliance.fleet.levelling import at_own_level, known_days
from appliance.fleet.probing import LEARNED, part, probed, shifted, spread_out
from appliance.fleet.series import Rows
from appliance.schemas.manifest import Trial
from appliance.schemas.recipe import Recipe
from detectors.pools import Network

YOUNG_DAYS = 28.0
"""A machine that is known for longer has its own sub-model, without a trial."""
LEAST_DAYS = 7.0
"""Nor is one tried that has not been seen through a week: days are not alike."""
MOVED = 4.0
"""Deviations that sensors are moved by, to see whether that is found."""


def is_young(rows: Rows) -> bool:
    """Whether a machine is known for so short that its own sub-model has to prove itself."""
    return known_days(rows) < YOUNG_DAYS


def try_own(
    asset: str,
    rows: Rows,
    sensors: Sequence[str],
    recipe: Recipe,
    shared: Fitted,
    network: Network | None = None,
) -> Trial:
    """Learn a machine from its first two thirds, and judge the last by that and as it is now.

    Beside its own stands the fleet's shared sub-model at the level of the same two thirds.
    The better one is that whose merit is higher (`Probe`): what it finds of what is moved,
    less what it alarms falsely.

    Raises
    ------
    Unfit, DetectorError
        Two thirds are too little to learn from, or a week has not passed.
    """
    days = known_days(rows)
    if days < LEAST_DAYS:
        raise Unfit(f"known for {days:.1f} days, its own is tried from {LEAST_DAYS:g} on")
    usable = np.ones(len(rows.times), bool) if rows.running is None else rows.running
    border = int(np.flatnonzero(usable)[int(LEARNED * usable.sum())])
    first = part(rows, slice(0, border))
    fitted = fit_asset(asset, first, sensors, recipe, network=network)
    levelled = at_own_level(shared.entry, shared.arrays, first, sensors, recipe)
    later = np.arange(len(rows.times)) >= border
    spread = dict(zip(fitted.entry.sensors, fitted.arrays["spread"], strict=True))
    moved = spread_out([name for name in sensors if spread.get(name, 0) > 0])
    changed = [shifted(rows, sensors.index(one), MOVED * spread[one], later) for one in moved]
    own, fleets = (
        probed(one, rows, changed, sensors, later, recipe) for one in (fitted, levelled)
    )
    return Trial(
        days=round(days, 2),
        moved=MOVED,
        own_alarms=round(own.alarms, 4),
        shared_alarms=round(fleets.alarms, 4),
        own_found=round(own.found, 4),
        shared_found=round(fleets.found, 4),
        better=own.merit >= fleets.merit,
    )
