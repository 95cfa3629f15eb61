"""Whether machines have drifted from what was normal months before, day by day.

Of each sensor, freed from what its contexts explain, a day gives its middle and its width (of
the inner four fifths).  The days of an agreed time say what is normal, and
`detectors.prognostics.drift` whether the later ones went away from it little by little.  What
most machines of the fleet did alike is no drift of one of them: weather, a raw material,
another load of the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from appliance.calendar.masks import Masks
from appliance.engine.base import Engine
from appliance.fleet.chunks import AssetRows, Chunk, Columns, assets_of
from appliance.fleet.cleaning import StuckLimits, clean
from appliance.fleet.conditioning import Conditioner, learn
from appliance.fleet.outcome import value_of
from appliance.fleet.past import MOST_CELLS, Around, Past, past_of
from appliance.fleet.series import MICRO, Mask, Rows, Series, moment, sampling_interval
from appliance.schemas.model import DriftedSensor, DriftNote
from appliance.schemas.recipe import Recipe
from detectors.prognostics import drift
from detectors.prognostics.drift import FEWEST_SINCE

__all__ = [
    "FEWEST_SINCE",
    "LEAST_NORMAL",
    "Moved",
    "Normal",
    "drifts_of",
    "find_drifts",
    "moved_of",
]
Normal = tuple[datetime, datetime]
_DAY = 86_400 * MICRO
_PARTS = (0.1, 0.5, 0.9)
_DEVIATIONS = 2.563
"""Deviations of a normal distribution between its tenth and ninetieth part."""
_FEWEST = 12
"""Cells without which a day says nothing."""
_LEAST = 1.0
"""Deviations within a day that a sensor may move by without mattering."""
LEAST_NORMAL = 14
"""Days that tell what is normal, at least."""
_RECENT = 7
_FEWEST_OTHERS = 3


@dataclass(frozen=True)
class Moved:
    """Where one figure of one sensor is now.

    Attributes
    ----------
    sensor, wider
        Its name; its width, not its middle.
    far
        Median of the last days less that of the normal ones, in deviations within a day.
    unit
        A deviation within a day, in the sensor's unit.
    limit
        What it had to exceed to have drifted, in deviations.
    since, until
        First day of a drift and the end of the last, microseconds; None without a drift.
    per_day
        Its pace, in deviations.
    """

    sensor: str
    wider: bool
    far: float
    unit: float
    limit: float = 0.0
    since: int | None = None
    until: int | None = None
    per_day: float = 0.0


@dataclass(frozen=True)
class _Task:
    chunk: Chunk
    columns: Columns
    recipe: Recipe
    normal: Mapping[str, Normal]
    masks: Masks
    most_cells: int


def find_drifts(
    chunks: Sequence[Chunk],
    recipe: Recipe,
    columns: Columns,
    normal: Mapping[str, Normal],
    engine: Engine,
    masks: Masks | None = None,
    *,
    most_cells: int = MOST_CELLS,
) -> list[DriftNote]:
    """Return the machines of a fleet that have drifted.

    Parameters
    ----------
    chunks
        Whole assets each, from the beginning of what is normal to the newest reading.
    normal
        By asset, the half-open time that tells what is normal; others are not looked at.
    masks
        Stretches that are not looked at.
    most_cells
        Readings × columns of one machine that are held at once.

    Raises
    ------
    StorageError, EngineError
        Data could not be read, or a worker not be kept alive.
    """
    tasks = [
        _Task(chunk, columns, recipe, normal, masks or Masks(), most_cells) for chunk in chunks
    ]
    moved: dict[str, list[Moved]] = {}
    for outcome in engine.map(_of_chunk, tasks):
        part: dict[str, list[Moved]] = value_of(outcome)
        moved |= part
    return drifts_of(moved)


def drifts_of(moved: Mapping[str, Sequence[Moved]]) -> list[DriftNote]:
    """Return the drifts that a fleet's machines do not have in common; pure."""
    by_figure: dict[tuple[str, bool], dict[str, float]] = {}
    for asset, figures in moved.items():
        for one in figures:
            by_figure.setdefault((one.sensor, one.wider), {})[asset] = one.far
    found = []
    for asset, figures in sorted(moved.items()):
        own = [
            one
            for one in figures
            if one.since is not None and _its_own(one, asset, by_figure[one.sensor, one.wider])
        ]
        if own:
            found.append(_note(asset, own))
    return found


def _its_own(one: Moved, asset: str, fleet: Mapping[str, float]) -> bool:
    others = [far for name, far in fleet.items() if name != asset]
    if len(others) < _FEWEST_OTHERS:
        return True
    beyond = one.far - float(np.median(others))
    return beyond * one.far > 0 and abs(beyond) > one.limit


def _note(asset: str, own: Sequence[Moved]) -> DriftNote:
    sensors = [
        DriftedSensor(
            name=one.sensor,
            wider=one.wider,
            moved=_rounded(one.far * one.unit),
            per_week=_rounded(7 * one.per_day * one.unit),
            deviations=round(one.far, 2),
        )
        for one in sorted(own, key=lambda one: -abs(one.far))
    ]
    return DriftNote(
        asset=asset,
        since=moment(min(one.since for one in own if one.since is not None)),
        until=moment(max(one.until for one in own if one.until is not None)),
        sensors=tuple(sensors),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


# ---------------------------------------------------------------- one machine
def _of_chunk(task: _Task) -> dict[str, list[Moved]]:
    past = past_of(task.chunk, task.columns, task.most_cells)
    if past is not None:
        return {past.asset: _moved_in_past(task, past)} if past.asset in task.normal else {}
    frame = task.chunk.read(task.columns.names)
    return {
        found.asset: moved_of(
            found, task.columns.sensors, task.recipe, task.normal[found.asset]
        )
        for found in assets_of(frame, task.columns, task.masks)
        if found.asset in task.normal
    }


def moved_of(
    found: AssetRows, sensors: Sequence[str], recipe: Recipe, normal: Normal
) -> list[Moved]:
    """Return where each sensor of one machine is, beside what was normal."""
    looked = _looked_at(found.rows, sensors, recipe)
    if looked is None:
        return []
    view, series = looked
    return _figures(view.days(series), sensors, normal)


def _moved_in_past(task: _Task, past: Past) -> list[Moved]:
    """Return the same of a past that is too long to be held at once."""
    sensors, masks = task.columns.sensors, task.masks
    looked = _looked_at(past.sample(task.columns, masks).rows, sensors, task.recipe)
    if looked is None:
        return []
    view, _ = looked
    days: dict[int, NDArray[np.float64]] = {}
    for found, inside, _ in past.pieces(past.days, task.columns, masks, view.around):
        own = {int(day) for day in found.rows.times[inside] // _DAY}
        seen = view.days(view.cleaned(found.rows))
        days |= {day: parts for day, parts in seen.items() if day in own}
    return _figures(days, sensors, task.normal[past.asset])


@dataclass(frozen=True)
class _View:
    """How one machine's rows are looked at: freed from what its contexts explain."""

    sensors: Sequence[str]
    recipe: Recipe
    interval: int
    stuck: StuckLimits
    conditioner: Conditioner | None

    @property
    def around(self) -> Around:
        """Time around rows that what is seen of them depends on."""
        checks = self.stuck.longest + self.recipe.cleaning.fill_rows + 1
        lags = 0 if self.conditioner is None else self.conditioner.warm_cells
        step = timedelta(microseconds=self.interval)
        return Around(max(checks, lags) * step, checks * step)

    def cleaned(self, rows: Rows) -> Series:
        """Return other rows of the machine as a series."""
        cleaning = self.recipe.cleaning
        return clean(rows, self.interval, cleaning, self.sensors, self.stuck)[0]

    def days(self, series: Series) -> dict[int, NDArray[np.float64]]:
        """Return by day the figures of each sensor, (n_sensors, parts); NaN of too few."""
        usable, values = np.ones(series.cells, bool), series.sensors
        if self.conditioner is not None:
            usable &= ~self.conditioner.unseen(series.context)
            values = self.conditioner.left(values, series, self.recipe.cleaning.fill_rows)
        return _by_days(series, values, usable)


def _looked_at(
    rows: Rows, sensors: Sequence[str], recipe: Recipe
) -> tuple[_View, Series] | None:
    """Learn from rows how they are looked at; None where there are too few."""
    times = rows.times if rows.running is None else rows.times[rows.running]
    interval = sampling_interval(times) if len(times) > 1 else 0
    if not interval:
        return None
    series, _, stuck = clean(rows, interval, recipe.cleaning, sensors)
    conditioner, _ = learn(
        series.sensors,
        series.context,
        series.bounds,
        recipe.conditioning,
        np.ones(series.cells, bool),
        series.course,
    )
    return _View(sensors, recipe, interval, stuck, conditioner), series


def _by_days(
    series: Series, values: NDArray[np.floating], usable: Mask
) -> dict[int, NDArray[np.float64]]:
    days = series.times() // _DAY
    found = {}
    edges = np.flatnonzero(np.diff(days, prepend=-1))
    for start, stop in zip(edges, [*edges[1:], series.cells], strict=True):
        inside = values[:, start:stop][:, usable[start:stop]]
        known = (~np.isnan(inside)).sum(axis=1) >= _FEWEST
        parts = found[int(days[start])] = np.full((len(values), len(_PARTS)), np.nan)
        if known.any():
            parts[known] = np.nanquantile(inside[known], _PARTS, axis=1).T
    return found


def _figures(
    days: Mapping[int, NDArray[np.float64]], sensors: Sequence[str], normal: Normal
) -> list[Moved]:
    """Return where each sensor is by what the days show."""
    if not days:
        return []
    first = min(days)
    figures = np.full((len(sensors), len(_PARTS), max(days) - first + 1), np.nan)
    for day, parts in days.items():
        figures[:, :, day - first] = parts
    low, high = (round(at.timestamp() * MICRO) // _DAY - first for at in normal)
    start = max(low, 0)
    # Where retention took the normal days, the oldest that are left must serve.
    high = max(high, start + LEAST_NORMAL)
    return [
        one
        for name, own in zip(sensors, figures, strict=True)
        for one in _moved(name, own[:, start:], high - start, first + start)
    ]


def _moved(name: str, parts: NDArray[np.float64], normal: int, first: int) -> list[Moved]:
    middle, width = parts[1], (parts[2] - parts[0]) / _DEVIATIONS
    known = np.isfinite(width[: max(normal, 0)])
    if not known.any():
        return []
    unit = float(np.median(width[:normal][known]))
    if not unit > 0:
        return []
    return [
        _figure(name, values / unit, normal, first, unit, wider=wider)
        for values, wider in ((middle, False), (width, True))
    ]


def _figure(
    name: str, values: NDArray[np.float64], normal: int, first: int, unit: float, *, wider: bool
) -> Moved:
    known = np.flatnonzero(np.isfinite(values))
    far = float(np.median(values[known[-_RECENT:]]) - np.nanmedian(values[:normal]))
    found = drift(values, normal, _LEAST)
    if found is None:
        return Moved(name, wider, far, unit)
    return Moved(
        name,
        wider,
        far,
        unit,
        found.limit,
        since=(first + found.since) * _DAY,
        until=(first + int(known[-1]) + 1) * _DAY,
        per_day=found.per_step,
    )
