"""``python -m benchmarks context``: false events and found faults with and without context.

Simulated machines under six operating conditions, which move sensors by many times what a fault
does.  Each way learns from normal running, and judges normal running with a fault at its end.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from appliance.fleet import fit
from benchmarks.context.plant import CLEAN_DAYS, CONTEXT, Machine, machine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GIVEN, SENSORS, WITHOUT = "as context", "as sensors", "not told"
WAYS = (GIVEN, SENSORS, WITHOUT)
_MONTH_DAYS = 30.0


@dataclass(frozen=True)
class Outcome:
    """What one way makes of the machines.

    Attributes
    ----------
    false
        Events that end before the fault begins, an asset and month.
    found
        Faults that an event touches.
    """

    false: float
    found: int
    machines: int


def main(argv: Sequence[str]) -> int:
    """Print a line a way to treat the conditions."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks context", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print an object a line")
    parser.add_argument("--machines", type=int, default=12, help="how many are simulated")
    parser.add_argument("--shift", type=float, default=3.0, help="of a fault, in noise")
    options = parser.parse_args(argv)
    for line in lines(options.machines, options.shift):
        print(json.dumps(line) if options.json else _shown(line), flush=True)
    return 0


def lines(machines: int, shift: float) -> Iterator[dict[str, Any]]:
    """Yield what each way makes of so many machines."""
    fleet = [machine(number, shift=shift) for number in range(machines)]
    for way in WAYS:
        found = judged(fleet, way)
        yield {
            "conditions": way,
            "false an asset-month": round(found.false, 2),
            "found": found.found,
            "machines": found.machines,
            "promised": 1.0,
        }


def judged(fleet: Sequence[Machine], way: str) -> Outcome:
    """Learn and judge machines in one way."""
    drop = CONTEXT if way == WITHOUT else ()
    context = CONTEXT if way == GIVEN else ()
    learned, present = (
        pl.concat(frames).drop(drop)
        for frames in ([one.learned for one in fleet], [one.judged for one in fleet])
    )
    model = fit(learned, asset="asset", time="time", context=context)
    events = model.events(model.score(present)).filter(pl.col("kind") == "anomaly")
    false = found = 0
    for one in fleet:
        begin, _ = one.fault
        own = events.filter(pl.col("asset") == one.judged["asset"][0])
        false += own.filter(pl.col("end") < begin).height
        found += int(own.filter(pl.col("end") >= begin).height > 0)
    months = len(fleet) * CLEAN_DAYS / _MONTH_DAYS
    return Outcome(false / months, found, len(fleet))


def _shown(line: dict[str, Any]) -> str:
    return (
        f"{line['conditions']:<12} {line['false an asset-month']:>6.2f} false an asset-month"
        f"   {line['found']}/{line['machines']} faults found"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
