"""``python -m benchmarks rul``: remaining life and health of turbofans, health of bearings.

Sets are read from the data folder (``KIZASHI_DATA``, or ``../shared/data``).  What engines had
left is read after everything was told.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.harness.sets import add_data
from benchmarks.rul import health, loaders
from benchmarks.rul.days import health_by_days
from benchmarks.rul.rivals import RIVALS
from detectors import metrics
from detectors.prognostics import RemainingLife, running_low

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_RECIPE, _HEALTH, _DAYS = "remaining life", "health", "health by days"
RMSE, RMSE_WHOLE, SCORE, COVERAGE = "RMSE", "RMSE, uncapped truth", "score", "coverage %"
GOALS = {RMSE: 12.0, COVERAGE: 90.0}
PUBLISHED = {RMSE: 11.5}
"""Deep networks of recent papers: 11 to 12."""
ORDER, LEAD, FALSE_LEAD = "Spearman with age", "lead, cycles", "false leads %"
HALF, LATE, END = "spread at half life", "spread 50 cycles left", "spread at the end"
ALIKE = "prognosability"
LEAD_HOURS = "lead h, health < 50"


def main(argv: Sequence[str]) -> int:
    """Print a line a figure."""
    options = _parser().parse_args(argv)
    for line in lines(options.data, options.sets, rivals=not options.alone):
        print(json.dumps(line) if options.json else _shown(line), flush=True)
    return 0


def lines(
    folder: Path, sets: Sequence[str], *, rivals: bool = True
) -> Iterator[dict[str, Any]]:
    """Yield the figures of each set."""
    if "cmapss" in sets:
        yield from _turbofans(folder, rivals=rivals)
        yield from _health(folder, rivals=rivals)
    if "ims" in sets:
        yield from _bearings(folder, rivals=rivals)


def _turbofans(folder: Path, *, rivals: bool) -> Iterator[dict[str, Any]]:
    data = loaders.turbofans(folder)
    model = RemainingLife(cap=loaders.CAP).fit(data.lives)
    told = model.predict(data.courses)
    others = {
        name: np.clip(rival(data.lives, data.courses, loaders.CAP), 0, loaders.CAP)
        for name, rival in RIVALS.items()
        if rivals
    }
    truth = np.minimum(data.left, loaders.CAP)
    named = {_RECIPE: told.rul} | others
    for metric, measure, known in (
        (RMSE, metrics.life_rmse, truth),
        (RMSE_WHOLE, metrics.life_rmse, data.left),
        (SCORE, metrics.life_score, truth),
    ):
        found = {name: measure(known, one) for name, one in named.items()}
        yield _line("cmapss-fd001", metric, found.pop(_RECIPE), found)
    held = 100 * metrics.life_coverage(truth, told.low, told.high)
    yield _line("cmapss-fd001", COVERAGE, held)
    yield _line("cmapss-fd001", "mean width", float(np.mean(told.high - told.low)))
    yield _line("cmapss-fd001", "RMSE, engines left out", model.cv_rmse_)


def _health(folder: Path, *, rivals: bool) -> Iterator[dict[str, Any]]:
    lives = loaders.turbofans(folder).lives
    found = {
        name: _worth(index(lives))
        for name, index in health.INDICES.items()
        if rivals or name == health.OURS
    }
    own, by_days = found.pop(health.OURS), _worth(health_by_days(lives))
    for metric, value in own.items():
        others = {name: values[metric] for name, values in found.items()}
        yield _line("cmapss-fd001", metric, value, others, _HEALTH)
        yield _line("cmapss-fd001", metric, by_days[metric], recipe=_DAYS)


def _worth(points: Sequence[np.ndarray]) -> dict[str, float]:
    """Return what an index of health is worth, by the name that it is printed with."""
    found = health.worth(points)
    return {
        ORDER: float(np.median(found.order)),
        HALF: found.half,
        LATE: found.late,
        END: found.end,
        ALIKE: found.prognosability,
        LEAD: float(np.median(found.leads)),
        FALSE_LEAD: 100 * float((found.leads > loaders.CAP).mean()),
    }


def _bearings(folder: Path, *, rivals: bool) -> Iterator[dict[str, Any]]:
    """Yield hours from health below the limit to the end; all but the first did not fail."""
    bearings, before = loaders.bearings(folder)
    for number, rows in enumerate(bearings, 1):
        leads = {}
        for name, index in health.INDICES.items():
            if rivals or name == health.OURS:
                told = running_low(index([rows])[0], health.ROWS)
                leads[name] = float(before[::-1][int(health.lead(told))])
        own = leads.pop(health.OURS)
        yield _line(f"ims-bearing-{number}", LEAD_HOURS, own, leads, _HEALTH)


def _line(
    name: str,
    metric: str,
    value: float,
    rivals: dict[str, float] | None = None,
    recipe: str = _RECIPE,
) -> dict[str, Any]:
    return {
        "set": name,
        "metric": metric,
        "recipe": recipe,
        "value": round(value, 3),
        "goal": GOALS.get(metric),
        "published": PUBLISHED.get(metric),
        "rivals": {other: round(one, 3) for other, one in (rivals or {}).items()},
    }


def _shown(line: dict[str, Any]) -> str:
    rivals = ", ".join(f"{name} {value:g}" for name, value in line["rivals"].items())
    goal = "" if line["goal"] is None else f"goal {line['goal']:g}"
    head = f"{line['set']:<14} {line['metric']:<22} {line['recipe']:<14}"
    return f"{head} {line['value']:>8.4g}   {goal:<10} {rivals}".rstrip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks rul", description=__doc__)
    add_data(parser)
    parser.add_argument(
        "--sets", nargs="+", choices=("cmapss", "ims"), default=["cmapss", "ims"]
    )
    parser.add_argument("--alone", action="store_true", help="without the rivals")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
