"""``scale``: what an asset costs among ten and ten thousand, a row in a long past, a node."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.harness import options
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.plant import Size, scratch
from benchmarks.harness.processes import Measured, run

FLAT = 0.9
"""Goal of cost that does not grow: within a tenth of what it was."""
ALL = ("assets", "rows", "widths", "nodes")
_FLEETS = tuple(Size(n, 2_100, 3) for n in (10, 100, 1_000, 10_000))
_PASTS = (
    Size(100, 10_000, 8),
    Size(10, 100_000, 8),
    Size(2, 1_000_000, 8),
    Size(1, 10_000_000, 8),
)
_WIDTHS = (Size(50, 10_000, 4), Size(50, 10_000, 20), Size(15, 10_000, 60))
_CLUSTER = Size(400, 10_000, 20)
_TINY_FLEETS = (Size(6, 2_100, 3), Size(12, 2_100, 3))
_TINY_PASTS = (Size(4, 2_500, 3), Size(2, 5_000, 3))
_TINY_WIDTHS = (Size(6, 2_500, 3), Size(6, 2_500, 9))
_TINY_CLUSTER = Size(40, 2_100, 3)
_REFERENCE = 1
"""Of fleets: with ten assets, opening and committing cost more than the work."""


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks scale", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    parser.add_argument(
        "--parts", default=",".join(ALL), help="which of assets, rows, ingest, nodes"
    )
    parser.add_argument("--repeat", type=int, default=1, help="times each size is measured")
    parser.add_argument("--most-cells", type=float, default=1e9, help="leave out larger plants")
    parser.add_argument("--scratch", help="folder for data; the system's temporary folder")
    given = parser.parse_args(argv)
    printer = Printer(as_json=given.json)
    for line in _measured(str(given.parts).split(","), given):
        printer.show(line)
    return 0


def _measured(parts: Sequence[str], given: argparse.Namespace) -> Iterator[Line]:
    if "assets" in parts:
        fleets = _small(_TINY_FLEETS if given.quick else _FLEETS, given)
        yield from _by_size("asset", fleets, min(_REFERENCE, len(fleets) - 1), given)
    if "rows" in parts:
        yield from _by_size(
            "row", _small(_TINY_PASTS if given.quick else _PASTS, given), 0, given
        )
    if "widths" in parts:
        widths = _small(_TINY_WIDTHS if given.quick else _WIDTHS, given)
        # More sensors cost more: no goal is set for them.
        found = chain(_ingested(widths, given), _by_size("row", widths, 0, given))
        yield from (replace(line, goal=None) for line in found)
    if "nodes" in parts:
        yield from _by_nodes(_TINY_CLUSTER if given.quick else _CLUSTER, given)


def _small(sizes: Sequence[Size], given: argparse.Namespace) -> list[Size]:
    return [size for size in sizes if size.cells <= given.most_cells]


@dataclass(frozen=True)
class _Stages:
    """What was done with one plant, and what else was found on the way.

    Attributes
    ----------
    runs
        Those of training and of scoring.
    more
        Keys of the lines.
    """

    runs: dict[str, options.Runs]
    more: dict[str, dict[str, Any]]


def _by_size(
    what: str, sizes: Sequence[Size], reference: int, given: argparse.Namespace
) -> Iterator[Line]:
    """Yield training and scoring of plants, set against those of one of them."""
    done = [_trained_and_scored(size, given) for size in sizes]
    for stage in ("fit", "score"):
        base, first = sizes[reference], done[reference].runs[stage]
        for size, found in zip(sizes, done, strict=True):
            line = _line(what, stage, size, found.runs[stage], base, first)
            yield replace(line, more=line.more | found.more[stage])


def _trained_and_scored(size: Size, given: argparse.Namespace) -> _Stages:
    with scratch(given.scratch) as folder:
        root, out = str(folder), str(folder / "model")
        lake = run("plant:lake", root=root, size=size.data())

        def fit(_: int) -> Measured:
            return run("ours:fit", root=root, out=out, engine="local")

        def score(number: int) -> Measured:
            how = {"engine": "local", "version": number + 1, "cut": True}
            return run("ours:score", root=root, out=out, **how)

        trained, scored = options.in_turn(given.repeat, fit, score)
        steps = run("single:steps", root=root, out=out).facts
    held = steps["process_mb"] + size.assets * steps["held_kb_asset"] / 1e3
    fitted = {
        "reading_bytes": lake.facts["reading_bytes"],
        "model_kb_asset": trained[0].facts["model_bytes"] / size.assets / 1e3,
        "chunk_mb": max(options.peak(trained) - held, 0.0) / (os.cpu_count() or 1),
        **steps,
    }
    judged = {name: scored[0].facts[name] for name in ("score_bytes", "commit_ms")}
    return _Stages({"fit": trained, "score": scored}, {"fit": fitted, "score": judged})


def _ingested(sizes: Sequence[Size], given: argparse.Namespace) -> Iterator[Line]:
    """Yield bringing in Parquet of few sensors and of many, set against that of the fewest."""
    first: options.Runs | None = None
    for size in sizes:
        with scratch(given.scratch) as folder:
            run("plant:exports", root=str(folder), size=size.data(), kind="parquet")
            (found,) = options.in_turn(given.repeat, partial(_ingest, folder))
        first = first or found
        yield _line("row", "ingest", size, found, sizes[0], first)


def _ingest(folder: Path, number: int) -> Measured:
    return run("ours:ingest", files=str(folder / "parquet"), out=str(folder / f"home-{number}"))


def _line(
    what: str, stage: str, size: Size, own: options.Runs, base: Size, first: options.Runs
) -> Line:
    """Compare processor time: other users of the machine change it least."""
    ours, rival = _cost(what, size, own), _cost(what, base, first)
    return Line(
        name="scale",
        case=f"{stage}, {size.case}, against {base.assets} x {base.rows}",
        ours=ours,
        rival=rival,
        unit=f"µs/{what}",
        ratio=rival / ours,
        goal=FLAT,
        peak_mb=options.peak(own),
        rival_peak_mb=options.peak(first),
        more={
            **size.data(),
            "part": f"{what}s",
            "stage": stage,
            "seconds": own[0].seconds,
            "cpu_seconds": min(one.cpu_seconds for one in own),
            "repeats": len(own),
        },
    )


def _cost(what: str, size: Size, runs: options.Runs) -> float:
    """Return microseconds of processor time an asset or a row."""
    count = size.assets if what == "asset" else size.assets * size.rows
    return 1e6 * max(min(one.cpu_seconds for one in runs), 0.01) / count


def _by_nodes(size: Size, given: argparse.Namespace) -> Iterator[Line]:
    """Yield training on one node and on two of one core each, and with one that dies."""
    with scratch(given.scratch) as folder:
        run("plant:lake", root=str(folder), size=size.data())
        found = run("nodes:fit", root=str(folder), out=str(folder / "home"))
    alone = found.facts["one"]
    for case in ("two", "dying"):
        facts = found.facts[case]
        told = "two nodes" if case == "two" else "two nodes, of which one dies in the middle"
        yield Line(
            name="scale",
            case=f"fit, {size.case}, {told}, against one",
            ours=facts["seconds"],
            rival=alone["seconds"],
            unit="s",
            ratio=alone["seconds"] / facts["seconds"],
            goal=1.8 if case == "two" else None,
            peak_mb=found.peak_mb,
            rival_peak_mb=found.peak_mb,
            more={**size.data(), "part": "nodes", **facts},
        )
