"""``python -m benchmarks why``: whether contributions name the faulty sensors first.

Sets are read from the data folder (``KIZASHI_DATA``, or ``../shared/data``).  A detector learns
from the normal part of each series.  For every labelled stretch sensors are put in order by
their shares of its score, and compared with the sensors that people named for it.  Then the
same of the events that the platform raises, there and on the demo plant (simulated), and
whether the event most like one, and the stretch of readings, is about the same
(`benchmarks.why.events`).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from appliance.demo import plant
from benchmarks.harness.sets import add_data
from benchmarks.quality import loaders
from benchmarks.why import events, injected
from benchmarks.why.contrast import beyond
from benchmarks.why.loaders import SETS, deviations, faults
from detectors import catalog, metrics
from detectors.thresholds import SurpriseScale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.quality.loaders import Series
    from benchmarks.why.loaders import Fault
    from detectors.base import Detector
    from detectors.validation import FloatVector

    Measure = Callable[[np.ndarray, FloatVector], float]

HIT_1, HIT_3, HIT_ALL, GAIN = "hit@1", "hit@3", "hit@100%", "NDCG"
MEASURES: dict[str, Measure] = {
    HIT_1: lambda causes, shares: metrics.cause_hit(causes, shares, 1),
    HIT_3: lambda causes, shares: metrics.cause_hit(causes, shares, 3),
    HIT_ALL: metrics.cause_hit_rate,
    GAIN: metrics.cause_gain,
}
OURS, MEAN_Z, LARGEST_Z, CHANCE = "contributions", "mean |z|", "largest |z|", "chance"
NEW = "beyond those before"
OTHER = "any other"
SAME_SENSORS, SAME_KIND = "nearest event, sensors", "nearest event, kind"
SAME_STRETCH = "nearest stretch, sensors"
PLANT = "plant-"
_DRAWS = 20


def main(argv: Sequence[str]) -> int:
    """Print a line a figure."""
    options = _parser().parse_args(argv)
    for line in lines(options.recipe, options.sets, options.data):
        print(json.dumps(line) if options.json else _shown(line), flush=True)
    return 0


def lines(recipe: str, sets: Sequence[str], folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures of each set: means over its faults."""
    for name in sets:
        if name.startswith(PLANT):
            fleet = name.removeprefix(PLANT)
            yield from _of_events(name, recipe, list(events.of_plant(fleet, recipe)))
            continue
        found: dict[str, list[list[float]]] = {}
        faulty = 0
        for series, own in _labelled(folder, name):
            faulty += len(own)
            for by, figures in _figures(catalog.make(recipe), series, own):
                found.setdefault(by, []).extend(figures)
        for metric, values in _means(found):
            yield _line(name, metric, recipe, values) | {"faults": faulty}
        if name == injected.SET:
            continue
        yield from _of_events(name, recipe, list(events.of_servers(folder, name, recipe)))


def _labelled(folder: Path, name: str) -> Iterator[tuple[Series, list[Fault]]]:
    """Yield each series of a set with its faults."""
    if name == injected.SET:
        yield from injected.machines(folder)
        return
    for series in loaders.load(name, folder):
        yield series, faults(folder, name, series.name, series.test.shape[1])


def _of_events(
    name: str, recipe: str, machines: Sequence[events.Machine]
) -> Iterator[dict[str, Any]]:
    """Yield what the events of a set's machines name, and what is most like them."""
    told = [one for machine in machines for one in machine.told]
    count = {
        "faults": len({fault for one in told for fault in one.touched}),
        "events": len(told),
        "raised": sum(machine.raised for machine in machines),
    }
    for metric, values in _means(_orders(told)):
        yield _line(name, f"events, {metric}", recipe, values) | count
    alike = {SAME_SENSORS: events.nearest(told, events.same_sensors)}
    if name.startswith(PLANT):
        alike[SAME_KIND] = events.nearest(told, events.same_kind)
    else:
        alike[SAME_STRETCH] = events.nearest_stretches(machines)
    for metric, how in alike.items():
        values = {OURS: round(how.near, 3), OTHER: round(how.other, 3)}
        yield _line(name, metric, recipe, values) | count | {"events": how.compared}


def _orders(told: Sequence[events.Told]) -> dict[str, list[list[float]]]:
    """Return, for each way to put an event's sensors in order, a row of figures an event."""
    rng, found = np.random.default_rng(0), {}
    for one in told:
        for by, orders in (
            (OURS, [one.shares]),
            (NEW, [one.new]),
            (MEAN_Z, [one.mean_z]),
            (LARGEST_Z, [one.largest_z]),
            (CHANCE, list(rng.random((_DRAWS, len(one.causes))))),
        ):
            found.setdefault(by, []).extend(_judged(one.causes, order) for order in orders)
    return found


def _means(found: dict[str, list[list[float]]]) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield each metric with its mean by way of ordering."""
    means = {by: np.mean(figures, axis=0) for by, figures in found.items()}
    for at, metric in enumerate(MEASURES):
        yield metric, {by: round(float(mean[at]), 3) for by, mean in means.items()}


def _line(name: str, metric: str, recipe: str, values: dict[str, float]) -> dict[str, Any]:
    return {
        "set": name,
        "metric": metric,
        "recipe": recipe,
        "value": values.pop(OURS),
        "goal": None,
        "published": None,
        "rivals": values,
    }


def _figures(
    detector: Detector, series: Series, faulty: Sequence[Fault]
) -> Iterator[tuple[str, list[list[float]]]]:
    """Yield, for each way to put sensors in order, a row of figures a fault or a draw."""
    detector.fit(series.train)
    scale = SurpriseScale(logarithmic=detector.tags.logarithmic)
    scale.fit(detector.calibration_scores(series.train))
    surprise = scale.surprise(detector.score(series.test))
    shares = detector.contributions(series.test)
    z = deviations(series.train, series.test)
    # As an event's sensors are: shares weighted with the surprise that they are shares of.
    weighted = surprise[:, None] * shares
    yield OURS, [_judged(one.causes, weighted[one.rows].sum(axis=0)) for one in faulty]
    spans = [(one.causes, one.rows.start, one.rows.stop) for one in faulty]
    yield NEW, [_judged(causes, beyond(weighted, *rows)) for causes, *rows in spans]
    yield MEAN_Z, [_judged(one.causes, z[one.rows].mean(axis=0)) for one in faulty]
    yield LARGEST_Z, [_judged(one.causes, z[one.rows].max(axis=0)) for one in faulty]
    draws = np.random.default_rng(0).random((_DRAWS, series.test.shape[1]))
    yield CHANCE, [_judged(one.causes, draw) for one in faulty for draw in draws]


def _judged(causes: np.ndarray, shares: FloatVector) -> list[float]:
    return [float(measure(causes, shares)) for measure in MEASURES.values()]


def _shown(line: dict[str, Any]) -> str:
    rivals = ", ".join(f"{name} {value:g}" for name, value in line["rivals"].items())
    count = f"{line['faults']} faults"
    if "events" in line:
        count += f", {line['events']} events"
    return (
        f"{line['set']:<15} {line['metric']:<24} {line['recipe']:<13} {line['value']:>6.3g}"
        f"   {count:<24} {rivals}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks why", description=__doc__)
    add_data(parser)
    sets = [*SETS, injected.SET, *(PLANT + fleet for fleet in plant.FLEETS)]
    parser.add_argument("--sets", nargs="+", choices=sets, default=sets)
    parser.add_argument("--recipe", default="auto", help="name of a detector")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
