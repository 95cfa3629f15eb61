"""``scale``: what an asset costs among ten and ten thousand, a row in a long past, a node."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from benchmarks.harness import options
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.plant import Size, scratch
from benchmarks.harness.processes import Measured, run

FLAT = 0.9
"""Goal of cost that does not grow: within a tenth of what it was."""
ALL = ("assets", "rows", "nodes")
_FLEETS = tuple(Size(n, 2_100, 3) for n in (10, 100, 1_000, 10_000))
_PASTS = (
    Size(100, 10_000, 8),
    Size(10, 100_000, 8),
    Size(2, 1_000_000, 8),
    Size(1, 10_000_000, 8),
)
_CLUSTER = Size(400, 10_000, 20)
_TINY_FLEETS = (Size(6, 2_100, 3), Size(12, 2_100, 3))
_TINY_PASTS = (Size(4, 2_500, 3), Size(2, 5_000, 3))
_TINY_CLUSTER = Size(40, 2_100, 3)
_REFERENCE = 1
"""Of fleets: with ten assets, opening and committing cost more than the work."""


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks scale", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    parser.add_argument("--parts", default=",".join(ALL), help="which of assets, rows, nodes")
    parser.add_argument("--repeat", type=int, default=1, help="times each size is measured")
    parser.add_argument("--scratch", help="folder for data; the system's temporary folder")
    given = parser.parse_args(argv)
    parts = str(given.parts).split(",")
    printer = Printer(as_json=given.json)
    for line in _measured(parts, given):
        printer.show(line)
    return 0


def _measured(parts: Sequence[str], given: argparse.Namespace) -> Iterator[Line]:
    if "assets" in parts:
        fleets = _TINY_FLEETS if given.quick else _FLEETS
        yield from _by_size("asset", fleets, _REFERENCE, given)
    if "rows" in parts:
        pasts = _TINY_PASTS if given.quick else _PASTS
        yield from _by_size("row", pasts, 0, given)
    if "nodes" in parts:
        yield from _by_nodes(_TINY_CLUSTER if given.quick else _CLUSTER, given)


def _by_size(
    what: str, sizes: Sequence[Size], reference: int, given: argparse.Namespace
) -> Iterator[Line]:
    """Yield training and scoring of plants, set against those of one of them."""
    done = [_trained_and_scored(size, given) for size in sizes]
    for number, stage in enumerate(("fit", "score")):
        first = done[reference][number]
        for size, found in zip(sizes, done, strict=True):
            yield _line(what, stage, size, found[number], sizes[reference], first)


def _trained_and_scored(
    size: Size, given: argparse.Namespace
) -> tuple[options.Runs, options.Runs]:
    with scratch(given.scratch) as folder:
        root, out = str(folder), str(folder / "model")
        run("plant:lake", root=root, size=size.data())

        def fit(_: int) -> Measured:
            return run("ours:fit", root=root, out=out, engine="local")

        def score(number: int) -> Measured:
            how = {"engine": "local", "version": number + 1, "cut": True}
            return run("ours:score", root=root, out=out, **how)

        trained, scored = options.in_turn(given.repeat, fit, score)
        return trained, scored


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
