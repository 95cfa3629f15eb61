"""``lake``: a year that came day by day: what a day costs late, and what compaction spares."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.plant import scratch
from benchmarks.harness.processes import Measured, run

FLAT = 0.9
"""Goal of cost that does not grow: within a tenth of what it was."""
_AFTER = (31, 120)
"""Days after which is looked, before the last: ends of months, which are partitions."""
_LOOKED_AT = 28
"""Commits that are averaged: merging costs some days more than others."""
_WEEK = 7
_GROWING = "one asset, all its past"
_TINY = {"assets": 8, "days": 59, "minutes": 240, "sensors": 3}


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks lake", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    parser.add_argument("--assets", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=365, help="at least 59")
    parser.add_argument("--minutes", type=int, default=15, help="between two readings")
    parser.add_argument("--sensors", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=6, help="times a question is asked")
    parser.add_argument("--scratch", help="folder for data; the system's temporary folder")
    given = parser.parse_args(argv)
    printer = Printer(as_json=given.json)
    for line in _measured(given):
        printer.show(line)
    return 0


def _measured(given: argparse.Namespace) -> Iterator[Line]:
    plant = {name: getattr(given, name) for name in _TINY}
    repeat = given.repeat
    if given.quick:
        plant, repeat = _TINY, 1
    ends = [*(day for day in _AFTER if day < plant["days"]), plant["days"]]
    with scratch(given.scratch) as folder:
        yield from _Year(plant, str(folder), repeat).lines(ends)


class _Year:
    """One lake, as it grows.

    Parameters
    ----------
    plant
        Its size.
    folder
        Where it and models are written.
    repeat
        Times that a question is asked.
    """

    def __init__(self, plant: dict[str, int], folder: str, repeat: int) -> None:
        self._plant, self._folder, self._repeat = plant, folder, repeat

    def lines(self, ends: Sequence[int]) -> Iterator[Line]:
        """Yield what is told after each of some days, and after compaction."""
        first = self._bring(0, ends[0])
        early = self._ask(ends[0])
        for begin, end in pairwise(ends):
            late = self._bring(begin, end)
            days = f"days {end - _LOOKED_AT + 1} to {end}, against those to {ends[0]}"
            span = slice(-_LOOKED_AT, None)
            mine, theirs = _commits(late, span), _commits(first, span)
            yield self._line(f"commit a day, {days}", mine, theirs, late, first)
        asked, day = self._ask(ends[-1]), f"after {ends[-1]} days"
        for question in asked.facts["asked"]:
            if question != _GROWING:
                told = f"{question}, {day}, against after {ends[0]}"
                yield self._asked(told, question, asked, early)
        together = run("daily:compact", root=self._folder)
        again = self._ask(ends[-1])
        for question in asked.facts["asked"]:
            told = f"{question}, {day}, compacted, against before"
            yield self._asked(told, question, again, asked, together.facts, goal=None)
        week = self._bring(ends[-1], ends[-1] + _WEEK)
        told = f"commit a day, the week after compaction, against the first {_WEEK}"
        yield self._line(
            told, _commits(week, slice(_WEEK)), _commits(first, slice(1, _WEEK)), week, first
        )

    def _bring(self, begin: int, stop: int) -> Measured:
        return run("daily:bring", root=self._folder, plant=self._plant, first=begin, stop=stop)

    def _ask(self, days: int) -> Measured:
        root, out = self._folder, str(Path(self._folder) / "home")
        return run(
            "daily:ask", root=root, out=out, plant=self._plant, days=days, repeat=self._repeat
        )

    def _asked(
        self,
        told: str,
        question: str,
        own: Measured,
        other: Measured,
        more: dict[str, Any] | None = None,
        goal: float | None = FLAT,
    ) -> Line:
        mine, theirs = own.facts["asked"][question], other.facts["asked"][question]
        return self._line(told, mine, theirs, own, other, more, goal)

    def _line(
        self,
        told: str,
        mine: Sequence[float],
        theirs: Sequence[float],
        own: Measured,
        other: Measured,
        more: dict[str, Any] | None = None,
        goal: float | None = FLAT,
    ) -> Line:
        """Compare processor time: other users of the machine change it least."""
        sizes = {key: own.facts[key] for key in _SIZES if key in own.facts}
        return Line(
            name="lake",
            case=told,
            ours=mine[1],
            rival=theirs[1],
            unit="ms",
            ratio=theirs[1] / mine[1],
            goal=goal,
            peak_mb=own.peak_mb,
            rival_peak_mb=other.peak_mb,
            more={
                **self._plant,
                "wall_ms": mine[0],
                "rival_wall_ms": theirs[0],
                **(more or sizes),
            },
        )


_SIZES = ("files", "rows", "lake_bytes", "log_files", "log_bytes")


def _commits(brought: Measured, days: slice) -> tuple[float, float]:
    """Return wall and processor milliseconds of a commit, averaged."""
    walls, cpus = brought.facts["walls"][days], brought.facts["cpus"][days]
    return 1e3 * fmean(walls), 1e3 * fmean(cpus)
