"""``python -m benchmarks.quality.retrain``: whether the promise holds across retraining.

Healthy machines only: the demo plant without its faults, or simulated ones (``simulated``).  A
site learns a fleet from its first days.  Then every week comes as a batch, is judged by the
champion, and the fleet is retrained and promoted by the platform's own rule: learned from all
but the latest days, compared with the champion on those, champion if it is no worse.  Every
event that begins in the week just brought in is a false one, counted for the version that
judged it; nobody deals with events (``--answer open``, so that none is learned from), or
somebody calls each of them false.  Beside it the first version judges all weeks.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from appliance.core.settings import Settings
from appliance.demo import plant
from appliance.demo.config import START as PLANT_START
from appliance.demo.config import PlantConfig
from appliance.fleet.model import FleetModel
from appliance.intake import IngestOptions
from appliance.pipelines.ingest import ingest
from appliance.pipelines.retrain import RetrainOptions, retrain
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.event import EventKind
from benchmarks.harness.sets import counts, names
from benchmarks.quality.clean import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from appliance.schemas.model import ModelVersion

SIMULATED = "simulated"
ANSWERS = ("open", "false")
_START = datetime(2026, 1, 5, tzinfo=UTC)
_ROWS_A_DAY = 48
_SENSORS = 5
_SHARE = 0.9
"""Of each reading's common part that is the one before's."""
_WEEK = timedelta(days=7)
_MONTH = timedelta(days=30)
_WARM_UP, _COMPLETE = timedelta(days=14), timedelta(days=1)
"""Before a week, for windows and what follows a context late; after it, for final scores."""


@dataclass(frozen=True)
class Fleet:
    """Healthy machines from their first reading on.

    Attributes
    ----------
    name, seed
        What it is called.
    readings
        Asset, time, sensors and contexts.
    """

    name: str
    seed: int
    readings: pl.DataFrame
    context: tuple[str, ...] = ()
    start: datetime = _START

    @property
    def machines(self) -> int:
        """How many there are."""
        return self.readings["asset"].n_unique()


@dataclass
class Weeks:
    """What was told week by week.

    Attributes
    ----------
    events, first
        False events that began in each week, by the champion and by the first version.
    versions
        Which was champion in each.
    """

    events: list[int] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)


def main(argv: Sequence[str]) -> int:
    """Print a line a fleet and week, and one over its weeks."""
    options = _parser().parse_args(argv)
    unknown = [name for name in options.fleets if name not in (*plant.FLEETS, SIMULATED)]
    if unknown:
        print(f"no such fleet: {', '.join(unknown)}", file=sys.stderr)
        return 2
    for name in options.fleets:
        for answer in options.answer:
            for one in lines(name, answer, options):
                print(json.dumps(one) if options.json else _shown(one), flush=True)
    return 0


def lines(name: str, answer: str, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield a line a week, summed over the plants, and one over all weeks."""
    fleets = [_fleet(name, seed, options) for seed in options.seeds]
    found = [weekly(fleet, answer, options) for fleet in fleets]
    months = sum(fleet.machines for fleet in fleets) * (_WEEK / _MONTH)
    about = {"fleet": name, "answer": answer, "seeds": options.seeds}
    for week in range(options.weeks):
        told = {
            "week": week + 1,
            "versions": [one.versions[week] for one in found],
            **_kept([one.events[week] for one in found], months),
            "first_version": sum(one.first[week] for one in found),
        }
        yield about | told
    whole = months * options.weeks
    first = _kept([sum(one.first) for one in found], whole)
    yield about | {
        "week": "all",
        "versions": [one.versions[-1] for one in found],
        **_kept([sum(one.events) for one in found], whole),
        "first_version": first["events"],
        "first_version_ratio": first["ratio"],
    }


def weekly(fleet: Fleet, answer: str, options: argparse.Namespace) -> Weeks:
    """Run a site for some weeks, and return what it told."""
    found = Weeks()
    first = fleet.start + timedelta(days=options.first)
    with tempfile.TemporaryDirectory(prefix="kizashi-") as scratch:
        folder = Path(scratch)
        site = Site(Settings(home=folder / "home", engine="local", workers=1))
        try:
            _bring(site, fleet, folder, fleet.start, first)
            train(site, fleet.name, TrainOptions(recipe=options.recipe))
            for week in range(options.weeks):
                begin = first + week * _WEEK
                _bring(site, fleet, folder, begin, begin + _WEEK)
                champion = site.registry.champion(fleet.name)
                found.versions.append(champion.version)
                found.events += _told(champion, fleet, begin, 1)
                score(site, fleet.name)
                if answer == "false":
                    _called_false(site, fleet.name)
                if week + 1 < options.weeks:
                    recent = RetrainOptions(recent=timedelta(days=options.recent))
                    retrain(site, fleet.name, recent)
            version = site.registry.get(fleet.name, 1)
            found.first = _told(version, fleet, first, options.weeks)
        finally:
            site.close()
    return found


def _bring(site: Site, fleet: Fleet, folder: Path, start: datetime, end: datetime) -> None:
    path = folder / f"{start:%Y%m%d}.parquet"
    fleet.readings.filter(pl.col("time").is_between(start, end, closed="left")).write_parquet(
        path
    )
    options = IngestOptions(asset="asset", time="time", context=fleet.context)
    ingest(site, [path], fleet.name, options)


def _called_false(site: Site, fleet: str) -> None:
    for event in site.events.list(fleet, kind=EventKind.ANOMALY):
        if event.verdict is None:
            site.events.close(event.id, "benchmark", "false")


def _told(version: ModelVersion, fleet: Fleet, begin: datetime, weeks: int) -> list[int]:
    """Return how many events of a version begin in each week, by its final scores."""
    around = begin - _WARM_UP, begin + weeks * _WEEK + _COMPLETE
    model = FleetModel(version.path)
    scores = model.score(fleet.readings.filter(pl.col("time").is_between(*around)))
    found = model.events(scores).filter(pl.col("kind") == "anomaly")
    place = [(start - begin) // _WEEK for start in found["start"]]
    return [place.count(week) for week in range(weeks)]


# ---------------------------------------------------------------- healthy machines
def _fleet(name: str, seed: int, options: argparse.Namespace) -> Fleet:
    days = options.first + 7 * options.weeks
    if name == SIMULATED:
        return _simulated(seed, options.machines, days)
    config = PlantConfig(
        seed=seed, days=days, interval_seconds=options.interval, scale=options.scale
    )
    readings = pl.concat(
        frame.with_columns(pl.lit(asset).alias("asset"))
        for asset, frame in plant.generate_fleet(config, name, with_faults=False)
    )
    context = tuple(column.name for column in plant.fleet_kind(name).context)
    return Fleet(name, seed, readings, context, PLANT_START)


def _simulated(seed: int, machines: int, days: int) -> Fleet:
    """Return machines whose sensors share a part that depends on itself, and nothing else."""
    random = np.random.default_rng(seed)
    rows = days * _ROWS_A_DAY
    times = [_START + row * timedelta(days=1) / _ROWS_A_DAY for row in range(rows)]
    frames = []
    for number in range(machines):
        shared = np.zeros(rows)
        for row, push in enumerate(random.normal(size=rows) * (1 - _SHARE**2) ** 0.5):
            shared[row] = _SHARE * shared[row - 1] + push
        values = shared + random.normal(size=(_SENSORS, rows))
        columns = {f"s{place}": column for place, column in enumerate(values)}
        frames.append(pl.DataFrame({"asset": [f"P-{number}"] * rows, "time": times, **columns}))
    return Fleet(SIMULATED, seed, pl.concat(frames))


# ---------------------------------------------------------------- what is told
def _kept(events: Sequence[int], months: float) -> dict[str, Any]:
    """Return counts beside the promise, one an asset-month."""
    total = sum(events)
    low, high = counted(total)
    return {
        "events": total,
        "asset_months": round(months, 2),
        "ratio": round(total / months, 2),
        "interval": [round(low / months, 2), round(high / months, 2)],
    }


def _shown(one: dict[str, Any]) -> str:
    low, high = one["interval"]
    return (
        f"{one['fleet']:<10} {one['answer']:<6} week {one['week']!s:<4} versions "
        f"{one['versions']} {one['events']:>3} false events in {one['asset_months']:g} "
        f"asset-months: {one['ratio']:g} ({low:g} to {high:g}); first version "
        f"{one['first_version']}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.retrain", description=__doc__
    )
    fleets = [*plant.FLEETS, SIMULATED]
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--fleets", type=names, default=fleets, metavar="A,B,…")
    parser.add_argument("--seeds", type=counts, default=[7], metavar="N,…")
    parser.add_argument("--weeks", type=int, default=12, help="each retrained after")
    parser.add_argument("--first", type=int, default=42, help="days that are learned first")
    parser.add_argument("--recent", type=int, default=7, help="days to compare on")
    parser.add_argument("--recipe", default="auto", help="name or file of a recipe")
    parser.add_argument("--answer", type=names, default=["open"], help=" or ".join(ANSWERS))
    parser.add_argument("--interval", type=int, default=300, help="seconds, of the plant")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on its machines")
    parser.add_argument("--machines", type=int, default=10, help="simulated ones")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
