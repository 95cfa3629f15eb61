"""Training one asset: clean, condition, detect, calibrate, set the alarm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.artifact import Arrays
from appliance.fleet.calibration import Calibration
from appliance.fleet.levels import Promise, budget_note, learn_levels
from appliance.fleet.live import LiveCalibration
from appliance.fleet.preparing import Ready, Taken, Unfit, prepare, taken
from appliance.fleet.recipe import make_averages, make_detector
from appliance.fleet.relations import Relations
from appliance.fleet.series import MICRO, Floats, Ints, Mask, Rows, Series, moment
from appliance.fleet.suspicion import Vouched, suspicious_of, usual_in_context
from appliance.fleet.vouching import stay_silent
from appliance.schemas.choice import Choice
from appliance.schemas.manifest import AssetManifest, BudgetNote, Stretch
from appliance.schemas.recipe import Recipe
from detectors import persistence
from detectors.base import Detector
from detectors.columns import medians
from detectors.pools import Network

__all__ = ["Fitted", "Unfit", "fit_asset"]

_SAMPLE = 1_000
_RELATED = 500
"""Cells that the relations of sensors are learned from: twice as many tell no better."""
_NORMAL_MAD = 1.4826
_FEWEST_CALIBRATED = 0.5


Stretches: TypeAlias = list[tuple[int, int]]


@dataclass(frozen=True)
class Fitted:
    """One asset's model as arrays and a manifest entry that lacks only its place."""

    arrays: Arrays
    entry: AssetManifest


@dataclass(frozen=True)
class _Round:
    """What one round of learning gives: enough to see what not to learn from."""

    ready: Ready
    detector: Detector
    scores: NDArray[np.float64]

    def in_cells(self, stretches: Stretches) -> Stretches:
        """Return stretches of the rows learned from as such of the series' cells."""
        cells = self.ready.cells
        return [(int(cells[a]), int(cells[b - 1]) + 1) for a, b in stretches]


@dataclass(frozen=True)
class _Learned(_Round):
    """What the last round gives besides."""

    averages: Detector | None
    lasting: NDArray[np.float64] | None
    live: NDArray[np.float64] | None
    choices: dict[str, Any]


def fit_asset(
    asset: str,
    rows: Rows,
    sensors: Sequence[str],
    recipe: Recipe,
    vouched: Mask | None = None,
    network: Network | None = None,
    *,
    unanswered: int = 0,
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
    network
        That the whole fleet taught; without it the detector learns this asset alone.
    unanswered
        Events among the rows that nobody answered and that are left out.

    Raises
    ------
    Unfit
        There is too little to learn from.
    DetectorError
        The detector cannot learn these data.
    """
    found = taken(rows, sensors, recipe)
    series, values, alive = found.series, found.values, found.alive
    known = Vouched(None if vouched is None else series.to_cells(vouched))
    last = _learn(asset, series, values, alive, recipe, network)
    cells = last.ready.cells
    excluded = suspicious_of(last.scores, known.among(cells))
    reach = max(last.detector.reach())
    usual = usual_in_context(series.context, last.in_cells(excluded), reach)
    if usual is not None:
        known = replace(known, usual=usual)
        excluded = known.among(cells).without(excluded)
    suspicious: Stretches | None = excluded
    ranges = last.in_cells(excluded)
    if ranges:
        normal = alive.copy()
        for start, stop in ranges:
            normal[start:stop] = False
        if int(normal.sum()) >= recipe.minimum_rows:
            last = _learn(asset, series, values, normal, recipe, network)
            suspicious = None
        else:
            ranges = []
    facts = _Facts(rows, sensors, found, ranges, suspicious, known, unanswered)
    fitted = _packed(facts, _completed(last, series, recipe), recipe)
    if vouched is None:
        return fitted
    entry, arrays = stay_silent(fitted.entry, fitted.arrays, rows, sensors, recipe, vouched)
    return Fitted(arrays, entry)


# ---------------------------------------------------------------- one round
def _learn(
    asset: str,
    series: Series,
    values: Floats,
    normal: Mask,
    recipe: Recipe,
    network: Network | None,
) -> _Round:
    detector = make_detector(recipe, asset, network)
    ready = prepare(series, values, normal, recipe, detector.tags)
    detector.fit(ready.training.T)
    return _Round(ready, detector, _left_out_scores(detector, ready.training, ready.borders))


def _completed(last: _Round, series: Series, recipe: Recipe) -> _Learned:
    training, borders = last.ready.training, last.ready.borders
    averages = make_averages(recipe, series.interval / MICRO, len(last.ready.cells))
    lasting = None
    if averages is not None:
        lasting = _left_out_scores(averages.fit(training.T), training, borders)
    return _Learned(
        last.ready,
        last.detector,
        last.scores,
        averages,
        lasting,
        _live_scores(last.detector, training, borders),
        last.detector.choices(training.T),
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
        Cells that are normal, however unusual they look.
    unanswered
        Events that nobody answered, whose rows were left out.
    """

    rows: Rows
    sensors: Sequence[str]
    taken: Taken
    excluded: Stretches
    suspicious: Stretches | None
    vouched: Vouched
    unanswered: int


def _packed(facts: _Facts, learned: _Learned, recipe: Recipe) -> Fitted:
    logarithmic = learned.detector.tags.logarithmic
    calibration = Calibration.learn(
        learned.scores,
        learned.lasting,
        facts.suspicious,
        facts.vouched.among(learned.ready.cells),
        logarithmic=logarithmic,
    )
    promise = Promise.of(facts.taken.series.interval, recipe.threshold, facts.unanswered)
    alarm, levels = learn_levels(
        calibration.surprise(learned.scores, learned.lasting),
        promise,
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
            facts.vouched.among(learned.ready.cells),
            levels["levels"],
            promise,
            logarithmic=logarithmic,
            final=calibration,
        )
        stored |= live.state()
    entry = _entry(facts, learned, recipe).model_copy(
        update={
            "threshold": float(alarm.level),
            "budget": budget_note(alarm),
            "detector": detector,
            "averages": averages,
        }
    )
    return Fitted(stored, entry)


def _own_arrays(facts: _Facts, learned: _Learned) -> Arrays:
    step = max(facts.taken.series.cells // _SAMPLE, 1)
    sample = learned.ready.values[:, ::step].astype(np.float64)
    centre = np.nan_to_num(medians(sample))
    arrays: Arrays = {
        "centre": centre,
        "spread": _NORMAL_MAD * np.nan_to_num(medians(np.abs(sample - centre[:, None]))),
        "stuck": np.stack([facts.taken.stuck.plain, facts.taken.stuck.busy]),
        "busy_changes": np.array(facts.taken.stuck.busy_changes, np.int64),
    }
    if learned.ready.filler is not None:
        arrays |= {
            "mean": learned.ready.filler.mean,
            "covariance": learned.ready.filler.covariance,
        }
    cells = learned.ready.cells
    spaced = cells[:: max(len(cells) // _RELATED, 1)]
    relations = Relations.learn(learned.ready.values[:, spaced])
    if relations is not None:
        arrays |= relations.state()
    if learned.ready.conditioner is not None:
        arrays["weights"] = learned.ready.conditioner.weights
    return arrays


def _entry(facts: _Facts, learned: _Learned, recipe: Recipe) -> AssetManifest:
    series, conditioner = facts.taken.series, learned.ready.conditioner
    before, after = learned.detector.reach()
    if learned.averages is not None:
        before = max(before, learned.averages.reach()[0])
    lag = conditioner.warm_cells if conditioner is not None else 0
    names = [facts.sensors[i] for i in facts.taken.used]
    explained = zip(names, learned.ready.explained, strict=True)
    return AssetManifest(
        part=0,
        index=0,
        checksum="",
        sensors=tuple(names),
        left_out=facts.taken.left_out,
        conditioned={name: round(float(share), 4) for name, share in explained if share > 0},
        context=conditioner.describe() if conditioner is not None else {},
        detector={},
        interval_seconds=series.interval / MICRO,
        reach=(before, after),
        warm_rows=before + max(lag, facts.taken.stuck.longest + recipe.cleaning.fill_rows) + 1,
        threshold=0.0,
        budget=BudgetNote(basis="", expected_per_month=0.0, months=0.0),
        rows=len(learned.ready.cells),
        data_start=moment(facts.rows.times[0]),
        data_end=moment(facts.rows.times[-1]),
        excluded=tuple(
            Stretch(start=moment(series.time_of(a)), end=moment(series.time_of(b - 1)))
            for a, b in facts.excluded
        ),
        choice=Choice.of(learned.choices, names),
    )
