"""``python -m benchmarks.quality.budget``: false events in healthy running beside the budget.

The demo plant is made without its faults.  Each fleet is learned from the training days and
judged on the days after them, so that every anomaly found there is a false one: by the final
scores, or with ``--live`` by those that are known when a reading arrives.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

import polars as pl

import appliance as kizashi
from appliance.demo import plant
from appliance.demo.config import PlantConfig
from appliance.fleet.recipe import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from appliance.fleet.model import FleetModel

_DAYS_A_MONTH = 30


def main(argv: Sequence[str]) -> int:
    """Print a line a plant and fleet, and one a fleet over all plants."""
    options = _parser().parse_args(argv)
    for fleet in options.fleets:
        found = [line(fleet, seed, options) for seed in options.seeds]
        for one in [*found, _together(fleet, found)]:
            print(json.dumps(one) if options.json else _shown(one), flush=True)
    return 0


def line(fleet: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Learn one fleet of one healthy plant and count what is found in the days after."""
    config = PlantConfig(seed=seed, days=options.days, scale=options.scale)
    readings = pl.concat(_healthy(config, fleet))
    known = readings.filter(pl.col("time") < config.training_end)
    context = [column.name for column in plant.fleet_kind(fleet).context]
    model = kizashi.fit(
        known,
        asset="asset",
        time="time",
        context=context,
        recipe=options.recipe,
        engine="local",
    )
    months = readings["asset"].n_unique() * (config.days - config.training) / _DAYS_A_MONTH
    events = _false_events(model, readings, config, live=options.live)
    budget = resolve(options.recipe).threshold.false_alarms_per_month
    return _line(fleet, [seed], events, months, budget)


def _healthy(config: PlantConfig, fleet: str) -> Iterator[pl.DataFrame]:
    for asset, frame in plant.generate_fleet(config, fleet, with_faults=False):
        yield frame.with_columns(pl.lit(asset).alias("asset"))


def _false_events(
    model: FleetModel, readings: pl.DataFrame, config: PlantConfig, *, live: bool
) -> int:
    found = model.events(model.score(readings, live=live))
    anomaly, later = pl.col("kind") == "anomaly", pl.col("start") >= config.training_end
    return int(found.filter(anomaly & later).height)


def _together(fleet: str, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    events, months = (sum(one[key] for one in found) for key in ("events", "asset_months"))
    seeds = [seed for one in found for seed in one["seeds"]]
    return _line(fleet, seeds, events, months, found[0]["budget"])


def _line(
    fleet: str, seeds: list[int], events: int, months: float, budget: float
) -> dict[str, Any]:
    return {
        "fleet": fleet,
        "seeds": seeds,
        "events": events,
        "asset_months": round(months, 2),
        "per_asset_month": round(events / months, 2),
        "budget": budget,
    }


def _shown(one: dict[str, Any]) -> str:
    seeds = ",".join(map(str, one["seeds"]))
    return (
        f"{one['fleet']:<10} plants {seeds:<15} {one['events']:>4} false events in "
        f"{one['asset_months']:g} asset-months: {one['per_asset_month']:g} of {one['budget']:g}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.budget", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="print an object a line")
    parser.add_argument("--fleets", type=_names, default=list(plant.FLEETS), metavar="A,B,…")
    parser.add_argument("--seeds", type=_numbers, default=[7, 8], metavar="N,…")
    parser.add_argument("--days", type=int, default=60, help="two thirds are learned from")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the machines")
    parser.add_argument("--recipe", default="auto", help="name or file of a recipe")
    parser.add_argument("--live", action="store_true", help="by what is known at once")
    return parser


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _numbers(text: str) -> list[int]:
    return [int(number) for number in _names(text)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
