"""``batch_score``: from the lake to committed scores, against PyOD and copying the files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.harness import options
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.plant import Size, scratch
from benchmarks.harness.processes import Measured, run

GOAL = 40.0
GOAL_OF_LIMIT = 0.5


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = options.with_engines(options.parser("batch_score", __doc__ or "", "200"))
    given = parser.parse_args(argv)
    printer = Printer(as_json=given.json)
    for size in options.sizes(given):
        with scratch(given.scratch) as folder:
            run("plant:lake_and_files", root=str(folder), size=size.data())
            for number, engine in enumerate(options.engines(given)):
                for line in _lines(size, folder, engine, number * given.repeat, given):
                    printer.show(line)
    return 0


def _lines(
    size: Size, folder: Path, engine: str, done_before: int, given: argparse.Namespace
) -> list[Line]:
    root, done = str(folder), min(size.assets, given.rival_assets)
    models, theirs = folder / engine, folder / f"pyod-{engine}"
    run("ours:fit", root=root, out=str(models), engine="local")
    run("rivals:fit", root=root, out=str(theirs), assets=done)

    def ours(number: int) -> Measured:
        version = done_before + number + 1
        return run("ours:score", root=root, out=str(models), engine=engine, version=version)

    def pyod(number: int) -> Measured:
        out = str(folder / f"pyod-scores-{engine}-{number}")
        return run("rivals:score", root=root, models=str(theirs), out=out, assets=done)

    def copying(number: int) -> Measured:
        return run("rivals:copy", root=root, out=str(folder / f"copy-{engine}-{number}"))

    own, scoring, limit = options.in_turn(given.repeat, ours, pyod, copying)
    return [
        _line(size, f"{engine}, against PyOD", GOAL, own, scoring),
        _line(size, f"{engine}, against reading and writing", GOAL_OF_LIMIT, own, limit),
    ]


def _line(size: Size, case: str, goal: float, own: options.Runs, other: options.Runs) -> Line:
    ours, rival = (_rows_per_second(runs[0]) for runs in (own, other))
    more: dict[str, Any] = {
        **size.data(),
        "rival_rows": other[0].facts["rows"],
        **options.times(own, other, times_done=own[0].facts["rows"] / other[0].facts["rows"]),
        "repeats": len(own),
    }
    return Line(
        name="batch_score",
        case=f"{size.case}, {case}",
        ours=ours,
        rival=rival,
        unit="rows/s",
        ratio=ours / rival,
        goal=goal,
        peak_mb=options.peak(own),
        rival_peak_mb=options.peak(other),
        more=more,
    )


def _rows_per_second(run_of_side: Measured) -> float:
    return float(run_of_side.facts["rows"]) / run_of_side.seconds
