"""``python -m benchmarks.why.normal``: whether "normal would have been" is what was.

Faults of known size are added to one to three sensors of normal stretches, whose true readings
are known.  A model that learned normal rows judges each stretch, and what it expects of the
faulty sensors is compared with the truth: with those taken as unknown that its contributions
blame, and with the faulty ones told.  Beside it stand the middle of the training rows, what
contexts alone say (on TEP, where the manipulated variables are contexts), and the last reading
before the fault.

Sets are read from the data folder (``KIZASHI_DATA``, or ``../shared/data``).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from appliance.fleet import fit
from appliance.fleet.relations import blamed
from benchmarks.harness.sets import add_data
from benchmarks.quality import loaders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from appliance.fleet import FleetModel
    from benchmarks.quality.loaders import Matrix

    Flags = NDArray[np.bool_]

SETS = ("asd", "smd", "skab", "tep")
OURS, TOLD = "contributions", "sensors told"
FAULTS = ("shift", "drift", "frozen", "scaled")
MIDDLE, CONTEXT, LAST = "middle", "context", "last value"
_LEAD, _ROWS = 400, 100
_STEP = timedelta(minutes=1)
_START = datetime(2026, 1, 1, tzinfo=UTC)
_TEP_MEASURED = 41
"""Columns of TEP that are measured; the others are manipulated."""


@dataclass(frozen=True, eq=False)
class Plant:
    """One machine: rows to learn from, and normal ones that faults are added to.

    Attributes
    ----------
    context
        Number of the last columns that are contexts.
    """

    train: Matrix
    rows: Matrix
    labels: Flags
    context: int = 0


@dataclass(frozen=True, eq=False)
class _Fault:
    """What is added to which sensors, and what they would have shown, in deviations."""

    kind: str
    sensors: NDArray[np.int64]
    true: Matrix
    before: Matrix
    scale: Matrix


@dataclass(frozen=True, eq=False)
class Judged:
    """What is expected in one fault.

    Attributes
    ----------
    errors
        By way: mean distance from the truth, in the sensors' deviations in training.
    inside
        Share of the true readings within the interval.
    """

    kind: str
    alarmed: bool
    errors: dict[str, float]
    inside: float


def faulty(kind: str, true: Matrix, before: Matrix, size: float) -> Matrix:
    """Return what a fault makes of readings, given those before it, all in deviations."""
    if kind == "shift":
        return np.asarray(true + size)
    if kind == "drift":
        return np.asarray(true + size * np.linspace(0, 1, len(true))[:, None])
    if kind == "frozen":
        return np.repeat(before[-1:], len(true), axis=0)
    middle = np.median(before, axis=0)
    return np.asarray(middle + abs(size) * (true - middle))


def main(argv: Sequence[str]) -> int:
    """Print a line a set and kind of fault."""
    options = _parser().parse_args(argv)
    for name in options.sets:
        for line in lines(name, options.data, options.draws, options.size):
            print(json.dumps(line) if options.json else _shown(line), flush=True)
    return 0


def lines(name: str, folder: Path, draws: int, size: float) -> Iterator[dict[str, Any]]:
    """Yield the figures of a set: of all its faults, and of each kind."""
    rng = np.random.default_rng(0)
    found: list[Judged] = []
    for plant in plants(name, folder):
        found += judged(plant, draws, size, rng)
    for kind in ("all", *FAULTS):
        own = [one for one in found if kind in ("all", one.kind)]
        if not own:
            continue
        errors = {way: [one.errors[way] for one in own] for way in own[0].errors}
        yield {
            "set": name,
            "fault": kind,
            "faults": len(own),
            "alarmed": sum(one.alarmed for one in own),
            "mean": {way: round(float(np.mean(e)), 3) for way, e in errors.items()},
            "median": {way: round(float(np.median(e)), 3) for way, e in errors.items()},
            "inside": round(float(np.mean([one.inside for one in own])), 3),
        }


def plants(name: str, folder: Path) -> Iterator[Plant]:
    """Yield the machines of a set."""
    if name == "tep":
        learned, other, *_ = loaders.normal(name, folder)
        manipulated = learned.shape[1] - _TEP_MEASURED
        yield Plant(learned, other, np.zeros(len(other), bool), manipulated)
    elif name == "skab":
        (rows,) = loaders.normal(name, folder)
        first, rest = np.array_split(rows, 2)
        yield Plant(first, rest, np.zeros(len(rest), bool))
    else:
        for series in loaders.load(name, folder):
            yield Plant(series.train, series.test, series.labels)


def judged(plant: Plant, draws: int, size: float, rng: np.random.Generator) -> Iterator[Judged]:
    """Yield what is expected in so many faults of a machine."""
    places = [
        at
        for at in range(_LEAD, len(plant.rows) - _ROWS + 1, _ROWS // 2)
        if not plant.labels[at - _LEAD : at + _ROWS].any()
    ]
    names = _names(plant)
    deviations = plant.train.std(axis=0)
    sensors = len(names) - plant.context
    moving = np.flatnonzero(deviations[:sensors] > 0)
    model = fit(
        _frame(plant.train, names, 0),
        asset="asset",
        time="time",
        context=names[sensors:],
        engine="local",
    )
    for draw in range(draws if places else 0):
        at = int(rng.choice(places))
        which = np.sort(rng.choice(moving, min(1 + draw % 3, len(moving)), replace=False))
        kind = FAULTS[draw // 3 % len(FAULTS)]
        sign = rng.choice([-1.0, 1.0]) if kind in ("shift", "drift") else 1.0
        rows = plant.rows[at - _LEAD : at + _ROWS].copy()
        scale = deviations[which]
        readings = rows[:, which] / scale
        before, true = readings[:_LEAD], readings[_LEAD:]
        rows[_LEAD:, which] = faulty(kind, true, before, sign * size) * scale
        given = _frame(rows, names, len(plant.train) + at)
        yield _judged(model, given, _Fault(kind, which, true, before, scale), plant)


def _judged(model: FleetModel, given: pl.DataFrame, fault: _Fault, plant: Plant) -> Judged:
    names = _names(plant)
    scored = model.score(given)[_LEAD:]
    sensors = names[: len(names) - plant.context]
    shares = scored.select(f"contribution:{name}" for name in sensors).fill_null(0.0)
    weights = scored["surprise"].fill_null(0.0).to_numpy()
    totals = weights @ shares.to_numpy()
    about = np.flatnonzero(blamed(totals / max(float(totals.sum()), 1e-12)))
    errors = {}
    inside = 0.0
    for way, unknown in (
        (OURS, [sensors[i] for i in about]),
        (TOLD, [sensors[i] for i in fault.sensors]),
        (CONTEXT, sensors),
    ):
        found = model.expected(given, unknown=unknown, interval=True)[_LEAD:]
        middle, low, high = (
            found.select(prefix + sensors[i] for i in fault.sensors).to_numpy() / fault.scale
            for prefix in ("expected:", "expected_low:", "expected_high:")
        )
        errors[way] = _error(middle, fault.true)
        if way == OURS:
            inside = float(((low <= fault.true) & (fault.true <= high)).mean())
    usual = np.median(plant.train[:, fault.sensors], axis=0) / fault.scale
    errors[MIDDLE] = _error(usual, fault.true)
    errors[LAST] = _error(fault.before[-1], fault.true)
    return Judged(fault.kind, bool(scored["alarm"].any()), errors, inside)


def _error(expected: Matrix, true: Matrix) -> float:
    return float(np.nanmean(np.abs(expected - true)))


def _names(plant: Plant) -> list[str]:
    return [f"c{column}" for column in range(plant.train.shape[1])]


def _frame(rows: Matrix, names: Sequence[str], first: int) -> pl.DataFrame:
    times = [_START + (first + row) * _STEP for row in range(len(rows))]
    return pl.DataFrame(rows, schema=list(names)).with_columns(
        asset=pl.lit(loaders.ASSET), time=pl.Series(times)
    )


def _shown(line: dict[str, Any]) -> str:
    told = ", ".join(f"{way} {value:g}" for way, value in line["mean"].items())
    return f"{line['set']:<5} {line['fault']:<7} {line['faults']:>4} faults   {told}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.why.normal", description=__doc__
    )
    add_data(parser)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--draws", type=int, default=48, help="faults a machine")
    parser.add_argument("--size", type=float, default=4.0, help="of a fault, in deviations")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
