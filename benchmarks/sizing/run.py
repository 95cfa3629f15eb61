"""``sizing``: what machine a plant needs, from measured costs, and what gives way first.

A calculation: result lines of ``scale`` and ``ingest`` tell single costs, and `needs` adds them
up for a plant.  ``--check`` holds it against a real run.  See docs/explanation/sizing.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.sizing.check import checked
from benchmarks.sizing.costs import Costs, CostsMissing, costs_of, read
from benchmarks.sizing.needs import Machine, Plant, bottleneck, growth, needs

SIZES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)


def main(argv: list[str]) -> int:
    """Print what plants of growing size need, or what was foretold of a run and came."""
    plant, machine = Plant(0), Machine()
    parser = argparse.ArgumentParser(prog="python -m benchmarks sizing", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--quick", action="store_true", help="tiny sizes where it measures")
    parser.add_argument("--assets", default=",".join(map(str, SIZES)))
    parser.add_argument("--sensors", type=int, default=plant.sensors)
    parser.add_argument("--interval", type=float, default=plant.interval_seconds)
    parser.add_argument("--cores", type=int, default=machine.cores)
    parser.add_argument("--memory", type=float, default=machine.memory_gb, help="GB")
    parser.add_argument("--disk", type=float, default=machine.disk_gb, help="GB")
    parser.add_argument(
        "--from", dest="file", type=Path, help="result lines that costs are reckoned from"
    )
    parser.add_argument("--costs", action="store_true", help="print the costs alone")
    parser.add_argument("--check", action="store_true", help="hold it against a real run")
    parser.add_argument("--scratch", help="folder for data; the system's temporary folder")
    given = parser.parse_args(argv)
    try:
        costs = costs_of(read(given.file)) if given.file else Costs()
    except CostsMissing as error:
        print(f"sizing: {error}", file=sys.stderr)
        return 1
    if given.costs:
        print(json.dumps({name: float(f"{cost:.3g}") for name, cost in asdict(costs).items()}))
    elif given.check:
        for line in checked(costs, quick=given.quick, scratch_in=given.scratch):
            print(json.dumps(line) if given.json else _compared(line))
    else:
        _foretell(costs, Machine(given.cores, given.memory, given.disk), given)
    return 0


def _foretell(costs: Costs, machine: Machine, given: argparse.Namespace) -> None:
    if not given.json:
        names = "  ".join(f"{name:>11}" for name in needs(Plant(1), machine, costs))
        print(f"    assets  {names}  first to give way")
    for number in str(given.assets).split(","):
        asked = Plant(int(number), given.sensors, given.interval)
        found = needs(asked, machine, costs)
        name, _ = bottleneck(found)
        if given.json:
            grown = growth(asked, machine, costs)
            print(json.dumps({**asdict(asked), **found, "bottleneck": name, **grown}))
        else:
            used = "  ".join(f"{share:11.1%}" for share in found.values())
            print(f"{asked.assets:>10,}  {used}  {name}")


def _compared(line: dict[str, float | str]) -> str:
    return (
        f"{line['what']:<28}  foretold {line['foretold']:>9.4g} {line['unit']:<6}  "
        f"measured {line['measured']:>9.4g}  ratio {line['ratio']:.2f}"
    )
