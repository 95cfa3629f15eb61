"""``python -m benchmarks.quality.changes``: what is told when normal changes, and of faults.

Simulated machines of five sensors that share a part, a row every half an hour, in runs of 6 to
18 hours that each have a product and a load.  After 30 days, which are learned, something
changes on a day of the fourth week or later: maintenance, with or without an entry in the
calendar, a season, a product or a load never seen, with or without the column that tells it, or
a fault.  The model stays as it is.  Printed is of how many machines what was told, and after
how many days in the median:

- ``event``: an anomaly began;
- ``change``: health tells since when normal has changed (`appliance.heat.change`), looked at
  every day; ``right`` are those with the right day, give or take one;
- ``drift``: the machine goes away from months before (`appliance.fleet.drifting`), looked at
  every week;
- ``unseen``: a quarter of a day's readings are not judged, as their context was never learned.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from appliance.core.settings import load_settings
from appliance.engine import make
from appliance.fleet import frames
from appliance.fleet.chunks import Columns, cut
from appliance.fleet.drifting import find_drifts
from appliance.fleet.model import FleetModel
from appliance.fleet.recipe import resolve
from appliance.fleet.training import fit_fleet
from appliance.heat.days import Calendar
from appliance.heat.health import by_days
from appliance.schemas.score import Judgement
from benchmarks.harness.sets import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from appliance.engine import Engine

    Floats = NDArray[np.float64]

_START = datetime(2026, 1, 1, tzinfo=UTC)
_ASSET = "P-1"
_ROWS_A_DAY = 48
_STEP = timedelta(days=1) / _ROWS_A_DAY
_LEARNED, _LATER, _WEEK = 30, 70, 7
_DAYS = _LEARNED + _LATER
_SENSORS = 5
_SHARE = 0.9
_STOP = _ROWS_A_DAY // 3
"""Rows that maintenance takes."""
_UNSEEN = 0.25
_HELD = timedelta(days=2)
"""Final scores look ahead: so long before a change may its event begin."""
TOLD = ("event", "change", "drift", "unseen")


@dataclass(frozen=True)
class Case:
    """A machine, or a fleet of them, to which something happens.

    Attributes
    ----------
    readings
        What the platform judges: what the calendar takes out is not in it.
    onset
        Day since the first.
    context
        Columns that it is told of.
    """

    readings: pl.DataFrame
    onset: float
    context: tuple[str, ...] = ()


@dataclass
class _Course:
    """What a machine runs, row by row; made sensor by sensor into readings."""

    random: np.random.Generator
    onset: float = 0.0
    moves: Floats = field(default_factory=lambda: np.zeros((_SENSORS, _DAYS * _ROWS_A_DAY)))

    def __post_init__(self) -> None:
        self.onset = float(self.random.integers(_LEARNED + 14, _LEARNED + 35))
        self.days = np.arange(_DAYS * _ROWS_A_DAY) / _ROWS_A_DAY
        self.later = self.days >= self.onset
        lengths = self.random.integers(_ROWS_A_DAY // 4, 3 * _ROWS_A_DAY // 4, 8 * _DAYS)
        self.runs = np.repeat(np.arange(len(lengths)), lengths)[: len(self.days)]

    def in_third(self) -> NDArray[np.bool_]:
        """Tell which rows are of every third run, since the onset."""
        return self.later & (self.runs % 3 == 0)

    def frame(self, asset: str, **context: Any) -> pl.DataFrame:
        """Return the readings."""
        random, rows = self.random, len(self.days)
        shared, push = np.zeros(rows), random.normal(size=rows) * (1 - _SHARE**2) ** 0.5
        for row in range(1, rows):
            shared[row] = _SHARE * shared[row - 1] + push[row]
        values = shared + random.normal(size=(_SENSORS, rows)) + self.moves
        return pl.DataFrame(
            {
                "asset": [asset] * rows,
                "time": [_START + row * _STEP for row in range(rows)],
                **{f"s{place}": column for place, column in enumerate(values)},
                **context,
            }
        )


Maker = Callable[[np.random.Generator], Case]


def main(argv: Sequence[str]) -> int:
    """Print a line a scenario."""
    options = _parser().parse_args(argv)
    asked = [one for one in SCENARIOS if any(word in one for word in options.only or [""])]
    if not asked:
        print(f"no such scenario: {', '.join(options.only)}", file=sys.stderr)
        return 2
    for one in lines(asked, options.machines):
        print(json.dumps(one) if options.json else _shown(one), flush=True)
    return 0


def lines(scenarios: Sequence[str], machines: int) -> Iterator[dict[str, Any]]:
    """Yield what is told of so many machines, a line a scenario."""
    with make("local", load_settings()) as engine:
        for name in scenarios:
            found: list[dict[str, float]] = []
            for seed in range(machines):
                found += told_of(SCENARIOS[name](np.random.default_rng(seed)), engine)
            line: dict[str, Any] = {"scenario": name, "machines": len(found)}
            for kind in TOLD:
                after = [one[kind] for one in found if kind in one]
                line[kind] = len(after)
                line[f"{kind}_days"] = round(float(np.median(after)), 1) if after else None
            yield line | {
                "right": sum("right" in one for one in found),
                "nothing": sum(not one for one in found),
            }


def told_of(case: Case, engine: Engine) -> list[dict[str, float]]:
    """Return of each machine after how many days what was told first."""
    known = case.readings.filter(pl.col("time") < _START + timedelta(days=_LEARNED))
    layout = frames.guess(known, "asset", "time", list(case.context))
    with tempfile.TemporaryDirectory(prefix="kizashi-") as scratch:
        rows = cut(frames.normalise(known, layout), 1)
        report = fit_fleet(rows, resolve("auto"), layout, Path(scratch) / "model", engine)
        model = FleetModel(report.folder)
        scores = model.score(case.readings)
        events = model.events(scores).filter(pl.col("kind") == "anomaly")
        levels = {asset: one.threshold for asset, one in model.manifest.assets.items()}
    drifted = _drifts(case, engine)
    found = []
    for asset in sorted(levels):
        own = pl.col("asset") == asset
        one = _by_scores(scores.filter(own), levels[asset], case.onset)
        reach = timedelta(days=case.onset) + _START - _HELD, _START + timedelta(days=case.onset)
        near = own & (pl.col("start") >= reach[0]) & (pl.col("end") >= reach[1])
        begun = [max(_day(start) - case.onset, 0.0) for start in events.filter(near)["start"]]
        if begun:
            one["event"] = round(min(begun), 2)
        if asset in drifted:
            one["drift"] = drifted[asset] - case.onset
        found.append(one)
    return found


def _day(moment: datetime) -> float:
    return (moment - _START) / timedelta(days=1)


def _by_scores(scores: pl.DataFrame, level: float, onset: float) -> dict[str, float]:
    """Return what one machine's scores tell from day to day."""
    found: dict[str, float] = {}
    codes = {one.name.lower(): one.value for one in Judgement}
    coded = scores.with_columns(pl.col("state").replace_strict(codes, return_dtype=pl.Int8))
    calendar = Calendar("UTC")
    points = by_days(coded, calendar, level)
    for day in range(int(onset), _DAYS):
        since = replace(points, uppers=points.uppers[: day + 1]).changed()
        if since is not None:
            found["change"] = day + 1 - onset
            if abs(_day(calendar.start(points.first + since)) - onset) <= 1:
                found["right"] = found["change"]
            break
    unseen = pl.col("state") == Judgement.UNSEEN_MODE.value
    daily = coded.group_by(pl.col("time").dt.date()).agg(unseen.mean()).sort("time")
    for at, share in daily.iter_rows():
        day = (at - _START.date()).days
        if day >= int(onset) and share >= _UNSEEN:
            return {**found, "unseen": day + 1 - onset}
    return found


def _drifts(case: Case, engine: Engine) -> dict[str, int]:
    """Return by machine the day on which a drift was told first, looking every week."""
    layout = frames.guess(case.readings, "asset", "time", list(case.context))
    rows = frames.normalise(case.readings, layout)
    recipe = resolve("auto")
    columns = Columns.of(recipe, layout.sensors, layout.context)
    span = (_START, _START + timedelta(days=_LEARNED))
    normal = dict.fromkeys(case.readings["asset"].unique().to_list(), span)
    found: dict[str, int] = {}
    for day in range(_LEARNED + 2 * _WEEK, _DAYS + 1, _WEEK):
        known = rows.filter(pl.col("time") < _START + timedelta(days=day))
        for note in find_drifts(cut(known, 1), recipe, columns, normal, engine):
            if day > case.onset:
                found.setdefault(note.asset, day)
    return found


# ---------------------------------------------------------------- what happens
def _quiet(random: np.random.Generator) -> Case:
    course = _Course(random)
    return Case(course.frame(_ASSET), course.onset)


def _maintained(*, entered: bool, then: Callable[[_Course], Floats]) -> Maker:
    """Maintenance of a third of a day; what the calendar holds of it is not judged."""

    def made(random: np.random.Generator) -> Case:
        course = _Course(random)
        course.moves[1] += then(course)
        first = int(course.onset * _ROWS_A_DAY)
        stop = slice(first, first + _STOP)
        course.moves[:, stop] = -8.0
        frame = course.frame(_ASSET)
        if entered:
            frame = pl.concat([frame[:first], frame[stop.stop :]])
        return Case(frame, course.onset)

    return made


def _moved(then: Callable[[_Course], Floats]) -> Maker:
    def made(random: np.random.Generator) -> Case:
        course = _Course(random)
        course.moves[1] += then(course)
        return Case(course.frame(_ASSET), course.onset)

    return made


def _nothing(course: _Course) -> Floats:
    return np.zeros(len(course.days))


def _step(course: _Course) -> Floats:
    return np.where(course.later, course.random.uniform(2, 6), 0.0)


def _growing(course: _Course) -> Floats:
    return 0.3 * np.maximum(course.days - course.onset, 0)


def _fast(course: _Course) -> Floats:
    return 2.0 * np.maximum(course.days - course.onset, 0)


def _bending(course: _Course) -> Floats:
    return 0.03 * np.maximum(course.days - course.onset, 0) ** 2


def _five_days(course: _Course) -> Floats:
    return np.where(course.later & (course.days < course.onset + 5), 4.0, 0.0)


def _in_runs(course: _Course) -> Floats:
    return np.where(course.in_third(), 4.0, 0.0)


def _season(size: int, *, told: bool = False) -> Maker:
    """The year moves all sensors by 4 deviations; it begins with the readings."""

    def made(random: np.random.Generator) -> Case:
        phase, machines = random.uniform(0, 365), []
        for number in range(size):
            course = _Course(random)
            year = 2.0 * np.sin(2 * np.pi * (course.days + phase) / 365)
            course.moves += random.uniform(0.8, 1.2) * year
            ambient = {"ambient": 20 + 5 * year} if told else {}
            machines.append(course.frame(f"P-{number}", **ambient))
        return Case(pl.concat(machines), float(_LEARNED), ("ambient",) if told else ())

    return made


def _product(*, told: bool, alone: bool) -> Maker:
    """Products A and B are learned; then C comes, in every third run or alone."""

    def made(random: np.random.Generator) -> Case:
        course = _Course(random)
        levels = random.normal(size=(3, _SENSORS)) * 3.0
        product = course.runs % 2
        product[course.later if alone else course.in_third()] = 2
        course.moves += levels[product].T
        column = {"product": np.array(["A", "B", "C"])[product]} if told else {}
        frame = course.frame(_ASSET, **column)
        return Case(frame, course.onset, ("product",) if told else ())

    return made


def _load(*, told: bool, alone: bool) -> Maker:
    """Loads of 60 to 90 are learned; then 120 comes, in every third run or alone."""

    def made(random: np.random.Generator) -> Case:
        course = _Course(random)
        load = random.uniform(60, 90, course.runs.max() + 1)[course.runs]
        load[course.later if alone else course.in_third()] = 120.0
        course.moves += np.outer(random.uniform(0.5, 2, _SENSORS), (load - 75) / 10)
        frame = course.frame(_ASSET, **({"load": load} if told else {}))
        return Case(frame, course.onset, ("load",) if told else ())

    return made


SCENARIOS: dict[str, Maker] = {
    "normal running": _quiet,
    "maintenance in the calendar, then as before": _maintained(entered=True, then=_nothing),
    "maintenance in the calendar, then a step": _maintained(entered=True, then=_step),
    "maintenance without an entry, then as before": _maintained(entered=False, then=_nothing),
    "maintenance without an entry, then a step": _maintained(entered=False, then=_step),
    "maintenance in the calendar, then a growing fault": _maintained(
        entered=True, then=_growing
    ),
    "season, alone": _season(1),
    "season, alone, ambient told": _season(1, told=True),
    "season, five machines": _season(5),
    "new product in every third run, told": _product(told=True, alone=False),
    "new product in every third run, not told": _product(told=False, alone=False),
    "only the new product, told": _product(told=True, alone=True),
    "only the new product, not told": _product(told=False, alone=True),
    "new load in every third run, told": _load(told=True, alone=False),
    "new load in every third run, not told": _load(told=False, alone=False),
    "only the new load, told": _load(told=True, alone=True),
    "only the new load, not told": _load(told=False, alone=True),
    "fault at once that stays": _moved(_step),
    "fault that grows by .3 a day": _moved(_growing),
    "fault that grows by 2 a day": _moved(_fast),
    "fault that grows with the square of time": _moved(_bending),
    "fault of five days": _moved(_five_days),
    "fault in every third run": _moved(_in_runs),
}


def _shown(one: dict[str, Any]) -> str:
    told = ", ".join(
        f"{kind} {one[kind]}" + ("" if not one[kind] else f" after {one[f'{kind}_days']:g} d")
        for kind in TOLD
    )
    return f"{one['scenario']:<50} of {one['machines']:>2}: {told}; right day {one['right']}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.changes", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--machines", type=int, default=6, help="of a scenario; five a fleet")
    parser.add_argument(
        "--only", type=names, default=[], metavar="A,B,…", help="words of scenarios"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
