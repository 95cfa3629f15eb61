"""``kernels``: the compiled kernels against the libraries a user would otherwise call.

Both sides of a case run in one process, on one thread, in turn, on the same readings; what is
told is the least processor time of all rounds.  ``fresh`` and ``compile`` start processes: from
nothing to a machine's first scores, and what compiling the kernels costs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.plant import Size, asset_frame, scratch
from benchmarks.harness.processes import ROOT, SideFailed, run

IN_TURN = ("forest", "tails", "windows", "join")
GROUPS = (*IN_TURN, "fresh", "compile")
_KB = 1024 if sys.platform == "linux" else 1024**2

_FRESH = """
import sys
import polars as pl
import appliance as kizashi

frame = pl.read_parquet(sys.argv[1])
model = kizashi.fit(frame, asset="asset", time="time", recipe=sys.argv[2])
print(len(model.score(frame)))
"""
_FRESH_RIVAL = """
import sys
import pandas as pd
from pyod.models.iforest import IForest

frame = pd.read_parquet(sys.argv[1])
values = frame.drop(columns=["asset", "time"]).to_numpy()
model = IForest(random_state=0).fit(values)
print(len(model.decision_function(values)))
"""
_WARM = "from detectors import catalog; print(catalog.warm().seconds)"


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks kernels", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--groups", default=",".join(GROUPS), help="which cases")
    parser.add_argument("--rows", type=int, default=10_000, help="readings of a machine")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each side")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round")
    parser.add_argument("--scratch", help="folder for data; the system's temporary folder")
    given = parser.parse_args(argv)
    if given.quick:
        given.rows, given.rounds = 400, 1
    printer = Printer(as_json=given.json)
    for group in given.groups.split(","):
        if group not in GROUPS:
            parser.error(f"no group {group!r}: one of {', '.join(GROUPS)}")
        for line in _lines(group, given):
            printer.show(line)
    return 0


def _lines(group: str, given: argparse.Namespace) -> list[Line]:
    if group in IN_TURN:
        found = run("kernels:measure", group=group, rows=given.rows, rounds=given.rounds)
        return [_in_turn(case, given.rounds) for case in found.facts["cases"]]
    with scratch(given.scratch) as folder:
        return (_fresh if group == "fresh" else _compile)(folder, given)


def _in_turn(case: dict[str, Any], rounds: int) -> Line:
    ours, rival = case["ours"], case["rival_times"]
    return Line(
        name="kernels",
        case=f"{case['case']}, against {case['rival']}",
        ours=ours["cpu"] * 1e3,
        rival=rival["cpu"] * 1e3,
        unit="ms cpu",
        ratio=rival["cpu"] / ours["cpu"],
        goal=case["goal"],
        peak_mb=ours["peak_mb"],
        rival_peak_mb=rival["peak_mb"],
        more={
            "wall_ms": ours["wall"] * 1e3,
            "rival_wall_ms": rival["wall"] * 1e3,
            "wall_ratio": rival["wall"] / ours["wall"],
            "threads": 1,
            "rounds": rounds,
            **case["agreement"],
        },
    )


@dataclass(frozen=True)
class _Run:
    """What a process took from its start to its end."""

    wall: float
    cpu: float
    peak_mb: float


def _process(code: str, *arguments: str, **environment: str) -> _Run:
    """Run Python code in a process of its own, in this checkout."""
    with tempfile.TemporaryFile() as told:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
            stderr=told,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        if process.returncode:
            raise SideFailed(told.read()[-4000:].decode(errors="replace"))
    return _Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * _KB / 2**20)


def _least(runs: list[_Run]) -> _Run:
    return _Run(
        min(each.wall for each in runs),
        min(each.cpu for each in runs),
        max(each.peak_mb for each in runs),
    )


def _line(case: str, goal: float | None, ours: list[_Run], rival: list[_Run]) -> Line:
    own, other = _least(ours), _least(rival)
    return Line(
        name="kernels",
        case=case,
        ours=own.wall,
        rival=other.wall,
        unit="s",
        ratio=other.wall / own.wall,
        goal=goal,
        peak_mb=own.peak_mb,
        rival_peak_mb=other.peak_mb,
        more={
            "cpu_seconds": own.cpu,
            "rival_cpu_seconds": other.cpu,
            "cpu_ratio": other.cpu / own.cpu,
            "rounds": len(ours),
        },
    )


def _fresh(folder: Path, given: argparse.Namespace) -> list[Line]:
    """From the start of a process to a machine's scores, kernels compiled before."""
    file = str(folder / "machine.parquet")
    asset_frame(1, Size(assets=1, rows=given.rows, sensors=20)).write_parquet(file)
    _process(_WARM)
    recipes = {"forest": 1.0} if given.quick else {"forest": 1.0, "auto": None}
    runs: dict[str, list[_Run]] = {name: [] for name in (*recipes, "rival")}
    for _ in range(given.rounds):
        for recipe in recipes:
            runs[recipe].append(_process(_FRESH, file, recipe))
        runs["rival"].append(_process(_FRESH_RIVAL, file))
    size = f"{given.rows} x 20"
    return [
        _line(
            f"first scores in a fresh process, {name}, {size}, against PyOD", goal, own, other
        )
        for (name, goal), own, other in (
            (item, runs[item[0]], runs["rival"]) for item in recipes.items()
        )
    ]


def _compile(folder: Path, given: argparse.Namespace) -> list[Line]:
    """What the installer spares: every kernel compiled, and every kernel from the cache."""
    cache = {"NUMBA_CACHE_DIR": str(folder / "cache")}
    cold = _process(_WARM, **cache)
    warm = [_process(_WARM, **cache) for _ in range(given.rounds)]
    return [_line("all kernels from the cache, against compiling them", None, warm, [cold])]
