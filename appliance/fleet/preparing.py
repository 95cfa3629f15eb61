"""From an asset's rows to what a detector learns: cleaned, explained, in pieces, filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.cleaning import StuckLimits, clean
from appliance.fleet.conditioning import Conditioner, learn
from appliance.fleet.filling import Filler
from appliance.fleet.series import (
    MICRO,
    Floats,
    Ints,
    Mask,
    Rows,
    Series,
    pieces,
    sampling_interval,
)
from appliance.schemas.recipe import Recipe
from detectors.tags import Tags

_FEWEST_ALIVE = 0.5
_SHORTEST_PIECE = 8


class Unfit(Exception):
    """An asset cannot be modelled; the text says why, for a person."""


@dataclass(frozen=True)
class Taken:
    """What of an asset's rows can be learned from at all.

    Attributes
    ----------
    values
        Of the sensors that are used, one row each.
    used, left_out
        Numbers of those sensors, and why others are left out.
    stuck
        From where on one of them counts as frozen.
    alive
        Cells in which enough sensors have a value.
    """

    series: Series
    values: Floats
    used: Ints
    left_out: dict[str, str]
    stuck: StuckLimits
    alive: Mask


@dataclass(frozen=True)
class Ready:
    """What a detector learns.

    Attributes
    ----------
    training
        One row a sensor, without gaps where the detector takes none.
    borders
        Where in it a new piece begins.
    cells
        Number of each of its columns in the series.
    values
        Of the whole series, without what context explains.
    """

    training: Floats
    borders: Ints
    cells: Ints
    values: Floats
    conditioner: Conditioner | None
    explained: NDArray[np.float64]
    filler: Filler | None


def taken(rows: Rows, sensors: Sequence[str], recipe: Recipe) -> Taken:
    """Clean an asset's rows and choose its sensors.

    Raises
    ------
    Unfit
        There is nothing to learn from.
    """
    interval = _interval(rows, recipe)
    series, _, stuck = clean(rows, interval, recipe.cleaning, sensors)
    used, left_out = _usable(series.sensors, sensors)
    values = series.sensors if len(used) == len(sensors) else series.sensors[used]
    limits = StuckLimits(stuck.plain[used], stuck.busy[used], stuck.busy_changes)
    alive = np.ones(series.cells, bool)
    if np.isnan(np.add.reduce(values, axis=None)):
        alive = 1 - np.isnan(values).mean(axis=0) >= max(recipe.minimum_coverage, 1e-9)
    return Taken(series, values, used, left_out, limits, alive)


def prepare(series: Series, values: Floats, normal: Mask, recipe: Recipe, tags: Tags) -> Ready:
    """Take out of a series what context explains, and cut it into pieces without gaps.

    Parameters
    ----------
    normal
        Cells to learn from.
    tags
        Of the detector.

    Raises
    ------
    Unfit
        Too little is left.
    """
    conditioner, explained = learn(
        values, series.context, series.bounds, recipe.conditioning, normal, series.course
    )
    if conditioner is not None:
        normal = normal & ~conditioner.unseen(series.context)
        left = conditioner.left(values, series, recipe.cleaning.fill_rows)
        values = left.astype(values.dtype, copy=False)
    parts = pieces(series.bounds, ~normal, recipe.cleaning.fill_rows)
    if tags.ordered:
        parts = [p for p in parts if p.stop - p.start >= _SHORTEST_PIECE] or parts
    whole = len(parts) == 1 and parts[0] == (0, series.cells)
    cells = (
        np.arange(series.cells)
        if whole
        else np.concatenate([np.arange(0), *[np.arange(*part) for part in parts]])
    )
    if len(cells) < recipe.minimum_rows:
        raise Unfit(
            f"{_count(len(cells), 'clean row')} to learn from, {recipe.minimum_rows} needed"
        )
    training = values if whole else values[:, cells]
    filler = None
    if not tags.handles_missing:
        filler = Filler.learn(training)
        training = filler.fill(training)
    borders = np.cumsum([part.stop - part.start for part in parts])[:-1]
    return Ready(training, borders, cells, values, conditioner, explained, filler)


def _interval(rows: Rows, recipe: Recipe) -> int:
    if recipe.cleaning.interval_seconds is not None:
        return round(recipe.cleaning.interval_seconds * MICRO)
    times = rows.times if rows.running is None else rows.times[rows.running]
    if not len(times):
        raise Unfit("it never ran in the training data")
    interval = sampling_interval(times)
    if interval == 0:
        raise Unfit(f"only {_count(len(times), 'row')} at one moment: nothing to learn from")
    return interval


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _usable(values: Floats, sensors: Sequence[str]) -> tuple[Ints, dict[str, str]]:
    """Return the sensors to learn and why the others are left out."""
    if values.shape[1] == 0:
        raise Unfit("no usable row")
    low, high = values.min(axis=1), values.max(axis=1)
    if not np.isnan(low).any():
        if (low == high).all():
            raise Unfit("every sensor is constant: nothing to learn from")
        return np.arange(len(values)), {}
    gone = np.isnan(values)
    share = gone.mean(axis=1)
    left_out = {
        sensors[i]: "no value in training"
        if share[i] == 1
        else f"no value in {share[i]:.0%} of training"
        for i in map(int, np.flatnonzero(share > 1 - _FEWEST_ALIVE))
    }
    used = np.flatnonzero(share <= 1 - _FEWEST_ALIVE)
    if not len(used):
        raise Unfit("no sensor has a value in at least half of the rows")
    known = np.where(gone[used], np.inf, values[used]).min(axis=1)
    if (known == np.where(gone[used], -np.inf, values[used]).max(axis=1)).all():
        raise Unfit("every sensor is constant: nothing to learn from")
    return used, left_out
