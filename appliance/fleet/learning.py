"""Training one asset: clean, condition, detect, calibrate, set the alarm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.artifact import Arrays
from appliance.fleet.calibration import Calibration, suspicious_of
from appliance.fleet.cleaning import StuckLimits, clean
from appliance.fleet.conditioning import Conditioner, learn
from appliance.fleet.filling import Filler
from appliance.fleet.levels import learn_levels
from appliance.fleet.live import LiveCalibration
from appliance.fleet.recipe import make_averages, make_detector
from appliance.fleet.series import (
    MICRO,
    Floats,
    Ints,
    Mask,
    Rows,
    Series,
    moment,
    pieces,
    sampling_interval,
)
from appliance.fleet.vouching import stay_silent
from appliance.schemas.choice import Choice
from appliance.schemas.manifest import AssetManifest, BudgetNote, Stretch
from appliance.schemas.recipe import Recipe
from detectors import persistence
from detectors.base import Detector

_MONTH_SECONDS = 30 * 86_400
_FEWEST_ALIVE = 0.5
_SHORTEST_PIECE = 8
_SAMPLE = 1_000
_NORMAL_MAD = 1.4826
_FEWEST_CALIBRATED = 0.5


Stretches: TypeAlias = list[tuple[int, int]]


class Unfit(Exception):
    """An asset cannot be modelled; the text says why, for a person."""


@dataclass(frozen=True)
class Fitted:
    """One asset's model as arrays and a manifest entry that lacks only its place."""

    arrays: Arrays
    entry: AssetManifest


@dataclass(frozen=True)
class _Learned:
    """What one round of learning gives."""

    conditioner: Conditioner | None
    explained: NDArray[np.float64]
    values: Floats
    cells: Ints
    filler: Filler | None
    detector: Detector
    scores: NDArray[np.float64]
    averages: Detector | None
    lasting: NDArray[np.float64] | None
    live: NDArray[np.float64] | None
    choices: dict[str, Any]

    def among(self, cells: Mask | None) -> Mask | None:
        """Return by row learned from whether its cell is one of these."""
        return None if cells is None else cells[self.cells]


def fit_asset(
    asset: str, rows: Rows, sensors: Sequence[str], recipe: Recipe, vouched: Mask | None = None
) -> Fitted:
    """Learn one asset.

    Parameters
    ----------
    asset
        Its name; with the recipe's seed it decides everything random.
    rows
        Its readings, one row of ``rows.sensors`` a sensor.
    sensors
        Names of the sensors.
    vouched
        Rows that a person called normal: learned from, however unusual they are.

    Raises
    ------
    Unfit
        There is too little to learn from.
    DetectorError
        The detector cannot learn these data.
    """
    interval = _interval(rows, recipe)
    series, _, stuck = clean(rows, interval, recipe.cleaning, sensors)
    used, left_out = _usable(series.sensors, sensors)
    values = series.sensors if len(used) == len(sensors) else series.sensors[used]
    limits = StuckLimits(stuck.plain[used], stuck.busy[used], stuck.busy_changes)
    alive = np.ones(series.cells, bool)
    if np.isnan(np.add.reduce(values, axis=None)):
        alive = 1 - np.isnan(values).mean(axis=0) >= max(recipe.minimum_coverage, 1e-9)
    known = None if vouched is None else _cells_of(series, vouched)
    learned = _learn(asset, series, values, alive, recipe)
    excluded = suspicious_of(learned.scores, learned.among(known))
    suspicious: Stretches | None = excluded
    ranges = [(int(learned.cells[a]), int(learned.cells[b - 1]) + 1) for a, b in excluded]
    if ranges:
        normal = alive.copy()
        for start, stop in ranges:
            normal[start:stop] = False
        if int(normal.sum()) >= recipe.minimum_rows:
            learned = _learn(asset, series, values, normal, recipe)
            suspicious = None
        else:
            ranges = []
    facts = _Facts(rows, series, sensors, used, left_out, limits, ranges, suspicious, known)
    fitted = _packed(facts, learned, recipe)
    if vouched is None:
        return fitted
    entry, arrays = stay_silent(fitted.entry, fitted.arrays, rows, sensors, recipe, vouched)
    return Fitted(arrays, entry)


def _cells_of(series: Series, rows: Mask) -> Mask:
    """Return the cells that hold some of these rows."""
    if series.cell_of_row is None:
        return rows
    cells = np.zeros(series.cells, bool)
    own = series.cell_of_row[rows]
    cells[own[own >= 0]] = True
    return cells


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


# ---------------------------------------------------------------- one round
def _learn(
    asset: str, series: Series, values: Floats, normal: Mask, recipe: Recipe
) -> _Learned:
    conditioner, explained = learn(
        values, series.context, series.bounds, recipe.conditioning, normal
    )
    if conditioner is not None:
        normal = normal & ~conditioner.unseen(series.context)
        if conditioner.conditioned.any():
            expected = conditioner.expected(series.context, series.bounds)
            values = (values - expected).astype(values.dtype)
    detector = make_detector(recipe, asset)
    parts = pieces(series.bounds, ~normal, recipe.cleaning.fill_rows)
    if detector.tags.ordered:
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
    averages = make_averages(recipe, series.interval / MICRO, len(cells))
    filler = None
    if not detector.tags.handles_missing:
        filler = Filler.learn(training)
        training = filler.fill(training)
    detector.fit(training.T)
    borders = np.cumsum([part.stop - part.start for part in parts])[:-1]
    return _Learned(
        conditioner,
        explained,
        values,
        cells,
        filler,
        detector,
        _left_out_scores(detector, training, borders),
        averages,
        None
        if averages is None
        else _left_out_scores(averages.fit(training.T), training, borders),
        _live_scores(detector, training, borders),
        detector.choices(training.T),
    )


def _left_out_scores(
    detector: Detector, training: Floats, borders: Ints
) -> NDArray[np.float64]:
    scores = detector.calibration_scores(training.T)
    return _away_from(borders, scores, detector.reach())


def _live_scores(
    detector: Detector, training: Floats, borders: Ints
) -> NDArray[np.float64] | None:
    """Return left-out live scores; None where they are no other than the final ones."""
    if not detector.reach()[1] or not detector.has_live_form():
        return None
    scores = detector.live_calibration_scores(training.T)
    return _away_from(borders, scores, (detector.live_reach(), 0))


def _away_from(
    borders: Ints, scores: NDArray[np.float64], reach: tuple[int, int]
) -> NDArray[np.float64]:
    """Leave out scores whose windows lie over the border of two pieces, if enough remain."""
    if not len(borders) or reach == (0, 0):
        return scores
    out = scores.copy()
    for border in borders:
        out[max(border - reach[1], 0) : border + reach[0]] = np.nan
    enough = np.isfinite(out).sum() >= _FEWEST_CALIBRATED * max(np.isfinite(scores).sum(), 1)
    return out if enough else scores


# ---------------------------------------------------------------- packing
@dataclass(frozen=True)
class _Facts:
    """What packing tells of the training data.

    Attributes
    ----------
    excluded
        Cells that were not learned from.
    suspicious
        Stretches of the scores, where they are known already.
    vouched
        Cells that a person called normal.
    """

    rows: Rows
    series: Series
    sensors: Sequence[str]
    used: Ints
    left_out: dict[str, str]
    stuck: StuckLimits
    excluded: Stretches
    suspicious: Stretches | None
    vouched: Mask | None


def _packed(facts: _Facts, learned: _Learned, recipe: Recipe) -> Fitted:
    calibration = Calibration.learn(
        learned.scores, learned.lasting, facts.suspicious, learned.among(facts.vouched)
    )
    rows_per_month = _MONTH_SECONDS * MICRO / facts.series.interval
    alarm, levels = learn_levels(
        calibration.surprise(learned.scores, learned.lasting),
        rows_per_month,
        recipe.threshold,
    )
    budget = BudgetNote(
        basis=alarm.basis, expected_per_month=alarm.expected_per_month, months=alarm.months
    )
    arrays, detector = persistence.pack(learned.detector)
    stored = {f"detector/{name}": array for name, array in arrays.items()}
    averages: dict[str, Any] = {}
    if learned.averages is not None:
        arrays, averages = persistence.pack(learned.averages)
        stored |= {f"averages/{name}": array for name, array in arrays.items()}
    stored |= calibration.state() | levels | _own_arrays(facts, learned)
    if learned.live is not None:
        live = LiveCalibration.learn(
            learned.live,
            learned.lasting,
            learned.among(facts.vouched),
            levels["levels"],
            rows_per_month,
            recipe.threshold,
        )
        stored |= live.state()
    entry = _entry(facts, learned, recipe).model_copy(
        update={
            "threshold": float(alarm.level),
            "budget": budget,
            "detector": detector,
            "averages": averages,
        }
    )
    return Fitted(stored, entry)


def _own_arrays(facts: _Facts, learned: _Learned) -> Arrays:
    step = max(facts.series.cells // _SAMPLE, 1)
    sample = learned.values[:, ::step].astype(np.float64)
    centre = _medians(sample)
    arrays: Arrays = {
        "centre": centre,
        "spread": _NORMAL_MAD * _medians(np.abs(sample - centre[:, None])),
        "stuck": np.stack([facts.stuck.plain, facts.stuck.busy]),
        "busy_changes": np.array(facts.stuck.busy_changes, np.int64),
    }
    if learned.filler is not None:
        arrays |= {"mean": learned.filler.mean, "covariance": learned.filler.covariance}
    if learned.conditioner is not None:
        arrays["weights"] = learned.conditioner.weights
    return arrays


def _medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of each row, NaN left out; far quicker than numpy's for many rows."""
    ordered = np.sort(values, axis=1)
    known = np.maximum(values.shape[1] - np.isnan(ordered).sum(axis=1), 1)
    row = np.arange(len(values))
    middle = 0.5 * (ordered[row, (known - 1) // 2] + ordered[row, known // 2])
    return np.asarray(np.nan_to_num(middle))


def _entry(facts: _Facts, learned: _Learned, recipe: Recipe) -> AssetManifest:
    series, conditioner = facts.series, learned.conditioner
    before, after = learned.detector.reach()
    if learned.averages is not None:
        before = max(before, learned.averages.reach()[0])
    lag = conditioner.warm_cells if conditioner is not None else 0
    names = [facts.sensors[i] for i in facts.used]
    explained = zip(names, learned.explained, strict=True)
    return AssetManifest(
        part=0,
        index=0,
        checksum="",
        sensors=tuple(names),
        left_out=facts.left_out,
        conditioned={name: round(float(share), 4) for name, share in explained if share > 0},
        context=conditioner.describe() if conditioner is not None else {},
        detector={},
        interval_seconds=series.interval / MICRO,
        reach=(before, after),
        warm_rows=before + max(lag, facts.stuck.longest + recipe.cleaning.fill_rows) + 1,
        threshold=0.0,
        budget=BudgetNote(basis="", expected_per_month=0.0, months=0.0),
        rows=len(learned.cells),
        data_start=moment(facts.rows.times[0]),
        data_end=moment(facts.rows.times[-1]),
        excluded=tuple(
            Stretch(start=moment(series.time_of(a)), end=moment(series.time_of(b - 1)))
            for a, b in facts.excluded
        ),
        choice=Choice.of(learned.choices, names),
    )
