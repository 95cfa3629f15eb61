"""``compare``: what a change costs, as ratios between two versions on the same machine.

Either two files of result lines (``make bench`` writes one a commit), or two commits and names
of benchmarks, which are then run in turn: ``compare OLD NEW fleet_fit -- --assets 100``.  What
follows ``--`` is told to each benchmark.  The exit status is 1 where something is slower, or
larger, by more than the tolerance beyond what repeats differ by.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import commits, compared
from benchmarks.harness.compared import Compared, NotComparable, Said
from benchmarks.harness.plant import scratch

_TOLERANCE = 0.1
_WORSE, _WRONG = 1, 2
_WORDS = {"ours": "", "cpu_seconds": "processor", "peak_mb": "memory"}


def main(argv: list[str]) -> int:
    """Compare and print."""
    own, options = _split(argv)
    parser = argparse.ArgumentParser(prog="python -m benchmarks compare", description=__doc__)
    parser.add_argument("old", help="a file of result lines, or a commit")
    parser.add_argument("new", help="the same of the other; . is this tree as it is")
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run on commits")
    parser.add_argument("--repeat", type=int, default=3, help="turns of commits")
    parser.add_argument("--tolerance", type=float, default=_TOLERANCE, help="part, such as 0.1")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--scratch", help="folder for the commits' files")
    given = parser.parse_args(own)
    try:
        old, new = _sides(given, options)
        found = compared.compare(old, new, given.tolerance)
    except NotComparable as error:
        print(f"compare: {error}", file=sys.stderr)
        return _WRONG
    _show(found, as_json=given.json)
    for side, name, case in compared.alone(old, new):
        print(f"only in the {side} one: {name}, {case}", file=sys.stderr)
    return _WORSE if any(one.verdict == "worse" for one in found) else 0


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    if "--" not in argv:
        return list(argv), []
    at = list(argv).index("--")
    return list(argv[:at]), list(argv[at + 1 :])


def _sides(given: argparse.Namespace, options: list[str]) -> tuple[list[Said], list[Said]]:
    if not given.names:
        return compared.read(Path(given.old)), compared.read(Path(given.new))
    for revision in (given.old, given.new):
        commits.commit(revision)
    with scratch(given.scratch) as folder:
        return commits.measured(
            (given.old, given.new),
            given.names,
            options,
            given.repeat,
            folder,
            lambda told: print(told, file=sys.stderr, flush=True),
        )


# ---------------------------------------------------------------- showing
def _show(found: Sequence[Compared], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            print(json.dumps(one.data()))
        return
    print(_row("benchmark", "case", "figure", "old", "new", "new/old", "spread", ""))
    for one in found:
        print(
            _row(
                one.name,
                one.case,
                _WORDS[one.what] or one.unit,
                f"{one.old:,.4g}",
                f"{one.new:,.4g}",
                f"{one.ratio:.3f}",
                f"±{one.spread:.1%}",
                "" if one.verdict == "same" else one.verdict,
            )
        )


def _row(*cells: str) -> str:
    widths = (-12, -56, -10, 10, 10, 8, 8, -6)
    return "  ".join(
        cell.ljust(-width) if width < 0 else cell.rjust(width)
        for cell, width in zip(cells, widths, strict=True)
    ).rstrip()
