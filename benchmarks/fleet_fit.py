"""``fleet_fit``: from the lake to a saved fleet model, against PyOD and joblib on all cores."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.harness import options
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.plant import Size, scratch
from benchmarks.harness.processes import Measured, run

GOAL = 50.0


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = options.parser("fleet_fit", __doc__ or "", "10,100,1000")
    options.with_engines(parser).add_argument(
        "--stages", action="store_true", help="where the time goes, on one thread"
    )
    given = parser.parse_args(argv)
    printer = Printer(as_json=given.json)
    for size in options.sizes(given):
        with scratch(given.scratch) as folder:
            run("plant:lake_and_files", root=str(folder), size=size.data())
            if given.stages:
                print(json.dumps(run("stages:fit", root=str(folder)).facts, indent=1))
            else:
                for line in _lines(size, folder, given):
                    printer.show(line)
    return 0


def _lines(size: Size, folder: Path, given: argparse.Namespace) -> list[Line]:
    engines = options.engines(given)
    done = min(size.assets, given.rival_assets)

    def ours(engine: str) -> options.Side:
        return lambda number: run(
            "ours:fit", root=str(folder), out=str(folder / f"{engine}-{number}"), engine=engine
        )

    def rival(number: int) -> Measured:
        out = str(folder / f"rival-{number}")
        return run("rivals:fit", root=str(folder), out=out, assets=done)

    *own, other = options.in_turn(given.repeat, *map(ours, engines), rival)
    return [_line(size, engine, runs, other) for engine, runs in zip(engines, own, strict=True)]


def _line(size: Size, engine: str, own: options.Runs, other: options.Runs) -> Line:
    ours, rival = own[0], other[0]
    done = rival.facts["assets"]
    seconds = rival.seconds * size.assets / done
    reckoned = "" if done == size.assets else f", rival reckoned from {done}"
    return Line(
        name="fleet_fit",
        case=f"{size.case}, {engine}{reckoned}",
        ours=ours.seconds,
        rival=seconds,
        unit="s",
        ratio=seconds / ours.seconds,
        goal=GOAL if size.assets >= 1_000 else None,
        peak_mb=options.peak(own),
        rival_peak_mb=options.peak(other),
        more={
            **size.data(),
            "engine": engine,
            "assets_done": ours.facts["assets"],
            "rival_name": "PyOD IForest, joblib",
            "rival_assets": done,
            "model_kb_asset": ours.facts["model_bytes"] / ours.facts["assets"] / 1e3,
            "rival_model_kb_asset": rival.facts["model_bytes"] / done / 1e3,
            **options.times(own, other, times_done=size.assets / done),
            "repeats": len(own),
        },
    )
