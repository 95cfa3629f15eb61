"""``idle``: what the appliance takes of a machine while nobody wants anything of it.

A real one is brought up in a home with a few fleets, left alone, watched, and brought down.
The rival is what Kubeflow tells of its own installation while idle; nothing of it is run here.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from appliance.engine import shared
from appliance.machine import serving
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.plant import scratch
from benchmarks.harness.processes import ROOT, SideFailed, process_bytes
from benchmarks.harness.servers import cpu_seconds, free_port
from benchmarks.sides import busy_site

RIVAL_CPU, RIVAL_GIB = 4.38, 12.3
"""The sum over the components of Kubeflow's platform, by the table of what each takes in the
README of https://github.com/kubeflow/manifests."""
GOAL_CPU, GOAL_GIB, GOAL_START = 0.3, 1.5, 30.0
_MODULES = {
    "supervisor.supervisord": "supervisord",
    "appliance.web": "web",
    "appliance.worker": "worker",
    "appliance.engine.head": "ray",
}
_EVERY = 5.0
_PATIENCE = 300.0


@dataclass(frozen=True)
class _Seen:
    """What was seen of the appliance's processes, by role.

    Attributes
    ----------
    cpu
        Processors kept busy.
    gib
        Most memory; a page that several processes share counts in parts.
    """

    cpu: Mapping[str, float]
    gib: Mapping[str, float]
    processes: int


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks idle", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--seconds", type=float, default=60.0, help="it is watched")
    parser.add_argument("--settle", type=float, default=30.0, help="seconds left alone before")
    parser.add_argument("--fleets", type=int, default=5)
    parser.add_argument("--ray-stays", action="store_true", help="Ray never sleeps")
    parser.add_argument("--quick", action="store_true", help="a short look")
    parser.add_argument("--scratch", help="folder for data; the system's temporary folder")
    given = parser.parse_args(argv)
    if given.quick:
        given.seconds, given.settle, given.fleets = 10.0, 5.0, 1
    printer = Printer(as_json=given.json)
    with scratch(given.scratch) as folder:
        home = folder / "home"
        busy_site.make(home, given.fleets, 10 * given.fleets)
        with _up(home, ray_stays=given.ray_stays) as (started, environment):
            if given.ray_stays:
                _until_awake(home)
            time.sleep(given.settle)
            seen = _watched(home, given.seconds)
            woken = None if given.ray_stays or given.quick else _woken(home)
            told = _status(environment)
        for line in _lines(seen, started, woken, told, given):
            printer.show(line)
    return 0


# ---------------------------------------------------------------- up and down
@contextmanager
def _up(home: Path, *, ray_stays: bool) -> Iterator[tuple[float, dict[str, str]]]:
    """Bring a home up; yield the seconds that it took, and what its commands are told."""
    ports = ("PORT", "WEB_METRICS_PORT", "WORKER_METRICS_PORT", "RAY_METRICS_PORT")
    environment = {
        **os.environ,
        **{f"KIZASHI_{name}": str(free_port()) for name in ports},
        "KIZASHI_HOME": str(home),
        "KIZASHI_RAY_IDLE_MINUTES": "0" if ray_stays else "5",
    }
    try:
        begun = time.perf_counter()
        _kizashi(environment, "up")
        yield time.perf_counter() - begun, environment
    finally:
        _kizashi(environment, "down")


def _kizashi(environment: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "appliance.cli.main", *arguments],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode:
        raise SideFailed(f"kizashi {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _status(environment: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(_kizashi(environment, "status", "--json"))
    return told


def _until_awake(home: Path) -> None:
    if shared.find(home, patience=_PATIENCE) is None:
        raise SideFailed("Ray did not come")


def _woken(home: Path) -> float:
    """Return the seconds from wanting Ray to having it."""
    begun = time.perf_counter()
    joined = shared.join(home, patience=_PATIENCE)
    if joined is None:
        raise SideFailed("Ray did not wake")
    joined[1].close()
    return time.perf_counter() - begun


# ---------------------------------------------------------------- looking
def _watched(home: Path, seconds: float) -> _Seen:
    """Look at a home's processes for so long."""
    begun, first = time.perf_counter(), _times(home)
    until, most = begun + seconds, 0
    gib: dict[str, float] = {}
    while (left := until - time.perf_counter()) > 0:
        time.sleep(min(left, _EVERY))
        now = _memory(home)
        gib = now if sum(now.values()) > sum(gib.values()) else gib
        most = max(most, len(_processes(home)))
    lasted, last = time.perf_counter() - begun, _times(home)
    cpu: dict[str, float] = defaultdict(float)
    for key, (role, spent) in last.items():
        cpu[role] += (spent - first.get(key, (role, 0.0))[1]) / lasted
    return _Seen(cpu, gib, most)


def _processes(home: Path) -> dict[psutil.Process, str]:
    """Return the appliance's processes with their roles; what one started is of its role."""
    found = {one: _named(one) for one in serving.marked(str(home))}
    return {one: role or _inherited(one, found) for one, role in found.items()}


def _named(process: psutil.Process) -> str:
    try:
        command = process.cmdline()
    except psutil.Error:
        return ""
    module = command[command.index("-m") + 1] if "-m" in command[:-1] else ""
    return _MODULES.get(module, "")


def _inherited(process: psutil.Process, named: Mapping[psutil.Process, str]) -> str:
    try:
        above = process.parents()
    except psutil.Error:
        return "other"
    return next((named[one] for one in above if named.get(one)), "other")


def _times(home: Path) -> dict[psutil.Process, tuple[str, float]]:
    found = {}
    for one, role in _processes(home).items():
        try:
            found[one] = role, cpu_seconds(one.pid)
        except OSError:
            continue  # it has just ended
    return found


def _memory(home: Path) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for one, role in _processes(home).items():
        found[role] += process_bytes(one) / 2**30
    return found


# ---------------------------------------------------------------- lines
def _lines(
    seen: _Seen,
    started: float,
    woken: float | None,
    told: Mapping[str, Any],
    given: argparse.Namespace,
) -> Iterator[Line]:
    cpu, gib = sum(seen.cpu.values()), sum(seen.gib.values())
    ray = "Ray always there" if given.ray_stays else "Ray asleep"
    more: dict[str, Any] = {"seconds": given.seconds, "processes": seen.processes}
    for case, ours, rival, unit, limit, by_role in (
        (f"processors kept busy, {ray}", cpu, RIVAL_CPU, "CPU", GOAL_CPU, seen.cpu),
        (f"memory, {ray}", gib, RIVAL_GIB, "GiB", GOAL_GIB, seen.gib),
    ):
        roles = {role: float(f"{value:.3g}") for role, value in sorted(by_role.items())}
        yield _line(case, ours, rival, unit, rival / limit, gib, more | {"by_role": roles})
    waked = {} if woken is None else {"ray_wakes_seconds": woken}
    ready = {"ready": told["ready"], "fleets": given.fleets}
    case = "start to ready, against the goal"
    yield _line(case, started, GOAL_START, "s", 1.0, gib, ready | waked)


def _line(
    case: str,
    ours: float,
    rival: float,
    unit: str,
    goal: float,
    gib: float,
    more: dict[str, Any],
) -> Line:
    return Line(
        name="idle",
        case=case,
        ours=ours,
        rival=rival,
        unit=unit,
        ratio=rival / max(ours, 1e-6),
        goal=goal,
        peak_mb=gib * 1024,
        rival_peak_mb=RIVAL_GIB * 1024,
        more=more,
    )
