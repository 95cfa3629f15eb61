"""Whether a young machine's own sub-model is better than the shared one that judges it now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliance.fleet.judging import AssetModel
from appliance.fleet.learning import Unfit, fit_asset
from appliance.fleet.scoring import Models
from appliance.fleet.series import MICRO, Mask, Rows
from appliance.schemas.manifest import Trial
from appliance.schemas.recipe import Recipe

YOUNG_DAYS = 28.0
"""A machine that is known for longer has its own sub-model, without a trial."""
LEAST_DAYS = 7.0
"""Nor is one tried that has not been seen through a week: days are not alike."""
MOVED = 4.0
"""Deviations that sensors are moved by, to see whether that is found."""
_LEARNED = 2 / 3
_MOST_MOVED = 6
_DAY = 86_400 * MICRO


def is_young(rows: Rows) -> bool:
    """Whether a machine is known for so short that its own sub-model has to prove itself."""
    return float(rows.times[-1] - rows.times[0]) < YOUNG_DAYS * _DAY


def try_own(
    asset: str, rows: Rows, sensors: Sequence[str], recipe: Recipe, former: Models
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
    border = int(np.flatnonzero(usable)[int(_LEARNED * usable.sum())])
    fitted = fit_asset(asset, _part(rows, slice(0, border)), sensors, recipe)
    own = AssetModel(fitted.entry, fitted.arrays, recipe)
    shared = former.get(asset)
    later = np.arange(len(rows.times)) >= border
    spread = dict(zip(fitted.entry.sensors, fitted.arrays["spread"], strict=True))
    moved = _spread_out([name for name in sensors if spread.get(name, 0) > 0])
    found: dict[str, tuple[float, float]] = {}
    for name, model, names in (
        ("own", own, fitted.entry.sensors),
        ("shared", shared, former.entry(asset).sensors),
    ):
        place = [sensors.index(one) for one in names]
        alarms = _alarms(model, rows, place, later)
        shares = [
            _alarms(model, _moved(rows, sensors.index(one), spread[one], later), place, later)
            for one in moved
        ]
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


def _part(rows: Rows, where: slice) -> Rows:
    running = None if rows.running is None else rows.running[where]
    return Rows(rows.times[where], rows.sensors[:, where], rows.context[:, where], running)


def _spread_out(names: Sequence[str]) -> list[str]:
    if len(names) <= _MOST_MOVED:
        return list(names)
    return [names[at] for at in np.linspace(0, len(names) - 1, _MOST_MOVED).astype(int)]


def _moved(rows: Rows, sensor: int, spread: float, where: Mask) -> Rows:
    values = rows.sensors.copy()
    values[sensor, where] += MOVED * spread
    return Rows(rows.times, values, rows.context, rows.running)


def _alarms(model: AssetModel, rows: Rows, place: Sequence[int], where: Mask) -> float:
    """Return the share of the judged readings that alarm."""
    own = Rows(rows.times, rows.sensors[list(place)], rows.context, rows.running)
    judged = model.judge(own, explain=False)
    known = where & np.isfinite(judged.surprise)
    return float(judged.alarm[known].mean()) if known.any() else 0.0
