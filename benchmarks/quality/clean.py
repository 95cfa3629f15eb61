"""False events in normal running of the public data sets, beside what was promised.

Of each series only rows are taken that nobody labelled faulty.  The first three fifths are
learned from and the rest judged (forward), then the last three fifths and what came before
(backward): machines that change with time break a promise in one direction more than in the
other.  TEP is learned from its normal training run and judged on its other normal rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import chi2

from benchmarks.quality import loaders
from benchmarks.quality.alarms import RULE
from detectors import catalog
from detectors.errors import InvalidInput
from detectors.thresholds import SurpriseScale, alarm_levels, find_stretches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.quality.loaders import Matrix

WAYS = ("forward", "backward")
PER_ROWS = 1000
"""Budgets are told in events for so many rows, as the sets' rows last from 1 s to days."""
LEARNED = 0.6
"""Share of a series that is learned from."""
_LONGEST = 12_000
_FEWEST = 300
_EVERY_UCR = 2
_SURE = 0.95


@dataclass(frozen=True)
class Kept:
    """What came of a promise on one series.

    Attributes
    ----------
    events, promised
        Found in the rows judged, and expected by the alarm level there.
    rows, alarmed
        Rows judged, and those of them inside events.
    """

    events: int
    promised: float
    rows: int
    alarmed: int


def lines(
    sets: Sequence[str], folder: Path, budgets: Sequence[float], recipe: str
) -> Iterator[dict[str, Any]]:
    """Yield a line a set, direction and budget.

    Parameters
    ----------
    sets
        Names of `loaders.SETS`.
    folder
        Where the data sets are.
    budgets
        Events for `PER_ROWS` rows.
    recipe
        Name in the catalog.
    """
    for name in sets:
        for way in WAYS if name != "tep" else WAYS[:1]:
            found: list[list[Kept]] = []
            refused = 0
            for train, test in _parts(name, folder, way):
                try:
                    found.append(_kept(recipe, train, test, budgets))
                except InvalidInput:
                    refused += 1
            for place, budget in enumerate(budgets):
                own = [one[place] for one in found]
                about = {"set": name, "way": way, "budget": budget, "refused": refused}
                yield about | together(own)


def shown(line: dict[str, Any]) -> str:
    """Return a line for a person."""
    low, high = line["interval"]
    return (
        f"{line['set']:<5} {line['way']:<9} {line['budget']:>4g} of {PER_ROWS} rows "
        f"{line['series']:>3} series {line['events']:>4} false events, {line['promised']:g} "
        f"promised: {line['ratio']:g} ({low:g} to {high:g}), {line['alarmed']:.1%} of rows"
    )


def _parts(name: str, folder: Path, way: str) -> Iterator[tuple[Matrix, Matrix]]:
    if name == "tep":
        first, *others = loaders.normal(name, folder)
        yield from ((first, other) for other in others)
        return
    for ordered in courses(name, folder):
        if way == WAYS[0]:
            border = int(LEARNED * len(ordered))
            yield ordered[:border], ordered[border:]
        else:
            border = len(ordered) - int(LEARNED * len(ordered))
            yield ordered[border:], ordered[:border]


def courses(name: str, folder: Path) -> Iterator[Matrix]:
    """Yield the normal rows of a set, a matrix a machine, in time."""
    every = _EVERY_UCR if name == "ucr" else 1
    for number, values in enumerate(loaders.normal(name, folder)):
        if number % every == 0 and len(values) >= _FEWEST:
            yield values[:_LONGEST]


def _kept(recipe: str, train: Matrix, test: Matrix, budgets: Sequence[float]) -> list[Kept]:
    detector = catalog.make(recipe).fit(train)
    known = detector.calibration_scores(train)
    scale = SurpriseScale(logarithmic=detector.tags.logarithmic).fit(known)
    surprise = scale.surprise(detector.score(test))
    rows = int(np.isfinite(surprise).sum())
    kept = []
    for alarm in alarm_levels(scale.surprise(known), PER_ROWS, budgets, RULE):
        found = find_stretches(
            surprise, alarm.level, RULE.release, RULE.merge_rows, RULE.minimum_rows
        )
        promised = alarm.expected_per_month * rows / PER_ROWS
        kept.append(Kept(len(found), promised, rows, int(np.diff(found, axis=1).sum())))
    return kept


def together(found: Sequence[Kept]) -> dict[str, Any]:
    """Return the figures of some series together."""
    events = sum(one.events for one in found)
    promised = sum(one.promised for one in found)
    rows = sum(one.rows for one in found)
    low, high = counted(events)
    return {
        "series": len(found),
        "rows": rows,
        "events": events,
        "promised": round(promised, 1),
        "ratio": round(events / promised, 2) if promised else math.nan,
        "interval": [round(low / promised, 2), round(high / promised, 2)],
        "alarmed": round(sum(one.alarmed for one in found) / rows, 4),
    }


def counted(events: int) -> tuple[float, float]:
    """Return the exact interval of a Poisson mean of which so many events were counted."""
    tail = (1 - _SURE) / 2
    low = chi2.ppf(tail, 2 * events) / 2 if events else 0.0
    return float(low), float(chi2.ppf(1 - tail, 2 * events + 2) / 2)
