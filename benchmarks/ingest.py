"""``ingest``: CSV and Parquet into the lake, against Polars that only reads and writes them."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.harness import options
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.plant import Size, scratch
from benchmarks.harness.processes import Measured, run

GOAL = 0.5
KINDS = ("csv", "parquet")


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = options.parser("ingest", __doc__ or "", "100")
    parser.add_argument("--kind", default=",".join(KINDS), help="csv, parquet, or both")
    given = parser.parse_args(argv)
    printer = Printer(as_json=given.json)
    for size in options.sizes(given):
        for kind in given.kind.split(","):
            with scratch(given.scratch) as folder:
                printer.show(_measured(size, kind, folder, given))
    return 0


def _measured(size: Size, kind: str, folder: Path, given: argparse.Namespace) -> Line:
    made = run("plant:exports", root=str(folder), size=size.data(), kind=kind)
    files = str(folder / kind)

    def ours(number: int) -> Measured:
        return run("ours:ingest", files=files, out=str(folder / f"home-{number}"))

    def rival(number: int) -> Measured:
        return run("rivals:load", files=files, out=str(folder / f"polars-{number}"))

    own, other = options.in_turn(given.repeat, ours, rival)
    rows = size.assets * size.rows
    mine, theirs = rows / own[0].seconds, rows / other[0].seconds
    return Line(
        name="ingest",
        case=f"{size.case}, {kind}",
        ours=mine,
        rival=theirs,
        unit="rows/s",
        ratio=mine / theirs,
        goal=GOAL,
        peak_mb=options.peak(own),
        rival_peak_mb=options.peak(other),
        more={
            **size.data(),
            "mb": made.facts["bytes"] / 1e6,
            "files": made.facts["files"],
            **options.times(own, other),
            "repeats": len(own),
        },
    )
