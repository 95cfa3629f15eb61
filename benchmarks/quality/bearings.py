"""The bearings of IMS that ran until one failed: how early it is told, how often for nothing.

Nobody labelled a row, so that VUS-PR is not defined: only the end of the run is known.  A
detector learns the first fifth of a bearing's run.  The first half counts as good order; from
the first live alarm in the second half to the end is the lead.  How well the end of the failed
bearing's life is ranked is told as well, by VUS-PR where its last 24, 48 and 72 hours are
labelled in turn; nobody published such a figure, so read it beside rivals only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.quality import figures
from benchmarks.quality.judging import judge
from benchmarks.quality.loaders import Series
from benchmarks.rul.loaders import bearings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SET = "ims"
OTHERS_LEAD = "lead of others"
_NEW, _CALM = 0.2, 0.5
_ENDS = (24.0, 48.0, 72.0)
_SECONDS = 600.0


def load(folder: Path) -> Iterator[tuple[Series, np.ndarray]]:
    """Yield each bearing, the failed one first, and the hours before the end of its rows."""
    found, before = bearings(folder)
    first, calm = int(_NEW * len(before)), int(_CALM * len(before))
    for number, rows in enumerate(found, 1):
        labels = np.arange(first, len(rows)) >= calm
        yield Series(f"bearing-{number}", rows[:first], rows[first:], labels), before[first:]


def figures_of(recipe: str, folder: Path) -> tuple[int, dict[str, float]]:
    """Return the number of bearings, and what a recipe is worth on them by metric."""
    both = list(load(folder))
    found = [judge(recipe, series, seconds=_SECONDS).alarms for series, _ in both]
    leads = [max(one.leads, default=0.0) for one in found]
    failed, before = both[0]
    ends = [
        judge(recipe, replace(failed, labels=before < hours), seconds=_SECONDS).vus_pr
        for hours in _ENDS
    ]
    return len(both), {
        figures.LEAD: leads[0],
        OTHERS_LEAD: float(np.median(leads[1:])),
        figures.FALSE: sum(one.false for one in found) / sum(one.months for one in found),
        figures.VUS_PR: float(np.mean(ends)),
    }
