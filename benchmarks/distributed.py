"""``distributed``: a whole fleet's network on 1, 2, 4 workers, against PyTorch's plain loop.

Each worker is a process of one thread.  With more workers than cores they share these: there
is nothing to gain, and the benchmark shows what that costs.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from benchmarks.harness import options
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.plant import Size, scratch
from benchmarks.harness.processes import Measured, run


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = options.parser("distributed", __doc__ or "", "8")
    parser.set_defaults(rows=4_000)
    parser.add_argument("--workers", default="1,2,4", help="numbers of workers")
    parser.add_argument(
        "--by",
        default="ours",
        help="ours: Ray; processes: the same loop where Ray cannot start",
    )
    parser.add_argument("--epochs", type=int, default=8)
    given = parser.parse_args(argv)
    printer = Printer(as_json=given.json)
    workers = [int(one) for one in str(given.workers).split(",")]
    epochs = 4 if given.quick else int(given.epochs)
    for size in options.sizes(given):
        with scratch(given.scratch) as folder:
            run("plant:lake_and_files", root=str(folder), size=size.data())
            for line in _lines(size, folder, workers, epochs, given):
                printer.show(line)
    return 0


def _lines(
    size: Size, folder: Path, workers: list[int], epochs: int, given: argparse.Namespace
) -> list[Line]:
    cpus = os.cpu_count() or 1

    def ours(count: int) -> options.Side:
        return lambda number: run(
            f"joint:{given.by}",
            root=str(folder),
            out=str(folder / f"out-{count}-{number}"),
            workers=count,
            cpus=cpus,
            epochs=epochs,
        )

    def plain(_: int) -> Measured:
        return run("joint:plain", root=str(folder), epochs=epochs)

    *own, rival = options.in_turn(given.repeat, *map(ours, workers), plain)
    return [_line(size, count, runs, rival) for count, runs in zip(workers, own, strict=True)]


def _line(size: Size, count: int, own: options.Runs, rival: options.Runs) -> Line:
    mine, theirs = min(map(_epoch, own)), min(map(_epoch, rival))
    had = own[0].facts["workers"]
    return Line(
        name="distributed",
        case=f"{size.case}, {count} worker{'' if count == 1 else 's'}, PyTorch's plain loop",
        ours=mine,
        rival=theirs,
        unit="s",
        ratio=theirs / mine,
        goal=None,
        peak_mb=options.peak(own),
        rival_peak_mb=options.peak(rival),
        more={
            **size.data(),
            "workers": count,
            "workers_had": had,
            "cpu_epoch": min(run.cpu_seconds / run.facts["epochs"] for run in own),
            "rival_cpu_epoch": min(run.cpu_seconds / run.facts["epochs"] for run in rival),
            "start_seconds": own[0].start_seconds,
            "rival_start_seconds": rival[0].start_seconds,
            "repeats": len(own),
        },
    )


def _epoch(run: Measured) -> float:
    return run.seconds / float(run.facts["epochs"])
