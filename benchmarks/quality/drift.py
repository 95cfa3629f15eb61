"""``python -m benchmarks.quality.drift``: whether slowly growing faults are learned as normal.

Simulated machines of four sensors that share a common part, a row every half an hour: 28 days
in good health are learned, and in the 84 days after them one sensor moves.  The model is
learned anew every week, or every four, from all that came, and becomes champion.  Printed is
the share of the last seven days' rows in alarm, without and with the rule that compares with
months before (`appliance.fleet.drifting`), and after how many days it told of the drift.

``--false`` instead counts machines of which a drift was told though there was none: simulated
ones that only wander, know seasons, or changed at once, and the demo plant without its faults,
looked at every week after its first 28 days.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from appliance.calendar.masks import Masks
from appliance.core.settings import load_settings
from appliance.demo import plant
from appliance.demo.config import START as PLANT_START
from appliance.demo.config import PlantConfig
from appliance.engine import make
from appliance.fleet import frames
from appliance.fleet.chunks import Columns, cut
from appliance.fleet.drifting import find_drifts
from appliance.fleet.guide import Guide
from appliance.fleet.model import FleetModel
from appliance.fleet.recipe import resolve
from appliance.fleet.training import fit_fleet
from benchmarks.harness.sets import counts, names, numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from appliance.engine import Engine
    from appliance.schemas.model import DriftNote

    Floats = NDArray[np.float64]

_START = datetime(2026, 1, 1, tzinfo=UTC)
_ROWS_A_DAY = 48
_STEP = timedelta(days=1) / _ROWS_A_DAY
_NORMAL, _LATER, _WEEK = 28, 84, 7
_ASSET = "P-1"
_RECIPE = "mahalanobis"


def main(argv: Sequence[str]) -> int:
    """Print a line a pace and rhythm, or one a kind of normal machine."""
    options = _parser().parse_args(argv)
    found = (
        false_tells(options.machines, options.fleets, options.seeds, options.days)
        if options.false
        else paces(options.paces, options.every, options.seeds)
    )
    for one in found:
        print(json.dumps(one) if options.json else _shown(one), flush=True)
    return 0


# ---------------------------------------------------------------- growing faults
def paces(
    deviations: Sequence[float], weeks: Sequence[int], seeds: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """Yield what becomes of drifts of so many deviations a day, trained every so many weeks."""
    with make("local", load_settings()) as engine:
        for pace in deviations:
            for every in weeks:
                found = [_one(pace, every, seed, engine) for seed in seeds]
                told = [days for _, _, days in found if days is not None]
                yield {
                    "set": "slow drift",
                    "metric": "share of the last 7 days in alarm",
                    "per_day": pace,
                    "weeks": every,
                    "machines": len(seeds),
                    "without": round(float(np.mean([one[0] for one in found])), 3),
                    "with": round(float(np.mean([one[1] for one in found])), 3),
                    "told": len(told),
                    "after_days": float(np.median(told)) if told else None,
                }


def _one(pace: float, weeks: int, seed: int, engine: Engine) -> tuple[float, float, int | None]:
    since = np.arange((_NORMAL + _LATER) * _ROWS_A_DAY) / _ROWS_A_DAY - _NORMAL
    readings = _machine(_ASSET, pace * np.maximum(since, 0), seed)
    alarms = []
    told: int | None = None
    for rule in (False, True):
        share, first = _retrained(readings, weeks, engine, rule=rule)
        told = first if rule else told
        alarms.append(share)
    return alarms[0], alarms[1], told


def _retrained(
    readings: pl.DataFrame, weeks: int, engine: Engine, *, rule: bool
) -> tuple[float, int | None]:
    """Train as the platform does; return the last alarms, and when a drift was first told."""
    told: int | None = None
    alarms = 0.0
    with tempfile.TemporaryDirectory(prefix="kizashi-") as scratch:
        for day in range(_NORMAL, _NORMAL + _LATER + 1, weeks * _WEEK):
            known = readings[: day * _ROWS_A_DAY]
            notes = _drifts(known, _START, engine) if rule and day > _NORMAL else []
            told = day - _NORMAL if notes and told is None else told
            end = _START + timedelta(days=day)
            masks = Masks(own={note.asset: ((note.since, end),) for note in notes})
            layout = frames.guess(known, "asset", "time", [])
            report = fit_fleet(
                cut(frames.normalise(known, layout), 1),
                resolve(_RECIPE),
                layout,
                Path(scratch) / str(day),
                engine,
                guide=Guide(held=(("drift", masks),)),
            )
            if day == _NORMAL + _LATER:
                last = FleetModel(report.folder).score(readings)["alarm"]
                alarms = float(last.tail(_WEEK * _ROWS_A_DAY).mean())
    return alarms, told


def _drifts(
    known: pl.DataFrame,
    start: datetime,
    engine: Engine,
    context: Sequence[str] = (),
    masks: Masks | None = None,
) -> list[DriftNote]:
    layout = frames.guess(known, "asset", "time", list(context))
    rows = frames.normalise(known, layout)
    recipe = resolve(_RECIPE)
    span = (start, start + timedelta(days=_NORMAL))
    return find_drifts(
        cut(rows, 1),
        recipe,
        Columns.of(recipe, layout.sensors, layout.context),
        dict.fromkeys(known["asset"].unique().to_list(), span),
        engine,
        masks,
    )


def _machine(
    asset: str, moves: Floats, seed: int, shared: Floats | None = None
) -> pl.DataFrame:
    """Return a machine whose second sensor moves, in deviations, and all by what is shared."""
    random = np.random.default_rng(seed)
    values = random.normal(size=len(moves)) + random.normal(size=(4, len(moves)))
    values[1] += moves
    if shared is not None:
        values += shared
    return pl.DataFrame(
        {
            "asset": [asset] * len(moves),
            "time": [_START + row * _STEP for row in range(len(moves))],
            **{f"s{place}": column for place, column in enumerate(values)},
        }
    )


# ---------------------------------------------------------------- machines without a drift
def false_tells(
    machines: int, fleets: Sequence[str], seeds: Sequence[int], days: int
) -> Iterator[dict[str, Any]]:
    """Yield of how many machines without a drift one was told, by kind."""
    with make("local", load_settings()) as engine:
        for kind, moves in _KINDS.items():
            told = sum(
                _told(_machine(_ASSET, moves(np.random.default_rng(seed)), seed), engine)
                for seed in range(machines)
            )
            yield _line(kind, told, machines, _LATER)
        for kind, size in (("season of a fleet of five", 5), ("the same, alone", 1)):
            told = sum(_told(_fleet(size, seed), engine) for seed in range(machines // 5))
            yield _line(kind, told, machines // 5 * size, _LATER)
        for fleet in fleets:
            found = [_on_plant(fleet, seed, days, engine) for seed in seeds]
            told, among = (sum(part) for part in zip(*found, strict=True))
            yield _line(f"demo plant, {fleet}", told, among, days - _NORMAL)


def _line(kind: str, told: int, machines: int, days: int) -> dict[str, Any]:
    return {
        "set": "slow drift",
        "metric": "machines told falsely",
        "kind": kind,
        "told": told,
        "machines": machines,
        "days": days,
    }


def _told(readings: pl.DataFrame, engine: Engine) -> int:
    """Return of how many machines a drift was told, looking every week."""
    found: set[str] = set()
    for day in range(_NORMAL + 2 * _WEEK, _NORMAL + _LATER + 1, _WEEK):
        known = readings.filter(pl.col("time") < _START + timedelta(days=day))
        found |= {note.asset for note in _drifts(known, _START, engine)}
    return len(found)


def _days(row: int = (_NORMAL + _LATER) * _ROWS_A_DAY) -> Floats:
    return np.arange(row) / _ROWS_A_DAY


def _wandering(share: float) -> Callable[[np.random.Generator], Floats]:
    """Days that take a share from the day before, as far apart as rows of a day are."""

    def moves(random: np.random.Generator) -> Floats:
        level, levels = float(random.normal()), []
        for _ in range(_NORMAL + _LATER):
            level = share * level + float(random.normal()) * (1 - share**2) ** 0.5
            levels.append(level)
        return np.repeat(levels, _ROWS_A_DAY)

    return moves


def _step(random: np.random.Generator) -> Floats:
    at = _NORMAL + random.uniform(5, _LATER - 10)
    return np.where(_days() >= at, random.uniform(1.5, 8), 0.0)


def _lasting(random: np.random.Generator) -> Floats:
    at = _NORMAL + random.uniform(5, _LATER - 25)
    days = _days()
    return np.where((days >= at) & (days < at + random.uniform(3, 20)), 4.0, 0.0)


def _cycles(random: np.random.Generator) -> Floats:
    """A filter that clogs and is cleaned, every 18 to 26 days."""
    length = random.uniform(18, 26)
    return 3.0 * (((_days() + random.uniform(0, length)) % length) / length)


_KINDS: dict[str, Callable[[np.random.Generator], Floats]] = {
    "nothing happens": lambda _: np.zeros(len(_days())),
    "days take half from the day before": _wandering(0.5),
    "days take nine tenths from the day before": _wandering(0.9),
    "a step": _step,
    "a fault of 3 to 20 days": _lasting,
    "cycles of 18 to 26 days": _cycles,
}


def _fleet(size: int, seed: int) -> pl.DataFrame:
    """Return machines that stand in one hall, whose year moves them by 4 deviations."""
    random = np.random.default_rng(seed)
    year = 2.0 * np.sin(2 * np.pi * (_days() + random.uniform(0, 365)) / 365)
    return pl.concat(
        _machine(f"P-{n}", np.zeros(len(year)), 100 * seed + n, random.uniform(0.8, 1.2) * year)
        for n in range(size)
    )


def _on_plant(fleet: str, seed: int, days: int, engine: Engine) -> tuple[int, int]:
    config = PlantConfig(seed=seed, days=days, interval_seconds=300)
    readings = pl.concat(
        frame.with_columns(pl.lit(asset).alias("asset"))
        for asset, frame in plant.generate_fleet(config, fleet, with_faults=False)
    )
    context = [column.name for column in plant.fleet_kind(fleet).context]
    found: set[str] = set()
    for day in range(_NORMAL + 2 * _WEEK, days + 1, 2 * _WEEK):
        known = readings.filter(pl.col("time") < PLANT_START + timedelta(days=day))
        found |= {note.asset for note in _drifts(known, PLANT_START, engine, context)}
    return len(found), readings["asset"].n_unique()


def _shown(one: dict[str, Any]) -> str:
    if "kind" in one:
        return (
            f"{one['kind']:<45} told of {one['told']} of {one['machines']} machines in "
            f"{one['days']} days"
        )
    return (
        f"{one['per_day']:g} deviations a day, trained every {one['weeks']} weeks: "
        f"{one['without']:.0%} without the rule, {one['with']:.0%} with it; told of "
        f"{one['told']} of {one['machines']}, after {one['after_days']} days"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.drift", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--paces", type=numbers, default=[0.1, 0.2, 0.5], metavar="X,…")
    parser.add_argument("--every", type=counts, default=[1, 4], metavar="WEEKS,…")
    parser.add_argument("--seeds", type=counts, default=[2, 3, 4], metavar="N,…")
    parser.add_argument("--false", action="store_true", help="machines without a drift")
    parser.add_argument("--machines", type=int, default=50, help="simulated ones of a kind")
    parser.add_argument("--fleets", type=names, default=list(plant.FLEETS), metavar="A,B,…")
    parser.add_argument("--days", type=int, default=182, help="of the demo plant")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
