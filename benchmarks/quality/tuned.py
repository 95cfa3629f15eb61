"""``python -m benchmarks.quality.tuned``: whether what `kizashi tune` goes by is worth it.

For each series recipes are probed on its training rows, by faults put in, as `kizashi tune`
does; then each of their detectors learns all training rows and is judged by the labels.  How
do the ranks by merit agree with the ranks by VUS-PR, and what is the recipe with the highest
merit worth beside the default and the mean of all?  A row stands for a minute.  Sets are read
from the data folder (``KIZASHI_DATA``, or ``../shared/data``).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from appliance.core.errors import InvalidRequest
from appliance.fleet.preparing import Unfit
from appliance.fleet.probing import probe
from appliance.fleet.recipe import resolve
from appliance.fleet.series import MICRO, Rows
from benchmarks.harness.sets import add_data, add_every, add_sets, known
from benchmarks.quality import loaders
from benchmarks.quality.criteria import chosen, rank_correlation
from benchmarks.quality.judging import fit_for, from_zero, period_of
from detectors import catalog, metrics
from detectors.errors import DetectorError
from detectors.models.auto import Auto
from detectors.spans import span_scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from appliance.schemas.recipe import Recipe
    from benchmarks.quality.loaders import Series

OTHERS = ("window_pca", "mahalanobis", "forecast", "knn")
_MOST_ROWS = 3_000
_MINUTE = 60 * MICRO


class Standing(NamedTuple):
    """What recipes are worth for one series.

    Attributes
    ----------
    merits, found
        By recipe, the default first; `found` is what is found, whatever is
        alarmed falsely.
    volumes
        VUS-PR.
    """

    merits: list[float]
    found: list[float]
    volumes: list[float]


def main(argv: Sequence[str]) -> int:
    """Print a line a set."""
    options = _parser().parse_args(argv)
    if not known(options.sets, loaders.SETS):
        return 2
    for line in lines(options.sets, options.data, options.every):
        print(json.dumps(line) if options.json else _shown(line), flush=True)
    return 0


def lines(sets: Sequence[str], folder: Path, every: int = 1) -> Iterator[dict[str, Any]]:
    """Yield for each set how merits agree with VUS-PR, the mean over its series.

    Series that the default cannot learn are left out, and counted.
    """
    for name in sets:
        found, refused = [], 0
        for series in loaders.load(name, folder, every):
            try:
                found.append(standing(series))
            except (DetectorError, InvalidRequest, Unfit):
                refused += 1
        figures = np.array([_figures(one) for one in found]).mean(axis=0)
        names = ("merit", "found", "chosen", "default", "mean", "hindsight")
        yield {"set": name, "series": len(found), "refused": refused} | {
            key: round(float(value), 4) for key, value in zip(names, figures, strict=True)
        }


def _figures(one: Standing) -> tuple[float, ...]:
    volumes = np.array(one.volumes)
    return (
        rank_correlation(np.array(one.merits), volumes),
        rank_correlation(np.array(one.found), volumes),
        float(volumes[chosen(np.array(one.merits))]),
        float(volumes[0]),
        float(volumes.mean()),
        float(volumes.max()),
    )


def standing(series: Series) -> Standing:
    """Probe recipes on a series' training rows, and judge their detectors by its labels.

    Raises
    ------
    DetectorError, Unfit
        The default cannot learn it.
    """
    default = Auto().fit(series.train)
    rows = series.train[-_MOST_ROWS:]
    times = np.arange(len(rows), dtype=np.int64) * _MINUTE
    whole = Rows(times, np.ascontiguousarray(rows.T), np.empty((0, len(rows))))
    sensors = [f"s{number:02d}" for number in range(rows.shape[1])]
    window = period_of(series.test, series.train)
    out = Standing([], [], [])
    for recipe in _recipes(default.widths_[0]):
        try:
            probed = probe(loaders.ASSET, whole, sensors, recipe)
            volume = _volume(recipe, series, default.fading_rows(), window)
        except (DetectorError, Unfit):
            if recipe.detector == "auto" and not recipe.parameters:
                raise
            continue
        out.merits.append(probed.merit)
        out.found.append(probed.found)
        out.volumes.append(volume)
    return out


def _recipes(width: int) -> list[Recipe]:
    widths: list[dict[str, Any]] = [{}, {"window": max(2, width // 2)}, {"window": 2 * width}]
    own = [resolve("auto").model_copy(update={"parameters": one}) for one in widths]
    return own + [resolve("auto").model_copy(update={"detector": one}) for one in OTHERS]


def _volume(recipe: Recipe, series: Series, fading: float, window: int) -> float:
    detector = catalog.make(recipe.detector, **recipe.parameters)
    train, test = (
        fit_for(detector, rows, series.train) for rows in (series.train, series.test)
    )
    scores = span_scores(from_zero(detector.fit(train).score(test)), fading)
    return metrics.vus_pr(series.labels, scores, window)


def _shown(line: dict[str, Any]) -> str:
    return (
        f"{line['set']:<5} {line['series']:>3} series: merit agrees with VUS-PR by "
        f"{line['merit']:+.2f}, what is found alone by {line['found']:+.2f}; highest merit "
        f"{line['chosen']:.3f}, default {line['default']:.3f}, mean {line['mean']:.3f}, "
        f"hindsight {line['hindsight']:.3f}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.tuned", description=__doc__
    )
    add_data(parser)
    add_sets(parser, tuple(loaders.SETS))
    add_every(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
