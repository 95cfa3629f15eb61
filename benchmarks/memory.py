"""``memory``: peak memory of training fleets of growing size, against PyOD and joblib."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.harness import options
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.plant import Size, scratch
from benchmarks.harness.processes import run

GOAL = 4.0


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = options.with_engines(options.parser("memory", __doc__ or "", "10,100,1000"))
    parser.set_defaults(rival_assets=100)
    given = parser.parse_args(argv)
    printer = Printer(as_json=given.json)
    for size in options.sizes(given):
        with scratch(given.scratch) as folder:
            for line in _lines(size, folder, given):
                printer.show(line)
    return 0


def _lines(size: Size, folder: Path, given: argparse.Namespace) -> list[Line]:
    root, done = str(folder), min(size.assets, given.rival_assets)
    made = run("plant:lake_and_files", root=root, size=size.data())
    # A fleet's models are on the disk, so the rival's peak does not grow with assets done.
    rival = run("rivals:fit", root=root, out=str(folder / "rival"), assets=done)
    lines = []
    for engine in options.engines(given):
        ours = run("ours:fit", root=root, out=str(folder / engine), engine=engine)
        lines.append(
            Line(
                name="memory",
                case=f"{size.case}, {engine}",
                ours=ours.peak_mb,
                rival=rival.peak_mb,
                unit="MB",
                ratio=rival.peak_mb / ours.peak_mb,
                goal=GOAL if size.assets >= 1_000 else None,
                peak_mb=ours.peak_mb,
                rival_peak_mb=rival.peak_mb,
                more={
                    **size.data(),
                    "engine": engine,
                    "lake_mb": made.facts["lake_bytes"] / 1e6,
                    "readings_mb": 4 * size.cells / 1e6,
                    "rival_assets": done,
                },
            )
        )
    return lines
