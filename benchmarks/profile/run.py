"""``profile``: a flame graph of fit, score, ingest or online, and memory by stage.

A sampling profiler (py-spy) follows one thread: of training, scoring and bringing in all of the
work is done on it, of judging as readings come it is the event loop of the web process under
the most load.  What other threads do, Polars' own above all, is not in the picture.  Memory is
measured in a run without the profiler.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.harness import options
from benchmarks.harness.load import each
from benchmarks.harness.plant import Size, scratch
from benchmarks.harness.processes import ROOT as HERE
from benchmarks.harness.processes import SideFailed, run
from benchmarks.harness.servers import ours, serving
from benchmarks.online import awake, clients_of
from benchmarks.profile.flames import NoSamples, calls, svg
from benchmarks.sides import online as side
from benchmarks.sides.profiled import ROOT

_TITLES = {
    "fit": "Training {assets} assets on one thread",
    "score": "Scoring {assets} assets on one thread",
    "ingest": "Bringing in {assets} assets as Parquet",
    "online": "Judging readings as they come, in the web process",
}
_LOOP = "BaseEventLoop._run_once"
_CLIENTS = 16


def main(argv: list[str]) -> int:
    """Take samples, draw them, and print memory by stage."""
    parser = options.parser("profile", __doc__ or "", "100")
    parser.add_argument("what", choices=list(_TITLES))
    parser.add_argument("--out", type=Path, required=True, help="an SVG file")
    parser.add_argument("--rate", type=int, default=100, help="samples a second")
    parser.add_argument("--seconds", type=float, default=10.0, help="of load, for online")
    given = parser.parse_args(argv)
    (size,) = options.sizes(given)
    with scratch(given.scratch) as folder:
        raw = folder / "stacks"
        if given.what == "online":
            _online(folder, raw, size, given)
        else:
            memory = _worked(folder, raw, size, given)
            _print(memory, given.what, as_json=given.json)
        stacks = raw.read_text().splitlines()
    try:
        top = calls(stacks, _LOOP if given.what == "online" else ROOT)
    except NoSamples:
        print("profile: too short to be sampled; take more assets or --rate", file=sys.stderr)
        return 1
    title = _TITLES[given.what].format(assets=size.assets)
    given.out.write_text(svg(top, f"{title}: share of the time by function"))
    print(f"{top.samples} samples in {given.out}", file=sys.stderr)
    return 0


def _worked(folder: Path, raw: Path, size: Size, given: argparse.Namespace) -> dict[str, Any]:
    """Do the work twice: with the profiler, and for its memory without."""
    asked = list(map(_arguments(folder, size, given.what), (1, 2)))
    module = "benchmarks.harness.side"
    target = f"benchmarks.sides.profiled:{given.what}"
    command = [sys.executable, "-m", module, target, json.dumps(asked[0])]
    _spied(["--", *command], raw, given)
    return run(f"profiled:{given.what}", **asked[1]).facts


def _arguments(folder: Path, size: Size, what: str) -> Callable[[int], dict[str, Any]]:
    """Make the data; return what a side is told, by the number of its run."""
    if what == "ingest":
        run("plant:exports", root=str(folder), size=size.data(), kind="parquet")
        return lambda number: {
            "files": str(folder / "parquet"),
            "out": str(folder / f"{number}"),
        }
    run("plant:lake", root=str(folder), size=size.data())
    if what == "fit":
        return lambda number: {"root": str(folder), "out": str(folder / f"{number}")}
    made = {"root": str(folder), "out": str(folder / "model")}
    run("ours:fit", **made, engine="local")
    return lambda number: {**made, "version": number}


def _online(folder: Path, raw: Path, size: Size, given: argparse.Namespace) -> None:
    home = folder / "home"
    facts = side.make(home, size, "forest")
    module, port, environment = ours(home)
    clients = clients_of("ours", size, _CLIENTS, facts["token"])
    with serving(*module, port=port, environment=environment) as server:
        awake(port, clients)
        spy = _spy(
            ["--pid", str(server.pid), "--duration", str(int(given.seconds))], raw, given
        )
        with subprocess.Popen(
            spy, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            each(port, clients, given.seconds + 2)
            _, told = process.communicate()
    if process.returncode:
        raise SideFailed(f"py-spy failed:\n{told.decode()[-2000:]}")


def _spy(target: list[str], raw: Path, given: argparse.Namespace) -> list[str]:
    spy = str(Path(sys.executable).with_name("py-spy"))
    how = ["--format", "raw", "--output", str(raw), "--rate", str(given.rate)]
    return [spy, "record", *how, *target]


def _spied(target: list[str], raw: Path, given: argparse.Namespace) -> None:
    done = subprocess.run(
        _spy(target, raw, given), cwd=HERE, capture_output=True, text=True, check=False
    )
    if done.returncode or not raw.exists():
        raise SideFailed(f"py-spy failed:\n{done.stderr[-2000:]}")


def _print(memory: Mapping[str, Any], what: str, *, as_json: bool) -> None:
    """Print the stages, those that hold most first."""
    stages = sorted(memory["stages"].items(), key=lambda one: -one[1]["most_mb"])
    if as_json:
        print(json.dumps({"name": "profile", "case": what, **memory}))
        return
    whole = sum(one["samples"] for _, one in stages)
    print(f"{'stage':<32}  share of samples  memory of its own, MB at most")
    print(f"{'before it begins':<32}  {'':>16}  {memory['before_mb']:>29.0f}")
    for name, one in stages:
        print(f"{name:<32}  {one['samples'] / whole:>16.0%}  {one['most_mb']:>29.0f}")
