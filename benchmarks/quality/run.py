"""``python -m benchmarks quality``: VUS-PR on nine public sets, hit rate, F1.

Each set is read from the data folder (``KIZASHI_DATA``, or ``../shared/data``).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.harness.sets import add_data, add_every, add_sets, known
from benchmarks.quality import bearings, calls, figures, loaders, rivals, tsbad
from benchmarks.quality.alarms import seconds_a_row, together
from benchmarks.quality.judging import HOURLY, QUANTILE, Outcome, judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_RANKINGS = {
    figures.VUS_PR: "vus_pr",
    figures.VUS_PR_ROWS: "vus_pr_rows",
    figures.VUS_PR_LIVE: "vus_pr_live",
    figures.VUS_PR_HALF: "vus_pr_half",
    figures.VUS_ROC: "vus_roc",
    figures.AUC_PR: "auc_pr",
}
_OTHERS = (*tsbad.TRACKS, *calls.SETS, bearings.SET)
"""Series with a published score of each method, streams in which calls count, and a run to
failure."""


def main(argv: Sequence[str]) -> int:
    """Judge recipes on data sets and print a line a figure."""
    options = _parser().parse_args(argv)
    if not known(options.sets, {*loaders.SETS, *_OTHERS}):
        return 2
    recipes = [options.recipe, *(rivals.NAMES if options.rivals else ())]
    for recipe in recipes:
        asked = options.sets, options.data, options.every, options.ranking
        for line in lines(recipe, *asked):
            print(json.dumps(line) if options.json else _shown(line), flush=True)
    return 0


def lines(
    recipe: str, sets: Sequence[str], folder: Path, every: int = 1, ranking: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield the figures of each set, and at the end the mean over the sets.

    Parameters
    ----------
    recipe
        Name that `rivals.make` takes.
    sets
        Names of `loaders.SETS`; or of `tsbad.TRACKS` or `calls.SETS`, or `bearings.SET`, which
        count towards no mean.
    folder
        Where the data sets are.
    every
        Take only every so-many-th series of a set.
    ranking
        Only say how rows are ranked.
    """
    means: list[dict[str, float]] = []
    everything: list[Outcome] = []
    for name in sets:
        if name in tsbad.TRACKS:
            yield from _beside_published(recipe, name, folder, every, ranking)
            continue
        if name in calls.SETS:
            yield from _early(recipe, name, folder, every)
            continue
        if name == bearings.SET:
            yield from _to_failure(recipe, folder)
            continue
        series = loaders.load(name, folder, every)
        seconds = seconds_a_row(name)
        flags = name == "skab"
        outcomes = [
            judge(recipe, one, seconds=seconds, flags=flags, ranking=ranking) for one in series
        ]
        for metric, value in _figures_of(name, outcomes):
            yield _line(name, metric, recipe, value) | _counts(outcomes)
        means.append(_ranking(outcomes))
        everything += outcomes
    if len(means) == len(loaders.SETS):
        for metric in means[0]:
            value = float(np.mean([found.get(metric, np.nan) for found in means]))
            yield _line("mean", metric, recipe, value) | _counts(everything)


def _early(recipe: str, name: str, folder: Path, every: int) -> Iterator[dict[str, Any]]:
    """Yield what early calls are worth, of the detector that is made for them too."""
    for one in dict.fromkeys((recipe, calls.BESIDE)):
        count, found = calls.figures_of(one, name, folder, every)
        for metric, value in found.items():
            yield _line(name, metric, one, value) | {"series": count, "refused": 0}


def _to_failure(recipe: str, folder: Path) -> Iterator[dict[str, Any]]:
    count, found = bearings.figures_of(recipe, folder)
    for metric, value in found.items():
        yield _line(bearings.SET, metric, recipe, value) | {"series": count, "refused": 0}


def _beside_published(
    recipe: str, name: str, folder: Path, every: int, ranking: bool
) -> Iterator[dict[str, Any]]:
    """Yield how series are ranked for which every method of a leaderboard has a figure."""
    found = list(tsbad.load(name, folder, every))
    outcomes = [judge(recipe, one.series, ranking=ranking) for one in found]
    others = tsbad.best(found)
    first = max(others.values())
    for metric, value in _ranking(outcomes).items():
        line = _line(name, metric, recipe, value) | _counts(outcomes)
        if metric in (figures.VUS_PR, figures.VUS_PR_ROWS):
            goal = round(tsbad.GOAL * first, 4)
            line |= {"goal": goal, "published": first, "rivals": others}
        yield line


def _figures_of(name: str, outcomes: Sequence[Outcome]) -> Iterator[tuple[str, float]]:
    yield from _ranking(outcomes).items()
    if name == "ucr":
        yield figures.HIT_RATE, float(np.mean([outcome.hit for outcome in outcomes]))
    alarms = [outcome.alarms for outcome in outcomes if outcome.alarms is not None]
    if len(alarms) < len(outcomes):
        return
    yield from together(alarms).items()
    if name == "skab":
        for way, share, rate, silent in (
            (QUANTILE, figures.F1, figures.FALSE_ALARMS, figures.MISSED),
            (
                HOURLY,
                figures.F1_HOURLY,
                figures.FALSE_ALARMS_HOURLY,
                figures.MISSED_HOURLY,
            ),
        ):
            counts = np.sum([outcome.flagged[way] for outcome in outcomes], axis=0)
            right, false, missed, quiet = counts
            yield share, float(2 * right / max(2 * right + false + missed, 1))
            yield rate, float(100 * false / max(false + quiet, 1))
            yield silent, float(100 * missed / max(right + missed, 1))


def _ranking(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Return the mean over series of each VUS-PR that all of them have, by metric."""
    means = {}
    for metric, name in _RANKINGS.items():
        found = [getattr(outcome, name) for outcome in outcomes]
        if None not in found:
            means[metric] = float(np.mean(found))
    return means


def _line(name: str, metric: str, recipe: str, value: float) -> dict[str, Any]:
    key = (name, metric)
    return {
        "set": name,
        "metric": metric,
        "recipe": recipe,
        "value": round(value, 4),
        "goal": figures.GOALS.get(key),
        "published": figures.PUBLISHED.get(key),
        "rivals": figures.RIVALS.get(key, {}),
    }


def _counts(outcomes: Sequence[Outcome]) -> dict[str, float]:
    return {
        "series": len(outcomes),
        "refused": sum(outcome.refused for outcome in outcomes),
        "seconds": round(float(np.mean([outcome.seconds for outcome in outcomes])), 3),
    }


def _shown(line: dict[str, Any]) -> str:
    rivals = ", ".join(f"{name} {value:g}" for name, value in line["rivals"].items())
    goal = "" if line["goal"] is None else f"goal {line['goal']:g}"
    return (
        f"{line['set']:<5} {line['metric']:<15} {line['recipe']:<13} {line['value']:>8.4g}"
        f"   {goal:<11} {_extent(line):<22} {rivals}"
    ).rstrip()


def _extent(line: dict[str, Any]) -> str:
    refused = f", {line['refused']} refused" if line["refused"] else ""
    return f"{line['series']} series{refused}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks quality", description=__doc__)
    add_data(parser)
    add_sets(parser, list(loaders.SETS), f"also {', '.join(_OTHERS)}")
    parser.add_argument("--recipe", default="auto", help="name of a detector or rival")
    parser.add_argument("--rivals", action="store_true", help="measure the rivals as well")
    add_every(parser)
    parser.add_argument(
        "--ranking", action="store_true", help="only rank rows: no alarms, nothing live"
    )
    return parser
