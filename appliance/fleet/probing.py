"""What a sub-model is worth without labels: what it finds of faults that are put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliance.fleet.judging import AssetModel
from appliance.fleet.learning import Fitted, fit_asset
from appliance.fleet.series import Mask, Rows
from appliance.schemas.recipe import Recipe

LEARNED = 2 / 3
"""Of the rows; the rest, which was not learned, is judged."""
SIZES = (0.5, 1.0, 2.0)
"""Deviations that sensors are moved by."""
PENALTY = 5.0
"""Merit that each false alarm's share costs: one in a hundred readings costs five in a hundred
found."""
_MOST_SENSORS = 3
_MOST_ROWS = 12_000


@dataclass(frozen=True)
class Probe:
    """What a recipe is worth on one machine.

    Attributes
    ----------
    found
        Share of the readings with a fault that alarm, the mean over sensors and kinds.
    alarms
        Share of the readings as they were that alarm: falsely, if the machine is well.
    """

    found: float
    alarms: float

    @property
    def merit(self) -> float:
        """What is found, less what is alarmed falsely."""
        return self.found - PENALTY * self.alarms


def probe(asset: str, rows: Rows, sensors: Sequence[str], recipe: Recipe) -> Probe:
    """Learn a machine's first two thirds, and judge the last as it is and with faults put in.

    Each of a few sensors is moved by `SIZES`, and once set out of step: its own readings, of
    another time, which are usual by themselves but not beside the other sensors or in time.

    Raises
    ------
    Unfit, DetectorError
        Two thirds are too little to learn from.
    """
    rows = part(rows, slice(-_MOST_ROWS, None))
    usable = np.ones(len(rows.times), bool) if rows.running is None else rows.running
    border = int(np.flatnonzero(usable)[int(LEARNED * usable.sum())]) if usable.any() else 0
    fitted = fit_asset(asset, part(rows, slice(0, border)), sensors, recipe)
    later = np.arange(len(rows.times)) >= border
    spread = dict(zip(fitted.entry.sensors, fitted.arrays["spread"], strict=True))
    changed: list[Rows] = []
    for name in spread_out([one for one in spread if spread[one] > 0], _MOST_SENSORS):
        number = sensors.index(name)
        changed += [shifted(rows, number, size * spread[name], later) for size in SIZES]
        changed.append(out_of_step(rows, number, later))
    return probed(fitted, rows, changed, sensors, later, recipe)


def probed(
    fitted: Fitted,
    rows: Rows,
    changed: Sequence[Rows],
    sensors: Sequence[str],
    where: Mask,
    recipe: Recipe,
) -> Probe:
    """Judge some of the rows by a sub-model, as they are and with faults put in."""
    model = AssetModel(fitted.entry, fitted.arrays, recipe)
    place = [sensors.index(name) for name in fitted.entry.sensors]
    found = [alarming(model, one, place, where) for one in changed]
    return Probe(float(np.mean(found)) if found else 0.0, alarming(model, rows, place, where))


def out_of_step(rows: Rows, sensor: int, where: Mask) -> Rows:
    """Return rows with one sensor's own readings of another time, there."""
    values = rows.sensors.copy()
    own = values[sensor, where]
    values[sensor, where] = np.roll(own, len(own) * 2 // 5)
    return rows.of(values)


def part(rows: Rows, where: slice) -> Rows:
    """Return some of an asset's rows."""
    return Rows(
        rows.times[where],
        rows.sensors[:, where],
        rows.context[:, where],
        None if rows.running is None else rows.running[where],
        None if rows.stopped is None else rows.stopped[where],
    )


def spread_out(names: Sequence[str], most: int = 6) -> list[str]:
    """Return at most so many of some sensors, from the first to the last."""
    if len(names) <= most:
        return list(names)
    return [names[at] for at in np.linspace(0, len(names) - 1, most).astype(int)]


def shifted(rows: Rows, sensor: int, by: float, where: Mask) -> Rows:
    """Return rows with one sensor moved, there."""
    values = rows.sensors.copy()
    values[sensor, where] += by
    return rows.of(values)


def alarming(model: AssetModel, rows: Rows, place: Sequence[int], where: Mask) -> float:
    """Return the share of the judged readings that alarm."""
    own = rows.of(rows.sensors[list(place)])
    judged = model.judge(own, explain=False)
    known = where & np.isfinite(judged.surprise)
    return float(judged.alarm[known].mean()) if known.any() else 0.0
