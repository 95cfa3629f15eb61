"""``python -m benchmarks.quality.budget``: false events in healthy running beside the budget.

The demo plant is made without its faults.  Each fleet is learned from the training days and
judged on the days after them, so that every anomaly found there is a false one.  With
``--live`` also by the scores that are known when a reading arrives, and by either of the two.

With ``--sets`` the same question is put to normal running of public data sets
(`benchmarks.quality.clean`), read from the data folder (``KIZASHI_DATA``, or
``../shared/data``).  With ``--retrain N`` what is judged comes in so many stretches, and the
model is learned anew after each as the platform does (`benchmarks.quality.renewed`).
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

import appliance as kizashi
from appliance.demo import plant
from appliance.demo.config import PlantConfig
from appliance.fleet.recipe import resolve
from appliance.schemas.recipe import RunState
from benchmarks.harness.sets import add_data, add_sets, counts, known, names, numbers
from benchmarks.quality import clean, loaders, renewed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from appliance.fleet.model import FleetModel
    from appliance.schemas.recipe import Recipe

_DAYS_A_MONTH = 30
_COUNTS = ("events", "live", "either")


def main(argv: Sequence[str]) -> int:
    """Print a line a plant and fleet, and one a fleet over all plants; or a line a set."""
    options = _parser().parse_args(argv)
    if not known(options.sets, loaders.SETS):
        return 2
    if options.sets:
        _print_sets(options)
        return 0
    for fleet in options.fleets:
        found = [line(fleet, seed, options) for seed in options.seeds]
        for one in [*found, _together(fleet, found)]:
            print(json.dumps(one) if options.json else _shown(one), flush=True)
    return 0


def _print_sets(options: argparse.Namespace) -> None:
    shown = clean.shown
    if options.retrain:
        plan = renewed.Plan(options.budgets, options.recipe, options.retrain, options.recent)
        kept, shown = renewed.lines(options.sets, options.data, plan), renewed.shown
    else:
        kept = clean.lines(options.sets, options.data, options.budgets, options.recipe)
    for one in kept:
        print(json.dumps(one) if options.json else shown(one), flush=True)


def line(fleet: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Learn one fleet of one healthy plant and count what is found in the days after."""
    config = PlantConfig(
        seed=seed, days=options.days, interval_seconds=options.interval, scale=options.scale
    )
    readings = pl.concat(_healthy(config, fleet))
    known = readings.filter(pl.col("time") < config.training_end)
    context = [column.name for column in plant.fleet_kind(fleet).context]
    model = kizashi.fit(
        known,
        asset="asset",
        time="time",
        context=context,
        recipe=_recipe(options),
        engine="local",
    )
    months = readings["asset"].n_unique() * (config.days - config.training) / _DAYS_A_MONTH
    ways = (False, True) if options.live else (False,)
    found = [_false_events(model, readings, config, live=live) for live in ways]
    events = {"events": found[0].height}
    if options.live:
        events |= {"live": found[1].height, "either": _apart(model, pl.concat(found))}
    budget = resolve(options.recipe).threshold.false_alarms_per_month
    return _line(fleet, [seed], events, months, budget)


def _recipe(options: argparse.Namespace) -> Recipe:
    """Return the recipe, with the run state that was declared."""
    recipe = resolve(options.recipe)
    if options.running is None:
        return recipe
    column, least = options.running.split("=")
    state = RunState(column=column, minimum=float(least))
    cleaning = recipe.cleaning.model_copy(update={"run_state": state})
    return recipe.model_copy(update={"cleaning": cleaning})


def _healthy(config: PlantConfig, fleet: str) -> Iterator[pl.DataFrame]:
    for asset, frame in plant.generate_fleet(config, fleet, with_faults=False):
        yield frame.with_columns(pl.lit(asset).alias("asset"))


def _false_events(
    model: FleetModel, readings: pl.DataFrame, config: PlantConfig, *, live: bool
) -> pl.DataFrame:
    found: pl.DataFrame = model.events(model.score(readings, live=live))
    anomaly, later = pl.col("kind") == "anomaly", pl.col("start") >= config.training_end
    return found.filter(anomaly & later).select("asset", "start", "end")


def _apart(model: FleetModel, events: pl.DataFrame) -> int:
    """Count events; those that a row's score reaches from one to the other are one."""
    count = 0
    for (asset,), own in events.sort("start").group_by("asset"):
        entry = model.manifest.assets[str(asset)]
        near = timedelta(seconds=(max(entry.reach) + 1) * entry.interval_seconds)
        earlier = own["end"].cum_max().shift(1)
        count += int((own["start"] > earlier + near).fill_null(value=True).sum())
    return count


def _together(fleet: str, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    counts = {key: sum(one[key] for one in found) for key in _COUNTS if key in found[0]}
    months = sum(one["asset_months"] for one in found)
    seeds = [seed for one in found for seed in one["seeds"]]
    return _line(fleet, seeds, counts, months, found[0]["budget"])


def _line(
    fleet: str, seeds: list[int], counts: dict[str, int], months: float, budget: float
) -> dict[str, Any]:
    return {
        "fleet": fleet,
        "seeds": seeds,
        **counts,
        "asset_months": round(months, 2),
        "per_asset_month": round(counts["events"] / months, 2),
        "budget": budget,
    }


def _shown(one: dict[str, Any]) -> str:
    seeds = ",".join(map(str, one["seeds"]))
    return (
        f"{one['fleet']:<10} plants {seeds:<15} {one['events']:>4} false events in "
        f"{one['asset_months']:g} asset-months: {one['per_asset_month']:g} of {one['budget']:g}"
        + (f"; live {one['live']}, either {one['either']}" if "live" in one else "")
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.budget", description=__doc__
    )
    add_data(parser)
    add_sets(parser, (), "public sets, not the plant")
    parser.add_argument("--fleets", type=names, default=list(plant.FLEETS), metavar="A,B,…")
    parser.add_argument("--seeds", type=counts, default=[7, 8], metavar="N,…")
    parser.add_argument("--days", type=int, default=60, help="two thirds are learned from")
    parser.add_argument("--interval", type=int, default=60, help="seconds, of the plant")
    parser.add_argument(
        "--running", metavar="COLUMN=MINIMUM", help="a run state to declare, such as current=5"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the machines")
    parser.add_argument("--recipe", default="auto", help="name or file of a recipe")
    parser.add_argument("--live", action="store_true", help="also by what is known at once")
    parser.add_argument(
        "--budgets", type=numbers, default=[1.0, 0.3], help="events for 1,000 rows of a set"
    )
    parser.add_argument(
        "--retrain", type=int, default=0, metavar="N", help="learn sets anew, so many stretches"
    )
    parser.add_argument(
        "--recent", type=int, default=1, help="stretches that a challenger is compared on"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
