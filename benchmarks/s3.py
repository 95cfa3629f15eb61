"""``s3``: files into a lake on S3, and scores from it, against the same in a folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from uuid import uuid4

from benchmarks.harness import options
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.plant import Size, scratch
from benchmarks.harness.processes import Measured, run

GOAL = 0.5


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = options.parser("s3", __doc__ or "", "200")
    parser.add_argument("--kind", default="parquet", choices=("csv", "parquet"))
    parser.add_argument(
        "--url", required=True, help="s3://BUCKET/PREFIX, reached by the AWS_* environment"
    )
    given = parser.parse_args(argv)
    printer = Printer(as_json=given.json)
    for size in options.sizes(given):
        with scratch(given.scratch) as folder:
            for line in _lines(size, folder, given):
                printer.show(line)
    return 0


def _lines(size: Size, folder: Path, given: argparse.Namespace) -> list[Line]:
    run("plant:exports", root=str(folder), size=size.data(), kind=given.kind)
    files = str(folder / given.kind)
    far, near = f"{given.url.rstrip('/')}/{uuid4().hex}", str(folder)
    for root in (far, near):
        run("plant:lake", root=root, size=size.data())

    def ingest(root: str, where: str, number: int) -> Measured:
        out = str(folder / f"{where}-{number}")
        return run("ours:ingest", files=files, out=out, lake=f"{root}/{where}-{number}/lake")

    def score(root: str, where: str, number: int) -> Measured:
        if not number:
            run("ours:fit", root=root, out=str(folder / where), engine="local")
        return run(
            "ours:score", root=root, out=str(folder / where), engine="local", version=number + 1
        )

    lines = []
    for name, work in (("ingest", ingest), ("score", score)):
        own, other = options.in_turn(
            given.repeat,
            lambda number, work=work: work(far, "far", number),
            lambda number, work=work: work(near, "near", number),
        )
        lines.append(_line(f"{size.case}, {name}", size, own, other))
    return lines


def _line(case: str, size: Size, own: options.Runs, other: options.Runs) -> Line:
    ours, rival = (float(runs[0].facts["rows"]) / runs[0].seconds for runs in (own, other))
    return Line(
        name="s3",
        case=case,
        ours=ours,
        rival=rival,
        unit="rows/s",
        ratio=ours / rival,
        goal=GOAL,
        peak_mb=options.peak(own),
        rival_peak_mb=options.peak(other),
        more={**size.data(), **options.times(own, other), "repeats": len(own)},
    )
