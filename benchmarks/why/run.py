"""``python -m benchmarks why``: whether contributions name the faulty sensors first.

Sets are read from the data folder (``KIZASHI_DATA``, or ``../shared/data``).  A detector learns
from the normal part of each series.  For every labelled stretch sensors are put in order by
their shares of its score, and compared with the sensors that people named for it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.harness.sets import add_data
from benchmarks.quality import loaders
from benchmarks.why.loaders import SETS, faults
from detectors import catalog, metrics
from detectors.thresholds import SurpriseScale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.quality.loaders import Series
    from benchmarks.why.loaders import Fault
    from detectors.base import Detector
    from detectors.validation import FloatMatrix, FloatVector

    Measure = Callable[[np.ndarray, FloatVector], float]

HIT_1, HIT_3, HIT_ALL, GAIN = "hit@1", "hit@3", "hit@100%", "NDCG"
MEASURES: dict[str, Measure] = {
    HIT_1: lambda causes, shares: metrics.cause_hit(causes, shares, 1),
    HIT_3: lambda causes, shares: metrics.cause_hit(causes, shares, 3),
    HIT_ALL: metrics.cause_hit_rate,
    GAIN: metrics.cause_gain,
}
OURS, MEAN_Z, LARGEST_Z, CHANCE = "contributions", "mean |z|", "largest |z|", "chance"
_DRAWS = 20
_FLAT_SHARE, _FLAT = 0.01, 1e-3
"""What counts as the deviation of a sensor that was constant in training."""


def main(argv: Sequence[str]) -> int:
    """Print a line a figure."""
    options = _parser().parse_args(argv)
    for line in lines(options.recipe, options.sets, options.data):
        print(json.dumps(line) if options.json else _shown(line), flush=True)
    return 0


def lines(recipe: str, sets: Sequence[str], folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures of each set: means over its faults."""
    for name in sets:
        found: dict[str, list[list[float]]] = {}
        faulty = 0
        for series in loaders.load(name, folder):
            own = faults(folder, name, series.name, series.test.shape[1])
            faulty += len(own)
            for by, figures in _figures(catalog.make(recipe), series, own):
                found.setdefault(by, []).extend(figures)
        means = {by: np.mean(figures, axis=0) for by, figures in found.items()}
        for at, metric in enumerate(MEASURES):
            values = {by: round(float(mean[at]), 3) for by, mean in means.items()}
            yield {
                "set": name,
                "metric": metric,
                "recipe": recipe,
                "value": values.pop(OURS),
                "goal": None,
                "published": None,
                "rivals": values,
                "faults": faulty,
            }


def _figures(
    detector: Detector, series: Series, faulty: Sequence[Fault]
) -> Iterator[tuple[str, list[list[float]]]]:
    """Yield, for each way to put sensors in order, a row of figures a fault or a draw."""
    detector.fit(series.train)
    scale = SurpriseScale().fit(detector.calibration_scores(series.train))
    surprise = scale.surprise(detector.score(series.test))
    shares = detector.contributions(series.test)
    z = _deviations(series)
    # As an event's sensors are: shares weighted with the surprise that they are shares of.
    yield OURS, [_judged(one, surprise[one.rows] @ shares[one.rows]) for one in faulty]
    yield MEAN_Z, [_judged(one, z[one.rows].mean(axis=0)) for one in faulty]
    yield LARGEST_Z, [_judged(one, z[one.rows].max(axis=0)) for one in faulty]
    draws = np.random.default_rng(0).random((_DRAWS, series.test.shape[1]))
    yield CHANCE, [_judged(one, draw) for one in faulty for draw in draws]


def _judged(fault: Fault, shares: FloatVector) -> list[float]:
    return [float(measure(fault.causes, shares)) for measure in MEASURES.values()]


def _deviations(series: Series) -> FloatMatrix:
    """Return how many training deviations readings are from the training mean."""
    middle, spread = series.train.mean(axis=0), series.train.std(axis=0)
    flat = np.maximum(_FLAT_SHARE * np.abs(middle), _FLAT)
    return np.asarray(np.abs(series.test - middle) / np.where(spread > 0, spread, flat))


def _shown(line: dict[str, Any]) -> str:
    rivals = ", ".join(f"{name} {value:g}" for name, value in line["rivals"].items())
    return (
        f"{line['set']:<5} {line['metric']:<10} {line['recipe']:<13} {line['value']:>6.3g}"
        f"   {line['faults']} faults   {rivals}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks why", description=__doc__)
    add_data(parser)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--recipe", default="auto", help="name of a detector")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
