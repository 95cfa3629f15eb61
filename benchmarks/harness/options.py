"""The options that all benchmarks share, and running both sides of a case."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TypeAlias

from benchmarks.harness.plant import Size
from benchmarks.harness.processes import Measured

Side: TypeAlias = Callable[[int], Measured]
"""Told the number of the repeat."""
Runs: TypeAlias = Sequence[Measured]
"""Runs of one side, the quickest first."""
_TICK = 0.01
"""Processor time is counted in such steps."""
QUICK = Size(assets=6, rows=2_500, sensors=4)
"""For a look at whether a benchmark runs, not for figures."""


def parser(name: str, told: str, assets: str) -> argparse.ArgumentParser:
    """Return a parser of the shared options."""
    made = argparse.ArgumentParser(prog=f"python -m benchmarks {name}", description=told)
    made.add_argument("--json", action="store_true", help="one JSON object a line")
    made.add_argument("--assets", default=assets, help="sizes, such as 10,100,1000")
    made.add_argument("--rows", type=int, default=10_000, help="readings of an asset")
    made.add_argument("--sensors", type=int, default=20)
    made.add_argument("--repeat", type=int, default=1, help="times each side is measured")
    made.add_argument("--quick", action="store_true", help="tiny sizes")
    made.add_argument("--scratch", help="folder for data; the system's temporary folder")
    return made


def with_engines(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the options of benchmarks that run on an engine, against PyOD."""
    made.add_argument("--engine", default="local,ray", help="local, ray, or both")
    made.add_argument(
        "--rival-assets",
        type=int,
        default=1_000,
        help="most assets that the rival does; more are reckoned from them",
    )
    return made


def sizes(given: argparse.Namespace) -> list[Size]:
    """Return the plants asked for."""
    if given.quick:
        return [QUICK]
    return [Size(int(n), given.rows, given.sensors) for n in given.assets.split(",")]


def engines(given: argparse.Namespace) -> list[str]:
    """Return the engines asked for."""
    return [str(name) for name in given.engine.split(",")]


def in_turn(repeat: int, *sides: Side) -> tuple[Runs, ...]:
    """Run sides one after the other, and again, so that a busy spell meets them all."""
    runs: list[list[Measured]] = [[] for _ in sides]
    for number in range(repeat):
        for side, into in zip(sides, runs, strict=True):
            into.append(side(number))
    return tuple(sorted(each, key=lambda run: run.seconds) for each in runs)


def peak(runs: Runs) -> float:
    """Return the highest memory of some runs."""
    return max(run.peak_mb for run in runs)


def times(ours: Runs, rival: Runs, *, times_done: float = 1.0) -> dict[str, float]:
    """Return the times of both sides as keys of a line.

    Parameters
    ----------
    ours, rival
        Of the quickest run of each; ``cpu_ratio`` is of the runs that took least processor
        time, which tells more than the wall's on a machine with other users.
    times_done
        How many times our work is as large as the rival's.
    """
    found = {
        f"{whose}{name}": seconds
        for whose, run in (("", ours[0]), ("rival_", rival[0]))
        for name, seconds in (
            ("seconds", run.seconds),
            ("cpu_seconds", run.cpu_seconds),
            ("start_seconds", run.start_seconds),
        )
    }
    least, rival_least = (min(run.cpu_seconds for run in runs) for runs in (ours, rival))
    return found | {"cpu_ratio": rival_least * times_done / max(least, _TICK)}
